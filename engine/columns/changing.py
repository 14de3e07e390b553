"""Whose next moment arithmetic alone cannot tell: what else another day changes.

`upcoming` reckons windows, limits and waits forward while the same rules hold. Before they let go
an address may end, a rule come into force, a period of limitation run out, consent lapse. Those
candidates are named here, rather too many than too few, and are walked day by day by the plain
functions (`engine.upcoming`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from ..facts.consent import CONSENT_DAYS
from ..facts.statuses import ATTORNEY_DAYS
from ..facts.view import Moment
from ..footing import walk_of
from ..history import Contact, Group
from ..kinds import Limit, Notice, Wait
from ..panel import Panel
from ..rule import Ask, Exclusion, Happened, Rule
from ..situation import RuleSet, rule_asks
from . import tally
from .bankruptcy import ends_told
from .combos import Combo, combo_of, plain_contact
from .email import later_routes
from .judge import Judgement
from .prepare import files_of
from .selected import selected
from .spoken import files_with
from .table import Table
from .where import place_names

if TYPE_CHECKING:
    from ..part import PartInput
    from ..question import Ask as Asking
    from ..question import Heard

FAR = timedelta(days=400)  # further off than any walk of `upcoming` ends
CONSENT = Ask("in_call_consent")
STAYS = ("bankruptcy_stay", "codebtor_stay")
DATES = ("judgment", "delinquent_since", "defaulted", "last_payment")
"""Of the account, that facts which hang on the day are reckoned from."""
WORDS_OF = {
    "place_inconvenient": ("consumer_currently_at",),
    "in_call_consent": ("consents_to_call", "asks_to_be_called"),
    "asked_to_be_called": ("asks_to_be_called",),
}
"""Facts that hang on the day only where one of these was said."""
RECENT = frozenset({"place_inconvenient", "in_call_consent", "asked_to_be_called"})
"""Of these, facts that only what was said in the last days can change."""
ROUTES = frozenset({"email_route_consumer", "email_route_creditor"})
ALWAYS = frozenset({"safe_harbour", "spoke_or_wrote"})
"""Facts that hang on the day in more ways than are looked into here."""


def changing(
    panel: Panel,
    part: PartInput,
    table: Table,
    judgements: Sequence[Judgement],
    rows: pl.Series,
    later: pl.Series,
    never: pl.Series,
) -> pl.Series:
    """Which candidates of `rows` may not keep their rules.

    `later` is the moment found by arithmetic, null if none was; a row that something holds for
    ever (`never`) cannot change.
    """
    late = table.cand.select("consumer", "a", "fp", "t", "law", "years")[rows]
    late = late.with_columns(table.kinds_of.gather(rows).alias("kind"))
    turns = [_addresses(part, late), _turning(panel, table, late)]
    turns += [
        _where(asking, _turns(table, late, ask))
        for ask, asking in _asked(panel, table, judgements, rows).items()
    ]
    first = pl.DataFrame([one.alias(str(n)) for n, one in enumerate(turns)]).select(
        pl.min_horizontal(pl.all())
    )
    until = later.dt.date().dt.offset_by("1d")  # of any zone
    return (first.to_series() <= until).fill_null(first.to_series().is_not_null()) & ~never


def next_plainly(
    panel: Panel, part: PartInput, table: Table, rows: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """`next_permitted` of these candidates by the plain functions, and the days they looked at."""
    from ..question import Ask as Asking

    heard: list[Heard] = []
    asking = Asking(refuse_unencoded=part.refuse_unencoded, hear=heard.append, notes=False)
    moment = Moment(part.now, day=part.day)
    late = table.cand.select("consumer", "account", "point", "channel")[rows]
    groups = table.groups(late["consumer"].unique().to_list())
    found, walks = [], []
    for consumer, account, point, channel in late.iter_rows():
        contact = plain_contact(channel, point, account, part.now)
        group = groups[consumer]
        asked = replace(asking, shared=table.shared(group))
        found.append(_next(panel, group, contact, moment, asked, heard))
        walks.append(walk_of(heard, table.met))
    table.walked(len(found))
    return pl.Series(found, dtype=pl.Datetime("us", "UTC")), pl.Series(walks, dtype=pl.String)


def _next(
    panel: Panel,
    group: Group,
    contact: Contact,
    moment: Moment,
    asked: Asking,
    heard: list[Heard],
) -> datetime | None:
    """`next_permitted` of a decision; of its own day only what refuses is looked for, if anything.

    What holds on that day stands in the record already; `heard` are the looks, of that day first.
    """
    from ..deciding import decide
    from ..upcoming import next_permitted

    heard.clear()
    brief = replace(asked, whole=False, brief=True)
    refused = decide(panel, group, contact, moment, brief).findings
    if not refused:  # its hours have no minute in common
        heard.clear()
        return decide(panel, group, contact, moment, asked).next_permitted
    a_day = replace(asked, search=False)
    return next_permitted(lambda day: decide(panel, group, contact, day, a_day), moment, refused)


def _where(asking: pl.Series, turns: pl.Series) -> pl.Series:
    """`turns` for the candidates that are asked about, null for the others."""
    return pl.select(pl.when(asking).then(turns)).to_series()


# -- where, and which rules


def _addresses(part: PartInput, late: pl.DataFrame) -> pl.Series:
    """The first later day on which an address of the consumer begins, or holds no more."""
    day = part.day
    begins = pl.when(pl.col("since") > day).then("since")
    ends = pl.when(pl.col("until") >= day).then(pl.col("until").dt.offset_by("1d"))
    dates = part.frames["addresses"].select(
        "consumer", pl.min_horizontal(begins, ends).alias("turn")
    )
    first = dates.drop_nulls("turn").group_by("consumer").agg(pl.col("turn").min())
    return late.select("consumer").join(first, on="consumer", how="left", maintain_order="left")[
        "turn"
    ]


def _turning(panel: Panel, table: Table, late: pl.DataFrame) -> pl.Series:
    """The first later day on which a rule that may apply comes into force or lapses."""
    day, now = table.prepared.day, table.prepared.now
    turns = [(turn, rule) for rule in panel.rulebook.rules if (turn := _turn(rule, day))]
    known = panel.notes.setdefault(("turning", day), {})
    assert isinstance(known, dict)
    words = table.kinds
    distinct = late.select("kind", "law").unique(maintain_order=True)
    places = {name: 1 << number for number, name in enumerate(place_names())}
    first = []
    for kind, law in distinct.iter_rows():
        key = words[kind]
        here = []
        for turn, rule in turns:
            if rule.place is None or law & places.get(rule.place, 0):
                if (key, rule.id) not in known:
                    one = combo_of(RuleSet.of("turning", [rule]), key, day, now)
                    known[key, rule.id] = bool(one.live)
                if known[key, rule.id]:
                    here.append(turn)
        first.append(min(here, default=None))
    found = distinct.with_columns(pl.Series("turn", first, dtype=pl.Date))
    return late.join(found, on=["kind", "law"], how="left", maintain_order="left")["turn"]


def _turn(rule: Rule, day: date) -> date | None:
    """The first day after `day` on which a rule that can refuse comes into force or lapses."""
    if isinstance(rule.body, Notice):
        return None
    dates = (rule.effective_from, rule.effective_to)
    return min((one for one in dates if one is not None and day < one <= day + FAR), default=None)


# -- facts


def _asked(
    panel: Panel, table: Table, judgements: Sequence[Judgement], rows: pl.Series
) -> dict[Ask, pl.Series]:
    """Facts that hang on the day; by row, whether a rule that can refuse asks them of it."""
    day = table.prepared.day
    place = pl.repeat(None, len(table.cand), dtype=pl.UInt32, eager=True)
    place.scatter(rows, pl.int_range(len(rows), dtype=pl.UInt32, eager=True))
    found: dict[Ask, pl.Series] = {}
    for one in judgements:
        asks: dict[Ask, list[int]] = {}
        for number, combo in enumerate(one.combos):
            note = ("daily", one.rules.name, combo.words, day)
            if note not in panel.notes:
                panel.notes[note] = _daily(combo)
            daily = panel.notes[note]
            assert isinstance(daily, frozenset)
            for ask in daily:
                asks.setdefault(ask, []).append(number)
        if not asks:
            continue
        at = place.gather(one.rows["i"])
        here = at.is_not_null()
        at, combos = at.filter(here), one.rows["combo"].filter(here)
        for ask, asking in asks.items():
            asked = pl.zeros(len(one.combos), dtype=pl.Boolean, eager=True).scatter(asking, True)
            if ask not in found:
                found[ask] = pl.zeros(len(rows), dtype=pl.Boolean, eager=True)
            found[ask].scatter(at.filter(asked.gather(combos)), True)
    return found


def _daily(combo: Combo) -> frozenset[Ask]:
    found: set[Ask] = set()
    for rule in combo.live:
        if isinstance(rule.body, Notice):
            continue
        found.update(ask for ask in rule_asks(rule) if ask in combo.needed and hangs_on_day(ask))
        left_out: tuple[Exclusion, ...] = ()
        if isinstance(rule.body, Limit):
            left_out = rule.body.counting.not_
        elif isinstance(rule.body, Wait):
            left_out = rule.body.exempt
        if any("in_call_consent" in one.words for one in left_out):
            found.add(CONSENT)
    return frozenset(found)


def hangs_on_day(ask: Ask) -> bool:
    """Whether a fact about what is known can be another on another day."""
    asked = ask.parameter
    if isinstance(asked, Happened):
        dates = any(one is not None and one.of_dates for one in (asked.event, asked.since))
        return dates or asked.within is not None or asked.older_than is not None
    return ask.fact in WORDS_OF or ask.fact in ROUTES or ask.fact in ALWAYS | {
        "attorney_silent", "judgment_entered", "days_past_due_over", "time_barred",
        "known_time_barred", *STAYS,
    }  # fmt: skip


def _turns(table: Table, late: pl.DataFrame, ask: Ask) -> pl.Series:
    """The first later day on which a fact may be another, per row of `late`; null: on none."""
    prepared = table.prepared
    day = prepared.day
    soon = pl.lit(day + timedelta(days=1))
    if ask.fact == "attorney_silent":
        return _silent_from(table, late)
    if ask.fact in STAYS:
        to_come = ends_told(prepared).filter(pl.col("ended") > day)["ended"].min()
        return pl.repeat(to_come, len(late), dtype=pl.Date, eager=True)
    if ask.fact in WORDS_OF:
        recent = day - timedelta(days=CONSENT_DAYS + 1) if ask.fact in RECENT else None
        files = files_of(prepared, WORDS_OF[ask.fact], recent)
        spoken = late["fp"].is_in(files.implode())
        return late.select(pl.when(spoken).then(soon)).to_series()
    if ask.fact in ROUTES:
        turns = later_routes(prepared)
        return late.select("t").join(turns, on="t", how="left", maintain_order="left")["turn"]
    if isinstance(ask.parameter, Happened):
        return _events(table, late, ask.parameter)
    if ask.fact in ALWAYS:
        return pl.repeat(day + timedelta(days=1), len(late), dtype=pl.Date, eager=True)
    held = prepared.accounts.select(DATES)[late["a"]].with_columns(late["years"].alias("years"))
    if ask.fact == "judgment_entered":
        turn = pl.col("judgment")
    elif ask.fact == "days_past_due_over":
        assert isinstance(ask.parameter, int)
        turn = pl.coalesce("delinquent_since", "defaulted").dt.offset_by(f"{ask.parameter + 1}d")
    else:
        turn = _barred_from(held)
    return held.select(pl.when(turn > day).then(turn)).to_series()


def _events(table: Table, late: pl.DataFrame, asked: Happened) -> pl.Series:
    """The next day wherever such a thing is on record at all, or a date is still to come."""
    prepared = table.prepared
    day, event = prepared.day, asked.event
    soon = pl.lit(day + timedelta(days=1))
    periods = asked.within is not None or asked.older_than is not None
    dated = [one.what for one in (event, asked.since) if one is not None and one.of_dates]
    held = prepared.accounts.select("a", *dict.fromkeys(dated))[late["a"]]
    to_come = [pl.when(pl.col(name) > day).then(pl.col(name)) for name in dated]
    if event.of_dates:
        here = held[event.what].is_not_null() if periods else pl.Series([False])
    elif event.of_contacts:
        columnar = tally.columnar(event, None)
        met = (selected(prepared, event) if columnar else prepared.history)["fp"].unique()
        here = late["fp"].is_in(met.implode()) if periods else pl.Series([False])
    else:
        said = files_with(table, event.what)
        here = late["fp"].is_in(said.implode()) if periods else pl.Series([False])
    turns = [pl.when(pl.lit(here)).then(soon), *to_come]
    return held.select(pl.min_horizontal(turns).alias("turn"))["turn"]


def _silent_from(table: Table, late: pl.DataFrame) -> pl.Series:
    """The first later day on which a letter has been unanswered for long enough."""
    day = table.prepared.day
    told = table.prepared.said.filter(
        pl.col("kind").is_in(["attorney_written_to", "attorney_unanswered_since"])
    )
    since = pl.col("value").str.extract(r"(\d{4}-\d\d-\d\d)").str.to_date(strict=False)
    turn = since + timedelta(days=ATTORNEY_DAYS + 1)
    soon = pl.lit(day + timedelta(days=1))
    turns = told.select("fp", pl.when(turn > day).then(turn).when(turn.is_null()).then(soon))
    first = turns.rename({turns.columns[1]: "turn"}).group_by("fp").agg(pl.col("turn").min())
    return late.select("fp").join(first, on="fp", how="left", maintain_order="left")["turn"]


def _barred_from(held: pl.DataFrame) -> pl.Expr:
    """The first day after a period of limitation (`statuses.time_barred`)."""
    start = pl.max_horizontal("last_payment", "defaulted")
    found: pl.Expr = pl.lit(None, dtype=pl.Date)
    for years in sorted(one for one in held["years"].unique().to_list() if one is not None):
        ends = tally.months_later(start, 12 * years)
        found = pl.when(pl.col("years") == years).then(ends).otherwise(found)
    return found.dt.offset_by("1d")
