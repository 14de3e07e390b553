"""A pack on paper: the same words as the page, as a PDF whose bytes hang on nothing else."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from engine.clock import format_instant
from engine.rule import Rule

from .exporting import Pack, Picked
from .exporting_page import TITLES, cell, filled, in_force, introduction
from .exporting_timeline import timeline

MARGIN: Final = 0.8 * inch
WIDE: Final = letter[0] - 2 * MARGIN
GREY: Final = colors.HexColor("#5b6675")
LINE: Final = colors.HexColor("#d8dde4")
RED: Final = colors.HexColor("#a3341a")
PLAIN: Final = ParagraphStyle("plain", fontName="Helvetica", fontSize=9, leading=12)
SMALL: Final = ParagraphStyle("small", PLAIN, fontSize=7.5, leading=9.5, textColor=GREY)
CELL: Final = ParagraphStyle("cell", PLAIN, fontSize=6, leading=7.2, splitLongWords=True)
TITLE: Final = ParagraphStyle("title", PLAIN, fontName="Helvetica-Bold", fontSize=17, leading=21)
HEAD: Final = ParagraphStyle(
    "head", PLAIN, fontName="Helvetica-Bold", fontSize=12, leading=15, spaceAfter=4
)
REFUSED: Final = ParagraphStyle("refused", HEAD, textColor=RED)
SECTION: Final = ParagraphStyle(
    "section", PLAIN, fontName="Helvetica-Bold", spaceBefore=7, spaceAfter=2, keepWithNext=True
)
ITEM: Final = ParagraphStyle("item", PLAIN, leftIndent=10, bulletIndent=2, alignment=TA_LEFT)
UNDER: Final = ParagraphStyle("under", SMALL, leftIndent=10)
MOST_COLUMNS: Final = 9
"""Columns of a table of rows that fit on paper; the CSV files have all."""


def sheet(pack: Pack) -> bytes:
    """The pack as a PDF."""
    story: list[Flowable] = [
        Paragraph("Decisions out of the log", TITLE),
        Spacer(1, 6),
        _p(introduction(pack), PLAIN),
        Spacer(1, 8),
        _counts(pack),
        Spacer(1, 8),
        *_contents(pack),
    ]
    for one in pack.picked:
        story += [PageBreak(), *_decision(one)]
    if pack.rows_from is not None:
        story += [PageBreak(), *_in_order(pack)]
    for digest, rules in pack.rules.items():
        story += [PageBreak(), *_rules(digest, rules)]
    held = io.BytesIO()
    document = BaseDocTemplate(
        held,
        pagesize=letter,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title="Decisions out of the log",
        author="Forbear",
        invariant=1,
    )
    frame = Frame(MARGIN, MARGIN, WIDE, letter[1] - 2 * MARGIN, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("all", [frame], onPage=_foot)])
    document.build(story)
    return held.getvalue()


def _foot(canvas: Canvas, document: BaseDocTemplate) -> None:
    """The number of the page, and what it is a page of."""
    canvas.saveState()
    canvas.setFont("Helvetica", 7)
    canvas.setFillColor(GREY)
    canvas.drawString(MARGIN, MARGIN / 2, "Decisions out of the log; README.txt says how to check")
    canvas.drawRightString(letter[0] - MARGIN, MARGIN / 2, f"page {canvas.getPageNumber()}")
    canvas.restoreState()


def _p(text: str, style: ParagraphStyle, bullet: str | None = None) -> Paragraph:
    """A paragraph. A character that the fonts of every reader lack is written by its number."""
    plain = "".join(one if _printable(one) else f"\\u{ord(one):04x}" for one in text)
    return Paragraph(escape(plain), style, bulletText=bullet)


def _printable(one: str) -> bool:
    try:
        one.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return one.isprintable() or one == "\n"


def _counts(pack: Pack) -> Table:
    names = list(pack.counts)
    rows = [
        [_p(f"{pack.counts[name]:,}", HEAD) for name in names],
        [_p(name, SMALL) for name in names],
    ]
    table = Table(rows, colWidths=[WIDE / len(names)] * len(names))
    table.setStyle(TableStyle([("BOX", (0, 0), (-1, -1), 0.5, LINE)]))
    return table


def _contents(pack: Pack) -> list[Flowable]:
    found: list[Flowable] = [Paragraph("Decisions", SECTION)]
    for one in pack.picked:
        found.append(_p(one.told.headline, ITEM, "-"))
        found.append(_p(f"decision {one.name}", UNDER))
    return found


def _decision(one: Picked) -> list[Flowable]:
    refused = one.told.verdict == "refused"
    found: list[Flowable] = [_p(one.told.headline, REFUSED if refused else HEAD)]
    proved = f", proof in proofs/{one.name}.json" if one.proof is not None else ""
    found.append(_p(f"decision {one.name}{proved}", SMALL))
    for section in one.told.sections:
        found.append(_p(section.title, SECTION))
        for item in section.items:
            found.append(_p(item.head, ITEM, "-"))
            found += [_p(line, UNDER) for line in item.body]
    for head, rows in (("known then", one.then), ("afterwards", one.after)):
        for table, of in rows.items():
            if of:
                found.append(_p(f"{TITLES[table]}, {head}", SECTION))
                found.append(_table(of))
    return found


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    names = [name for name in filled(rows) if name != "consumer"][:MOST_COLUMNS]
    told = [[_p(name, CELL) for name in names]]
    told += [[_p(cell(row[name]), CELL) for name in names] for row in rows]
    first = min(1.05 * inch, WIDE / len(names) * 1.5)  # an instant fits on one line
    rest = (WIDE - first) / max(len(names) - 1, 1)
    table = Table(told, colWidths=[first, *[rest] * (len(names) - 1)], repeatRows=1)
    style: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ]
    table.setStyle(TableStyle(style))
    return table


def _in_order(pack: Pack) -> list[Flowable]:
    """Each consumer's file in the order of time."""
    found: list[Flowable] = [Paragraph("In the order of time", HEAD)]
    who = ""
    for one in timeline(pack):
        if one.consumer != who:
            who = one.consumer
            found.append(_p(f"Consumer {who}", SECTION))
        style = ITEM if one.what == "decision" else UNDER
        found.append(_p(f"{format_instant(one.at)}  {one.what}: {one.said} ({one.id})", style))
    return found


def _rules(digest: str, rules: Sequence[Rule]) -> list[Flowable]:
    found: list[Flowable] = [
        Paragraph("Rules then in force that had a say", HEAD),
        _p(f"They refused, were kept, or were lifted. Rulebook {digest}.", SMALL),
    ]
    for rule in rules:
        found.append(_p(f"{rule.id} ({in_force(rule)}; {rule.force})", SECTION))
        found.append(_p(rule.says, PLAIN))
        found.append(_p("; ".join(rule.cite), SMALL))
    return found
