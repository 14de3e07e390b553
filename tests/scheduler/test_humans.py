"""Two files of one human: what is sure joins them, what is not only tightens; two licences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from engine.panel import Panel
from engine.part import decide_part
from engine.rulebook import law_directory, load
from scheduler import cli
from scheduler.day import run_day
from scheduler.doubtful import decide_part_both
from scheduler.explaining import explain
from scheduler.humans import group_as_one
from scheduler.law import law_of
from scheduler.licensing import licences_in, licences_of, merged, plain
from scheduler.log.reading import decisions, open_log
from scheduler.log.rebuilding import rebuild
from scheduler.log.replaying import replay
from scheduler.manifest import versions
from scheduler.portfolio import PortfolioError, contact_groups, open_portfolio
from scheduler.sample.synth import synth
from scheduler.settings import Settings
from scheduler.store.schema import OPTIONAL
from tests import parting
from tests.comparing import TwinPanel
from tests.parting import NOW, made
from tests.strategies.portfolios import Portfolio

LAW = TwinPanel(load([law_directory()]))
BEFORE = NOW - timedelta(days=2)
Row = Mapping[str, Any]


def two(**tables: Any) -> Portfolio:
    """Two consumers in Boston, each with a debt and a phone, who share nothing."""
    given: dict[str, Any] = {
        "consumers": [{"consumer": "C1", "person": "H1"}, {"consumer": "C2", "person": "H2"}],
        "accounts": [{"account": "A1"}, {"account": "A2", "consumer": "C2"}],
        "contact_points": [
            {"point": "T1"},
            {"point": "T2", "consumer": "C2", "owner": "H2", "number": "+16175550101"},
        ],
        "addresses": [{}, {"consumer": "C2"}],
    }
    return made(**{**given, **tables})


def pairs(confidence: str | None) -> pl.DataFrame:
    rows = [] if confidence is None else [("H1", "H2", "bureau", confidence)]
    return pl.DataFrame(rows, schema=OPTIONAL["same_persons"].schema, orient="row")


def verdicts(portfolio: Portfolio, confidence: str | None) -> dict[tuple[str, str], Row]:
    """Candidates of the second consumer's account, by point and channel."""
    part, known = parting.part_with(portfolio, pairs(confidence))
    alarms: list[str] = []
    found = decide_part_both(decide_part, LAW, part, known.maybe, alarms.append)
    assert alarms == []
    rows = found.candidates.filter(account="A2").iter_rows(named=True)
    return {(row["point"], row["channel"]): row for row in rows}


TOLD = [
    ("represented_by", '"ATTY1"', "regulation_f/represented-by-attorney"),
    ("stop_medium", '"call"', "regulation_f/medium-stopped"),
]


@pytest.mark.parametrize("confidence", ["high", "medium", "low"])
@pytest.mark.parametrize(("kind", "value", "rule"), TOLD)
def test_what_one_file_was_told_binds_the_other(
    confidence: str, kind: str, value: str, rule: str
) -> None:
    portfolio = two(statements=[{"kind": kind, "value": value}])
    assert verdicts(portfolio, None)["T2", "call"]["permitted"]
    joined = verdicts(portfolio, confidence)["T2", "call"]
    assert not joined["permitted"]
    assert rule in joined["rules"]


@pytest.mark.parametrize("confidence", ["high", "medium", "low"])
def test_what_is_counted_for_a_person_is_counted_over_both_files(confidence: str) -> None:
    today = [{"contact": f"K{n}", "at": NOW - timedelta(minutes=9 + n)} for n in range(3)]
    portfolio = two(contacts=today)
    apart = verdicts(portfolio, None)["T2", "call"]
    assert apart["permitted"]
    joined = verdicts(portfolio, confidence)["T2", "call"]
    assert joined["rules"] == ["contact_policy/three-calls-a-day"]
    assert joined["exhausted"]
    assert joined["next_permitted_utc"] == datetime(2026, 9, 15, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("confidence", ["medium", "low"])
def test_what_is_left_is_shared_in_doubt(confidence: str) -> None:
    portfolio = two(contacts=[{"at": NOW - timedelta(hours=3)}])
    apart, joined = (verdicts(portfolio, one)["T2", "call"] for one in (None, confidence))
    assert apart["permitted"]
    assert joined["permitted"]
    assert joined["attempts_left"] <= apart["attempts_left"]
    rule = "contact_policy/three-calls-a-day"
    left = {
        one["id"][-1:] == "~": one["left"]
        for one in json.loads(joined["budgets"])
        if one["rule"] == rule
    }
    assert left == {False: 3, True: 2}


def test_only_who_is_surely_the_same_consents_for_both() -> None:
    same = {"number": "+12125550100"}
    portfolio = two(
        addresses=[{"state": "NY", "postal_code": "10001"},
                   {"consumer": "C2", "state": "NY", "postal_code": "10001"}],
        contact_points=[{"point": "T1", **same},
                        {"point": "T2", "consumer": "C2", "owner": "H2", **same}],
        statements=[{"kind": "consents_to_text", "point": "T1"}],
    )  # fmt: skip
    rule = "US-NY-NYC/texts-with-consent"
    found = {one: verdicts(portfolio, one)["T2", "text"] for one in (None, "low", "medium", "high")}
    assert {one: rule in row["rules"] for one, row in found.items()} == {
        None: True, "low": True, "medium": True, "high": False,
    }  # fmt: skip


def test_who_may_be_one_human_is_one_contact_group() -> None:
    frames = two().frames
    for confidence, groups in ((None, 2), ("low", 1), ("high", 1)):
        found = contact_groups({**frames, "same_persons": pairs(confidence)}).groups
        named = found["group"].n_unique()
        assert named == (groups if confidence != "high" else 2), confidence  # high: renamed first
        part, _ = parting.part_with(two(), pairs(confidence))
        assert part.groups["group"].n_unique() == groups


# -- from files, to a list


def written(portfolio: Portfolio, place: Path, **more: pl.DataFrame) -> Path:
    place.mkdir()
    for name, frame in {**portfolio.frames, **more}.items():
        frame.write_parquet(place / f"{name}.parquet")
    return place


def collectors(licences: str | None, **more: str) -> pl.DataFrame:
    row = {"collector": "AGENCY", "collector_role": "third_party", "licences": licences, **more}
    schema = OPTIONAL["collectors"].schema
    return pl.DataFrame([dict.fromkeys(schema) | row], schema=schema)


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    with Panel(load([law_directory()])) as found:
        yield found


@pytest.mark.parametrize("confidence", ["low", "high"])
def test_a_day_and_an_explanation_agree_about_two_files_of_one_human(
    panel: Panel, tmp_path: Path, confidence: str
) -> None:
    held = collectors('{"US-MA": "2026-09-01"}')
    portfolio = two(statements=[{"kind": "represented_by", "value": '"ATTY1"'}])
    place = written(portfolio, tmp_path / "in", same_persons=pairs(confidence), collectors=held)
    source = open_portfolio(place)
    assert source.files() == sorted(path.name for path in place.iterdir())
    settings = Settings(
        refuse_unencoded_places=False,
        licences={"AGENCY": {"US-MA": date(2026, 12, 31)}},
        formats=("parquet",),
    )
    law = law_of(settings)
    day = run_day(source, law.rulebook, settings, portfolio.day, NOW, tmp_path / "out", workers=1)
    assert list(day.alarms) == [
        "licences_differ: AGENCY in US-MA: until 2026-12-31 in the settings, until 2026-09-01 in "
        "the table of collectors; taken: until 2026-09-01"
    ]
    assert day.document["licences"] == {"AGENCY": {"US-MA": "2026-09-01"}}
    rows = pl.read_parquet(day.directory / "log" / "decisions.parquet")
    mine = rows.filter(account="A2", channel="call").row(0, named=True)
    assert {"regulation_f/represented-by-attorney", "structural/licence_missing"} <= set(
        mine["rules"]
    )
    licences, _ = licences_of(source, settings.licences)
    said = explain(
        panel, source, "A2", "call", None, NOW, None, portfolio.day, False, licences
    ).decision
    assert sorted({one.rule for one in said.findings}) == mine["rules"]
    assert said.next_permitted == mine["next_permitted_utc"]
    attorney = next(one for one in said.findings if one.rule.endswith("represented-by-attorney"))
    assert ("may be one human" in attorney.observed) == (confidence == "low")
    seen = {one for row in rows["situations"] for one in row}
    kept = pl.read_parquet(day.directory / "log" / "situations.parquet")["situation"]
    assert seen <= set(kept)


def test_a_licence_in_the_table_alone_holds(tmp_path: Path) -> None:
    portfolio = two()
    found = {}
    for name, told in (("none", None), ("other", '{"US-NY": "unlimited"}'),
                       ("ended", '{"US-MA": "2026-09-13"}'), ("last", '{"US-MA": "2026-09-14"}'),
                       ("held", '{"US-MA": "unlimited"}')):  # fmt: skip
        source = open_portfolio(written(portfolio, tmp_path / name, collectors=collectors(told)))
        licences, differ = licences_of(source, {})
        assert differ == ()
        part = parting.part_of(portfolio)
        part = parting.replace(
            part,
            licences=licences,
            groups_of=parting.replace(part.groups_of, licences=licences),  # type: ignore[type-var]
        )
        rows = decide_part(LAW, part, lambda text: None).candidates
        row = rows.filter(account="A2", channel="call").row(0, named=True)
        refused = "structural/licence_missing" in row["rules"]
        unchecked = "licence_unchecked" in row["duties"]
        found[name] = "refused" if refused else "unchecked" if unchecked else "held"
    assert found == {
        "none": "unchecked", "other": "refused", "ended": "refused", "last": "held", "held": "held",
    }  # fmt: skip


A, B = date(2026, 1, 1), date(2027, 1, 1)


@pytest.mark.parametrize(
    ("one", "other", "both", "lines"),
    [
        ({}, {"X": {"US-MA": A}}, {"X": {"US-MA": A}}, 0),
        ({"X": {"US-MA": A}}, {}, {"X": {"US-MA": A}}, 0),
        ({"X": {"US-MA": A}}, {"Y": {}}, {"X": {"US-MA": A}, "Y": {}}, 0),
        ({"X": {"US-MA": A}}, {"X": {"US-MA": A}}, {"X": {"US-MA": A}}, 0),
        ({"X": {"US-MA": A}}, {"X": {"US-MA": B}}, {"X": {"US-MA": A}}, 1),
        ({"X": {"US-MA": B}}, {"X": {"US-MA": A}}, {"X": {"US-MA": A}}, 1),
        ({"X": {"US-MA": None}}, {"X": {"US-MA": A}}, {"X": {"US-MA": A}}, 1),
        ({"X": {"US-MA": None}}, {"X": {"US-MA": None}}, {"X": {"US-MA": None}}, 0),
        ({"X": {"US-MA": A, "US-NY": A}}, {"X": {"US-MA": A}}, {"X": {"US-MA": A}}, 1),
        ({"X": {}}, {"X": {"US-MA": None}}, {"X": {}}, 1),
    ],
)
def test_of_two_that_speak_the_stricter_holds(one: Any, other: Any, both: Any, lines: int) -> None:
    found, differ = merged(one, other)
    assert found == both
    assert len(differ) == lines
    assert merged(other, one)[0] == both


@pytest.mark.parametrize(
    "text", ["", "[]", "1", '{"US-MA": 1}', '{"MA": "unlimited"}', '{"US-MA": "2026-02-30"}', "["]
)
def test_licences_that_are_none(text: str, tmp_path: Path) -> None:
    assert licences_in(text) is None
    place = written(two(), tmp_path / "in", collectors=collectors(text))
    with pytest.raises(PortfolioError, match=r"collectors.parquet: column licences: 1 row holds"):
        open_portfolio(place)


def test_licences_read_and_written() -> None:
    told = {"X": {"US-MA": A, "US-NY-NYC": None}}
    assert {name: licences_in(json.dumps(held)) for name, held in plain(told).items()} == told


@pytest.mark.parametrize(
    ("name", "frame", "why"),
    [
        ("collectors", collectors(None, collector_type="bank"),
         "something else than accounts.parquet does (first: collector AGENCY, bank here, nothing"),
        ("collectors", collectors(None).drop("licences"), "column licences: the column is missing"),
        ("same_persons", pairs("sure"), 'an unknown word "sure"'),
        ("same_persons", pl.concat([pairs("high"), pairs("low")]), "1 key stands in more than one"),
        ("same_persons", pairs("high").with_columns(other=pl.lit("C2")),
         "column other: 1 row holds C2, which is the id of a file; the person of that file is H2"),
    ],
)  # fmt: skip
def test_files_that_may_be_left_out_are_checked(
    name: str, frame: pl.DataFrame, why: str, tmp_path: Path
) -> None:
    place = written(two(), tmp_path / "in", **{name: frame})
    with pytest.raises(PortfolioError) as error:
        open_portfolio(place)
    assert why in str(error.value)


def test_the_digest_names_every_file(tmp_path: Path) -> None:
    bare = open_portfolio(written(two(), tmp_path / "bare")).digest()
    more = written(two(), tmp_path / "more", same_persons=pairs("low"))
    assert open_portfolio(more).digest() != bare


def test_a_day_in_doubt_is_decided_again_from_its_log_and_its_rows(tmp_path: Path) -> None:
    place = tmp_path / "portfolio"
    synth(place, 60, 5)
    people = pl.read_parquet(place / "consumers.parquet")["person"].to_list()
    rows = [(a, b, "bureau", "low") for a, b in zip(people[::2], people[1::2], strict=False)]
    schema = OPTIONAL["same_persons"].schema
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(place / "same_persons.parquet")
    who = pl.read_parquet(place / "accounts.parquet").select(
        "collector", "collector_role", "collector_type", "collector_located_in"
    )
    held = who.unique("collector").with_columns(
        licences=pl.lit('{"US-NY-NYC": "2026-11-20", "US-CA": "unlimited"}')
    )
    held.write_parquet(place / "collectors.parquet")
    out = tmp_path / "lists"
    asked = ["run", "--from", str(place), "--now", "2026-11-21T06:00-05:00", "--day", "2026-11-21",
             "--out", str(out), "--format", "csv"]  # fmt: skip
    done = CliRunner().invoke(cli.app, asked, obj=cli.now)
    assert done.exit_code == 0, done.output
    (segment,) = open_log(out / "log" if (out / "log").is_dir() else out).segments
    again = replay(segment, versions())
    assert (again.different, again.differences) == (0, [])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    made_again = rebuild(segment, open_portfolio(place), scratch)
    assert (made_again.different, made_again.differences) == (0, [])
    budgets = decisions(segment).collect()["budgets"].drop_nulls()
    assert budgets.str.contains('~"', literal=True).any()


def test_whoever_goes_by_the_id_of_his_file_is_the_person_whose_file_it_is() -> None:
    of_parent = [{"point": "T1", "owner": "PARENT1", "whom": "parent"}]
    called = [{"point": "T1", "intended_for": "PARENT1", "reached": "PARENT1"}]
    portfolio = made(contact_points=of_parent, contacts=called)
    told = parting.groups_in(parting.part_of(portfolio))["C1"]
    found = group_as_one(told, {"PARENT1": "C1"})  # by a pair that names the file
    assert found.points["T1"].owner == "H1"
    assert [(one.intended_for, one.reached) for one in found.contacts] == [("H1", "H1")]
