"""The command line as a contract: words, exit codes, one JSON document, never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from engine import VERSION, law_directory
from scheduler import cli
from scheduler.commands import asking, common, days
from scheduler.contact_list import LIST, SUPPRESSED
from scheduler.sample.synth import synth

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
AT = "2026-11-21T11:00:00Z"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Ask = Callable[..., Said]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs a command in an empty folder; the clock stands still."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORBEAR_HOME", raising=False)

    def run(*words: object) -> Said:
        result = CliRunner().invoke(cli.app, [str(word) for word in words], obj=lambda: NOW)
        assert "Traceback" not in result.stderr
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="session")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up portfolio that no test writes into."""
    place = tmp_path_factory.mktemp("portfolio")
    synth(place, 60, 3, NOW)
    return place


def test_it_says_its_version(ask: Ask) -> None:
    assert ask("--version") == Said(0, f"forbear {VERSION}\n", "")


def test_every_command_is_in_the_readme_and_has_its_two_options(ask: Ask) -> None:
    readme = (ROOT / "scheduler" / "README.md").read_text(encoding="utf-8")
    commands = ["demo", "init", "synth", "run", "explain", "schema portfolio"]
    commands += [f"rules {one}" for one in ("check", "test", "coverage", "schema")]
    listed = ask("--help").out + ask("rules", "--help").out + ask("schema", "--help").out
    for command in commands:
        assert f"`forbear {command}" in readme
        assert command.split()[-1] in listed
        shown = ask(*command.split(), "--help").out
        assert "--home" in shown
        assert "--json" in shown


def test_an_unknown_command_is_wrong_use(ask: Ask) -> None:
    said = ask("forbid")
    assert (said.status, said.out) == (2, "")
    assert "No such command" in said.err


def test_the_portfolio_schema_is_told_in_words_and_as_json(ask: Ask) -> None:
    assert "consumers.parquet: the people who owe" in ask("schema", "portfolio").out
    tables = ask("schema", "portfolio", "--json").json["tables"]
    assert [one["table"] for one in tables][:2] == ["consumers", "accounts"]


def test_the_schema_of_rule_files_is_one_json_document(ask: Ask) -> None:
    assert ask("rules", "schema").json["title"] == "Forbear rule file"


# -- a home


def test_a_home_is_made_and_its_settings_hold(ask: Ask) -> None:
    said = ask("init", "--home", "firm", "--json")
    assert said.json["settings"] == "firm/settings.yaml"
    assert Path("firm/house").is_dir()
    assert ask("rules", "check", "--home", "firm").status == 0
    again = ask("init", "--home", "firm")
    assert (again.status, again.err) == (2, "firm is a home already\n")


def test_the_home_is_told_by_the_environment(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("init", "--home", "firm")
    Path("firm/settings.yaml").write_text("zone: Nowhere\n", encoding="utf-8")
    monkeypatch.setenv("FORBEAR_HOME", "firm")
    said = ask("rules", "check")
    assert said.status == 2
    assert "firm/settings.yaml:1:7  R025  `Nowhere` is not a time zone" in said.err


def test_a_home_that_is_none_is_said_so(ask: Ask) -> None:
    said = ask("rules", "check", "--home", "nowhere", "--json")
    assert said.status == said.json["status"] == 2
    assert not said.json["ok"]
    assert "nowhere is not a home" in said.json["errors"][0]["message"]


# -- rules


def test_rules_in_order_are_counted(ask: Ask) -> None:
    said = ask("rules", "check")
    assert said.status == 0
    assert said.out.startswith("no problems: ")
    assert ask("rules", "check", "--json").json["problems"] == []
    assert ask("rules", "check", law_directory()).out == said.out
    assert ask("rules", "check", law_directory() / "rules" / "tcpa.yaml").status == 0


BROKEN = """\
format: 1
name: An act
rules:
  - key: a-limit
    kind: limt
"""


def test_broken_rules_are_told_with_place_and_caret(ask: Ask) -> None:
    Path("an_act.yaml").write_text(BROKEN, encoding="utf-8")
    said = ask("rules", "check", "an_act.yaml")
    assert said.status == 1
    assert "an_act.yaml:5:11  R028  unknown kind `limt`; did you mean `limit`?" in said.out
    assert "          ^^^^" in said.out
    assert said.out.endswith("Nothing was loaded.\n")
    problems = ask("rules", "check", "an_act.yaml", "--json").json["problems"]
    assert {"R028"} <= {one["code"] for one in problems}
    annotated = ask("rules", "check", "an_act.yaml", "--github").out
    assert "::error file=an_act.yaml,line=5,col=11," in annotated


def test_a_folder_of_rule_files_is_checked_file_by_file(ask: Ask) -> None:
    Path("more").mkdir()
    Path("more/an_act.yaml").write_text(BROKEN, encoding="utf-8")
    assert "more/an_act.yaml:5:11" in ask("rules", "check", "more").out
    Path("empty").mkdir()
    assert ask("rules", "check", "empty").err == "there is no rule file among these\n"
    assert ask("rules", "check", "gone.yaml").status == 2


def test_without_the_federal_law_nothing_is_loaded(ask: Ask) -> None:
    shutil.copytree(law_directory() / "rules", "law/rules")
    Path("law/rules/regulation_f.yaml").unlink()
    said = ask("rules", "check", "law")
    assert said.status == 1
    assert "R045  the federal law is missing" in said.out
    ask("init", "--home", "firm")
    Path("firm/settings.yaml").write_text("rulebook: [../law]\n", encoding="utf-8")
    assert "R045" in ask("explain", "A1", "--home", "firm", "--from", ".").err


HOUSE = """\
format: 1
name: Holds (company policy, not law)
rules:
  - key: nobody-at-all
    kind: block
    says: Nobody is contacted while this rule stands.
    force: policy
    effective_from: 2021-11-30
    cite: [House policy 9]
    source: house
    confidence: high
"""


def test_own_rules_are_added_and_take_the_place_of_their_namesakes(ask: Ask) -> None:
    bundled = int(ask("rules", "check").out.split()[2])
    ask("init", "--home", "firm")
    Path("firm/house/ours.yaml").write_text(HOUSE, encoding="utf-8")
    assert int(ask("rules", "check", "--home", "firm").out.split()[2]) == bundled + 1
    Path("firm/house/holds.yaml").write_text(HOUSE, encoding="utf-8")
    said = ask("rules", "check", "--home", "firm")
    assert said.status == 1
    assert "house/ours.yaml:4:10  R034" in said.out
    Path("firm/house/ours.yaml").unlink()
    assert int(ask("rules", "check", "--home", "firm").out.split()[2]) < bundled


CASES = """\
format: 1
assume:
  rules: [tcpa]
  collector: {role: creditor, fdcpa_covered: false}
  consumer: {id: P1, time_zone_evidence: [{kind: residential_address, zone: America/New_York}]}
  debts: [{id: D1, type: credit_card}]
  contact_points: [{id: M1, kind: mobile, belongs_to: P1}]
vectors:
- id: a-live-call
  proposed_contact: {channel: call, at: "2026-09-10T11:00-04:00", point: M1, debts: [D1]}
  expected: permitted
  cite: 47 USC 227(b)(1)(A)(iii)
- id: a-live-call-said-to-be-barred
  proposed_contact: {channel: call, at: "2026-09-10T11:00-04:00", point: M1, debts: [D1]}
  expected: prohibited
  cite: 47 USC 227(b)(1)(A)(iii)
"""


def test_cases_are_counted_on_the_last_line(ask: Ask) -> None:
    Path("mine.yaml").write_text(CASES, encoding="utf-8")
    said = ask("rules", "test", "mine.yaml")
    assert said.status == 1
    assert "a-live-call-said-to-be-barred" in said.out
    assert said.out.endswith("1 passed, 1 failed\n")
    shown = ask("rules", "test", "mine.yaml", "--json").json
    assert [one["passed"] for one in shown["cases"]] == [True, False]


def test_a_case_file_that_is_missing_or_unknown_is_a_failure(ask: Ask) -> None:
    said = ask("rules", "test", "gone.yaml")
    assert said.status == 1
    assert "the file cannot be read" in said.out
    assert said.out.endswith("0 passed, 1 failed\n")
    Path("odd.yaml").write_text("vectors:\n- id: x\n  moon: full\n", encoding="utf-8")
    said = ask("rules", "test", "odd.yaml")
    assert said.status == 1
    assert "unknown word `moon`" in said.out


def test_cases_beside_the_rules_are_run_where_no_file_is_named(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scheduler import coverage

    official = ROOT / "tests" / "cases" / "official" / "official_examples.yaml"
    monkeypatch.setattr(coverage, "case_files", lambda beside: [official])
    said = ask("rules", "test", "--json")
    assert said.status == 0
    assert said.json["failed"] == 0
    assert said.json["passed"] > 50
    monkeypatch.setattr(coverage, "case_files", lambda beside: [])
    said = ask("rules", "test")
    assert (said.status, said.err) == (2, "there are no case files beside the rules; name some\n")


def test_coverage_counts_rules_cases_and_what_is_overdue(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scheduler import coverage

    monkeypatch.setattr(coverage, "case_files", lambda beside: [])
    said = ask("rules", "coverage", "--json")
    assert said.status == 0
    files = {one["file"]: one for one in said.json["files"]}
    assert {"fdcpa", "regulation_f", "US-MA", "US-WY"} <= set(files)
    assert files["fdcpa"]["cases"] is None
    assert sum(files["fdcpa"]["kinds"].values()) == files["fdcpa"]["rules"]
    shown = ask("rules", "coverage")
    assert "no case files beside them (an installation has none; --cases DIR" in shown.out
    assert shown.out.rstrip().endswith("places not encoded")
    late = ask("rules", "coverage", "--now", "2036-01-01T00:00:00Z", "--json").json
    assert all(len(one["overdue"]) <= one["rules"] for one in late["files"])
    assert sum(len(one["overdue"]) for one in late["files"]) > 0
    official = ROOT / "tests" / "cases" / "official" / "official_examples.yaml"
    monkeypatch.setattr(coverage, "case_files", lambda beside: [official])
    said = ask("rules", "coverage", "--json")
    assert said.status == 1
    assert said.json["untested"] > 0
    seven = next(one for one in said.json["files"] if one["file"] == "regulation_f")["cases"]
    assert seven["regulation_f/seven-calls-in-seven-days"] > 5


def test_coverage_takes_cases_from_a_directory_and_writes_a_page(ask: Ask) -> None:
    ask("init", "--home", "firm")
    shutil.copytree(law_directory() / "rules", "law/rules")
    Path("law/jurisdictions").mkdir()
    Path("law/jurisdictions/US-NV.yaml").write_text(NEVADA, encoding="utf-8")
    settings = Path("firm/settings.yaml")
    text = settings.read_text(encoding="utf-8").replace("[bundled]", "[../law]")
    text = text.replace("minimum_confidence: low", "minimum_confidence: high")
    settings.write_text(text, encoding="utf-8")
    Path("mine/jurisdictions").mkdir(parents=True)
    Path("mine/jurisdictions/US-NV.yaml").write_text(NEVADA_CASE, encoding="utf-8")
    Path("mine/elsewhere.yaml").write_text(NEVADA_CASE, encoding="utf-8")
    said = ask("rules", "coverage", "--home", "firm", "--cases", "mine", "--html", "page.html",
               "--json")  # fmt: skip
    assert said.status == 1
    assert said.json["cases"] == 2
    (nevada,) = [one for one in said.json["files"] if one["file"] == "US-NV"]
    assert nevada["cases"] == {"US-NV/no-calls-at-all": 1}
    assert nevada["untested"] == []
    assert (nevada["primary"], nevada["secondary"]) == (0, 1)
    assert Path("page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    wrong = ask("rules", "coverage", "--cases", "nowhere")
    assert (wrong.status, wrong.err) == (2, "nowhere is not a directory of cases\n")


NEVADA = """\
format: 1
jurisdiction: US-NV
name: Nevada
zones: [America/Los_Angeles]
rules:
  - key: no-calls-at-all
    kind: block
    says: Made up for this test.
    force: prohibition
    effective_from: unknown
    cite: [1 ABC 2.3(a)]
    source: https://example.org/law
    confidence: medium
"""
NEVADA_CASE = """\
format: 1
vectors:
- id: a-call
  facts:
    collector: {role: creditor, fdcpa_covered: false}
    consumer: {id: P1, addresses: [{kind: residential, state: NV, postal_code: "89501"}]}
    debts: [{id: D1, type: credit_card}]
    contact_points: [{id: M1, kind: mobile, belongs_to: P1}]
  proposed_contact: {channel: call, at: "2026-09-10T11:00-07:00", point: M1, debts: [D1]}
  expected: prohibited
  cite: 1 ABC 2.3(a)
"""


def test_rules_of_places_below_a_confidence_are_left_out_and_it_is_said(
    ask: Ask, portfolio: Path
) -> None:
    ask("init", "--home", "firm")
    shutil.copytree(law_directory() / "rules", "law/rules")
    Path("law/jurisdictions").mkdir()
    Path("law/jurisdictions/US-NV.yaml").write_text(NEVADA, encoding="utf-8")
    Path("nevada.yaml").write_text(NEVADA_CASE, encoding="utf-8")
    settings = Path("firm/settings.yaml")
    text = settings.read_text(encoding="utf-8").replace("[bundled]", "[../law]")
    settings.write_text(text, encoding="utf-8")
    whole = ask("rules", "test", "nevada.yaml", "--home", "firm")
    assert (whole.status, whole.err) == (0, "")
    first = ask("run", "--home", "firm", "--from", portfolio, "--now", AT, "--json").json
    assert "left_out" not in first
    text = text.replace("minimum_confidence: low", "minimum_confidence: high")
    settings.write_text(text, encoding="utf-8")
    told = "rules of places below high confidence left out: 1 (minimum_confidence)"
    less = ask("rules", "test", "nevada.yaml", "--home", "firm")
    assert less.status == 1
    assert told in less.err
    second = ask("run", "--home", "firm", "--from", portfolio, "--now", AT, "--again")
    assert told in second.err
    assert told in second.out
    manifest = json.loads(Path("firm/lists/2026-11-21/manifest.json").read_text(encoding="utf-8"))
    assert manifest["left_out"] == {
        "minimum_confidence": "high",
        "rules": ["US-NV/no-calls-at-all"],
    }
    assert manifest["rulebook"] != first["rulebook"]
    account = pl.read_parquet(portfolio / "accounts.parquet")["account"][0]
    assert told in ask("explain", account, "--from", portfolio, "--home", "firm").err


def test_licences_of_the_settings_decide(ask: Ask, portfolio: Path) -> None:
    ask("init", "--home", "firm")
    shutil.copytree(law_directory() / "rules", "law/rules")
    shutil.copytree(law_directory() / "jurisdictions", "law/jurisdictions")
    codes = [path.stem for path in Path("law/jurisdictions").glob("*.yaml")]
    for code in codes:
        Path(f"law/jurisdictions/{code}.yaml").write_text(
            f"format: 1\njurisdiction: {code}\nname: {code}\nzones: [America/New_York]\nrules: []\n"
            "licence: {required: true, cite: [1 ABC 2.3(a)], confidence: high}\n",
            encoding="utf-8",
        )
    settings = Path("firm/settings.yaml")
    text = settings.read_text(encoding="utf-8").replace("[bundled]", "[../law]")
    settings.write_text(text, encoding="utf-8")
    run = ("run", "--home", "firm", "--from", portfolio, "--now", AT, "--again", "--json")
    first = ask(*run).json
    assert first["alarms"] == []
    assert first["funnel"]["duties"]["licence_unchecked"] > 0
    agencies = pl.read_parquet(portfolio / "accounts.parquet")["collector"].unique().to_list()
    none = json.dumps({name: {} for name in agencies})
    settings.write_text(text.replace("licences: {}", f"licences: {none}"), encoding="utf-8")
    second = ask(*run).json
    assert second["alarms"] == []
    reasons = {one["rule"]: one for one in second["funnel"]["reasons"]}
    assert reasons["structural/licence_missing"]["force"] == "prohibition"
    assert "licence_unchecked" not in second["funnel"]["duties"]


# -- explain


def test_a_decision_is_told_in_words_and_as_json(ask: Ask, portfolio: Path) -> None:
    points = pl.read_parquet(portfolio / "contact_points.parquet")
    own = points.filter((pl.col("kind") == "mobile") & (pl.col("whom") == "consumer"))
    accounts = pl.read_parquet(portfolio / "accounts.parquet").filter("fdcpa_covered")
    accounts = accounts.join(own, on="consumer", how="semi")
    for name in ("statements", "knowledge"):
        told = pl.read_parquet(portfolio / f"{name}.parquet")
        accounts = accounts.join(told, on="consumer", how="anti")
    account = accounts["account"].sort()[0]
    said = ask("explain", account, "--from", portfolio)
    shown = ask("explain", account, "--from", portfolio, "--json")
    verdict = shown.json["verdict"]
    assert said.out.startswith(f"{verdict.upper()}: call to ")
    assert said.status == shown.status == (0 if verdict == "permitted" else 1)
    assert shown.json["rulebook"].startswith("sha256:")
    night = ask("explain", account, "--from", portfolio, "--at", "2026-11-21T03:00-05:00", "--json")
    assert night.status == 1
    cites = [cite for one in night.json["findings"] for cite in one["cite"]]
    assert "12 CFR 1006.6(b)(1)(i)" in cites


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nobody",), "no account `nobody`"),
        (("ACCOUNT", "--channel", "fax"), "unknown channel `fax`"),
        (("ACCOUNT", "--channel", "visit"), "has no contact point for visit; kinds of its points:"),
        (("ACCOUNT", "--point", "P0"), "no contact point `P0` for account"),
        (("ACCOUNT", "--at", "noon"), "`noon` is not an instant"),
        (("ACCOUNT", "--day", "today"), "`today` is not a date"),
        (("ACCOUNT", "--at", AT, "--day", "2026-11-21"), "give one of them"),
        (("ACCOUNT", "--now", "then"), "`then` is not an instant"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    ask: Ask, portfolio: Path, words: tuple[str, ...], message: str
) -> None:
    account = pl.read_parquet(portfolio / "accounts.parquet")["account"][0]
    asked = [account if word == "ACCOUNT" else word for word in words]
    said = ask("explain", *asked, "--from", portfolio)
    assert (said.status, said.out) == (2, "")
    assert message in said.err
    assert said.err.count("\n") == 1


def test_a_point_is_named_with_what_it_takes(ask: Ask, portfolio: Path) -> None:
    points = pl.read_parquet(portfolio / "contact_points.parquet")
    accounts = pl.read_parquet(portfolio / "accounts.parquet")
    mail = (
        points.filter(pl.col("kind") == "home_mail")
        .join(accounts, on="consumer")
        .row(0, named=True)
    )
    said = ask("explain", mail["account"], "--point", mail["point"], "--channel", "call",
               "--from", portfolio)  # fmt: skip
    assert said.err == f"`{mail['point']}` is a home_mail: it takes mail, not call\n"
    said = ask("explain", mail["account"], "--point", mail["point"], "--from", portfolio)
    assert f"mail to {mail['point']} (home_mail)" in said.out


# -- a portfolio that cannot be used


def test_a_portfolio_that_cannot_be_used_is_told_in_one_go(
    ask: Ask, portfolio: Path, tmp_path: Path
) -> None:
    assert "no portfolio was named" in ask("run").err
    assert "nowhere is not a directory" in ask("run", "--from", "nowhere").err
    place = tmp_path / "p"
    shutil.copytree(portfolio, place)
    (place / "contacts.parquet").unlink()
    (place / "knowledge.parquet").write_bytes(b"PAR1 and nothing more")
    accounts = pl.read_parquet(place / "accounts.parquet")
    accounts.drop("balance").write_parquet(place / "accounts.parquet")
    said = ask("run", "--from", place)
    assert (said.status, said.out) == (2, "")
    assert "contacts.parquet: the file is missing" in said.err
    assert "knowledge.parquet: the file is not readable as Parquet" in said.err
    assert "accounts.parquet: column balance: the column is missing" in said.err
    assert [one.name for one in (tmp_path / "lists").iterdir()] == [".lock"]
    shown = ask("run", "--from", place, "--json")
    assert shown.json["status"] == 2
    assert len(shown.json["errors"]) == 4


# -- faults


def test_a_fault_of_ours_is_one_message(
    ask: Ask, portfolio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the moon\nis full")

    monkeypatch.setattr(asking, "explain", fail)
    said = ask("explain", "A", "--from", portfolio)
    assert said.status == 3
    assert said.err.startswith("stopped by a fault of ours, nothing was put out: the moon\n")
    assert common.DEBUG in said.err
    monkeypatch.setattr(asking, "explain", interrupted)
    said = ask("explain", "A", "--from", portfolio, "--json")
    assert said.status == said.json["status"] == 130


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_place_that_cannot_be_written_is_named(ask: Ask, portfolio: Path) -> None:
    Path("lists").write_text("a file", encoding="utf-8")
    said = ask("run", "--from", portfolio)
    assert said.status == 3
    assert "lists cannot be written: " in said.err
    said = ask("synth", "lists/p", "--accounts", "1")
    assert said.status == 3
    assert "lists" in said.err


def test_the_clock_is_asked_only_where_no_moment_is_told() -> None:
    assert cli.now().tzinfo is UTC

    def never() -> datetime:
        raise AssertionError

    assert common.moment(AT, never) == NOW
    assert common.moment(None, lambda: NOW.replace(microsecond=5)) == NOW


# -- the day


def test_a_made_up_portfolio_is_written_and_counted(ask: Ask) -> None:
    said = ask("synth", "p", "--accounts", "50", "--seed", "7", "--csv", "--json")
    assert said.status == 0
    assert said.json["rows"]["accounts"] == 50
    assert Path("p/accounts.csv").is_file()
    words = ask("synth", "q", "--accounts", "50", "--seed", "7")
    assert "50  accounts" in words.out
    for path in sorted(Path("p").glob("*.parquet")):
        assert path.read_bytes() == (Path("q") / path.name).read_bytes()


def test_a_day_is_put_out_once(ask: Ask, portfolio: Path) -> None:
    said = ask("run", "--from", portfolio, "--now", AT, "--json")
    assert said.status == 0
    assert said.json["day"] == "2026-11-21"
    assert said.json["directory"] == "lists/2026-11-21"
    place = Path("lists/2026-11-21")
    listed = pl.read_parquet(place / "list.parquet")
    assert listed.columns == list(LIST)
    assert listed.height == said.json["counts"]["listed"]
    assert pl.read_parquet(place / "suppressed.parquet").columns == list(SUPPRESSED)
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["counts"] == said.json["counts"]
    assert not said.json["unencoded"]["refuse_unencoded_places"]
    twice = ask("run", "--from", portfolio, "--now", AT)
    assert twice.status == 2
    assert "the list of 2026-11-21 was put out already" in twice.err
    again = ask("run", "--from", portfolio, "--now", AT, "--again")
    assert again.status == 0
    assert "kept in lists/2026-11-21.1" in again.out
    assert "nothing differs: every file is the same to the byte" in again.out
    later = ask("run", "--from", portfolio, "--now", "2026-11-21T18:00:00Z", "--again",
                "--format", "csv")  # fmt: skip
    assert "changed since: now" in later.out
    assert "no longer listed: " in later.out
    assert not Path("lists/2026-11-21/list.parquet").exists()
    odd = ask("run", "--from", portfolio, "--format", "xlsx")
    assert odd.err == "unknown format `xlsx`; the formats are csv, ndjson, parquet\n"


def test_an_alarm_is_a_no(ask: Ask, portfolio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = {**DOCUMENT, "alarms": ["the engines disagree"]}
    from scheduler.manifest import Manifest

    monkeypatch.setattr(days, "run_day", lambda *_, **__: Manifest(document, Path("x")))
    said = ask("run", "--from", portfolio)
    assert said.status == 1
    assert "ALARM: the engines disagree" in said.err


DOCUMENT: dict[str, Any] = {
    "day": "2026-11-21",
    "now": AT,
    "rulebook": "sha256:" + "0" * 64,
    "counts": dict.fromkeys(
        ("accounts", "candidates", "listed", "suppressed", "exhausted", "withheld", "situations",
         "sampled"), 1
    ),
    "funnel": {"reasons": [], "forces": {}, "duties": {}},
    "unencoded": {"refuse_unencoded_places": True, "candidates": {"US-MA": 3}},
    "alarms": [],
}  # fmt: skip


def test_the_demonstration_shows_a_no_and_a_yes(ask: Ask) -> None:
    said = ask("demo", "--accounts", "300")
    assert said.status == 0
    assert "--- a no\nREFUSED: call to " in said.out
    assert "--- a yes\nPERMITTED: call to " in said.out
    assert "  rule\n" in said.out
    assert "forbear-home/lists/2026-11-21/log" in said.out
    again = ask("demo")
    assert again.status == 2
    assert "demo makes a new home" in again.err
    account = pl.read_parquet("forbear-home/lists/2026-11-21/list.parquet")["account"][0]
    assert ask("explain", account, "--now", AT).out.startswith(("PERMITTED", "REFUSED"))
