"""Cells -> values: what a column of text means in the type that the schema asks for.

Each reader gives two columns: the values, null where there is none, and whether the cell holds
something that cannot be meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from ..store.schema import DAY, FLAG, INSTANT, MONEY, STRINGS, Column

YES: Final = ("true", "t", "yes", "y", "1", "x")
NO: Final = ("false", "f", "no", "n", "0")
REASONS: Final = {
    FLAG: "not true or false",
    DAY: "not a date; write it as in 2026-11-30, or say its `format` in a layout",
    INSTANT: "not a moment; write it as in 2026-11-30T09:15:00-05:00, or say its clock by --zone, "
    "and its `format` in a layout",
    MONEY: "not an amount of dollars and cents, such as 1,234.50 (or 1.234,50 by `decimal`)",
    STRINGS: 'not a list; write it as in ["A1","A2"] or A1;A2',
}
_TIMED: Final = re.compile("%[HIMSTRpfsc]")
_ISO: Final = "%Y-%m-%dT%H:%M:%S%.f%:z"


def typed(
    frame: pl.DataFrame,
    column: Column,
    formats: Sequence[str] = (),
    zone: str = "",
    decimal: str = ".",
    *,
    days: bool = False,
) -> pl.DataFrame:
    """The columns `value` and `bad` for one column of a file.

    `formats` are as `strptime` takes them, tried in order and before ISO's own. `zone` is the
    clock of moments without an offset; a moment that such a clock shows twice or never is bad.
    `decimal` is the sign before cents. `days`: a day alone stands for its first moment.
    """
    cell = pl.col(column.name)
    have = frame.schema[column.name]
    if have == column.dtype:
        return frame.select(value=cell, bad=pl.lit(False))
    if have == pl.Null():
        return frame.select(value=cell.cast(column.dtype), bad=pl.lit(False))
    if isinstance(have, pl.Datetime) and have.time_zone and column.dtype == INSTANT:
        return frame.select(value=cell.cast(INSTANT), bad=pl.lit(False))
    if have.is_nested():
        return frame.select(value=pl.lit(None, column.dtype), bad=cell.is_not_null())
    text = pl.col("text")
    trimmed = cell.cast(pl.String(), strict=False).str.strip_chars()
    given = frame.select(text=pl.when(trimmed != "").then(trimmed))
    if column.dtype == STRINGS:
        found = given.join(_lists(given["text"]), on="text", how="left", maintain_order="left")
    elif column.dtype in (DAY, INSTANT):
        found = given.with_columns(_first(given, _readings(column.dtype, formats, zone, days)))
    else:
        found = given.with_columns(value=_value(text, column.dtype, decimal))
    return found.select("value", bad=text.is_not_null() & pl.col("value").is_null())


def _first(given: pl.DataFrame, readings: Sequence[pl.Expr]) -> pl.Series:
    """What the first reading that fits makes of each text; later ones are tried where it is due."""
    found = given.select(value=readings[0]).to_series()
    for reading in readings[1:]:
        if found.null_count() == given["text"].null_count():
            break
        found = given.select(pl.coalesce(found, reading).alias("value")).to_series()
    return found


def _readings(dtype: pl.DataType, formats: Sequence[str], zone: str, days: bool) -> list[pl.Expr]:
    """Every way in which a text may be a day, or a moment."""
    text = pl.col("text")
    if dtype == DAY:
        told = [text.str.to_date(one, strict=False) for one in formats]
        midnight = text.str.replace(r"[T ]00:00(:00(\.0+)?)?$", "")
        return [*told, midnight.str.to_date("%Y-%m-%d", strict=False)]
    walls: list[pl.Expr] = []
    whole: list[pl.Expr] = []
    for one in formats:
        if zone and "%z" not in one:
            walls.append(text.str.to_datetime(one, time_unit="us", strict=False))
        else:
            at = text.str.to_datetime(one, time_unit="us", time_zone="UTC", strict=False)
            whole.append(at)
    whole.append(_iso(text))
    if zone:
        spaced = text.str.replace("T", " ", literal=True)
        walls += [
            spaced.str.to_datetime(one, time_unit="us", strict=False)
            for one in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
        ]
        if days:
            dated = [*(one for one in formats if not _TIMED.search(one)), "%Y-%m-%d"]
            walls += [text.str.to_date(one, strict=False).cast(pl.Datetime("us")) for one in dated]
    clocks = [
        wall.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone(
            "UTC"
        )
        for wall in walls
    ]
    return [*clocks, *whole] if formats else [*whole, *clocks]


def _lists(texts: pl.Series) -> pl.DataFrame:
    """Every text that stands for a list of texts, once, with the list."""
    found: dict[str, list[str]] = {}
    for text in texts.drop_nulls().unique():
        if not text.startswith("["):
            found[text] = [part.strip() for part in text.split(";")]
            continue
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if all(isinstance(one, str) for one in told):
            found[text] = told
    schema = {"text": pl.String(), "value": STRINGS}
    return pl.DataFrame({"text": list(found), "value": list(found.values())}, schema=schema)


def _value(text: pl.Expr, dtype: pl.DataType, decimal: str) -> pl.Expr:
    if dtype == FLAG:
        low = text.str.to_lowercase()
        return pl.when(low.is_in(YES)).then(True).when(low.is_in(NO)).then(False)
    if dtype == MONEY:
        return _money(text, decimal)
    return text


def _money(text: pl.Expr, decimal: str) -> pl.Expr:
    """Dollars: with a sign before or after, in brackets if owed the other way, with thousands."""
    plain = text.str.replace_all(r"[$\s]|USD", "")
    plain = plain.str.replace(r"^\((.+)\)$", "-${1}").str.replace(r"^([^-].*)-$", "-${1}")
    thousands = "." if decimal == "," else ","
    whole = rf"^-?\d{{1,3}}(\{thousands}\d{{3}})*(\{decimal}\d*)?$"
    # a sign that parts no thousands may part cents: `120,50` is not twelve thousand
    grouped = plain.str.contains(whole) | ~plain.str.contains(thousands, literal=True)
    plain = pl.when(grouped).then(plain.str.replace_all(thousands, "", literal=True))
    plain = plain.str.replace(decimal, ".", literal=True)
    sound = plain.str.contains(r"^-?\d{1,10}(\.\d{1,2}0*)?$")
    cut = plain.str.replace(r"(\.\d\d)0+$", "${1}")
    return pl.when(sound).then(cut).cast(MONEY, strict=False)


def _iso(text: pl.Expr) -> pl.Expr:
    plain = (
        text.str.replace(r"^(\d{4}-\d\d-\d\d) ", "${1}T")
        .str.replace(r"[Zz]$", "+00:00")
        .str.replace(r"T(\d\d:\d\d)([+-])", "T${1}:00${2}")
        .str.replace(r"([+-]\d\d)(\d\d)?$", "${1}:${2}")
        .str.replace(r":$", ":00")
    )
    return plain.str.to_datetime(_ISO, time_unit="us", time_zone="UTC", strict=False)
