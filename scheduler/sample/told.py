"""Made-up statements and knowledge, and the consumers' messages that carried them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from ..store.schema import TABLES
from .dice import bits, choose, parts, unit, whole
from .people import Chunk, instant, padded
from .points import point_id
from .sayings import SAID, Said

_NEEDED: Final = sorted({slot for said in SAID for slot in (said.needs, said.point) if slot})
_USED: Final = (
    *("i", "at", "owed", "consumer", "person", "zone_id", "state", "one", "account_ids", "lawyer"),
    *(f"has_{slot}" for slot in _NEEDED),
    *(f"p_{slot}" for slot in _NEEDED),
)
_MINUTE: Final = 60_000_000
_DAY: Final = 86_400_000_000
_LETTERS: Final = (
    "postal_letter",
    "certified_mail",
    "registered_mail",
    "courier_delivery",
    "returned_tear_off_form",
    "written",
)


@dataclass(frozen=True, slots=True)
class Told:
    """`statements` and `knowledge` as tables without ids; `events` what history must know.

    `events`: at, owed (places of consumer and account in the chunk), row, kind, made
    (microseconds), medium, for every statement.
    """

    statements: pl.DataFrame
    knowledge: pl.DataFrame
    events: pl.DataFrame


def local_instant(chunk: Chunk, back: pl.Expr, minute: pl.Expr, zone_id: pl.Expr) -> pl.Expr:
    """Microseconds of the instant `back` days ago at a local minute of the day.

    Noon's offset serves the whole day: an hour off on the two nights when clocks change.
    """
    midnight = chunk.micros // _DAY * _DAY
    offset = pl.lit(chunk.offsets).gather(zone_id * _days_kept(chunk) + back)
    return pl.lit(midnight) - back * _DAY + (minute + offset) * _MINUTE


def _days_kept(chunk: Chunk) -> int:
    return len(chunk.offsets) // len(chunk.places.zones)


def told(chunk: Chunk, frame: pl.DataFrame) -> Told:
    """Everything said and learned of these consumers (columns of people.people, points.reach).

    `frame` also has `account_ids`, the list of each consumer's accounts, and `one` of them, which
    stands at `owed` in the chunk.
    """
    rows = _drawn(chunk, frame)
    spoken: list[pl.DataFrame] = []
    learned: list[pl.DataFrame] = []
    start = 0
    for n, count in rows.group_by("spec", maintain_order=True).len().iter_rows():
        said = SAID[n]
        words = _words(chunk, rows.slice(start, count), said)
        (spoken if said.media is not None else learned).append(words)
        start += count
    none = _words(chunk, rows.clear(), SAID[0])
    return _finish(chunk, pl.concat([none, *spoken]), pl.concat([none, *learned]))


def _drawn(chunk: Chunk, frame: pl.DataFrame) -> pl.DataFrame:
    """Who says what: a row for each, in the order of SAID, with the chances for the rest."""
    seed = chunk.seed
    i = pl.col("i")
    draws = {f"d{n}": bits(i, seed, f"said {n}") for n in range((len(SAID) + 3) // 4)}
    chosen = []
    for n, said in enumerate(SAID):
        speaks = parts(f"d{n // 4}", 4)[n % 4] < said.rate
        chosen.append(speaks & pl.col(f"has_{said.needs}") if said.needs else speaks)
    masks = frame.with_columns(**draws).select(mask.alias(str(n)) for n, mask in enumerate(chosen))
    places = [mask.arg_true() for mask in masks]
    speakers = pl.concat(places)
    counts = pl.Series([len(place) for place in places])
    spec = pl.select(pl.int_range(len(SAID), dtype=pl.Int64()).repeat_by(counts).explode())
    rows = frame.select(*_USED, stranger=padded("HW", i + 1))[speakers]
    within = pl.Series([said.within for said in SAID], dtype=pl.Int64())
    rows = rows.with_columns(spec.to_series().alias("spec")).with_columns(
        row=i * whole(128) + pl.col("spec").cast(pl.UInt64())
    )
    row = pl.col("row")
    rows = rows.with_columns(v=bits(row, seed, "value"), w=bits(row, seed, "words"))
    by, medium, early, _ = parts("w", 4)
    return rows.with_columns(
        **{f"u{n}": part for n, part in enumerate(parts("v", 4))},
        named=pl.when(by < 0.5).then("person"),
        medium=medium,
        back=(early**1.4 * pl.lit(within).gather("spec")).cast(pl.Int64()),
    )


def _words(chunk: Chunk, few: pl.DataFrame, said: Said) -> pl.DataFrame:
    none = pl.lit(None, pl.String())
    accounts = {
        "one": pl.concat_list("one"),
        "all": pl.col("account_ids"),
        "": pl.lit(None, pl.List(pl.String())),
    }[said.about]
    return few.select(
        "i",
        "at",
        "owed",
        "consumer",
        "zone_id",
        "row",
        "back",
        kind=pl.lit(said.kind),
        by=pl.col("named" if said.by is None else said.by),
        word=choose(pl.col("medium"), said.media or said.sources or {}),
        late=pl.lit(said.kind == "opt_out_address"),
        elsewhere=pl.lit(said.elsewhere),
        accounts=accounts,
        point=none if said.point is None else point_id(pl.col(f"p_{said.point}")),
        value=none if said.value is None else said.value(chunk),
        more=none if said.more is None else said.more(chunk),
    )


def _finish(chunk: Chunk, spoken: pl.DataFrame, learned: pl.DataFrame) -> Told:
    seed = chunk.seed
    row = pl.col("row")
    minute = (unit(row, seed, "minute") * 690).cast(pl.Int64()) + 540
    made = local_instant(chunk, pl.col("back"), minute, pl.col("zone_id"))
    made = pl.when(made > chunk.micros).then(made - _DAY).otherwise(made)
    by_post = pl.col("word").is_in(_LETTERS)
    travel = (
        pl.when(by_post)
        .then((unit(row, seed, "post") * 5 * 1440).cast(pl.Int64()) * _MINUTE + 2 * _DAY)
        .otherwise((unit(row, seed, "seconds") * 90).cast(pl.Int64()) * 1_000_000)
    )
    slow = unit(row, seed, "slow")
    desk = (
        pl.when(slow < 0.2)
        .then((slow * 5 * 2880).cast(pl.Int64()))
        .otherwise((slow * 10).cast(pl.Int64()))
    )
    timed = [
        frame.with_columns(made=made)
        .with_columns(received=pl.col("made") + travel)
        .with_columns(recorded=pl.col("received") + (desk + 1) * _MINUTE)
        .sort("i", "received", "row")
        for frame in (spoken, learned)
    ]
    oral = pl.col("word") == "oral"
    late = pl.col("late") & (unit(row, seed, "late") < 0.05)
    elsewhere = unit(row, seed, "to whom")
    statements = timed[0].select(
        consumer="consumer",
        kind="kind",
        by="by",
        to=pl.when(pl.col("elsewhere") & (elsewhere < 0.04))
        .then(pl.lit("creditor"))
        .when(pl.col("elsewhere") & (elsewhere < 0.05))
        .then(pl.lit("previous_collector"))
        .otherwise(pl.lit("this_collector")),
        medium="word",
        accepted_medium=~(
            pl.col("word").is_in(["email", "electronic", "text"])
            & (unit(row, seed, "accepted") < 0.03)
        ),
        during_lawful_contact=pl.when(oral).then(unit(row, seed, "lawful") < 0.97),
        after_opt_out_deadline=pl.when("late").then(late),
        accounts="accounts",
        point="point",
        value="value",
        more="more",
        made_at=instant(pl.col("made")),
        received_at=instant(pl.col("received")),
        recorded_at=instant(pl.col("recorded")),
        source=choose(unit(row, seed, "noted"), {"crm": 70, "mailroom": 20, "": 10}),
    )
    knowledge = timed[1].select(
        consumer="consumer",
        kind="kind",
        source="word",
        accounts="accounts",
        point="point",
        value="value",
        more="more",
        received_at=instant(pl.col("received")),
        recorded_at=instant(pl.col("recorded")),
    )
    events = timed[0].select("at", "owed", "row", "kind", "made", medium="word")
    return Told(statements, knowledge, events)


def numbered(table: str, rows: pl.DataFrame, used: int) -> pl.DataFrame:
    """Rows of statements or knowledge with ids after the `used` ones, columns as in the schema."""
    prefix, width = {"statements": ("S", 8), "knowledge": ("K", 8)}[table]
    key = TABLES[table].key[0]
    found = rows.with_columns(
        padded(prefix, pl.int_range(used + 1, used + 1 + pl.len()), width).alias(key)
    )
    return found.select(list(TABLES[table].schema))
