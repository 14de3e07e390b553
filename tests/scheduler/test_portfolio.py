"""Opening a portfolio, what is refused, rows as records, and contact groups."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine import clock, words
from engine.facts.catalogue import STATEMENTS
from scheduler.portfolio import (
    SWITCHBOARD,
    PortfolioError,
    assemble,
    contact_groups,
    group_rows,
    lay_out,
    open_portfolio,
)
from scheduler.store.schema import TABLES

T0 = datetime(2026, 11, 1, 15, tzinfo=UTC)
ROW: dict[str, dict[str, Any]] = {
    "consumers": {"consumer": "C1", "person": "H1", "deceased": False},
    "accounts": {
        "account": "A1",
        "consumer": "C1",
        "type": "medical",
        "collector": "AGENCY",
        "collector_role": "third_party",
        "status": "open",
        "balance": Decimal("12.50"),
        "defaulted": date(2026, 1, 2),
        "fdcpa_covered": True,
    },
    "account_parties": {"account": "A1", "person": "H9", "role": "spouse"},
    "contact_points": {
        "point": "P1",
        "consumer": "C1",
        "kind": "mobile",
        "owner": "H1",
        "whom": "consumer",
        "number": "+16175550100",
    },
    "addresses": {
        "address": "R1",
        "consumer": "C1",
        "kind": "residential",
        "state": "MA",
        "postal_code": "02108",
        "source": "creditor",
        "received_at": T0,
        "recorded_at": T0,
        "known_bad": False,
    },
    "contacts": {
        "contact": "T1",
        "consumer": "C1",
        "channel": "call",
        "direction": "out",
        "point": "P1",
        "at": T0,
        "result": "no_answer",
        "attributed_to": ["A1"],
        "reply_to_consumer": False,
        "automated": False,
        "collector": "AGENCY",
        "recorded_at": T0,
    },
    "statements": {
        "statement": "S1",
        "consumer": "C1",
        "kind": "cease",
        "to": "this_collector",
        "medium": "postal_letter",
        "accepted_medium": True,
        "accounts": ["A1"],
        "made_at": T0,
        "received_at": T0,
        "recorded_at": T0,
    },
    "knowledge": {
        "knowledge": "K1",
        "consumer": "C1",
        "kind": "active_duty",
        "source": "own_research",
        "value": "true",
        "received_at": T0,
        "recorded_at": T0,
    },
}


def table(name: str, *changes: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of a table, each the plain row with some columns changed."""
    rows = [ROW[name] | dict(change) for change in changes]
    filled = [{column: row.get(column) for column in TABLES[name].schema} for row in rows]
    return pl.DataFrame(filled, schema=TABLES[name].schema)


def whole() -> dict[str, pl.DataFrame]:
    """The smallest portfolio with a row in every table."""
    return {name: table(name, {}) for name in TABLES}


def put(folder: Path, frames: Mapping[str, pl.DataFrame]) -> Path:
    """Write a portfolio."""
    for name, frame in frames.items():
        frame.write_parquet(folder / TABLES[name].file)
    return folder


def refused(folder: Path) -> list[str]:
    """What opening a directory complains of, line by line."""
    with pytest.raises(PortfolioError) as caught:
        open_portfolio(folder)
    lines = str(caught.value).splitlines()
    assert lines[:-1] == [str(problem) for problem in caught.value.problems]
    return lines


def test_a_sound_portfolio_opens(tmp_path: Path) -> None:
    portfolio = open_portfolio(put(tmp_path, whole()))
    assert portfolio.counts() == dict.fromkeys(TABLES, 1)
    assert portfolio.scan("accounts").collect()["balance"].item() == Decimal("12.50")


def test_columns_beyond_the_schema_are_ignored(tmp_path: Path) -> None:
    frames = whole()
    frames["accounts"] = frames["accounts"].with_columns(colour=pl.lit("red"))
    portfolio = open_portfolio(put(tmp_path, frames))
    assert "colour" not in portfolio.scan("accounts").collect_schema()


def test_an_empty_portfolio_opens(tmp_path: Path) -> None:
    open_portfolio(put(tmp_path, {name: frame.clear() for name, frame in whole().items()}))


def test_digest_names_the_bytes(tmp_path: Path) -> None:
    one = open_portfolio(put(tmp_path, whole())).digest()
    assert one.startswith("sha256:")
    assert one == open_portfolio(tmp_path).digest()
    put(tmp_path, {"knowledge": table("knowledge", {"value": "false"})})
    assert open_portfolio(tmp_path).digest() != one


def test_no_directory(tmp_path: Path) -> None:
    assert refused(tmp_path / "none")[0] == f"{tmp_path / 'none'} is not a directory"


def test_all_problems_at_once(tmp_path: Path) -> None:
    put(tmp_path, whole())
    (tmp_path / "knowledge.parquet").unlink()
    (tmp_path / "statements.parquet").write_bytes(b"not parquet")
    broken = table("contacts", {"result": "ANSRD"}, {"contact": "T2", "point": "P7"})
    put(tmp_path, {"contacts": broken.drop("technology")})
    put(tmp_path, {"accounts": table("accounts", {"consumer": "C7", "type": "loan"})})
    assert refused(tmp_path) == [
        'accounts.parquet: column type: 1 row holds an unknown word "loan" (first: account A1); '
        f"the types are {', '.join(words.DEBT_TYPES)}",
        "accounts.parquet: column consumer: 1 row holds an id that consumers.parquet does not have:"
        ' "C7" (first: account A1)',
        "contacts.parquet: column technology: the column is missing; it holds text: how a call was "
        "placed",
        "statements.parquet: the file is not readable as Parquet",
        "knowledge.parquet: the file is missing",
        f"5 problems in portfolio {tmp_path}; nothing was read",
    ]


def test_an_unknown_result_is_counted_and_named(tmp_path: Path) -> None:
    rows = [{"contact": f"C1{n}", "result": "ANSRD" if n > 1 else None} for n in range(5)]
    put(tmp_path, whole() | {"contacts": table("contacts", *rows)})
    assert refused(tmp_path)[0] == (
        'contacts.parquet: column result: 3 rows hold an unknown word "ANSRD" (first: contact '
        f"C12); the results are {', '.join(words.RESULTS)}"
    )


CASES = [
    ("accounts", {"balance": None}, "balance", "1 row holds no value (first: account A1)"),
    ("contacts", {"channel": "fax"}, "channel", 'an unknown word "fax"'),
    ("contacts", {"discussed": ["A1", "A9"]}, "discussed", "accounts.parquet does not have"),
    ("contacts", {"point": "P9"}, "point", 'contact_points.parquet does not have: "P9"'),
    ("contact_points", {"whom": "friend"}, "whom", "the roles are consumer, spouse"),
    ("contact_points", {"email_provenance": "[]"}, "email_provenance", "no JSON object"),
    ("contact_points", {"email_provenance": "{"}, "email_provenance", "no JSON object"),
    ("addresses", {"kind": "boat"}, "kind", "the kinds are residential, work"),
    ("account_parties", {"role": "aunt"}, "role", "the roles are co_debtor"),
    ("statements", {"kind": "ceases"}, "kind", 'an unknown word "ceases"'),
    ("statements", {"accounts": None}, "accounts", "(first: statement S1, cease)"),
    ("statements", {"accounts": []}, "accounts", "the word needs it"),
    ("statements", {"kind": "opt_out_address"}, "point", "the word needs it"),
    ("statements", {"kind": "stop_medium"}, "value", "the word needs it"),
    ("statements", {"kind": "stop_medium", "value": '"fax"'}, "value", "does not take"),
    ("statements", {"kind": "stop_medium", "value": "call"}, "value", "does not take: call"),
    ("statements", {"kind": "disputes", "value": '{"A1": 12}'}, "value", "which takes disputes"),
    ("statements", {"kind": "disputes", "more": '{"old": true}'}, "more", "new_information"),
    ("statements", {"kind": "disputes", "more": "{"}, "more", "does not take"),
    ("knowledge", {"source": "rumour"}, "source", "the sources are consumer"),
    ("accounts", {"placed": date(2126, 1, 2)}, "placed", "a day before 1900 or after 2036"),
    ("contacts", {"at": datetime(1026, 1, 2, tzinfo=UTC)}, "at", "1 row holds a day before 1900"),
    *(
        ("statements", {"kind": kind, "accounts": ["A1"], "value": value}, "value", "does not take")
        for kind, value in {
            "inconvenient": '{"from":"8"}',
            "withdraws_inconvenience": "[]",
            "current_location_zone": '"Mars/Olympus"',
            "consents_to_calls_until": '"25:00"',
            "attorney_written_to": '"2026-02-30"',
            "agrees_to_messages": '{"max":true}',
            "asks_to_be_called": '{"on":"someday"}',
            "reassigned_since": '{"point":"P1","answer":"perhaps"}',
            "promise_to_pay": '{"amount":"1.234"}',
            "consents_to_call": '{"number":"P1"}',
            "cease": '"A1"',
            "represented_by": '""',
            "bankruptcy_filed": '{"filed":"2126-01-01"}',
        }.items()
    ),
    ("knowledge", {"value": '"yes"'}, "value", "which takes true"),
]


@pytest.mark.parametrize(("name", "change", "column", "says"), CASES)
def test_what_is_refused(
    tmp_path: Path, name: str, change: dict[str, Any], column: str, says: str
) -> None:
    lines = refused(put(tmp_path, whole() | {name: table(name, change)}))
    assert len(lines) == 2, lines
    assert lines[0].startswith(f"{name}.parquet: column {column}: ")
    assert says in lines[0]
    assert lines[1] == f"1 problem in portfolio {tmp_path}; nothing was read"


def test_a_type_that_is_not_the_schemas(tmp_path: Path) -> None:
    frames = whole()
    frames["contacts"] = frames["contacts"].with_columns(pl.col("at").dt.replace_time_zone(None))
    assert refused(put(tmp_path, frames))[0] == (
        "contacts.parquet: column at: the type is Datetime(time_unit='us', time_zone=None); it "
        "must be Datetime(time_unit='us', time_zone='UTC') (instant (UTC))"
    )


@pytest.mark.parametrize("order", [["A1", "A2", "A1"], ["A1", "A1", "A2"]])
def test_keys_must_be_unique(tmp_path: Path, order: list[str]) -> None:
    rows = table("accounts", *({"account": name} for name in order))
    lines = refused(put(tmp_path, whole() | {"accounts": rows}))
    says = "accounts.parquet: column account: 1 key stands in more than one row (first: account A1)"
    assert lines[0] == says


def test_unsorted_keys_are_fine(tmp_path: Path) -> None:
    rows = table("accounts", {"account": "A2"}, {"account": "A1"})
    open_portfolio(put(tmp_path, whole() | {"accounts": rows}))


def test_a_party_named_twice(tmp_path: Path) -> None:
    lines = refused(put(tmp_path, whole() | {"account_parties": table("account_parties", {}, {})}))
    assert "(first: account A1, person H9, role spouse)" in lines[0]


def test_a_collector_is_one_body_in_one_capacity(tmp_path: Path) -> None:
    rows = table("accounts", {}, {"account": "A2", "collector_role": "servicer"})
    lines = refused(put(tmp_path, whole() | {"accounts": rows}))
    assert lines[0] == (
        "accounts.parquet: column collector_role: 1 collector has more than one value (first: "
        "collector AGENCY); give each capacity an id of its own"
    )


# -- statement values

SAMPLES: dict[str, list[Any]] = {
    "debts": [("A1",), ("A1", "A2")],
    "disputes": [
        ("A1",),
        ({"debt": "A1", "amount": Decimal("120.00")},),
        ("A2", {"debt": "A1", "amount": Decimal("5")}),
    ],
    "debt": ["A1"],
    "debt_or_true": [("A1",), ("A1", "A2"), True],
    "point": ["P1"],
    "points": [("P1",)],
    "channel": ["call"],
    "hours": [
        ({"days": ("mon",), "from": time(8), "to": time(12)},),
        ({"days": ("sat", "sun")}, {"from": time(20), "to": clock.END_OF_DAY}),
        ({"until": date(2026, 12, 31)},),
        ({},),
    ],
    "place": ["work"],
    "clock": [time(23), clock.END_OF_DAY],
    "zone": ["America/New_York"],
    "true": [True, False],
    "date": [date(2026, 3, 1)],
    "person": ["ATTY1"],
    "place_code": ["US-MA"],
    "consent": [
        {"debt": ("A1",)},
        {"debt": ("A1",), "number": "P1", "on": "mon", "until": date(2026, 11, 3)},
        {"debt": ("A1",), "date": date(2026, 11, 4), "until": T0},
    ],
    "callback": [{"debt": ("A1",), "on": "unspecified"}, {"on": "mon"}],
    "messages": [{"max": 3, "within": "7 days"}],
    "reassigned": [{"point": "P1", "since": date(2026, 1, 1), "answer": "no"}],
    "bankruptcy": [{"filed": date(2026, 5, 1), "chapter": 13, "case": "26-1"}],
    "hold": ["complaint"],
    "money": [{"amount": Decimal("20.00"), "date": date(2026, 12, 1)}],
}
SAYINGS = [(kind, value) for kind, saying in STATEMENTS.items() for value in SAMPLES[saying.shape]]


@pytest.mark.parametrize(("kind", "value"), SAYINGS)
def test_a_value_laid_out_is_put_together_again(kind: str, value: Any) -> None:
    beside = {"debts": ("A1",)} if "debts" in STATEMENTS[kind].beside else {}
    [row] = lay_out(kind, value, beside)
    assert assemble(kind, **row) == (value, beside)


@pytest.mark.parametrize(("kind", "value"), SAYINGS)
def test_what_is_laid_out_is_accepted(tmp_path: Path, kind: str, value: Any) -> None:
    frames = whole()
    frames["accounts"] = table("accounts", {}, {"account": "A2"})
    frames["statements"] = table("statements", {"kind": kind} | lay_out(kind, value)[0])
    open_portfolio(put(tmp_path, frames))


def test_several_points_take_a_row_each() -> None:
    rows = lay_out("consents_to_prerecorded_calls", ["P1", "P2"])
    assert [row["point"] for row in rows] == ["P1", "P2"]


def test_words_beside_a_dispute() -> None:
    [row] = lay_out(
        "disputes", [{"debt": "A1", "amount": Decimal("9.50")}], {"new_information": True}
    )
    assert row["accounts"] == ["A1"]
    assert row["value"] == '{"A1":"9.50"}'
    value, more = assemble("disputes", **row)
    assert value == ({"debt": "A1", "amount": Decimal("9.50")},)
    assert more == {"new_information": True}


# -- rows as records


def test_rows_become_records(tmp_path: Path) -> None:
    frames = whole()
    frames["contacts"] = table(
        "contacts",
        {"contact": "T2", "at": T0.replace(hour=18), "opt_out_notice": False, "automated": True},
        {},
    )
    frames["statements"] = table(
        "statements",
        {},
        {
            "statement": "S0",
            "kind": "consents_to_call",
            "point": "P1",
            "value": '{"on":"mon"}',
            "by": "H1",
        },
    )
    portfolio = open_portfolio(put(tmp_path, frames))
    for source in (portfolio, frames):
        group = group_rows(source, ["C1"], licences={"AGENCY": {"US-MA": None}})
        assert group.consumers["C1"].addresses[0].postal_code == "02108"
        account = group.accounts["A1"]
        assert account.fdcpa_covered == "yes"
        assert account.balance == Decimal("12.50")
        assert account.dates == {"defaulted": date(2026, 1, 2)}
        assert group.collectors["AGENCY"].licensed_in == frozenset({"US-MA"})
        assert group.parties == {"A1": (("H9", "spouse"),)}
        assert [contact.id for contact in group.contacts] == ["T1", "T2"]
        assert group.contacts[1].flags == {"automated": True, "opt_out_notice": False}
        assert group.contacts[0].attributed_to == ("A1",)
        assert group.contacts[0].at == T0
        assert group.points["P1"].line == "+16175550100"
        told = {one.id: one for one in group.statements}
        assert told["S0"].value == {"debt": ("A1",), "number": "P1", "on": "mon"}
        assert told["S1"].value == ("A1",)
        assert told["K1"].value is True
        assert (told["K1"].origin, told["K1"].source) == ("knowledge", "own_research")


def test_only_the_consumers_asked_for() -> None:
    frames = whole()
    frames["consumers"] = table("consumers", {}, {"consumer": "C2", "person": "H2"})
    assert set(group_rows(frames, ["C2"]).consumers) == {"C2"}
    assert group_rows(frames, ["C2"]).contacts == ()
    assert group_rows(frames, []).consumers == {}


def test_unknown_coverage_and_provenance() -> None:
    frames = whole()
    frames["accounts"] = table("accounts", {"fdcpa_covered": None})
    frames["contact_points"] = table("contact_points", {"email_provenance": '{"domain":"public"}'})
    group = group_rows(frames, ["C1"])
    assert group.accounts["A1"].fdcpa_covered == "unknown"
    assert group.email_provenance == {"P1": {"domain": "public"}}


# -- contact groups


def groups_of(frames: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Group of each consumer."""
    return dict(contact_groups(frames).groups.iter_rows())


def people(count: int, **changes: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """Strangers C01, C02, ..., each with an account and a number of their own."""
    names = [f"{n:02}" for n in range(1, count + 1)]
    frames = {name: frame.clear() for name, frame in whole().items()}
    rows: dict[str, list[dict[str, Any]]] = {"consumers": [], "accounts": [], "contact_points": []}
    for n in names:
        own = changes.get(f"C{n}", {})
        rows["consumers"].append({"consumer": f"C{n}", "person": f"H{n}"} | dict(own.get("c", {})))
        account = {"account": f"A{n}", "consumer": f"C{n}"}
        rows["accounts"].append(account | dict(own.get("a", {})))
        point = {"point": f"P{n}", "consumer": f"C{n}", "owner": f"H{n}", "number": f"+1617{n}"}
        rows["contact_points"].append(point | dict(own.get("p", {})))
    return frames | {name: table(name, *found) for name, found in rows.items()}


def test_strangers_stand_alone() -> None:
    assert groups_of(people(3)) == {"C01": "C01", "C02": "C02", "C03": "C03"}


def test_no_consumers_no_groups() -> None:
    assert groups_of({name: frame.clear() for name, frame in whole().items()}) == {}


@pytest.mark.parametrize(
    "link",
    [
        {"p": {"number": "+161702"}},
        {"c": {"person": "H02"}},
        {"p": {"owner": "H02"}},
        {"c": {"surviving_spouse": "H02"}},
        {"c": {"personal_representative": "H02"}},
    ],
)
def test_what_links_two(link: Mapping[str, Any]) -> None:
    assert groups_of(people(4, C04=link)) == {
        "C01": "C01",
        "C02": "C02",
        "C03": "C03",
        "C04": "C02",
    }


def test_one_loan_serviced_for_two() -> None:
    loan = {"a": {"type": "student_loan", "servicing_account": "L1"}}
    assert groups_of(people(3, C01=loan, C03=loan))["C03"] == "C01"


def test_a_party_links_and_so_does_a_contact_about_anothers_account() -> None:
    frames = people(5)
    frames["account_parties"] = table("account_parties", {"account": "A02", "person": "H05"})
    about = {"consumer": "C04", "point": "P04", "attributed_to": ["A03"]}
    frames["contacts"] = table("contacts", about)
    found = {"C01": "C01", "C02": "C02", "C03": "C03", "C04": "C03", "C05": "C02"}
    assert groups_of(frames) == found
    apart = contact_groups(frames, through_contacts=False).groups
    assert dict(apart.iter_rows())["C04"] == "C04"


def test_links_are_followed_to_the_end() -> None:
    chain = {
        "C02": {"p": {"number": "+161701"}},
        "C03": {"c": {"person": "H02"}},
        "C04": {"p": {"owner": "H03"}},
    }
    assert groups_of(people(4, **chain))["C03"] == "C01"


@pytest.mark.parametrize("whom", ["attorney", "employer", "third_party"])
def test_whoever_is_reached_at_the_points_of_two_links_them(whom: str) -> None:
    shared = {"p": {"owner": "X1", "whom": whom}}
    assert groups_of(people(2, C01=shared, C02=shared)) == {"C01": "C01", "C02": "C01"}


@pytest.mark.parametrize(
    "met", [{"reached": "H02"}, {"intended_for": "H02"}, {"point": "P02"}], ids=str
)
def test_a_contact_with_anothers_person_or_point_links(met: Mapping[str, Any]) -> None:
    frames = people(3)
    frames["contacts"] = table("contacts", {"consumer": "C03", "point": "P03", **met})
    assert groups_of(frames) == {"C01": "C01", "C02": "C02", "C03": "C02"}
    apart = contact_groups(frames, through_contacts=False).groups
    assert dict(apart.iter_rows())["C03"] == "C03"


@pytest.mark.parametrize("span", [1, 2, 3, 4, 5])
def test_contacts_link_across_the_spans_they_are_looked_through_in(
    span: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = people(5)
    about = {"consumer": "C05", "point": "P05", "discussed": ["A05", "A01"]}
    used = {"contact": "T2", "consumer": "C02", "point": "P04", "attributed_to": ["A02"]}
    lost = {"contact": "T3", "consumer": "C03", "point": None, "attributed_to": ["A03"]}
    frames["contacts"] = table("contacts", about, used, lost)
    monkeypatch.setattr("scheduler.linked.SPAN", span)
    found = {"C01": "C01", "C02": "C02", "C03": "C03", "C04": "C02", "C05": "C01"}
    assert groups_of(frames) == found


@pytest.mark.parametrize(("files", "linked"), [(SWITCHBOARD, True), (SWITCHBOARD + 1, False)])
def test_a_switchboard_connects_nobody(files: int, linked: bool) -> None:
    frames = people(files)
    points = frames["contact_points"].with_columns(number=pl.lit("+12125550100"))
    found = contact_groups(frames | {"contact_points": points})
    assert found.groups["group"].n_unique() == (1 if linked else files)
    assert found.switchboards == (() if linked else ("+12125550100",))


@pytest.mark.parametrize("seed", range(40))
def test_groups_are_connected_components(seed: int) -> None:
    """Against the slow and obvious way: spread the smallest id until nothing changes."""
    dice = random.Random(seed)
    count = dice.randint(1, 40)
    numbers = [dice.randint(0, 25) for _ in range(count)]
    humans = [dice.randint(1, count) for _ in range(count)]
    links = {
        f"C{n + 1:02}": {"p": {"number": str(numbers[n])}, "c": {"person": f"H{humans[n]:02}"}}
        for n in range(count)
    }
    for n in range(count):
        links[f"C{n + 1:02}"]["p"]["owner"] = f"H{humans[n]:02}"
    expected = {name: name for name in links}
    for _ in range(count):
        for one in links:
            for other in links:
                shared = links[one]["p"] == links[other]["p"]
                shared |= links[one]["p"]["number"] == links[other]["p"]["number"]
                shared |= links[one]["c"] == links[other]["c"]
                if shared:
                    expected[one] = expected[other] = min(expected[one], expected[other])
    assert groups_of(people(count, **links)) == expected
