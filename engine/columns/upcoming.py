"""Openings: today's windows of what is permitted, and the first moment of what must wait.

Hours live on the level of the *clock* (zones, a number's, hours of one's own, by voice) under a set
of windows; what lets go lives on the candidate. Each meeting of the two is worked out once, and
what does not hang on one person's words stands for all later parts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC as TIME_UTC
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from .. import clock
from ..intervals import Interval, intersect
from ..kinds import Limit, Wait, Window
from ..panel import Panel
from ..rule import Rule
from .changing import changing, next_plainly
from .findings import rules_of
from .judge import Judgement
from .ledger import ledger_of
from .table import Table
from .unions import Sets, side_by_side, told_apart
from .units import Units
from .where import unmask
from .windows import Hourglass

if TYPE_CHECKING:
    from ..part import PartInput

STEPS = 40
CLOCKS = ["zones", "nz", "sig", "voice"]
INSTANT = pl.Datetime("us", "UTC")
Clocks = tuple[tuple[str, ...], int, int, bool]
"""Whose clocks windows are read on: zones, those of the number, the signature, whether by voice."""
Written = tuple[datetime | None, datetime | None, str, str]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a candidate's hours hang on: windows, clocks, and until when nothing opens today."""

    windows: tuple[str, ...]
    asked: Clocks
    cut: datetime | None

    @property
    def common(self) -> bool:
        """Whether it hangs on nobody's own words or contacts, so that other parts meet it too."""
        return not self.asked[2] and self.cut is None


@dataclass
class Hours:
    """Openings that parts have in common, worked out for one day and moment."""

    day: date
    now: datetime
    today: dict[Opening, Written] = field(default_factory=dict)
    later: dict[tuple[Opening, date | None, datetime | None], datetime | None] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Openings:
    """The distinct openings of a part (`all`), and the number of each candidate's (`of`)."""

    panel: Panel
    hourglass: Hourglass
    all: list[Opening]
    of: pl.Series
    hours: Hours

    def rules(self, one: Opening) -> list[Rule]:
        """Its windows."""
        by_id = rules_of(self.panel)
        return [by_id[name] for name in one.windows]

    def today(self, one: Opening) -> Written:
        """When it is open on the day asked: first and last, and all windows, written."""
        if one not in self.hours.today or not one.common:
            found = open_on(self.hourglass, self.rules(one), one.asked, self.hours.day, one.cut)
            written = _written(found, one.asked[0])
            if not one.common:
                return written
            self.hours.today[one] = written
        return self.hours.today[one]

    def later(
        self, one: Opening, free_day: date | None, free_at: datetime | None
    ) -> datetime | None:
        """`first_opening`."""
        key = (one, free_day, free_at)
        if key not in self.hours.later or not one.common:
            rules = self.rules(one)
            found = first_opening(self.hourglass, rules, one.asked, free_day, free_at, one.cut)
            if not one.common:
                return found
            self.hours.later[key] = found
        return self.hours.later[key]


def _minute(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)


def zone_list(table: Table, zones: int) -> tuple[str, ...]:
    """The zones of a mask; UTC where none is known."""
    return unmask(zones, zones=True) or (table.zones[-1],)


def _cuts(
    panel: Panel, judgements: Sequence[Judgement], w: pl.Series, now: datetime
) -> pl.DataFrame:
    """i, `cut`: when the last wait, or limit, in hours lets go today, where one does."""
    sets = ledger_of(panel).rules
    none = pl.DataFrame(schema={"i": pl.UInt32, "cut": INSTANT})
    cuts = [none]
    for one in judgements:
        for number, rule in one.timed:
            if in_hours(rule):
                ends = one.rows.filter(
                    (pl.col(f"b{number}") == 0) & (pl.col(f"v{number}") > now)
                ).select("i", pl.col(f"v{number}").alias("cut"))
                cuts.append(ends.filter(sets.holding(rule.id).gather(w.gather(ends["i"]))))
    return pl.concat(cuts).group_by("i", maintain_order=True).agg(pl.col("cut").max())


def in_hours(rule: Rule) -> bool:
    """Whether a wait or limit may let go in the middle of a day."""
    body = rule.body
    period = body.for_ if isinstance(body, Wait) else None
    if isinstance(body, Limit):
        period = body.within
    return period is not None and period.unit == "hour"


def _openings(panel: Panel, table: Table, w: pl.Series, cuts: pl.DataFrame) -> Openings:
    """The distinct openings of all candidates, by the number of the rules that apply and cuts."""
    ledger = ledger_of(panel)
    by_id = rules_of(panel)
    sets, of_rules = ledger.notes.setdefault(("windows",), (Sets(), []))
    for names in ledger.rules.members[len(of_rules) :]:
        of_rules.append(sets.number(one for one in names if isinstance(by_id[one].body, Window)))
    clocks = Units.told(table.cand, CLOCKS)
    read = [
        ((*zone_list(table, zones),), nz, sig, voice)
        for zones, nz, sig, voice in clocks.keys.rows()
    ]
    windows = pl.Series(of_rules, dtype=pl.UInt32).gather(w)
    kinds, of = told_apart(side_by_side(windows, clocks.of))
    found = []
    for kind in kinds.to_list():
        number, at = divmod(kind, 1 << 32)
        found.append(Opening(sets.members[number], read[at], None))
    if len(cuts):
        instants, ends = told_apart(cuts["cut"])
        until = instants.to_list()
        kinds, mine = told_apart(side_by_side(of.gather(cuts["i"]), ends))
        of.scatter(cuts["i"], mine + len(found))
        for kind in kinds.to_list():
            number, place = divmod(kind, 1 << 32)
            found.append(replace(found[number], cut=until[place]))
    hours = panel.notes.get(("hours",))
    day, now = table.prepared.day, table.prepared.now
    if not isinstance(hours, Hours) or (hours.day, hours.now) != (day, now):
        hours = panel.notes["hours",] = Hours(day, now)
    return Openings(panel, table.hourglass, found, of, hours)


def upcoming(
    panel: Panel,
    part: PartInput,
    table: Table,
    judgements: list[Judgement],
    found: pl.DataFrame,
    outcomes: pl.DataFrame,
) -> pl.DataFrame:
    """Today's windows, those without a common minute, `next_permitted_utc`; and what refuses.

    `outcomes` by `x` of `found` (`findings.outcome_table`).
    """
    cuts = _cuts(panel, judgements, found["w"], table.prepared.now)
    openings = _openings(panel, table, found["w"], cuts)
    shut = (None, None, "[]", "[]")  # refused: whatever is open then is not written
    windows = pl.DataFrame(
        [*(openings.today(one) for one in openings.all), shut],
        schema={"open_utc": INSTANT, "close_utc": INSTANT, "windows_utc": pl.String,
                "windows_local": pl.String},
        orient="row",
    )  # fmt: skip
    closed = found["permitted"] & windows["open_utc"].gather(openings.of).is_null()
    x = found["x"].scatter(closed.arg_true(), len(outcomes) - 1)
    permitted, by_time = found["permitted"] & ~closed, found["by_time"] | closed
    windows = windows[openings.of.clone().scatter((~permitted).arg_true(), len(openings.all))]
    later, walk = _later(panel, part, table, judgements, openings, found["f"], by_time)
    said = outcomes.select("rules", "cites", "force", "waits")[x]
    return found.hstack(windows).with_columns(
        said["rules"],
        said["cites"],
        said["force"],
        permitted.alias("permitted"),
        (said["waits"] & by_time).alias("exhausted"),
        pl.when(permitted).then("open_utc").otherwise(later).alias("next_permitted_utc"),
        walk.alias("walk"),
    )


def open_on(
    hourglass: Hourglass,
    windows: Sequence[Rule],
    asked: Clocks,
    day: date,
    cut: datetime | None,
) -> tuple[Interval, ...]:
    """Minutes of a day that all applying windows leave, from now and from a cut on."""
    found = hourglass.together(windows, *asked, day)
    start = _minute(hourglass.now)
    if cut is not None:
        start = max(start, _minute(cut.replace(tzinfo=TIME_UTC)))
    return intersect(found, ((start, start + timedelta(days=2000)),))


@lru_cache(maxsize=4096)
def _written(
    found: tuple[Interval, ...], zones: Sequence[str]
) -> tuple[datetime | None, datetime | None, str, str]:
    if not found:
        return None, None, "[]", "[]"
    utc = [[clock.format_instant(a), clock.format_instant(b)] for a, b in found]
    local = [[clock.format_local(a, zones[0]), clock.format_local(b, zones[0])] for a, b in found]
    return found[0][0], found[-1][1], _json(utc), _json(local)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _later(
    panel: Panel,
    part: PartInput,
    table: Table,
    judgements: list[Judgement],
    openings: Openings,
    f: pl.Series,
    by_time: pl.Series,
) -> tuple[pl.Series, pl.Series]:
    """By candidate, when what can end by time alone lets go, and the days that were walked.

    That is arithmetic over what lets go, and the windows; where the rules that hold may be others
    by then, the plain functions walk the days.
    """
    count = len(table.cand)
    later = pl.repeat(None, count, dtype=INSTANT, eager=True)
    walk = pl.repeat(None, count, dtype=pl.String, eager=True)
    late = by_time.arg_true()
    if late.is_empty():
        return later, walk
    frees, of = _frees(panel, table, judgements, f, by_time)
    kinds, number = told_apart(side_by_side(openings.of.gather(late), of.gather(late)))
    opens, never = [], []
    for kind in kinds.to_list():
        opening, free = divmod(kind, 1 << 32)
        day, at, lasts = frees[free]
        opens.append(None if lasts else openings.later(openings.all[opening], day, at))
        never.append(lasts)
    first = pl.Series(opens, dtype=INSTANT).gather(number)
    lasts = pl.Series(never, dtype=pl.Boolean).gather(number)
    at = changing(panel, part, table, judgements, late, first, lasts).arg_true()
    later.scatter(late, first)
    if len(at):
        walked = late.gather(at)
        moments, walks = next_plainly(panel, part, table, walked)
        later.scatter(walked, moments)
        walk = walk.scatter(walked, walks)
    return later, walk


def _frees(
    panel: Panel, table: Table, judgements: list[Judgement], f: pl.Series, by_time: pl.Series
) -> tuple[list[tuple[date | None, datetime | None, bool]], pl.Series]:
    """When things let go, the distinct answers: last local day, last instant, or never.

    And by candidate the number of its answer; the first is that of nothing.
    """
    sets = ledger_of(panel).refusals
    frames = []
    for one in judgements:
        timed = [(n, rule.id) for n, rule in one.timed if not isinstance(rule.body, Window)]
        if not timed:
            continue
        rows = one.rows.select("i", "z", *(f"{c}{n}" for n, _ in timed for c in "bv"))
        rows = rows.filter(by_time.gather(rows["i"]))
        refused = f.gather(rows["i"])
        for number, name in timed:
            holds = (rows[f"b{number}"] != 0) & sets.holding(name).gather(refused)
            frames.append(rows.select("i", "z", pl.col(f"v{number}").alias("at")).filter(holds))
    of = pl.zeros(len(table.cand), dtype=pl.UInt32, eager=True)
    nothing = (None, None, False)
    if not frames:
        return [nothing], of
    held = pl.concat(frames).with_columns(table.calendar.day("at").alias("day"))
    found = held.group_by("i").agg(
        pl.col("day").max(), pl.col("at").max(), pl.col("at").is_null().any().alias("never")
    )
    keys = ["day", "at", "never"]
    kinds = found.select(keys).unique(maintain_order=True)
    numbered = found.join(
        kinds.with_row_index("n", offset=1), on=keys, nulls_equal=True, how="left",
        maintain_order="left",
    )  # fmt: skip
    return [nothing, *kinds.rows()], of.scatter(found["i"], numbered["n"])


def first_opening(
    hourglass: Hourglass,
    windows: Sequence[Rule],
    asked: Clocks,
    free_day: date | None,
    free_at: datetime | None,
    cut: datetime | None,
) -> datetime | None:
    """The first opening on or after the day things let go, while the same rules hold."""
    today = hourglass.day
    day = max(today, free_day or today)
    if day == today:
        day += timedelta(days=1)
    until = free_at if free_at is not None else cut
    if until is not None and cut is not None:
        until = max(until, cut)
    for _ in range(STEPS):
        found = open_on(hourglass, windows, asked, day, until)
        if found:
            return found[0][0]
        day += timedelta(days=1)
    return None
