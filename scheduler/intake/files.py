"""Files as they come: CSV, workbooks, NDJSON, Parquet; rows as columns.

Every line of a file is a row, broken, or none, with its number: in CSV and in workbooks lines count
from the file's first, in the others rows do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from ..store.adding import LINE
from .rows import OURS, How, IntakeError, Read, header, made
from .separated import decoded, read_separated

KINDS: Final = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".xlsx": "xlsx", ".xlsm": "xlsx",
    ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet",
}  # fmt: skip


def read_file(path: Path, how: How | None = None) -> Read:
    """Read a file by its name's ending. Raises IntakeError, OSError."""
    kind = KINDS.get(path.suffix.lower())
    how = how or How()
    if kind is None:
        raise IntakeError(f"{path}: not a kind of file that is read ({', '.join(KINDS)})")
    if how.sheet is not None and kind != "xlsx":
        raise IntakeError(f"{path}: only a workbook has sheets")
    if kind == "xlsx":
        from .workbook import read_workbook  # its package takes a while, and few need it

        return read_workbook(path, how)
    if kind == "parquet":
        return _parquet(path, how)
    data = path.read_bytes()
    if not data.strip():
        raise IntakeError(f"{path}: the file is empty")
    return read_separated(path, data, how) if kind == "csv" else _ndjson(path, data, how)


def _ndjson(path: Path, data: bytes, how: How) -> Read:
    text, _ = decoded(data)
    good: list[dict[str, str | None]] = []
    lines: list[int] = []
    broken: list[tuple[int, dict[str, str], str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            broken.append((number, {f"{OURS}more": line}, "the line is not JSON"))
            continue
        if not isinstance(found, dict):
            broken.append((number, {f"{OURS}more": line}, "the line is not a JSON object"))
            continue
        cells = {name.strip(): _text(value) for name, value in found.items()}
        if _is_text(cells):
            good.append(cells)
            lines.append(number)
        else:
            broken.append((number, {f"{OURS}more": line}, "half of a character stands alone"))
    named = list(dict.fromkeys(name for row in good for name in row))
    names = header(path, named, how.wanted)
    columns = {name: [row.get(key) for row in good] for name, key in zip(names, named, strict=True)}
    rows = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String()))
    return made(rows, lines, broken, (), "ndjson")


def _is_text(cells: dict[str, str | None]) -> bool:
    """Whether all of it can be written down: JSON may name halves of characters."""
    try:
        "".join(part for pair in cells.items() for part in pair if part).encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _parquet(path: Path, how: How) -> Read:
    try:
        rows = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise IntakeError(f"{path}: not readable as Parquet") from None
    rows.columns = header(path, rows.columns, how.wanted)
    rows = rows.with_columns(pl.int_range(1, pl.len() + 1).alias(LINE))
    broken: list[tuple[int, dict[str, str], str]] = []
    for name, dtype in rows.schema.items():
        if dtype == pl.Binary():
            texts, spoilt = _decoded(rows[name])
            rows = rows.with_columns(texts)
            why = f"column {name}: bytes that are no text"
            broken += [(rows[LINE][at], {name: shown}, why) for at, shown in spoilt.items()]
        elif isinstance(dtype, pl.Duration):
            told = [None if one is None else str(one) for one in rows[name]]
            rows = rows.with_columns(pl.Series(name, told, pl.String()))
        elif dtype.is_nested() and dtype != pl.List(pl.String()):
            told = [None if one is None else json.dumps(one, default=str) for one in rows[name]]
            rows = rows.with_columns(pl.Series(name, told, pl.String()))
    lost = {number: (number, kept, why) for number, kept, why in reversed(broken)}
    return Read(
        rows.filter(~pl.col(LINE).is_in(list(lost))),
        tuple(lost[n] for n in sorted(lost)),
        "parquet",
    )


def _decoded(cells: pl.Series) -> tuple[pl.Series, dict[int, str]]:
    """Bytes as the text they are; and those that are none, as their figures, by place."""
    texts: list[str | None] = []
    spoilt: dict[int, str] = {}
    for at, cell in enumerate(cells):
        try:
            texts.append(None if cell is None else cell.decode())
        except UnicodeDecodeError:
            texts.append(None)
            spoilt[at] = cell.hex()
    return pl.Series(cells.name, texts, pl.String()), spoilt
