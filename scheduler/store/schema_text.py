"""The columns of a portfolio in print: as text, and as plain data."""

from __future__ import annotations

import polars as pl

from .schema import DAY, EVERY, FLAG, INSTANT, MONEY, OPTIONAL, STRING, STRINGS


def type_text(dtype: pl.DataType) -> str:
    """A type in words a person reads: text, true/false, date, instant, dollars, list of text.

    >>> type_text(pl.List(pl.String()))
    'list of text'
    """
    names = {
        STRING: "text",
        FLAG: "true/false",
        DAY: "date",
        INSTANT: "instant (UTC)",
        MONEY: "dollars",
        STRINGS: "list of text",
    }
    return names.get(dtype, str(dtype))


def describe() -> list[dict[str, object]]:
    """The whole schema as plain data, for `forbear schema portfolio --json`."""
    return [
        {
            "table": table.name,
            "file": table.file,
            "means": table.means,
            "key": list(table.key),
            "optional": table.name in OPTIONAL,
            "columns": [
                {
                    "name": column.name,
                    "type": str(column.dtype),
                    "nullable": column.nullable,
                    "means": column.means,
                    "words": list(column.words) if column.words else None,
                    "refers": column.refers,
                }
                for column in table.columns
            ],
        }
        for table in EVERY.values()
    ]


def text() -> str:
    """The whole schema as text, for `forbear schema portfolio`."""
    lines: list[str] = []
    for table in EVERY.values():
        may = "; the file may be left out" if table.name in OPTIONAL else ""
        lines.append(f"{table.file}: {table.means} (key: {', '.join(table.key)}{may})")
        width = max(len(column.name) for column in table.columns)
        for column in table.columns:
            kind = type_text(column.dtype) + (", may be null" if column.nullable else "")
            tail = f" -> {column.refers}" if column.refers else ""
            lines.append(f"  {column.name:{width}}  {kind:26}  {column.means}{tail}")
            if column.words and len(column.words) <= 24:
                lines.append(f"  {'':{width}}  {'':26}  one of: {', '.join(column.words)}")
        lines.append("")
    return "\n".join(lines)
