"""Decided again: limits that consent lifts or agreement moves, and shares of what others leave.

Each record is changed as somebody might who wants a yes to look lawful, and the change is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.log import reading, replaying
from scheduler.log.reading import Segment, open_log
from scheduler.log.replaying import replay
from scheduler.manifest import versions
from tests.parting import NOW, made
from tests.scheduler.test_replay import MIXED
from tests.strategies.portfolios import Portfolio

SEVEN = "regulation_f/seven-calls-in-seven-days"
AFTER = "regulation_f/seven-days-after-conversation"
FIVE = "US-DC/five-messages-in-seven-days"
SHARED = "mixed/calls-and-texts"
OF_MEDICAL = MIXED.replace("channels: [call]\n", "channels: [call]\n    debts: [medical]\n")
IN_DC = {"state": "DC", "postal_code": "20001"}
IN_KANSAS = {"state": "KS", "postal_code": "66603"}


def run(place: Path, portfolio: Portfolio) -> Segment:
    """The segment of the day of a portfolio, with the house rule of OF_MEDICAL beside the law."""
    home, out = place / "home", place / "lists"
    (place / "portfolio").mkdir()
    for name, frame in portfolio.frames.items():
        frame.write_parquet(place / "portfolio" / f"{name}.parquet")
    assert CliRunner().invoke(cli.app, ["init", "--home", str(home)], obj=cli.now).exit_code == 0
    (home / "house" / "mixed.yaml").write_text(OF_MEDICAL, encoding="utf-8")
    asked = ["run", "--home", str(home), "--from", str(place / "portfolio"), "--now",
             NOW.isoformat(), "--day", NOW.date().isoformat(), "--out", str(out), "--format",
             "csv"]  # fmt: skip
    done = CliRunner().invoke(cli.app, asked, obj=cli.now)
    assert done.exit_code == 0, done.output
    (found,) = open_log(out / "log" if (out / "log").is_dir() else out).segments
    return found


def spoke(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "by": "H1", "received_at": NOW - timedelta(hours=3)} | more


def people() -> Portfolio:
    """One who consented after seven calls and a talk, one in the district who agreed to messages.

    A third has nothing behind him: a call and a text draw on one limit.
    """
    calls: Sequence[Mapping[str, Any]] = [
        {"at": NOW - timedelta(days=1, hours=n), "result": "no_answer"} for n in range(7)
    ]
    talk = {"at": NOW - timedelta(days=2), "result": "conversation", "discussed": ["A1"]}
    texts = [
        {"consumer": "C2", "point": "T2", "channel": "text", "result": "sent",
         "attributed_to": ["A2"], "at": NOW - timedelta(days=1, hours=n)}
        for n in range(6)
    ]  # fmt: skip
    letter = {
        "consumer": "C2",
        "channel": "mail",
        "result": "sent",
        "attributed_to": ["A2"],
        "point": None,
        "purpose": "legally_required_notice",
        "at": NOW - timedelta(days=40),
    }
    numbers = ("+17855550100", "+12025550101", "+16175550102")
    return made(
        consumers=[{"consumer": f"C{n}", "person": f"H{n}"} for n in (1, 2, 3)],
        accounts=[
            {"account": f"A{n}", "consumer": f"C{n}",
             "type": "medical" if n == 3 else "credit_card",
             "delinquent_since": (NOW - timedelta(days=400)).date()}
            for n in (1, 2, 3)
        ],
        contact_points=[
            {"point": f"T{n}", "consumer": f"C{n}", "owner": f"H{n}", "number": number}
            for n, number in enumerate(numbers, 1)
        ],
        addresses=[IN_KANSAS, {"consumer": "C2", **IN_DC}, {"consumer": "C3"}],
        contacts=[*calls, talk, *texts, letter],
        statements=[
            spoke("consents_to_call", accounts=["A1"]),
            spoke("agrees_to_messages", consumer="C2", by="H2", value='{"max": 9}'),
            *(
                spoke("consents_to_text", consumer=f"C{n}", by=f"H{n}", point=f"T{n}")
                for n in (2, 3)
            ),
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Segment:
    """Their day."""
    return run(tmp_path_factory.mktemp("resting"), people())


def record(segment: Segment, account: str, channel: str) -> dict[str, Any]:
    rows = reading.decisions(segment).collect()
    chosen = rows.filter(pl.col("account") == account, pl.col("channel") == channel)
    return chosen.row(0, named=True)


def told(segment: Segment, where: pl.Expr | None = None) -> list[str]:
    return [str(one) for one in replay(segment, versions(), where).differences]


def test_the_record_names_what_counts_rest_on_and_comes_out_the_same(segment: Segment) -> None:
    call = record(segment, "A1", "call")
    counts = json.loads(call["evidence"])
    assert counts[SEVEN] == {"used": 8, "max": 7, "excused": ["S1"]}
    assert counts[AFTER] == {"excused": ["S1"]}
    text = record(segment, "A2", "text")
    assert (text["verdict"], text["attempts_left"]) == ("permitted", 1)
    assert json.loads(text["evidence"])[FIVE] == {"used": 6, "max": 9, "agreed": ["S2"]}
    drawn = record(segment, "A3", "text")
    assert SHARED in {one["rule"] for one in json.loads(drawn["budgets"])}
    assert told(segment) == []
    for one in (call, text, drawn):
        assert told(segment, pl.col("decision_id") == one["decision_id"]) == []


def other(
    segment: Segment,
    monkeypatch: pytest.MonkeyPatch,
    of: Mapping[str, Any],
    column: str,
    value: object,
) -> list[str]:
    """What replay says of a log in which one field of one record is another."""
    rows = reading.decisions(segment).collect()
    here = pl.col("decision_id") == of["decision_id"]
    changed = rows.with_columns(pl.when(here).then(pl.lit(value)).otherwise(column).alias(column))
    assert not changed.equals(rows)

    def decisions(_: Segment, where: pl.Expr | None, columns: list[str]) -> pl.LazyFrame:
        chosen = changed if where is None else changed.filter(where)
        return chosen.lazy().select(columns)

    monkeypatch.setattr(replaying, "decisions", decisions)
    return told(segment)


def with_counts(of: Mapping[str, Any], rule: str, **more: object) -> str:
    """The evidence of a record with other words about a rule; None: the word is taken out."""
    counts = json.loads(of["evidence"])
    one = counts.setdefault(rule, {}) | more
    counts[rule] = {name: value for name, value in one.items() if value is not None}
    return json.dumps(counts)


@pytest.mark.parametrize(
    ("account", "channel", "rule", "words", "says"),
    [
        ("A1", "call", SEVEN, {"excused": None}, f"whether {SEVEN} refuses"),
        ("A3", "call", SHARED, {"excused": ["S1"]}, f"what lifts {SHARED}"),
        ("A2", "text", FIVE, {"agreed": None}, f"the number of {FIVE}"),
        ("A2", "text", FIVE, {"max": 6}, f"whether {FIVE} refuses"),
        ("A2", "text", FIVE, {"max": 11}, "what a limit of others leaves"),
        ("A1", "call", SEVEN, {"agreed": ["S2"]}, f"who agreed to the number of {SEVEN}"),
        ("A1", "call", SEVEN, {"max": 9, "agreed": ["S2"]}, f"the number of {SEVEN}"),
        ("A3", "call", SEVEN, {"excused": ["S9"]}, "what a limit of others leaves"),
    ],
)
def test_a_count_that_rests_on_something_else_is_told(
    segment: Segment,
    monkeypatch: pytest.MonkeyPatch,
    account: str,
    channel: str,
    rule: str,
    words: dict[str, object],
    says: str,
) -> None:
    of = record(segment, account, channel)
    found = other(segment, monkeypatch, of, "evidence", with_counts(of, rule, **words))
    assert any(says in one and of["decision_id"] in one for one in found), found


def shares(of: Mapping[str, Any], rule: str, **more: object) -> str:
    """The shares of a record with other words about one of them."""
    told = json.loads(of["budgets"])
    assert rule in {one["rule"] for one in told}
    return json.dumps([{**one, **more} if one["rule"] == rule else one for one in told])


@pytest.mark.parametrize(("left", "channel"), [(0, "text"), (1, "text"), (3, "text"), (9, "text")])
def test_a_drawn_share_says_what_those_bound_say(
    segment: Segment, monkeypatch: pytest.MonkeyPatch, left: int, channel: str
) -> None:
    of = record(segment, "A3", channel)
    found = other(segment, monkeypatch, of, "budgets", shares(of, SHARED, left=left))
    assert any("what a limit of others leaves" in one for one in found), found


def test_a_share_of_what_does_not_count_it_is_told(
    segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = record(segment, "A3", "text")
    told = json.loads(of["budgets"])
    more = {"id": f"{SEVEN}|A3|T3|call", "rule": SEVEN, "left": 7}
    found = other(segment, monkeypatch, of, "budgets", json.dumps([*told, more]))
    assert any(f"a share of {SEVEN}" in one for one in found), found
    nobody = {"id": f"{SHARED}|A9|T9|call", "rule": SHARED, "left": 2}
    found = other(segment, monkeypatch, of, "budgets", json.dumps([*told, nobody]))
    assert any("what a limit of others leaves" in one for one in found), found


def test_a_bound_share_that_is_left_out_is_told(
    segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = record(segment, "A3", "call")
    told = [one for one in json.loads(of["budgets"]) if one["rule"] != SHARED]
    found = other(segment, monkeypatch, of, "budgets", json.dumps(told))
    assert any("what limits leave" in one for one in found), found
