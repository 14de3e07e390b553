"""One rule set asked of all candidates of a part: facts and bits as columns, then situations.

Every row of `rows` is one candidate in one candidate zone (`i`, `z`). What comes back is a
situation per row, decided by both engines, and the counts behind the bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl

from .. import clock, words
from ..facts import asking, counting
from ..facts.consent import CONSENT_DAYS
from ..facts.view import Moment, View
from ..history import Group
from ..kinds import Agreed, Limit, Notice, Wait, Window
from ..panel import Panel
from ..rule import Ask, Exclusion, Happened, Period, Rule
from ..situation import RuleSet, Situation, has_bit
from . import tally
from .combos import Combo, combo_of, plain_contact
from .email import route_chain, route_consumer, route_creditor, safe_harbour, text_routes
from .ledger import Applying, Key, ledger_of
from .prepare import Prepared
from .statuses import COLUMNS, UNKNOWN, Column, about_debt, doubtful
from .windows import Hourglass

WORDS = {0: words.NO, 1: words.YES, 2: words.UNKNOWN}
CODE = {word: code for code, word in WORDS.items()}
ALL_COLUMNS: dict[str, Column] = {
    **COLUMNS,
    "email_route_consumer": route_consumer,
    "email_route_creditor": route_creditor,
    "email_route_chain": route_chain,
    "safe_harbour": safe_harbour,
}
COMBO = ["channel", "kind", "whom", "role", "debt_type"]
OF_ACCOUNT = frozenset(
    {
        "fdcpa_covered", "account_open", "hospital_debt", "secured", "cosigned",
        "judgment_entered", "held_by_debt_buyer", "collector_type_is", "lender_licence_is",
        "days_past_due_over", "original_amount_over", "ceased", "represented",
        "attorney_consents", "attorney_silent", "disputed", "dispute_open",
        "duplicative_dispute_open", "dispute_is_partial", "original_creditor_request_open",
        "initial_communication_made", "identity_theft_claimed", "tax_ineligible",
        "bankruptcy_stay", "codebtor_stay", "discharged", "hold_is", "deceased", "active_duty",
        "location_known", "electronic_statements_consented",
    }
)  # fmt: skip
"""Facts that every candidate of an account shares: looked up once per account, then gathered.
The other columns are looked up once per point and channel."""


@dataclass
class Table:
    """What a part holds while it is judged: frames, zones, and the way to the raw rows."""

    prepared: Prepared
    cand: pl.DataFrame  # one row per candidate, i in order
    rows: pl.DataFrame  # one row per candidate and zone
    ways: pl.DataFrame  # one row per point and channel; `tc` of `cand` numbers them
    zones: tuple[str, ...]  # the names behind z
    calendar: tally.Calendar
    hourglass: Hourglass
    groups_of: Callable[[Sequence[str]], Mapping[str, Group]]
    _groups: dict[str, Group] = field(default_factory=dict)
    _views: dict[tuple[str, str | None, str, int], View] = field(default_factory=dict)
    _shared: dict[int, dict[tuple[str, str], Any]] = field(default_factory=dict)
    plain_rows: int = 0

    def groups(self, consumers: Sequence[str]) -> Mapping[str, Group]:
        """Groups of consumers from raw rows, each fetched once."""
        missing = sorted({one for one in consumers if one not in self._groups})
        if missing:
            self._groups.update(self.groups_of(missing))
        return self._groups

    def views(self, rows: pl.DataFrame) -> list[View]:
        """A plain view for each of these rows (consumer, account, point, channel, z)."""
        wanted = rows.select("consumer", "account", "point", "channel", "z")
        groups = self.groups(wanted["consumer"].unique().to_list())
        moment = Moment(self.prepared.now, day=self.prepared.day)
        found = []
        for consumer, account, point, channel, z in wanted.iter_rows():
            key = (account, point, channel, z)
            if key not in self._views:
                contact = plain_contact(channel, point, account, self.prepared.now)
                group = groups[consumer]
                shared = self._shared.setdefault(id(group), {})
                self._views[key] = View(group, contact, moment, self.zones[z], shared)
            found.append(self._views[key])
        self.plain_rows += len(found)
        return found


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule set's answers: `rows` gains `s`, the number of its situation in the ledger.

    `situations` are the numbers met here.
    """

    rules: RuleSet
    rows: pl.DataFrame
    situations: pl.Series
    combos: list[Combo]


def judge(panel: Panel, rules: RuleSet, table: Table, rows: pl.DataFrame) -> Judgement:
    """Ask one rule set about these rows."""
    combos, rows = _combos(panel, rules, table, rows)
    needed = {ask for combo in combos for ask in combo.needed}
    bits = {
        rule.key: rule
        for combo in combos
        for rule in combo.live
        if has_bit(rule) and not isinstance(rule.body, Notice)
    }
    asks = [ask for ask in rules.asks if ask in needed]
    for number, ask in enumerate(asks):
        rows = rows.with_columns(_fact(table, rows, ask, combos).alias(f"f{number}"))
    keys = [rule.key for rule in rules.rules if rule.key in bits]
    for number, key in enumerate(keys):
        rows = _bit(table, rows, bits[key], number, combos)
    columns = [f"f{n}" for n in range(len(asks))] + [f"b{n}" for n in range(len(keys))]
    rows, distinct = _situations(rows, columns)
    names = [rules.names[ask] for ask in asks] + [f"bit:{key}" for key in keys]
    numbers = _numbers(panel, rules, names, combos, distinct, columns)
    rows = rows.with_columns(numbers.gather(rows["s"]).alias("s"))
    return Judgement(rules, rows, numbers, combos)


def _numbers(
    panel: Panel,
    rules: RuleSet,
    names: list[str],
    combos: list[Combo],
    distinct: pl.DataFrame,
    columns: list[str],
) -> pl.Series:
    """The ledger's number of each distinct situation; those not met before are decided now."""
    ledger = ledger_of(panel)
    base = [_base(rules, combo) for combo in combos]
    book = ledger.books.setdefault((rules.name, *names), {})
    keys: list[Key] = []
    fresh: dict[int, tuple[Key, Situation, Applying]] = {}
    packed = distinct.drop("s", *columns)
    for at, (number, *codes) in enumerate(packed.iter_rows()):
        key = (combos[number].words, *codes)
        keys.append(key)
        if key not in book:
            fresh[at] = (key, {}, partial(applying, panel, rules, combos[number]))
    met = distinct[list(fresh)].select("combo", *columns).iter_rows()
    for (_, facts, _), (number, *codes) in zip(fresh.values(), met, strict=True):
        facts |= base[number]
        facts |= zip(names, [WORDS[code] for code in codes], strict=True)
    new = ledger.add(panel, rules, book, list(fresh.values())) if fresh else {}
    found = [new[key] if key in new else book[key] for key in keys]
    return pl.Series(found, dtype=pl.UInt32)


def applying(
    panel: Panel, rules: RuleSet, combo: Combo, facts: Situation
) -> tuple[Rule, ...]:
    """Limits, waits and windows that apply in a situation, refusing or not."""
    live = {
        rule.id: rule
        for rule in combo.live
        if not (isinstance(rule.body, Limit) and combo.member[rule.key] == "out")
    }
    found = panel.compiled(rules).applying(facts)
    return tuple(live[name] for name in found if name in live)


def _combos(
    panel: Panel, rules: RuleSet, table: Table, rows: pl.DataFrame
) -> tuple[list[Combo], pl.DataFrame]:
    """The combos of these rows, those that no rule tells apart taken as one (DESIGN 6.2)."""
    kinds = rows.select(COMBO).unique().sort(COMBO)
    now, day = table.prepared.now, table.prepared.day
    combos: list[Combo] = []
    alike: dict[tuple[object, ...], int] = {}
    numbers = []
    for key in kinds.iter_rows():
        note = ("combo", rules.name, key, day)
        one = panel.notes.get(note)
        if not isinstance(one, Combo):
            one = panel.notes[note] = combo_of(rules, key, day, now)
        number = alike.setdefault(one.alike, len(combos))
        if number == len(combos):
            combos.append(one)
        numbers.append(number)
    numbered = kinds.with_columns(pl.Series("combo", numbers, dtype=pl.UInt16))
    return combos, rows.join(numbered, on=COMBO, how="left", maintain_order="left")


def _base(rules: RuleSet, combo: Combo) -> dict[str, str]:
    """A situation's fields before anything is looked up: what is not needed stays unknown."""
    found = dict.fromkeys(rules.fields, words.UNKNOWN)
    found.update({f"bit:{rule.key}": words.NO for rule in rules.rules if has_bit(rule)})
    found.update(zip(COMBO, (combo.channel, combo.kind, combo.whom, combo.role, combo.debt_type),
                     strict=True))  # fmt: skip
    found.update(combo.fixed)
    return found


def _situations(rows: pl.DataFrame, columns: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Number the distinct rows of these columns, packed two bits each into 64-bit keys."""
    packed = []
    for start in range(0, len(columns), 30):
        key: pl.Expr = pl.lit(0, dtype=pl.UInt64)
        for place, name in enumerate(columns[start : start + 30]):
            key = key + pl.col(name).cast(pl.UInt64) * (4**place)
        packed.append(key.alias(f"k{start // 30}"))
    names = ["combo", *[f"k{n}" for n in range(len(packed))]]
    rows = rows.with_columns(packed)
    distinct = rows.select(*names, *columns).unique(names, keep="any").sort(names)
    distinct = distinct.with_row_index("s")
    rows = rows.join(distinct.select(*names, "s"), on=names, how="left", maintain_order="left")
    return rows.drop(names[1:]), distinct


# -- facts


def _wants(combos: list[Combo], rows: pl.DataFrame, ask: Ask) -> pl.Series:
    """Rows of combos for which an ask still matters."""
    wanted = [number for number, combo in enumerate(combos) if ask in combo.needed]
    return rows["combo"].is_in(pl.Series(wanted, dtype=pl.UInt16).implode())


def _fact(table: Table, rows: pl.DataFrame, ask: Ask, combos: list[Combo]) -> pl.Series:
    """One fact for all rows: its column, then the plain function where that must speak."""
    found = _looked_up(table, rows, ask, combos)
    mine = _wants(combos, rows, ask)
    unknown = pl.repeat(UNKNOWN, len(rows), dtype=pl.UInt8, eager=True)
    return found.zip_with(mine, unknown)  # what no live rule asks splits no situation


def _looked_up(table: Table, rows: pl.DataFrame, ask: Ask, combos: list[Combo]) -> pl.Series:
    prepared = table.prepared
    plain: pl.Series | None = None
    if ask.fact in ALL_COLUMNS:
        if ask.fact in OF_ACCOUNT:
            found = ALL_COLUMNS[ask.fact](prepared, prepared.accounts, ask).gather(rows["a"])
        else:
            found = ALL_COLUMNS[ask.fact](prepared, table.ways, ask).gather(rows["tc"])
        files = doubtful(prepared, ask.fact)
        if ask.fact == "safe_harbour":
            files = text_routes(prepared)[1]
        if files is not None and len(files):
            plain = rows["fp"].is_in(files.implode())
    elif isinstance(ask.parameter, Happened) and _columnar_happened(ask.parameter):
        found = _happened(table, rows, ask.parameter)
    elif ask.fact in ("time_barred", "known_time_barred"):
        return _time_barred(table, rows, ask)
    else:
        found = pl.zeros(len(rows), dtype=pl.UInt8, eager=True)
        plain = pl.repeat(value=True, n=len(rows), eager=True)
    if plain is None:
        return found
    plain = plain & _wants(combos, rows, ask)
    at = plain.arg_true()
    if not len(at):
        return found
    few = rows[at]
    values = []
    for view in table.views(few):
        values.append(CODE[asking.value(view, ask, view.debts[0])])
    return found.scatter(at, pl.Series(values, dtype=pl.UInt8))


def _time_barred(table: Table, rows: pl.DataFrame, ask: Ask) -> pl.Series:
    """`statuses.time_barred` with the shortest period of the candidate's places."""
    accounts = table.prepared.accounts
    start = pl.max_horizontal("last_payment", "defaulted")
    barred = accounts.select("a", start.alias("start"))["start"].gather(rows["a"])
    frame = rows.select("years").with_columns(barred.alias("start"))
    years = sorted(one for one in frame["years"].unique().to_list() if one is not None)
    value: pl.Expr = pl.lit(UNKNOWN)
    for one in years:
        ends = tally.months_later(pl.col("start"), 12 * one)
        here = (pl.lit(table.prepared.day) > ends).cast(pl.Int32).fill_null(UNKNOWN)
        value = pl.when(pl.col("years") == one).then(here).otherwise(value)
    found = frame.with_columns(value.cast(pl.UInt8).alias("x"))["x"]
    return (found == 1).cast(pl.UInt8) if ask.fact == "known_time_barred" else found


def _columnar_happened(asked: Happened) -> bool:
    """Contacts on record ever, within a period, longer ago, or since a date of the account."""
    periods = (asked.within, asked.older_than)
    known = all(one is None or one.unit in tally.COLUMNAR_UNITS for one in periods)
    since = asked.since is None or asked.since.of_dates
    whole = known and since and asked.unless_followed is None
    return whole and tally.columnar(asked.event, None, ("particular_debt",))


def _happened(table: Table, rows: pl.DataFrame, asked: Happened) -> pl.Series:
    """`counting.happened` for contacts: yes where a debt is named, unknown where none is."""
    prepared = table.prepared
    found = tally.selected(prepared, asked.event)
    floor = tally.reach_back(asked.within, prepared.day)
    if floor is not None:
        found = found.filter(pl.col("at") >= floor)
    links = prepared.talked if asked.event.debts == "discussed" else prepared.charged
    accounts = prepared.accounts
    found = found.select("h", "fp", "at")
    sure = found.join(links, on="h").filter(pl.col("pool").is_not_null()).select("pool", "at")
    vague = found.join(links, on="h", how="anti").select("fp", "at")
    if asked.since is None and asked.within is None and asked.older_than is None:
        yes = accounts["pool"].is_in(sure["pool"].unique().implode())
        maybe = accounts["fp"].is_in(vague["fp"].unique().implode())
        yes = yes | (maybe & accounts["single"])
        code = yes.cast(pl.UInt8).zip_with(yes | ~maybe, pl.repeat(UNKNOWN, len(accounts),
                                           dtype=pl.UInt8, eager=True))  # fmt: skip
        return code.gather(rows["a"])
    everyone = rows.select("a", "fp", "z")
    one = everyone.unique(["a", "z"], maintain_order=True)
    one = one.with_columns(
        accounts["pool"].gather(one["a"]).alias("pool"),
        accounts["single"].gather(one["a"]).alias("single"),
    )
    since = asked.since.what if asked.since is not None else None
    if since is not None:
        one = one.with_columns(accounts[since].gather(one["a"]).alias("since"))
        one = one.with_columns(table.calendar.starts("since").alias("floor")).drop("since")
    wanted = one.unique(["pool", "fp", "z", *(["floor"] if since else [])])
    certain = _on_record(table, asked, wanted, sure, ["pool"])
    maybe = _on_record(table, asked, wanted, vague, ["fp"])
    one = one.join(
        certain.with_columns(sure=pl.lit(value=True)), on=certain.columns, how="left",
        maintain_order="left", nulls_equal=True,
    ).join(
        maybe.with_columns(vague=pl.lit(value=True)), on=maybe.columns, how="left",
        maintain_order="left", nulls_equal=True,
    )  # fmt: skip
    yes = pl.col("sure").fill_null(value=False) | (
        pl.col("vague").fill_null(value=False) & pl.col("single")
    )
    value = pl.when(yes).then(1).when(pl.col("vague")).then(UNKNOWN).otherwise(0)
    one = one.select("a", "z", value.cast(pl.UInt8).alias("x"))
    return everyone.join(one, on=["a", "z"], how="left", maintain_order="left")["x"]


def _on_record(
    table: Table, asked: Happened, wanted: pl.DataFrame, found: pl.DataFrame, on: list[str]
) -> pl.DataFrame:
    """The keys, zones and floors of `wanted` for which one of `found` fits the periods asked."""
    day = table.prepared.day
    keys = [*on, "z", *(["floor"] if "floor" in wanted.columns else [])]
    plain = asked.within is None and asked.older_than is None
    if plain and "floor" not in keys:
        return wanted.join(found.select(on).unique(), on=on, how="semi").select(keys).unique()
    met = wanted.select(keys).unique().join(found, on=on)
    if "floor" in keys:
        met = met.filter(pl.col("floor").is_null() | (pl.col("at") >= pl.col("floor")))
    if not plain:
        met = met.with_columns(table.calendar.day().alias("day"))
        met = met.filter(tally.counts_on(asked.within, day, pl.col("day")))
        if asked.older_than is not None:
            met = met.filter(pl.lit(day) - pl.col("day") > timedelta(days=asked.older_than.count))
    return met.select(keys).unique()


# -- bits


def _bit(
    table: Table, rows: pl.DataFrame, rule: Rule, number: int, combos: list[Combo]
) -> pl.DataFrame:
    """The bit of one rule for all rows (b), and for limits and waits used (u) and free (v)."""
    live = [n for n, combo in enumerate(combos) if rule in combo.live]
    if isinstance(rule.body, Window):
        return rows.with_columns(_window(table, rows, rule, live).alias(f"b{number}"))
    if isinstance(rule.body, Limit):
        counted = _limit(table, rows, rule, rule.body, combos, live)
    else:
        assert isinstance(rule.body, Wait)
        counted = _wait(table, rows, rule, rule.body, combos, live)
    return rows.with_columns(
        counted["bit"].alias(f"b{number}"),
        counted["used"].alias(f"u{number}"),
        counted["free"].alias(f"v{number}"),
    )


def _window(table: Table, rows: pl.DataFrame, rule: Rule, live: list[int]) -> pl.Series:
    keys = ["z", "nz", "sig", "voice"]
    here = rows.select(*keys, "combo")
    asked = here.filter(pl.col("combo").is_in(live)).select(keys).unique()
    codes = [
        CODE[table.hourglass.bit(rule, table.zones[z], nz, sig, voice)]
        for z, nz, sig, voice in asked.iter_rows()
    ]
    bits = asked.with_columns(pl.Series("bit", codes, dtype=pl.UInt8))
    found = here.join(bits, on=keys, how="left", maintain_order="left")
    return found.select(
        pl.when(pl.col("combo").is_in(live)).then("bit").otherwise(0).fill_null(0).cast(pl.UInt8)
    ).to_series()


def _empty(rows: pl.DataFrame) -> pl.DataFrame:
    """A bit that does not refuse, nothing used, nothing to wait for."""
    height = len(rows)
    return pl.DataFrame(
        [
            pl.zeros(height, dtype=pl.UInt8, eager=True).alias("bit"),
            pl.repeat(None, height, dtype=pl.UInt32, eager=True).alias("used"),
            pl.repeat(None, height, dtype=pl.Datetime("us", "UTC"), eager=True).alias("free"),
        ]
    )


def _limit(
    table: Table,
    rows: pl.DataFrame,
    rule: Rule,
    body: Limit,
    combos: list[Combo],
    live: list[int],
) -> pl.DataFrame:
    counts = [n for n in live if combos[n].member[rule.key] == "counts"]
    exempt = [n for n in live if combos[n].member[rule.key] == "exempt"]
    judged = rows["combo"].is_in(pl.Series(counts + exempt, dtype=pl.UInt16).implode())
    simple = isinstance(body.max, int) and body.agreed_within is None and body.since is None
    if not simple or not tally.columnar(body.counting, body.within, body.per):
        return _plainly(table, rows, rule, judged)
    assert isinstance(body.max, int)
    found = _empty(rows)
    at = judged.arg_true()
    if not len(at):
        return found
    tallied = tally.used(
        table.prepared, table.calendar, body.counting, body.within, body.per, body.max, rows[at]
    )
    if "workplace" in body.per:  # a contact elsewhere has no such unit: nothing is used of it
        away = ~pl.col("kind").is_in(sorted(words.WORK_KINDS))
        tallied = tallied.with_columns(
            pl.when(away).then(0).otherwise("used").cast(pl.UInt32).alias("used")
        )
    reached = (pl.col("used") + 1 > body.max) & pl.col("combo").is_in(counts)
    tallied = tallied.with_columns(table.calendar.starts("free_day").alias("free")).select(
        reached.cast(pl.UInt8).alias("bit"),
        "used",
        pl.when(reached).then("free").otherwise(None).alias("free"),
    )
    found = _scatter(found, at, tallied)
    files = _consenting(table, body.counting.not_, body.within)
    return _override(table, rows, rule, judged, found, files)


def _wait(
    table: Table,
    rows: pl.DataFrame,
    rule: Rule,
    body: Wait,
    combos: list[Combo],
    live: list[int],
) -> pl.DataFrame:
    judged = rows["combo"].is_in(pl.Series(live, dtype=pl.UInt16).implode())
    if not tally.columnar(body.after, None, body.per) or body.until is not None:
        return _plainly(table, rows, rule, judged)
    free = tally.first_free(body, pl.col("day"))
    assert body.for_ is not None
    hours = body.for_.unit == "hour"
    if free is None and not hours:
        return _plainly(table, rows, rule, judged)
    found = _empty(rows)
    at = judged.arg_true()
    if not len(at):
        return found
    wanted = rows[at]
    if "workplace" in body.per:
        at_work = wanted["kind"].is_in(sorted(words.WORK_KINDS))
        at, wanted = at.filter(at_work), wanted.filter(at_work)
    met = tally.latest(table.prepared, table.calendar, body, wanted)
    if hours:
        met = met.with_columns(
            (pl.col("event") + timedelta(hours=body.for_.count)).alias("free")
        )
    else:
        assert free is not None
        met = met.with_columns(free.alias("free_day")).with_columns(
            table.calendar.starts("free_day").alias("free")
        )
    ends = {
        n: clock.day_bounds(table.prepared.day, zone)[1] for n, zone in enumerate(table.zones)
    }
    end = pl.col("z").replace_strict(ends, return_dtype=pl.Datetime("us", "UTC"))
    exempt = [n for n in live if rule.key in combos[n].exempt]
    running = ((pl.col("free") >= end) & ~pl.col("combo").is_in(exempt)).fill_null(value=False)
    met = met.select(
        running.cast(pl.UInt8).alias("bit"),
        pl.lit(None, dtype=pl.UInt32).alias("used"),
        pl.when(pl.col("combo").is_in(exempt)).then(None).otherwise("free").alias("free"),
    )
    found = _scatter(found, at, met)
    files = _consenting(table, body.exempt, Period(0, "day"))
    return _override(table, rows, rule, judged, found, files)


def _scatter(found: pl.DataFrame, at: pl.Series, values: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([found[name].scatter(at, values[name]) for name in found.columns])


def _consenting(
    table: Table, entries: Sequence[Exclusion], period: Period | None
) -> pl.Series | None:
    """Files in which consent to calls may matter now, where a rule's exclusions name it.

    Consent lasts seven days at most, so one older than that and the period reaches nothing.
    """
    if not any("in_call_consent" in one.words for one in entries):
        return None
    said = table.prepared.said.filter(
        pl.col("kind").is_in(["consents_to_call", "asks_to_be_called"])
    )
    floor = tally.reach_back(period, table.prepared.day)
    if floor is not None:
        said = said.filter(pl.col("received_at") >= floor - timedelta(days=CONSENT_DAYS + 1))
    return said["fp"].unique()


def _override(
    table: Table,
    rows: pl.DataFrame,
    rule: Rule,
    judged: pl.Series,
    found: pl.DataFrame,
    files: pl.Series | None,
) -> pl.DataFrame:
    """Put the plain count in place of the column's for the rows of some files."""
    if files is None or not len(files):
        return found
    at = (judged & rows["fp"].is_in(files.implode())).arg_true()
    return _scatter(found, at, _counts(table, rows[at], rule)) if len(at) else found


def _plainly(table: Table, rows: pl.DataFrame, rule: Rule, judged: pl.Series) -> pl.DataFrame:
    """A rule that columns cannot count: the plain function, row by row."""
    found = _empty(rows)
    at = judged.arg_true()
    return _scatter(found, at, _counts(table, rows[at], rule)) if len(at) else found


def _counts(table: Table, rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    bit, used, free = list[int](), list[int | None](), list[datetime | None]()
    for view in table.views(rows):
        count = asking.bit(view, rule, view.debts[0], (view.zone,))
        bit.append(CODE[count.bit])
        limit = isinstance(rule.body, Limit) and count.state != "out"
        used.append(count.used if limit else None)
        free.append(count.free)
    return pl.DataFrame(
        {"bit": bit, "used": used, "free": free},
        schema={"bit": pl.UInt8, "used": pl.UInt32, "free": pl.Datetime("us", "UTC")},
    )


def maximum_of(rule: Rule) -> int:
    """A limit's number in law."""
    assert isinstance(rule.body, Limit)
    return rule.body.max.law if isinstance(rule.body.max, Agreed) else rule.body.max  # type: ignore[return-value]


__all__ = ["Judgement", "Table", "about_debt", "counting", "judge", "maximum_of"]
