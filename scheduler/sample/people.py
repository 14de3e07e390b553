"""Made-up consumers: who they are, where they live, how they are reached.

A chunk of consumers is built at once. Links between them (a shared landline, a shared mobile, the
same human twice) stay inside a chunk, which is far wider than a household.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from .dice import choose, choose_number, unit, whole
from .places import Places

ACCOUNTS_EACH: Final = {1: 50, 2: 25, 3: 12, 4: 6, 5: 4, 6: 2, 8: 1}  # mean 2.0
SPOUSES: Final = 0.05  # of neighbouring pairs
SAME_HUMAN: Final = 0.01  # of every second row: half a per cent of all
SHARED_MOBILE: Final = 0.03
OTHER_AREA: Final = 0.13  # mobiles from elsewhere


@dataclass(frozen=True, slots=True)
class Chunk:
    """What every maker of rows needs: the seed, the places, the moment, and the ids used so far.

    `size` is how many accounts the whole portfolio has.
    """

    seed: int
    places: Places
    offsets: pl.Series
    now: datetime
    size: int

    @property
    def today(self) -> date:
        """The civil day of `now`, in UTC; the same day all over the States at 11:00."""
        return self.now.date()

    @property
    def micros(self) -> int:
        """`now` in microseconds."""
        return round(self.now.timestamp()) * 1_000_000


def padded(prefix: str, number: pl.Expr, width: int = 8) -> pl.Expr:
    """An id that sorts by number: prefix and padded digits; null where the number is."""
    return pl.lit(prefix) + number.cast(pl.String()).str.zfill(width)


def instant(micros: pl.Expr) -> pl.Expr:
    """Microseconds as an instant in UTC."""
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def day_ago(today: date, days: pl.Expr) -> pl.Expr:
    """The civil day so many days before today; null where `days` is."""
    return pl.lit(today) - pl.duration(days=days.cast(pl.Int64()))


def accounts_each(first: int, count: int, seed: int) -> pl.Series:
    """How many accounts each of `count` consumers from number `first` on has."""
    row = pl.int_range(first, first + count, dtype=pl.UInt64()).alias("i")
    return pl.select(
        choose_number(unit(row, seed, "accounts"), ACCOUNTS_EACH).alias("n")
    ).to_series()


def people(chunk: Chunk, first: int, each: pl.Series) -> pl.DataFrame:
    """The consumers numbered from `first` on, one for each entry of `each` (accounts held).

    Columns: i (number), at (place in the chunk), consumer, person, home (place in the chunk of
    whose home it is), spouse (place, or null), n, code (row of the place's postal code), state,
    zone_id, deceased, has_* flags and the area codes its numbers have.
    """
    seed, count = chunk.seed, len(each)
    i = pl.col("i")
    frame = pl.DataFrame({"n": each}).with_columns(
        i=pl.int_range(first, first + count, dtype=pl.UInt64()),
        at=pl.int_range(count, dtype=pl.Int64()),
    )
    odd = pl.col("at") % 2 == 1
    frame = frame.with_columns(
        wed=(unit(i // whole(2), seed, "wed") < SPOUSES) & (pl.col("at") // 2 * 2 + 1 < count),
    ).with_columns(
        twin=odd & ~pl.col("wed") & (unit(i, seed, "twin") < SAME_HUMAN),
        other=(unit(i, seed, "other") * ((count + 1) // 2)).cast(pl.Int64()) * 2,
    )
    place = pl.col("at")
    frame = frame.with_columns(
        human=pl.when("twin").then("other").otherwise(place),
        home=pl.when(odd & pl.col("wed"))
        .then(place - 1)
        .when("twin")
        .then("other")
        .otherwise(place),
        spouse=pl.when("wed").then(place + pl.when(odd).then(-1).otherwise(1)),
        line=pl.when(pl.col("twin") | (unit(i, seed, "shares") < SHARED_MOBILE))
        .then("other")
        .otherwise(place),
    )
    homes = chunk.places.find(frame.select(unit(i, seed, "home")).to_series())
    frame = frame.with_columns(code=homes.gather(frame["home"])).with_columns(
        consumer=padded("C", i + 1),
        person=padded("H", pl.lit(first + 1) + pl.col("human")),
        spouse_person=padded("H", pl.lit(first + 1) + pl.col("spouse")),
        state=pl.lit(chunk.places.codes["state"]).gather("code"),
        zone_id=pl.lit(chunk.places.codes["zone_id"]).gather("code"),
        deceased=unit(i, seed, "deceased") < 0.008,
    )
    u = {name: unit(i, seed, f"has {name}") for name in _HAS}
    return frame.with_columns(**{f"has_{name}": u[name] < share for name, share in _HAS.items()})


_HAS: Final = {
    "mobile": 0.92,
    "second": 0.08,
    "landline": 0.25,
    "work": 0.10,
    "email": 0.65,
    "email_work": 0.04,
    "mail": 0.97,
    "work_mail": 0.01,
    "household": 0.012,
    "third": 0.012,
    "employer": 0.015,
    "lawyer": 0.012,
    "portal": 0.08,
    "social": 0.006,
    "unknown_phone": 0.01,
}


def consumers(chunk: Chunk, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of table `consumers`."""
    acts = pl.col("deceased") & (unit(pl.col("i"), chunk.seed, "estate") < 0.6)
    left = pl.col("deceased") & (unit(pl.col("i"), chunk.seed, "widow") < 0.35)
    return frame.select(
        "consumer",
        "person",
        "deceased",
        surviving_spouse=pl.when(left).then(
            pl.col("spouse_person").fill_null(padded("HS", pl.col("i") + 1))
        ),
        personal_representative=pl.when(acts).then(padded("HR", pl.col("i") + 1)),
    )


def addresses(chunk: Chunk, frame: pl.DataFrame, used: int) -> pl.DataFrame:
    """The rows of table `addresses`; `used` ids are taken.

    Most have one current home. Some moved (the old address ends), some stand at two addresses
    that conflict, a few have none that holds, a few an address of work.
    """
    seed = chunk.seed
    i = pl.col("i")
    fate = unit(i, seed, "address fate")
    frame = frame.select(
        "i", "at", "consumer", "home", "code", fate=fate, far=unit(i, seed, "far")
    ).with_columns(
        stay=(
            unit(
                pl.col("home").cast(pl.UInt64()) + (i - pl.col("at").cast(pl.UInt64())),
                seed,
                "stay",
            )
            * 3000
        ).cast(pl.Int64())
        + 20
    )
    elsewhere = chunk.places.find(frame["far"])
    # a move is mostly a short one: within the same state three times out of four
    near = (frame["code"].cast(pl.Int64()) + (frame["far"] * 40).cast(pl.Int64()) - 20).clip(
        0, len(chunk.places.reach) - 1
    )
    moved = pl.when(pl.col("far") < 0.25).then(pl.col("elsewhere")).otherwise(pl.col("near"))
    frame = frame.with_columns(elsewhere=elsewhere.cast(pl.Int64()), near=near).with_columns(
        old=moved, code=pl.col("code").cast(pl.Int64())
    )
    f = pl.col("fate")
    stay = pl.col("stay")
    today = chunk.today
    kinds = [
        # (which consumers, rank, postal code, kind, since, until, days since received)
        (f < 0.09, 0, "old", "residential", stay + 900, stay + 1, stay + 600),
        (f >= 0.012, 1, "code", "residential", stay, None, stay // 3),
        (
            f.is_between(0.09, 0.11),
            2,
            "elsewhere",
            "residential",
            None,
            None,
            stay // 40,
        ),
        (f.is_between(0.11, 0.14), 3, "near", "work", None, None, stay // 4),
        (f.is_between(0.14, 0.145), 3, "elsewhere", "work", None, None, stay // 4),
    ]
    pieces = []
    for which, rank, code, kind, since, until, back in kinds:
        pieces.append(
            frame.filter(which).select(
                "i",
                "consumer",
                rank=pl.lit(rank),
                code=code,
                kind=pl.lit(kind),
                since=pl.lit(None, pl.Date()) if since is None else day_ago(today, since),
                until=pl.lit(None, pl.Date()) if until is None else day_ago(today, until),
                back=back,
            )
        )
    rows = pl.concat(pieces).sort("i", "rank")
    codes = chunk.places.codes
    i4 = pl.col("i") * whole(4) + pl.col("rank").cast(pl.UInt64())
    noted = pl.lit(chunk.micros) - (pl.col("back").cast(pl.Int64()) + 1) * 86_400_000_000
    source = choose(
        unit(i4, seed, "address source"),
        {"creditor": 62, "consumer": 18, "bureau": 14, "skip_trace": 6},
    )
    return rows.select(
        address=padded("R", pl.int_range(used + 1, used + 1 + pl.len())),
        consumer="consumer",
        kind="kind",
        state=pl.lit(codes["state"]).gather("code"),
        postal_code=pl.when(unit(i4, seed, "no code") >= 0.008).then(
            pl.lit(codes["postal_code"]).gather("code")
        ),
        county=pl.lit(codes["county"]).gather("code"),
        since=pl.when(unit(i4, seed, "no since") >= 0.4).then("since"),
        until="until",
        source=pl.when(pl.col("rank") == 2).then(pl.lit("bureau")).otherwise(source),
        received_at=instant(noted),
        recorded_at=instant(noted + 3_600_000_000),
        known_bad=unit(i4, seed, "bad address") < 0.015,
    )
