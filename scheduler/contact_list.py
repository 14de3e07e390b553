"""The list, the suppressed list and their formats: CSV, NDJSON and Parquet with the same columns.

In CSV instants end in Z, lists are JSON, and nothing is an empty cell. In NDJSON windows and
budgets are JSON themselves. In Parquet instants and days have their own types; windows and budgets
are JSON texts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from engine.rulebook import Rulebook

INSTANT: Final = pl.Datetime("us", "UTC")
LIST: Final[dict[str, pl.DataType]] = {
    "row_id": pl.Int64(),
    "day": pl.Date(),
    "account": pl.String(),
    "consumer": pl.String(),
    "point": pl.String(),
    "channel": pl.String(),
    "number": pl.String(),
    "jurisdictions": pl.String(),
    "zones": pl.String(),
    "open_utc": INSTANT,
    "close_utc": INSTANT,
    "windows_utc": pl.String(),
    "windows_local": pl.String(),
    "attempts_left": pl.Int32(),
    "budgets": pl.String(),
    "technology": pl.String(),
    "priority": pl.Int64(),
    "duties": pl.String(),
    "expires_utc": INSTANT,
    "decision_id": pl.String(),
}
SUPPRESSED: Final[dict[str, pl.DataType]] = {
    "account": pl.String(),
    "consumer": pl.String(),
    "point": pl.String(),
    "channel": pl.String(),
    "rules": pl.List(pl.String()),
    "cites": pl.List(pl.String()),
    "next_permitted_utc": INSTANT,
    "decision_id": pl.String(),
}
JSON_TEXTS: Final = frozenset({"windows_utc", "windows_local", "budgets"})
SPOKEN: Final = ("call", "voicemail", "text")  # channels whose technology the law asks about
ROWS_IN_GROUP: Final = 131_072
CHUNK: Final = 1 << 20
AT_ONCE: Final = 32_768  # rows turned into text at once
ODD: Final = r"[^ !#-\[\]-~]"
"""Characters that may not stand in a JSON string as they are, and all that are not plain ASCII."""
ISO: Final = "%Y-%m-%dT%H:%M:%SZ"
KEYS: Final[dict[str, tuple[str, bool]]] = {
    "balance_high": ("balance", True),
    "balance_low": ("balance", False),
    "placed_oldest": ("placed", False),
    "placed_newest": ("placed", True),
    "delinquent_oldest": ("delinquent_since", False),
    "delinquent_newest": ("delinquent_since", True),
}


def whole_second(at: pl.Expr) -> pl.Expr:
    """An instant, or the next whole second after it: lists write no fractions."""
    floor = at.dt.truncate("1s")
    return pl.when(floor == at).then(at).otherwise(floor.dt.offset_by("1s"))


def listed(rows: pl.DataFrame) -> pl.DataFrame:
    """The list's rows of decided candidates, but for `row_id` and `priority`, which need them all.

    Columns of the account that a strategy may order by stay behind them.
    """
    own = rows.filter("listed").with_columns(
        technology=pl.when(pl.col("channel").is_in(SPOKEN))
        .then(pl.lit("manual"))
        .otherwise(pl.lit("")),
        expires_utc=pl.col("close_utc"),
    )
    names = [name for name in LIST if name not in ("row_id", "priority")]
    wanted = [pl.col(name).cast(LIST[name]) for name in names]
    return own.select(*wanted, *sorted({column for column, _ in KEYS.values()}))


def withheld(rows: pl.DataFrame, rulebook: Rulebook) -> pl.DataFrame:
    """Decided candidates with the rules and citations that keep permitted ones off the list.

    A contact that is permitted by itself is withheld where rows before it were given all that a
    shared budget leaves. Named are the budgets with the least room; `kept_by` and `kept_cites`
    are empty for every other row.
    """
    kept = rows.filter(pl.col("permitted") & ~pl.col("listed"))
    kept = kept.select("row", pl.col("budgets").str.replace_all(_ID, "").alias("budgets"))
    shares = kept["budgets"].unique().sort()
    table = pl.DataFrame(
        [_tightest(text, rulebook) for text in shares],
        schema={"kept_by": pl.List(pl.String), "kept_cites": pl.List(pl.String)},
        orient="row",
    ).with_columns(budgets=shares)
    named = kept.join(table, on="budgets").drop("budgets")
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return rows.join(named, on="row", how="left", maintain_order="left").with_columns(
        pl.col("kept_by").fill_null(nothing), pl.col("kept_cites").fill_null(nothing)
    )


_ID: Final = r'"id":"(?:[^"\\]|\\.)*",'  # what tells budgets alike in rule and room apart


def _tightest(text: str, rulebook: Rulebook) -> tuple[list[str], list[str]]:
    budgets = json.loads(text)
    least = min((one["left"] for one in budgets), default=0)
    rules = sorted({one["rule"] for one in budgets if one["left"] == least})
    cites = dict.fromkeys(cite for rule in rules for cite in rulebook.rule(rule).cite)
    return rules, list(cites)


def suppressed(rows: pl.DataFrame) -> pl.DataFrame:
    """The suppressed list's rows of decided candidates (`withheld` must have marked them)."""
    refused = rows.filter(~pl.col("listed")).with_columns(
        pl.when("permitted").then("kept_by").otherwise("rules").alias("rules"),
        pl.when("permitted").then("kept_cites").otherwise("cites").alias("cites"),
    )
    return refused.select(pl.col(name).cast(kind) for name, kind in SUPPRESSED.items())


def priorities(parts: Iterable[Path], strategy: Sequence[str]) -> pl.Series:
    """The rank, from 1, of every listed row in the order of the parts.

    Rows are ordered by the strategy's words; an account without the date asked comes last; rows
    that are alike in all of them keep their order in the list.
    """
    columns = [KEYS[word][0] for word in strategy]
    scans = [pl.scan_parquet(path).select(columns) for path in parts]
    keys = pl.concat(scans).collect(engine="streaming").with_row_index("row")
    order = keys.lazy().sort(
        columns,
        descending=[KEYS[word][1] for word in strategy],
        nulls_last=True,
        maintain_order=True,
    )
    ranked = order.select("row").with_row_index("priority", 1).sort("row")
    return ranked.select(pl.col("priority").cast(pl.Int64)).collect()["priority"]


def numbered(rows: pl.DataFrame, first: int, priority: pl.Series) -> pl.DataFrame:
    """List rows with their `row_id` from `first` on and their priority: exactly the list's columns.

    `priority` has one value for each row.
    """
    count = pl.int_range(first, first + rows.height, dtype=pl.Int64)
    return rows.with_columns(count.alias("row_id"), priority.alias("priority")).select(list(LIST))


def _instants(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        _in_words(rows[name], ISO) for name, kind in rows.schema.items() if kind == INSTANT
    )


def _json_list(name: str) -> pl.Expr:
    inside = pl.struct(name).struct.json_encode()
    return inside.str.slice(len(name) + 4, inside.str.len_chars() - (len(name) + 5)).alias(name)


def write_csv(path: Path, rows: pl.DataFrame) -> None:
    """Write rows as CSV, without the header."""
    lists = [name for name, kind in rows.schema.items() if isinstance(kind, pl.List)]
    with path.open("wb") as file:
        for some in rows.iter_slices(AT_ONCE):
            flat = _instants(some).with_columns(_json_list(name) for name in lists)
            flat.write_csv(file, include_header=False, date_format="%Y-%m-%d")


def write_ndjson(path: Path, rows: pl.DataFrame) -> None:
    """Write rows as NDJSON: an object a line, its words in the order of the columns."""
    with path.open("wb") as file:
        for some in rows.iter_slices(AT_ONCE):
            some.select(_line(some)).write_csv(file, include_header=False, quote_style="never")


def _line(rows: pl.DataFrame) -> pl.Expr:
    """Each row as a JSON object. Columns that are JSON themselves are put in as they stand."""
    odd = rows.select(pl.col(pl.String).str.contains(ODD).any()).row(0, named=True)
    pieces: list[pl.Expr] = []
    told = "{"
    for name, kind in rows.schema.items():
        told += f'"{name}":'
        cell, quote = pl.col(name), ""
        if kind == INSTANT or kind == pl.Date():
            cell, quote = _in_words(rows[name], ISO if kind == INSTANT else "%Y-%m-%d"), '"'
        elif kind.is_integer():
            cell = cell.cast(pl.String)
        elif kind == pl.String() and name not in JSON_TEXTS and not odd[name]:
            quote = '"'
        elif name not in JSON_TEXTS:
            cell = _json_list(name)
        if quote and rows[name].null_count():
            cell, quote = pl.concat_str(pl.lit(quote), cell, pl.lit(quote)), ""
        pieces += [pl.lit(told + quote), cell.fill_null("null")]
        told = quote + ","
    return pl.concat_str([*pieces, pl.lit(told[:-1] + "}")])


def _in_words(times: pl.Series, form: str) -> pl.Expr:
    """A column of instants or days as texts; each that there is is put into words once."""
    known = times.drop_nulls().unique()
    texts = known.dt.strftime(form)
    return pl.col(times.name).replace_strict(known, texts, default=None, return_dtype=pl.String)


def join_parquet(parts: Sequence[Path], path: Path, metadata: dict[str, str] | None = None) -> int:
    """Make one Parquet file of parts, in order and without holding them; returns its rows.

    The bytes depend on the rows alone, not on how they were cut.
    """
    frame = pl.scan_parquet(list(parts))
    frame.sink_parquet(
        path,
        compression="zstd",
        compression_level=3,
        statistics=True,
        row_group_size=ROWS_IN_GROUP,
        maintain_order=True,
        metadata=metadata,
    )
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _piece(scratch: Path, name: str, number: int, kind: str) -> Path:
    return scratch / f"{name}-{number:05}.{kind}"


def _write_texts(
    scratch: Path, name: str, number: int, rows: pl.DataFrame, formats: Sequence[str]
) -> None:
    if "csv" in formats:
        write_csv(_piece(scratch, name, number, "csv"), rows)
    if "ndjson" in formats:
        write_ndjson(_piece(scratch, name, number, "ndjson"), rows)


def write_pieces(scratch: Path, number: int, rows: pl.DataFrame, formats: Sequence[str]) -> None:
    """Write a part's decided candidates (`withheld` must have marked them), for `ListWriter`.

    Those listed wait for their rank; those suppressed are written in every format.
    """
    write_part(_piece(scratch, "list", number, "parquet"), listed(rows))
    refused = suppressed(rows)
    _write_texts(scratch, "suppressed", number, refused, formats)
    if "parquet" in formats:
        write_part(_piece(scratch, "suppressed", number, "parquet"), refused)


def write_ranked(
    scratch: Path, number: int, first: int, ranks: pl.Series, formats: Sequence[str]
) -> None:
    """Write a part of the list in every format; `first` and `ranks` number its rows."""
    whole = numbered(pl.read_parquet(_piece(scratch, "list", number, "parquet")), first, ranks)
    _write_texts(scratch, "list", number, whole, formats)
    write_part(_piece(scratch, "ranked", number, "parquet"), whole)


def pieces(scratch: Path, number: int, formats: Sequence[str]) -> list[Path]:
    """The files that `write_pieces` writes."""
    listed = _piece(scratch, "list", number, "parquet")
    return [listed, *(_piece(scratch, "suppressed", number, kind) for kind in formats)]


def ranked_pieces(scratch: Path, number: int, formats: Sequence[str]) -> list[Path]:
    """The files that `write_ranked` writes."""
    texts = (_piece(scratch, "list", number, kind) for kind in formats if kind != "parquet")
    return [_piece(scratch, "ranked", number, "parquet"), *texts]


class _Text:
    """A file that pieces are put behind one another in, hashed as it grows."""

    def __init__(self, path: Path, head: str) -> None:
        self.path = path
        self._whole = hashlib.sha256(head.encode())
        path.write_bytes(head.encode())

    def take(self, piece: Path) -> None:
        """Put a piece behind what is there."""
        with piece.open("rb") as source, self.path.open("ab") as file:
            while chunk := source.read(CHUNK):
                self._whole.update(chunk)
                file.write(chunk)

    @property
    def digest(self) -> str:
        return self._whole.hexdigest()


class ListWriter:
    """Puts together the list and the suppressed list of their parts, in the formats wanted.

    `place` is where the files go, `scratch` the directory of the parts. Failures to write are the
    caller's to name: OSError and Polars' own errors pass through.
    """

    def __init__(self, place: Path, scratch: Path, formats: Sequence[str]) -> None:
        """Begin both lists."""
        self.place = place
        self.scratch = scratch
        self.formats = formats
        self._numbers: list[int] = []
        heads = {"csv": "{}\n", "ndjson": ""}
        self._texts = {
            (name, kind): _Text(place / f"{name}.{kind}", head.format(",".join(columns)))
            for name, columns in (("list", LIST), ("suppressed", SUPPRESSED))
            for kind, head in heads.items()
            if kind in formats
        }

    def take(self, number: int) -> None:
        """Take the next part, which `write_pieces` wrote."""
        self._numbers.append(number)
        self._append("suppressed", number)

    def ranks(
        self, strategy: Sequence[str], first: int = 1
    ) -> tuple[list[tuple[int, int, pl.Series]], int]:
        """Per part its number, first row and its rows' ranks, for `write_ranked`; and all rows.

        `first` is the number of the list's first row.
        """
        paths = self._paths("list")
        ranks = priorities(paths, strategy)
        found = []
        done = 0
        for number, path in zip(self._numbers, paths, strict=True):
            height = pl.scan_parquet(path).select(pl.len()).collect().item()
            found.append((number, first + done, ranks.slice(done, height)))
            done += height
        return found, done

    def take_ranked(self, number: int) -> None:
        """Take the next part of the list, which `write_ranked` wrote."""
        self._append("list", number)

    def finish(self) -> None:
        """Make the Parquet files."""
        if "parquet" in self.formats:
            for name, parts in (("list", "ranked"), ("suppressed", "suppressed")):
                join_parquet(self._paths(parts), self.place / f"{name}.parquet")

    def digests(self) -> dict[str, str]:
        """The hashes of files that are known by now, by name."""
        return {f"{name}.{kind}": text.digest for (name, kind), text in self._texts.items()}

    def _paths(self, name: str) -> list[Path]:
        return [_piece(self.scratch, name, number, "parquet") for number in self._numbers]

    def _append(self, name: str, number: int) -> None:
        for (mine, kind), text in self._texts.items():
            if mine == name:
                text.take(_piece(self.scratch, name, number, kind))


def write_part(path: Path, rows: pl.DataFrame) -> None:
    """Write one part's rows, to be joined later."""
    rows.write_parquet(path, compression="zstd", compression_level=1, statistics=False)
