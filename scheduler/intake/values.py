"""Cells -> values: what a column of text means in the type that the schema asks for.

Each reader gives two columns: the values, null where there is none, and whether the cell holds
something that cannot be meant.
"""

from __future__ import annotations

import json
from typing import Final

import polars as pl

from ..store.schema import DAY, FLAG, INSTANT, MONEY, STRINGS, Column

YES: Final = ("true", "t", "yes", "y", "1")
NO: Final = ("false", "f", "no", "n", "0")
REASONS: Final = {
    FLAG: "not true or false",
    DAY: "not a date; write it as in 2026-11-30, or say its `format` in a layout",
    INSTANT: "not a moment; write it as in 2026-11-30T09:15:00-05:00, or say its `format` and "
    "`zone` in a layout",
    MONEY: "not an amount of dollars and cents",
    STRINGS: 'not a list; write it as in ["A1","A2"] or A1;A2',
}
_ISO: Final = "%Y-%m-%dT%H:%M:%S%.f%:z"


def typed(frame: pl.DataFrame, column: Column, format: str = "", zone: str = "") -> pl.DataFrame:
    """The columns `value` and `bad` for one column of a file.

    `format` is as `strptime` takes it and `zone` the clock of moments without an offset; a moment
    that such a clock shows twice or never is bad.
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
    else:
        found = given.with_columns(value=_value(text, column.dtype, format, zone))
    return found.select("value", bad=text.is_not_null() & pl.col("value").is_null())


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


def _value(text: pl.Expr, dtype: pl.DataType, format: str, zone: str) -> pl.Expr:
    if dtype == FLAG:
        low = text.str.to_lowercase()
        return pl.when(low.is_in(YES)).then(True).when(low.is_in(NO)).then(False)
    if dtype == DAY:
        return text.str.to_date(format or "%Y-%m-%d", strict=False)
    if dtype == INSTANT:
        return _instant(text, format, zone)
    if dtype == MONEY:
        plain = text.str.replace_all(r"[$,]", "")
        sound = plain.str.contains(r"^-?\d{1,10}(\.\d{1,2})?$")
        return pl.when(sound).then(plain).cast(MONEY, strict=False)
    return text


def _instant(text: pl.Expr, format: str, zone: str) -> pl.Expr:
    if format and not zone:
        return text.str.to_datetime(format, time_unit="us", time_zone="UTC", strict=False)
    if zone:
        wall = text.str.to_datetime(format or "%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
        aware = wall.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
        return aware.dt.convert_time_zone("UTC")
    plain = (
        text.str.replace(r"^(\d{4}-\d\d-\d\d) ", "${1}T")
        .str.replace(r"[Zz]$", "+00:00")
        .str.replace(r"T(\d\d:\d\d)([+-])", "T${1}:00${2}")
        .str.replace(r"([+-]\d\d)(\d\d)?$", "${1}:${2}")
        .str.replace(r":$", ":00")
    )
    return plain.str.to_datetime(_ISO, time_unit="us", time_zone="UTC", strict=False)
