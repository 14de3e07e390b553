"""A segment's facts built anew from rows as they were known then, and decided again from them.

Where `replaying` asks the record alone, this asks whether the record's facts are right: a day is
made once more from a portfolio as of its moment, and every field must come out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.clock import parse_date, parse_instant
from engine.panel import Panel
from engine.part import PartInput, decide_part
from engine.terms import Licences

from ..contact_list import INSTANT, whole_second
from ..doubtful import decide_part_both
from ..grouped import GroupsOf, rows_of
from ..parts import plan, read
from ..portfolio import Portfolio
from .answering import Replayed
from .reading import ERASED, Segment, decisions
from .replaying import CannotReplay, law_of
from .whence import COLUMN, whence

PART: Final = 50_000  # accounts decided at once
KEYS: Final = ("account", "point", "channel")
COMPARED: Final = (
    "group", "consumer", "number", "verdict", "listed", "exhausted", "force", "rules", "duties",
    "situations", "jurisdictions", "zones", "windows_utc", "attempts_left", "budgets",
    "next_permitted_utc", "evidence",
)  # fmt: skip
STOOD_ON: Final = (COLUMN, "basis")
"""What records of version 2 hold beside, so that they can be decided again."""
UNLIMITED: Final = "unlimited"


def rebuild(
    segment: Segment,
    source: Portfolio,
    scratch: Path,
    where: pl.Expr | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Replayed:
    """Decide a run's decisions again from a portfolio as of its moment.

    All of them, or those that `where` takes; what is counted together is decided together either
    way. `scratch` is an empty directory. Raises NoLog, CannotReplay, CannotWrite.
    """
    if segment.kind != "run":
        raise CannotReplay(
            f"segment {segment.name} holds live decisions, which stand on permits and releases as "
            "well: --from-store knows them, a portfolio's files do not"
        )
    found = Replayed(segment.name)
    if where is None:
        digest = source.digest()
        if digest != segment.head.get("input"):
            found.differ("input", "digest of the rows", segment.head.get("input"), digest)
    recorded = decisions(
        segment, where, (*KEYS, *COMPARED, *STOOD_ON, "decision_id", ERASED)
    ).collect()
    found.decisions = recorded.height
    found.erased = int(recorded[ERASED].sum())
    recorded = recorded.filter(~pl.col(ERASED))
    cut = plan(source, PART, scratch)
    groups = set(recorded["group"].to_list())
    wanted = cut.groups.filter(pl.col("group").is_in(list(groups)))
    numbers = set(wanted["part"].to_list())
    head = _Head(segment.head)
    done = 0
    with Panel(law_of(segment)) as panel:
        for part in (*cut.crowded, *cut.parts):
            if part.number not in numbers:
                continue
            frames, homes = read(cut, part)
            if where is not None or "region" in segment.head:
                frames, homes = _only(frames, homes, groups)
            again = _decided(panel, head, frames, homes, cut.maybe)
            here = recorded.filter(pl.col("group").is_in(homes["group"].unique().implode()))
            _compare(found, here, again if where is None else _among(again, here))
            done += part.accounts
            progress("deciding from the store again", done, cut.accounts)
    gone = recorded.filter(~pl.col("group").is_in(cut.groups["group"].unique().implode()))
    for name in gone["decision_id"]:
        found.differ(f"decision {name}", "its contact group", "on record", "")
    return found


class _Head:
    """What a run's record says of how it was decided."""

    def __init__(self, head: Mapping[str, Any]) -> None:
        self.now: datetime = parse_instant(str(head["now"]))
        self.day: date = parse_date(str(head["day"]))
        settings = head["settings"]
        self.channels: tuple[str, ...] = tuple(settings["channels"])
        self.caps: dict[str, int] = dict(settings["row_caps"])
        self.refuse = bool(settings["refuse_unencoded_places"])
        self.licences: Licences = {
            collector: {
                place: None if last == UNLIMITED else parse_date(last)
                for place, last in held.items()
            }
            for collector, held in head.get("licences", settings["licences"]).items()
        }


def _only(
    frames: Mapping[str, pl.DataFrame], homes: pl.DataFrame, groups: set[str]
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The rows of some contact groups, and of all that is counted together with them."""
    asked = homes.filter(pl.col("group").is_in(list(groups)))["together"].unique()
    mine = homes.filter(pl.col("together").is_in(asked.implode()))
    people = mine["consumer"].implode()
    return rows_of(frames, people), mine


def _decided(
    panel: Panel,
    head: _Head,
    frames: Mapping[str, pl.DataFrame],
    homes: pl.DataFrame,
    maybe: Mapping[str, str],
) -> pl.DataFrame:
    asking = PartInput(
        frames=frames,
        groups=homes.select("consumer", "group"),
        groups_of=GroupsOf(frames, homes.select("consumer", "together"), head.licences),
        day=head.day,
        now=head.now,
        channels=head.channels,
        row_caps=head.caps,
        refuse_unencoded=head.refuse,
        licences=head.licences,
        sample_least=0,
    )
    rows = decide_part_both(decide_part, panel, asking, maybe, lambda _: None).candidates
    seen = whence(frames, head.day, head.now, asking.groups_of)
    rows = rows.join(seen, on="consumer", how="left", maintain_order="left")
    permitted = pl.col("permitted")
    moment = pl.col("next_permitted_utc").cast(INSTANT)
    return rows.with_columns(
        pl.when(permitted).then(pl.lit("permitted")).otherwise(pl.lit("refused")).alias("verdict"),
        (permitted & (pl.col("attempts_left").fill_null(0) > 0)).alias("listed"),
        whole_second(moment).alias("next_permitted_utc"),
    ).select(*KEYS, *COMPARED, *STOOD_ON)


def _among(again: pl.DataFrame, here: pl.DataFrame) -> pl.DataFrame:
    """Of what was decided again, the contacts that were asked for."""
    return again.join(here.select(KEYS), on=list(KEYS), how="semi", maintain_order="left")


def _compare(found: Replayed, here: pl.DataFrame, again: pl.DataFrame) -> None:
    """Compare decisions on record with the same decided again, field by field."""
    names = {name: f"{name}/again" for name in (*COMPARED, *STOOD_ON)}
    both = here.join(
        again.with_columns(pl.lit(value=True).alias("there")).rename(names),
        on=list(KEYS),
        how="full",
        coalesce=True,
        maintain_order="left",
    )
    for row in both.filter(pl.col("decision_id").is_null()).iter_rows(named=True):
        what = f"{row['channel']} to {row['point']} about {row['account']}"
        found.differ(what, "decision", None, row["verdict/again"])
    there = both.filter(pl.col("decision_id").is_not_null())
    for name in there.filter(pl.col("there").is_null())["decision_id"]:
        found.differ(f"decision {name}", "decision", "on record", None)
    there = there.filter(pl.col("there").is_not_null())
    for name, other in names.items():
        asked = there.filter(pl.col("basis").is_not_null()) if name in STOOD_ON else there
        wrong = asked.filter(pl.col(name).ne_missing(pl.col(other)))
        for decision, then, now in wrong.select("decision_id", name, other).iter_rows():
            found.differ(f"decision {decision}", name, then, now)
