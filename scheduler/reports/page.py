"""A report as one HTML page that stands alone: styles in it, charts as SVG, no script."""

from __future__ import annotations

from html import escape
from typing import Final

from ..page_style import opening
from .charts import HALF, WIDTH, chart, legend
from .report import MONEY, WHOLE, Cell, Chart, Column, Report, Table, shown
from .style import STYLE

NARROW: Final = 4
"""Tables of at most so many columns stand side by side where the window has room."""
THINGS: Final = ("rule",)
WORDY: Final = ("says", "cite")
MOST_ROWS: Final = 400


def page(report: Report) -> str:
    """The whole page. A finest table without a chart is left to CSV and the workbook."""
    parts: list[str] = []
    together: list[str] = []
    for one in report.tables:
        drawn = [each for each in report.charts if each.table == one.name]
        if not drawn and len(one.columns) <= NARROW:
            together.append(_section(one))
            continue
        if together:
            parts.append(f"<div class=tables>{''.join(together)}</div>")
            together = []
        if drawn:
            parts.append(_charted(one, drawn[0]))
        elif one.name != report.fine:
            parts.append(_section(one))
    if together:
        parts.append(f"<div class=tables>{''.join(together)}</div>")
    numbers = "".join(
        f"<div><dt>{escape(word)}</dt><dd>{escape(value)}</dd></div>"
        for word, value in report.numbers.items()
    )
    said = "".join(f"<li>{escape(one)}</li>" for one in report.said)
    return "\n".join(
        [
            *opening(report.title, STYLE),
            f"<h1>{escape(report.title)}</h1><ul class=said>{said}</ul>",
            f"<dl class=numbers>{numbers}</dl>",
            *parts,
            "</main></body></html>",
            "",
        ]
    )


def _charted(table: Table, one: Chart) -> str:
    """A chart, and its numbers in a table beside it."""
    aside = one.lying and len(table.columns) <= NARROW
    title = "" if one.title == table.title else f"<figcaption>{escape(one.title)}</figcaption>"
    drawn = chart(one, HALF if aside else WIDTH)
    return _section(table, f"<figure>{title}{legend(one)}{drawn}</figure>", aside)


def _section(table: Table, figure: str = "", aside: bool = False) -> str:
    note = f"<p class=note>{escape(table.note)}</p>" if table.note else ""
    name = escape(table.name, quote=True)
    both = f"{figure}<div class=wide>{_table(table)}</div>"
    if aside:
        both = f"<div class=aside>{both}</div>"
    return f'<section id="{name}"><h2>{escape(table.title)}</h2>{both}{note}</section>'


def _table(table: Table) -> str:
    head = "".join(f"<th scope=col{_class(one)}>{escape(one.head)}</th>" for one in table.columns)
    body = "".join(_row(table, row) for row in table.rows[:MOST_ROWS])
    left = len(table.rows) - MOST_ROWS
    caption = f"{len(table.rows):,} rows"
    if left > 0:
        caption = f"the first {MOST_ROWS:,} of {caption}; CSV and the workbook have all"
    foot = "" if table.total is None else f"<tfoot>{_total(table)}</tfoot>"
    return (
        f"<table class=figures><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody>{foot}</table>"
    )


def _row(table: Table, row: tuple[Cell, ...]) -> str:
    first, *rest = zip(table.columns, row, strict=True)
    cells = f"<th scope=row{_class(first[0])}>{_cell(*first)}</th>"
    cells += "".join(f"<td{_class(one)}>{_cell(one, value)}</td>" for one, value in rest)
    return f"<tr>{cells}</tr>"


def _total(table: Table) -> str:
    assert table.total is not None
    first, *rest = table.columns
    cells = f"<th scope=row>{escape(str(table.total[first.name]))}</th>"
    cells += "".join(
        f"<td{_class(one)}>{_cell(one, table.total[one.name]) if one.name in table.total else ''}"
        "</td>"
        for one in rest
    )
    return f"<tr>{cells}</tr>"


def _cell(column: Column, value: Cell) -> str:
    return escape(shown(value, column.kind))


def _class(column: Column) -> str:
    """The class of a column's cells."""
    if column.kind in (WHOLE, MONEY):
        return " class=n"
    if column.name in THINGS:
        return " class=thing"
    return f" class={column.name}" if column.name in WORDY else ""
