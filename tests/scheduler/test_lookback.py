"""Past contacts against the rules: what is found, for which rule, and whether it could be known."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from engine import clock
from engine.account import Account, Address, Collector, Consumer, Point
from engine.deciding import decide
from engine.decision import Decision
from engine.facts.view import Moment
from engine.history import Contact, Group, Statement
from engine.kinds import Limit
from engine.panel import Panel
from engine.part import PartInput, decide_part
from engine.question import Ask
from engine.rete import EngineFailure
from engine.rulebook import law_directory, load
from engine.situation import Answer, Situation
from scheduler import cli
from scheduler.grouped import GroupsOf
from scheduler.linked import contact_groups
from scheduler.log import lookback, nearby
from scheduler.log.ages import Ages, matters
from scheduler.log.deferring import Deferring
from scheduler.log.doubting import one_human
from scheduler.log.lookback import KNOWN, LATER, RECEIVED, RECORDED, Broken, File, look_back
from scheduler.log.lookback_page import COLUMNS, page, text
from scheduler.log.looking import Review, files_of
from scheduler.log.reckoning import counts, tallies
from scheduler.portfolio import open_portfolio
from scheduler.sample.synth import NOW, synth
from scheduler.store.adding import add_told
from scheduler.store.database import open_store
from scheduler.store.kept import NAMES
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES

HOURS = "regulation_f/inconvenient-hours-calls"
SEVEN = "regulation_f/seven-calls-in-seven-days"
CEASED = "regulation_f/ceased"
STAY = "bankruptcy/automatic-stay"
RECORDING = "tcpa/mobile-recorded-needs-consent"
FIRST = datetime(2026, 9, 1, tzinfo=UTC)
NOW_KNOWN = datetime(2026, 11, 1, tzinfo=UTC)
NOON = datetime(2026, 9, 16, 17, tzinfo=UTC)  # a Wednesday, noon in Kansas


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    """Both engines on the whole law, without the firm's own policy."""
    with Panel(load([law_directory()])) as found:
        yield found


def call(number: int, at: datetime, **more: Any) -> Contact:
    """A call to the consumer's mobile about the one debt, placed by hand; nobody answered."""
    given = {
        "point": "M1", "attributed_to": ("D1",), "result": "no_answer", "technology": "manual",
        "purpose": "collection", "consumer": "P1", "recorded": at,
    }  # fmt: skip
    return Contact(f"c{number:02}", at, "call", **{**given, **more})


def said(kind: str, value: Any, received: datetime, **more: Any) -> Statement:
    """Something written to the collector."""
    given = {"origin": "statement", "made": received, "recorded": received, "consumer": "P1"}
    return Statement("s1", kind, value=value, received=received, **{**given, **more})


def file(contacts: Sequence[Contact], *told: Statement, **more: Any) -> File:
    """A consumer in Kansas, where federal law holds alone, with one debt and one mobile."""
    home = Address(state="KS", postal_code="66603", since=date(2020, 1, 1))
    account = Account("D1", "P1", "credit_card", fdcpa_covered="yes")
    point = Point("M1", "mobile", "P1", "consumer", "P1", number="+17855550123")
    group = Group(
        consumers={"P1": Consumer("P1", "P1", addresses=(home,))},
        accounts={"D1": account},
        points={"M1": point},
        collectors={"this_collector": Collector()},
        contacts=tuple(sorted(contacts, key=lambda one: (one.at, one.id))),
        statements=tuple(told),
    )
    return File(replace(group, **more))


def broke(panel: Panel, of: File) -> list[Broken]:
    """The law broken; what the firm's own policy says is left out."""
    found = look_back(panel, of, FIRST, NOW_KNOWN, NOW_KNOWN)
    return [one for one in found.broken if one.force != "policy"]


def told(found: Sequence[Broken]) -> set[tuple[str, str, str]]:
    """Contact, rule, and when it could be known."""
    return {(one.contact, one.rule, one.known) for one in found}


def by_day(count: int) -> list[Contact]:
    """So many calls, two a day, noon and three in the afternoon."""
    return [call(n, NOON + timedelta(days=n // 2, hours=3 * (n % 2))) for n in range(count)]


# -- counting


def test_seven_calls_break_nothing_for_none_counts_against_itself(panel: Panel) -> None:
    assert broke(panel, file(by_day(7))) == []


def test_the_eighth_call_is_found_and_no_other(panel: Panel) -> None:
    assert told(broke(panel, file(by_day(8)))) == {("c07", SEVEN, RECORDED)}


def test_of_two_calls_at_one_instant_one_is_the_eighth(panel: Panel) -> None:
    calls = by_day(7)
    assert told(broke(panel, file([*calls, call(8, calls[-1].at)]))) == {("c08", SEVEN, RECORDED)}


def test_a_call_that_did_not_connect_is_no_eighth(panel: Panel) -> None:
    assert broke(panel, file([*by_day(7), call(9, NOON + timedelta(days=4), result="busy")])) == []


def test_what_comes_after_a_contact_is_not_counted_against_it(panel: Panel) -> None:
    later = [call(20 + n, NOON + timedelta(days=20, hours=n)) for n in range(3)]
    assert broke(panel, file([*by_day(7), *later])) == []


def test_calls_of_another_dialer_recorded_later_are_counted_and_said_so(panel: Panel) -> None:
    late = [replace(one, recorded=NOON + timedelta(days=30)) for one in by_day(4)]
    assert told(broke(panel, file([*late, *by_day(8)[4:]]))) == {("c07", SEVEN, RECEIVED)}


# -- hours


@pytest.mark.parametrize(("hour", "minute", "found"), [(3, 0, True), (1, 30, False)])
def test_a_call_at_night_is_found(panel: Panel, hour: int, minute: int, found: bool) -> None:
    at = datetime(2026, 9, 17, hour, minute, tzinfo=UTC)  # 22:00 and 20:30 in Kansas
    rules = {one.rule for one in broke(panel, file([call(1, at)]))}
    assert rules == ({HOURS, "fdcpa/convenient-hours-calls"} if found else set())


# -- words


@pytest.mark.parametrize(
    ("made", "received", "recorded", "known"),
    [
        (-2, -1, -1, RECORDED),
        (-2, -1, 3, RECEIVED),
        (-2, 1, 1, None),  # it was in the mail
        (-2, 0, 0, None),
        (1, 2, 2, None),
        (0, 0, 0, None),
    ],
)
def test_a_cease_is_known_by_when_it_was_received_and_recorded(
    panel: Panel, made: int, received: int, recorded: int, known: str | None
) -> None:
    when = [NOON + timedelta(days=n) for n in (made, received, recorded)]
    word = said("cease", ("D1",), when[1], made=when[0], recorded=when[2])
    found = broke(panel, file([call(1, NOON)], word))
    assert told(found) == (set() if known is None else {("c01", CEASED, known)})
    assert all(one.stands for one in found)


def test_a_stay_runs_from_the_petition_though_its_notice_came_later(panel: Panel) -> None:
    filed = {"filed": NOON.date() - timedelta(days=3), "chapter": 7}
    notice = said("bankruptcy_filed", filed, NOON + timedelta(days=5), origin="knowledge",
                  made=None, source="court")  # fmt: skip
    calls = [call(1, NOON - timedelta(days=5)), call(2, NOON), call(3, NOON + timedelta(days=6))]
    assert told(broke(panel, file(calls, notice))) == {
        ("c02", STAY, LATER),
        ("c03", STAY, RECORDED),
    }


def test_a_consent_recorded_afterwards_clears_what_broke_a_rule_by_the_record(panel: Panel) -> None:
    consent = said("consents_to_prerecorded_calls", ("M1",), NOON - timedelta(days=3),
                   recorded=NOON + timedelta(days=3))  # fmt: skip
    recorded = call(1, NOON, technology="prerecorded", result="voicemail_left")
    (alone,) = (one for one in broke(panel, file([recorded])) if one.rule == RECORDING)
    assert alone.stands
    (one,) = (one for one in broke(panel, file([recorded], consent)) if one.rule == RECORDING)
    assert (one.known, one.stands) == (RECORDED, False)


# -- places


def test_an_address_recorded_later_brings_its_law(panel: Panel) -> None:
    home = Address(state="MA", postal_code="02108", since=date(2020, 1, 1), received=FIRST)
    calls = [call(n, NOON + timedelta(days=n)) for n in range(3)]
    of = file(calls, consumers={"P1": Consumer("P1", "P1", addresses=(home,))})
    rules = {"US-MA/two-in-seven-days-personal-number",
             "US-MA/collector-two-in-seven-days-personal-number"}  # fmt: skip
    at_once = replace(of, homes={"P1": (FIRST,)})
    assert {one for one in told(broke(panel, at_once)) if one[1] in rules} == {
        ("c02", rule, RECORDED) for rule in rules
    }
    late = replace(of, homes={"P1": (NOON + timedelta(days=9),)})
    assert {one for one in told(broke(panel, late)) if one[1] in rules} == {
        ("c02", rule, RECEIVED) for rule in rules
    }


# -- what is in doubt


def two_files(*told: Statement, **more: Any) -> Group:
    """A second consumer in the group, with a debt and a mobile, who was called once at noon."""
    first = file([], *told).group
    home = Address(state="KS", postal_code="66603", since=date(2020, 1, 1))
    return replace(
        first,
        consumers={**first.consumers, "P2": Consumer("P2", "P2", addresses=(home,), **more)},
        accounts={**first.accounts, "D2": Account("D2", "P2", "credit_card", fdcpa_covered="yes")},
        points={
            **first.points,
            "M2": Point("M2", "mobile", "P2", "consumer", "P2", number="+17855550124"),
        },
        contacts=(call(1, NOON, point="M2", attributed_to=("D2",), consumer="P2"),),
    )


def test_what_broke_a_rule_only_if_two_ids_are_one_human_says_so(panel: Panel) -> None:
    group = two_files(said("stop_medium", "call", NOON - timedelta(days=1)))
    assert broke(panel, File(group)) == []
    (doubt,) = one_human(group, {"P2": "P1"})
    found = broke(panel, File(group, doubts=(doubt,)))
    assert {(one.contact, one.account, one.rule) for one in found} == {
        ("c01", "D2", "regulation_f/medium-stopped")
    }
    assert {one.only_if for one in found} == {"if P1 and P2 are one human"}
    review = Review(broken=found, contacts=1)
    assert (review.rules, len(review.doubtful)) == ([], len(found))
    told_ = counts(review)
    assert (told_["broke_law"], told_["law_if"]) == (0, 1)
    assert "only if something is so" in text(review)
    assert "only if P1 and P2 are one human" in page(review, panel.rulebook, NOON, "", "")
    assert list(one_human(group, {"P9": "P1"})) == []


def test_what_is_broken_anyway_is_in_no_doubt(panel: Panel) -> None:
    word = said("stop_medium", "call", NOON - timedelta(days=1), consumer="P2")
    group = two_files(word)
    (doubt,) = one_human(group, {"P2": "P1"})
    found = broke(panel, File(group, doubts=(doubt,)))
    assert [one.only_if for one in found] == [""]


def test_files_that_do_not_say_since_when_leave_a_doubt(panel: Panel) -> None:
    """An account that is paid now, and a consumer who is dead now."""
    rows: dict[str, list[dict[str, Any]]] = told_rows((0, 1, 3), "paid")
    rows["consumers"][0]["deceased"] = True
    rows["accounts"][0]["last_payment"] = (NOON + timedelta(days=1)).date()
    frames = {}
    for name, table in TABLES.items():
        full = [{c: row.get(c) for c in table.schema} for row in rows.get(name, [])]
        frames[name] = pl.DataFrame(full, schema=table.schema)
    groups = pl.DataFrame({"consumer": ["P1"], "together": ["P1"]})
    (of,) = files_of(frames, groups, None)
    found = look_back(panel, of, FIRST, NOW_KNOWN, NOW_KNOWN).broken
    held = {(one.contact, one.only_if) for one in found if one.rule == "holds/account-open"}
    paid = "if D1 was paid by then"
    assert held == {("c1", paid), ("c3", paid)}  # on day 0 a payment was still to come
    died = {one.contact for one in found if one.rule == "holds/consumer-deceased"}
    assert died == {"c0", "c1", "c3"}
    assert {one.only_if for one in found} >= {"if P1 had died by then"}


# -- which contacts


def test_only_what_was_placed_is_judged(panel: Panel) -> None:
    night = datetime(2026, 9, 17, 4, tzinfo=UTC)
    rows = [
        call(1, night, direction="in", result="conversation"),
        replace(call(2, night, direction="in", result="delivered"), channel="text"),
    ]
    found = look_back(panel, file(rows), FIRST, NOW_KNOWN, NOW_KNOWN)
    assert (found.contacts, found.broken) == (0, ())


def test_only_contacts_within_the_span_are_judged_and_all_are_counted(panel: Panel) -> None:
    calls = by_day(8)
    found = look_back(panel, file(calls), calls[-1].at, NOW_KNOWN, NOW_KNOWN)
    assert (found.contacts, {one.contact for one in found.broken if one.rule == SEVEN}) == (
        1, {"c07"}
    )  # fmt: skip


def test_a_contact_that_names_no_debt_is_asked_about_all_of_them(panel: Panel) -> None:
    word = said("cease", ("D1",), NOON - timedelta(days=1))
    of = file([call(1, NOON, attributed_to=None)], word)
    other = Account("D2", "P1", "medical", fdcpa_covered="yes")
    both = replace(of.group, accounts={**of.group.accounts, "D2": other})
    (one,) = (one for one in broke(panel, replace(of, group=both)) if one.rule == CEASED)
    assert (one.account, one.named) == ("D1", False)


def test_a_contact_of_a_collector_without_an_account_is_left_out(panel: Panel) -> None:
    rows = [call(1, NOON, attributed_to=None, collector="somebody_else")]
    found = look_back(panel, file(rows), FIRST, NOW_KNOWN, NOW_KNOWN)
    assert (found.contacts, found.others) == (0, 1)


# -- the list


def worked(row: dict[str, Any], dice: random.Random, number: int) -> Iterator[dict[str, Any]]:
    """Contacts that follow a row of the list: all its attempts, at moments of its windows."""
    windows = [tuple(map(clock.parse_instant, one)) for one in json.loads(row["windows_utc"])]
    results = {"call": "no_answer"}
    for n in range(row["attempts_left"]):
        start, end = dice.choice(windows)
        at = start + timedelta(seconds=dice.randrange(int((end - start).total_seconds())))
        spoken = row["channel"] in ("call", "text")
        yield {
            "contact": f"new-{number:05}-{n}", "consumer": row["consumer"], "at": at,
            "channel": row["channel"], "direction": "out", "point": row["point"],
            "result": results.get(row["channel"], "sent"), "attributed_to": [row["account"]],
            "technology": "manual" if spoken else None, "reply_to_consumer": False,
            "automated": False, "collector": row["collector"], "recorded_at": at,
        }  # fmt: skip


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up portfolio."""
    place = tmp_path_factory.mktemp("lookback") / "portfolio"
    synth(place, 250, 11)
    return place


def looked(panel: Panel, frames: dict[str, pl.DataFrame], new: list[dict[str, Any]]) -> Review:
    """A look-back over contacts that were added to a portfolio."""
    schema = TABLES["contacts"].schema
    more = pl.DataFrame([{name: one.get(name) for name in schema} for one in new], schema=schema)
    with_new = {**frames, "contacts": pl.concat([frames["contacts"], more])}
    groups = contact_groups(with_new).groups.rename({"group": "together"})
    found = Review()
    ends = NOW + timedelta(days=2)
    for one in files_of(with_new, groups, None):
        here = look_back(panel, one, NOW, ends, ends)
        found.broken += here.broken
        found.contacts += here.contacts
    return found


def test_working_the_list_breaks_nothing_and_what_goes_beyond_it_is_found(
    panel: Panel, portfolio: Path
) -> None:
    """The list and the look-back reach their answers by other ways: columns and plain functions.

    What was recorded only after the list was made is left out: nobody could have followed it.
    """
    source = open_portfolio(portfolio)
    rows_of = {name: source.scan(name).collect() for name in TABLES}
    frames = {
        name: rows.filter(pl.col("recorded_at") <= NOW) if "recorded_at" in rows.columns else rows
        for name, rows in rows_of.items()
    }
    groups = contact_groups(frames).groups
    of = GroupsOf(frames, groups.rename({"group": "together"}))
    day = clock.local_date(NOW, "America/New_York")
    result = decide_part(panel, PartInput(frames, groups, of, day, NOW), lambda _: None)
    collectors = frames["accounts"].select("account", "collector")
    rows = result.candidates.filter("permitted").join(collectors, on="account").to_dicts()
    dice = random.Random(5)
    new = [one for number, row in enumerate(rows) for one in worked(row, dice, number)]
    assert len(new) > 200
    kept = looked(panel, frames, new)
    assert kept.contacts == len(new)
    assert kept.broken == []

    night = datetime.combine(day + timedelta(days=1), time(9, 30), tzinfo=UTC)  # 04:30 and earlier
    called = [row for row in rows if row["channel"] == "call" and "Guam" not in row["zones"]]
    wrong = [one | {"at": night} for row in called[:40] for one in list(worked(row, dice, 0))[:1]]
    wrong = [one | {"contact": f"night-{n}"} for n, one in enumerate(wrong)]
    covered = set(frames["accounts"].filter("fdcpa_covered")["account"].to_list())
    found = looked(panel, frames, wrong)
    hit = {one.contact for one in found.broken if one.rule == HOURS}
    assert hit >= {one["contact"] for one in wrong if one["attributed_to"][0] in covered}


# -- the command


def test_the_command_says_it_in_every_form(portfolio: Path, tmp_path: Path) -> None:
    table, html = tmp_path / "out" / "broken.csv", tmp_path / "out" / "broken.html"
    asked = ["log", "lookback", "--from", str(portfolio), "--now", "2026-11-21T12:00Z",
             "--from-day", "2026-11-14", "--csv", str(table), "--html", str(html)]  # fmt: skip
    plain = CliRunner().invoke(cli.app, asked, obj=cli.now)
    assert plain.exit_code == 1, plain.output
    as_json = CliRunner().invoke(cli.app, [*asked, "--json"], obj=cli.now)
    document = json.loads(as_json.stdout)
    with table.open(encoding="utf-8", newline="") as file_:
        rows = list(csv.DictReader(file_))
    assert tuple(rows[0]) == COLUMNS
    assert [one["contact"] for one in rows] == [one["contact"] for one in document["broken"]]
    told = document["counts"]
    assert told["broke_law"] == sum(told[f"law_{word}"] for word in KNOWN)
    assert f"{told['broke_law']:,}  broke a rule of law" in plain.stdout
    assert f"<dd>{told['contacts']:,}</dd>" in html.read_text(encoding="utf-8")
    for one in document["rules"]:
        assert one["contacts"] == sum(one[word] for word in KNOWN)
        assert len({x["contact"] for x in rows if x["rule"] == one["rule"]}) == one["contacts"]


def test_days_in_the_wrong_order_are_wrong_use(portfolio: Path) -> None:
    asked = ["log", "lookback", "--from", str(portfolio), "--from-day", "2026-11-14",
             "--to-day", "2026-11-13"]  # fmt: skip
    said = CliRunner().invoke(cli.app, asked, obj=cli.now)
    assert (said.exit_code, said.stderr.strip()) == (
        2, "--to-day 2026-11-13 is before --from-day 2026-11-14"
    )  # fmt: skip


def test_a_contact_counts_once_for_a_rule_whatever_its_debts(panel: Panel) -> None:
    found = Review(broken=broke(panel, file([call(1, datetime(2026, 9, 17, 4, tzinfo=UTC))])))
    twice = [*found.broken, *(replace(one, account="D2") for one in found.broken)]
    assert {one.contacts for one in tallies(twice)} == {1}
    assert counts(Review(broken=twice))["broke_law"] == 1


# -- from the store: rows as they stood then

T0 = datetime(2026, 8, 1, tzinfo=UTC)
PAID = NOON + timedelta(days=2)


def told_rows(call_days: Sequence[int], status: str) -> dict[str, list[dict[str, Any]]]:
    """A consumer in Kansas with one account and one mobile, and calls on these days."""
    return {
        "consumers": [{"consumer": "P1", "person": "P1", "deceased": False}],
        "accounts": [{
            "account": "D1", "consumer": "P1", "type": "credit_card", "collector": "us",
            "collector_role": "third_party", "fdcpa_covered": True, "status": status,
            "balance": Decimal("10.00"),
        }],
        "contact_points": [{
            "point": "M1", "consumer": "P1", "kind": "mobile", "owner": "P1", "whom": "consumer",
            "number": "+17855550123",
        }],
        "addresses": [{
            "address": "H1", "consumer": "P1", "kind": "residential", "state": "KS",
            "postal_code": "66603", "source": "creditor", "received_at": T0, "recorded_at": T0,
            "since": date(2020, 1, 1), "known_bad": False,
        }],
        "contacts": [{
            "contact": f"c{day}", "consumer": "P1", "channel": "call", "direction": "out",
            "point": "M1", "at": NOON + timedelta(days=day), "result": "no_answer",
            "attributed_to": ["D1"], "technology": "manual", "reply_to_consumer": False,
            "automated": False, "collector": "us", "recorded_at": NOON + timedelta(days=day),
        } for day in call_days],
    }  # fmt: skip


@pytest.fixture
def firm(home: Path, url: str) -> Path:
    """A home whose store was told on day 2 that the account is paid, after a call and before one.

    Everything else was first told on day 1, after the first call: another dialer's past.
    """
    store = open_store(url, home)
    migrate(store, home)

    def tell(status: str, now: datetime) -> None:
        with store.writing() as connection:
            for name, rows in told_rows((0, 1, 3), status).items():
                schema = TABLES[name].schema
                frame = pl.DataFrame([{c: row.get(c) for c in schema} for row in rows], schema)
                add_told(connection, NAMES[name], frame, "crm", now)

    tell("open", NOON + timedelta(days=1))
    tell("paid", PAID)
    store.close()
    return home


def test_a_corrected_account_is_judged_as_it_stood_then(firm: Path) -> None:
    asked = ["log", "lookback", "--home", str(firm), "--now", "2026-11-01T00:00Z", "--json"]
    done = CliRunner().invoke(cli.app, asked, obj=cli.now)
    document = json.loads(done.stdout)
    held = {one["contact"] for one in document["broken"] if one["rule"] == "holds/account-open"}
    assert held == {"c3"}
    assert document["counts"]["undated"] == 0
    assert document["counts"]["contacts"] == 3


def test_a_word_taken_back_later_counted_by_the_record_until_then(panel: Panel) -> None:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for name, told_ in told_rows((0,), "open").items():
        rows[name] = [{column: row.get(column) for column in TABLES[name].schema} for row in told_]
    before = NOON - timedelta(days=3)
    word = dict.fromkeys(TABLES["statements"].schema) | {
        "statement": "s1", "consumer": "P1", "kind": "cease", "to": "this_collector",
        "medium": "postal_letter", "accepted_medium": True, "accounts": ["D1"], "made_at": before,
        "received_at": before, "recorded_at": before,
    }  # fmt: skip
    back = word | {"revision": 1, "void": True, "recorded_at": NOON + timedelta(days=3)}
    ages = Ages(rows, {"statements": [word | {"revision": 0, "void": False}, back]}, None)
    group, homes = ages.known("recorded_at", NOW_KNOWN)
    assert group.statements == ()
    (one,) = (x for x in broke(panel, File(group, homes, ages=ages)) if x.rule == CEASED)
    assert (one.known, one.stands) == (RECORDED, False)


def test_revisions_that_change_nothing_a_rule_reads_are_passed_over() -> None:
    row = dict.fromkeys(TABLES["accounts"].schema) | {"account": "D1"}
    changes: list[dict[str, Any]] = [{}, {"balance": Decimal(5)}, {"status": "paid"}]
    told_ = [
        row | {"revision": n, "void": False, "recorded_at": T0 + timedelta(days=n), **more}
        for n, more in enumerate(changes)
    ]
    assert [one["revision"] for one in matters(told_, "accounts")] == [0, 2]


# -- both engines


class Contrary:
    """A second engine that finds nothing, ever."""

    def decide_many(
        self, name: str, situations: Sequence[Situation]
    ) -> list[Answer | EngineFailure]:
        return [Answer((), ()) for _ in situations]

    def close(self) -> None:
        pass


def test_no_answer_stands_on_one_engine_alone(panel: Panel) -> None:
    """The second engine is asked at the end; where it differs, all is done again with both."""
    alarms: list[str] = []
    late = Deferring(panel.rulebook, alarm=alarms.append, rete=Contrary())
    of = file(by_day(8))
    assert told(broke(late, of)) == {("c07", SEVEN, RECORDED)}
    assert not late.settled()
    rules = {one.rule for one in broke(late, of)}
    assert "structural/engines_disagree" in rules
    assert alarms
    both = Deferring(panel.rulebook)
    with both:
        assert told(broke(both, of)) == {("c07", SEVEN, RECORDED)}
        assert both.settled()
        assert not both.waiting


# -- the quick way against the plain one


def plainly(panel: Panel, group: Group, contact: Contact, when: Moment, ask: Ask) -> Decision:
    """Every fact worked out, and nothing kept from one contact to the next."""
    return decide(panel, group, contact, when, Ask(whole=False, notes=False))


def drawn(place: Path, accounts: int, seed: int) -> dict[str, pl.DataFrame]:
    """A portfolio with words on where somebody is, consents, and declared contacts."""
    synth(place, accounts, seed)
    frames = {name: pl.read_parquet(place / table.file) for name, table in TABLES.items()}
    statements = frames["statements"]
    step = max(statements.height // 6, 1)
    more = [
        statements.slice(step * number, step).with_columns(
            pl.concat_str(pl.lit(f"{kind}-"), "statement").alias("statement"),
            pl.lit(kind).alias("kind"),
            pl.lit(value).alias("value"),
            *(pl.lit(None).alias(name) for name in ("more", "accounts", "point")),
        )
        for number, (kind, value) in enumerate(
            [
                ("current_location_zone", '"America/Denver"'),
                ("inconvenient", '{"from":"08:00","to":"13:00"}'),
                ("consents_to_medium", '"text"'),
                ("stop_medium", '"call"'),
            ]
        )
    ]
    frames["statements"] = pl.concat([statements, *more], how="vertical_relaxed")
    odd = pl.int_range(pl.len()) % 3
    frames["contacts"] = frames["contacts"].with_columns(
        pl.when(odd == 0).then(pl.lit("prerecorded")).otherwise("technology").alias("technology"),
        pl.when(odd == 1).then(pl.lit(value=True)).otherwise("automated").alias("automated"),
        pl.when(odd == 2).then(pl.lit("settlement")).otherwise("purpose").alias("purpose"),
        pl.when(pl.int_range(pl.len()) % 7 == 0)
        .then(pl.lit("limited_content_message"))
        .otherwise("content")
        .alias("content"),
    )
    return frames


def test_the_quick_way_finds_what_the_plain_way_finds(
    panel: Panel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rounds: Callable[[int, int], int],
) -> None:
    met: Counter[str] = Counter()
    for seed in range(rounds(2, 30)):
        frames = drawn(tmp_path / str(seed), 60, seed)
        groups = contact_groups(frames).groups.rename({"group": "together"})
        for one in files_of(frames, groups, {} if seed % 2 else None):
            quick = look_back(panel, one, NOW - timedelta(days=2_000), NOW, NOW)
            with monkeypatch.context() as patch:
                patch.setattr(lookback, "decide", plainly)
                plain = look_back(panel, one, NOW - timedelta(days=2_000), NOW, NOW)
            assert quick == plain
            met.update(each.rule for each in quick.broken)
    assert len(met) > 20, met


def crowd(frames: dict[str, pl.DataFrame], every: int) -> dict[str, pl.DataFrame]:
    """Frames in which the first telephone of one consumer in so many is the same switchboard."""
    points = frames["contact_points"]
    phones = points.filter(pl.col("number").is_not_null())
    firsts = phones.group_by("consumer", maintain_order=True).first()["point"].gather_every(every)
    shared = pl.col("point").is_in(firsts.implode())
    number = pl.when(shared).then(pl.lit("+13125550100")).otherwise("number").alias("number")
    owners = frames["consumers"]["person"].head(2).to_list()
    met = pl.int_range(pl.len())
    contacts = frames["contacts"].with_columns(
        pl.when(met % 11 == 0).then(pl.lit(owners[0])).otherwise("reached").alias("reached"),
        pl.when(met % 13 == 0).then(pl.lit(owners[1])).otherwise("intended_for")
        .alias("intended_for"),
        pl.when(met % 17 == 0).then(pl.lit("undeliverable")).otherwise("result").alias("result"),
    )  # fmt: skip
    return {**frames, "contact_points": points.with_columns(number), "contacts": contacts}


def test_of_a_crowd_only_what_can_bear_on_a_contact_is_asked(
    panel: Panel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rounds: Callable[[int, int], int],
) -> None:
    """A shared switchboard, people met in others' files, mail that came back, doubts."""
    fewer = 0
    for seed in range(rounds(1, 10)):
        frames = crowd(drawn(tmp_path / str(seed), 50, seed), 1 + seed % 2)
        groups = contact_groups(frames).groups.rename({"group": "together"})
        maybe = {}
        if seed % 3 == 0:
            two = sorted(frames["consumers"]["person"].unique())[:2]
            maybe = {two[1]: two[0]}
        files = files_of(frames, groups, None, maybe=maybe)
        (one,) = [each for each in files if len(each.group.contacts) > nearby.FEW]
        first = NOW - timedelta(days=rounds(12, 200))
        quick = look_back(panel, one, first, NOW, NOW)
        fewer += sum(len(near.group.contacts) for near in one.indexed.values())
        with monkeypatch.context() as patch:
            patch.setattr(lookback, "decide", plainly)
            patch.setattr(lookback, "FEW", 1_000_000)
            plain = look_back(panel, replace(one), first, NOW, NOW)
        assert quick == plain
        assert quick.contacts > 20
    assert fewer > 0


def test_how_long_a_line_is_looked_back_over() -> None:
    book = load([law_directory()])
    of_calls = [one for one in book.rules if one.reaches("call", "mobile")]
    found = nearby.reach(of_calls)
    assert found is not None
    assert timedelta(days=1) < found < timedelta(days=40)
    limits = [one for one in of_calls if isinstance(one.body, Limit)]
    body = next(one.body for one in limits if isinstance(one.body, Limit) and one.body.within)
    for changed in (
        replace(body, per=("line",), within=None),
        replace(body, per=()),
        replace(body, per=("a new word",)),
        replace(body, per=("line",), within=replace(body.within, unit="ever")),
    ):
        assert nearby.reach([replace(limits[0], body=changed)]) is None
    assert nearby.reach([]) == timedelta(0)
