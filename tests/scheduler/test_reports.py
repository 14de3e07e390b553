"""Reports against plain recounts, and their files as spreadsheets and a browser take them."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner

from engine.clock import local_date, parse_instant
from scheduler import cli
from scheduler.day import run_day
from scheduler.law import law_of
from scheduler.portfolio import open_portfolio
from scheduler.reports import activity, ageing, funnel
from scheduler.reports.charts import chart, ticks
from scheduler.reports.outcome import NotPublished, Outcome, published
from scheduler.reports.page import page
from scheduler.reports.report import Chart, Column, Report, Table, document
from scheduler.reports.sheets import RUNS, csv_text, harmless, write_workbook
from scheduler.sample.synth import synth
from scheduler.settings import Settings, read
from scheduler.store.database import open_store
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES
from tests import standing_in

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
DAY = date(2026, 11, 21)
ZONE = "America/New_York"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Made:
    """Tables that were written out by hand; what is not there is empty."""

    rows: dict[str, list[dict[str, Any]]]

    def scan(self, table: str) -> pl.LazyFrame:
        schema = TABLES[table].schema
        filled = [dict.fromkeys(schema) | one for one in self.rows.get(table, [])]
        return pl.LazyFrame(filled, schema=schema)


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("portfolio")
    synth(place, 240, 5, NOW)
    return place


@pytest.fixture(scope="module")
def lists(portfolio: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day that a stand-in decided, and put out."""
    place = tmp_path_factory.mktemp("lists")
    settings = Settings(refuse_unencoded_places=False)
    law = law_of(settings)
    run_day(
        open_portfolio(portfolio), law.rulebook, settings, DAY, NOW, place,
        files=law.files, decide=standing_in.decide, workers=1,
    )  # fmt: skip
    return place


@pytest.fixture(scope="module")
def outcome(lists: Path) -> Outcome:
    found = published(lists, None, NOW, DAY)
    assert found is not None
    return found


def rows_of(table: Table) -> list[dict[str, Any]]:
    return [
        {one.name: cell for one, cell in zip(table.columns, row, strict=True)} for row in table.rows
    ]


# -- ageing


def account(number: int, **told: Any) -> dict[str, Any]:
    given = {"account": f"A{number}", "consumer": f"C{number % 3}", "status": "open"}
    return given | {"balance": Decimal("10.10"), "delinquent_since": None} | told


def test_days_past_due_fall_into_their_rows_at_the_edges() -> None:
    ages = {0: "0-29", 29: "0-29", 30: "30-59", 59: "30-59", 60: "60-89", 89: "60-89",
            90: "90-119", 119: "90-119", 120: "120+", 5_000: "120+", -1: "not due yet"}  # fmt: skip
    debts = [
        account(number, delinquent_since=DAY - timedelta(days=late))
        for number, late in enumerate(ages)
    ]
    made = Made({"accounts": [*debts, account(99)]})
    found = rows_of(ageing.ageing(made, None, DAY).table("by_age"))
    expected = Counter(ages.values()) + Counter(["no date"])
    assert {row["age"]: row["accounts"] for row in found} == expected
    assert [row["age"] for row in found] == ["not due yet", *ageing.AGES, "no date"]


def test_ageing_is_what_a_plain_recount_finds(portfolio: Path, outcome: Outcome) -> None:
    source = open_portfolio(portfolio)
    report = ageing.ageing(source, outcome, DAY)
    by_account: dict[str, set[str]] = defaultdict(set)
    for row in outcome.decisions().collect().iter_rows(named=True):
        held = row["exhausted"] or row["verdict"] == "permitted"
        word = "listed" if row["listed"] else "exhausted" if held else "suppressed"
        by_account[row["account"]].add(word)
    money: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in source.scan("accounts").collect().iter_rows(named=True):
        since = row["delinquent_since"]
        late = None if since is None else (DAY - since).days
        age = "no date" if late is None else "120+" if late >= 120 else ageing.AGES[late // 30]
        have = by_account.get(row["account"], set())
        order = ("listed", "exhausted", "suppressed", "no candidate")
        status = next(one for one in order if one in have or one == "no candidate")
        key = (age, status if row["status"] == "open" else "closed")
        money[key] += row["balance"]
        people[key].add(row["consumer"])
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows_of(report.table("cells")):
        found[row["age"], row["status"]] += row["balance"]
    assert found == money
    assert len({status for _, status in found}) >= 4
    crossed = rows_of(report.table("by_age_and_status"))
    flat = {(row["age"], one): row[one] for row in crossed for one in row if one in ageing.STATUSES}
    assert {key: value for key, value in flat.items() if value} == money
    total = report.table("by_status").total
    assert total is not None
    assert total["balance"] == sum(money.values())
    assert total["consumers"] == len(set().union(*people.values()))
    by_status = {row["status"]: row["consumers"] for row in rows_of(report.table("by_status"))}
    for status, count in by_status.items():
        assert count == len(set().union(*(p for key, p in people.items() if key[1] == status)))


def test_a_place_is_the_current_home() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)

    def home(name: str, state: str, **told: Any) -> dict[str, Any]:
        given = {"consumer": name, "kind": "residential", "state": state, "known_bad": False}
        return given | {"source": "creditor", "received_at": at} | told

    made = Made(
        {
            "addresses": [
                home("moved", "NY"),
                home("moved", "MA", source="consumer", received_at=at + timedelta(days=1)),
                home("gone", "TX", until=DAY - timedelta(days=1)),
                home("bad", "TX", known_bad=True),
                home("works", "TX", kind="work"),
                home("two", "TX"),
                home("two", "CA"),
                home("two", "TX"),
                home("later", "FL", since=DAY + timedelta(days=1)),
            ]
        }
    )
    found = dict(ageing.places(made, DAY).collect().iter_rows())
    assert found == {"moved": "US-MA", "two": "US-CA;US-TX"}


def test_balances_are_exact() -> None:
    debts = [account(n, balance=Decimal("0.10")) for n in range(3)]
    debts.append(account(9, balance=Decimal("9999999999.99")))
    report = ageing.ageing(Made({"accounts": debts * 4}), None, DAY)
    total = report.table("by_age").total
    assert total is not None
    assert total["balance"] == Decimal("40000000001.16")
    assert document(report)["tables"]["by_age"]["total"]["balance"] == "40000000001.16"


# -- activity


def test_activity_is_what_a_plain_recount_finds(portfolio: Path) -> None:
    source = open_portfolio(portfolio)
    first = DAY - timedelta(days=29)
    report = activity.activity(source, first, DAY, ZONE, per_collector=True)
    expected: Counter[tuple[object, ...]] = Counter()
    for row in source.scan("contacts").collect().iter_rows(named=True):
        day = local_date(row["at"], ZONE)
        if first <= day <= DAY:
            result = row["result"] or activity.UNTOLD
            key = (day, row["collector"], row["channel"], row["direction"], result)
            expected[key] += 1
    names = ("day", "collector", "channel", "direction", "result")
    found = rows_of(report.table("cells"))
    assert {tuple(row[one] for one in names): row["contacts"] for row in found} == expected
    per_day = rows_of(report.table("by_day"))
    assert [row["day"] for row in per_day] == [first + timedelta(days=n) for n in range(30)]
    assert sum(row["contacts"] for row in per_day) == sum(expected.values()) > 100


def test_a_contact_has_the_day_of_the_firms_clock() -> None:
    def contact(at: str) -> dict[str, Any]:
        told = {"consumer": "C", "channel": "call", "direction": "out", "collector": "A"}
        return told | {"at": parse_instant(at)}

    ends = ("2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z",
            "2026-11-02T05:00:00Z")  # fmt: skip
    made = Made({"contacts": [contact(at) for at in ends]})
    first = date(2026, 11, 1)  # of 25 hours in New York
    report = activity.activity(made, first, first, ZONE, per_collector=False)
    row = rows_of(report.table("by_day"))[0]
    assert (row["day"], row["contacts"]) == (first, 2)


# -- the funnel


def test_the_funnel_is_the_manifests(outcome: Outcome) -> None:
    report = funnel.funnel(outcome, ZONE)
    reasons = {one["rule"]: one for one in outcome.manifest["funnel"]["reasons"]}
    found = {row["rule"]: row for row in rows_of(report.table("rules"))}
    assert set(found) == set(reasons)
    for rule, row in found.items():
        assert (row["refused"], row["alone"]) == (reasons[rule]["refused"], reasons[rule]["alone"])
        assert row["force"] == reasons[rule]["force"]
    forces = {row["force"]: row["refused"] for row in rows_of(report.table("forces"))}
    assert {k: v for k, v in forces.items() if v} == outcome.manifest["funnel"]["forces"]


def test_a_rule_stands_with_its_words_and_its_law(outcome: Outcome) -> None:
    rows = rows_of(funnel.funnel(outcome, ZONE).table("rules"))
    seven = next(row for row in rows if row["rule"] == standing_in.SEVEN)
    assert seven["act"] == "Regulation F"
    assert "seven" in seven["says"]
    assert "12 CFR 1006.14(b)(2)(i)(A)" in seven["cite"]


def test_what_time_alone_permits_stands_by_its_day(outcome: Outcome) -> None:
    rows = outcome.decisions().filter(pl.col("verdict") == "refused").collect()
    expected: Counter[object] = Counter()
    first: dict[str, date] = {}
    everybody = set()
    for row in rows.iter_rows(named=True):
        at = row["next_permitted_utc"]
        everybody.add(row["account"])
        day = None if at is None else local_date(at, ZONE)
        expected[day or funnel.NEVER] += 1
        if day is not None:
            first[row["account"]] = min(day, first.get(row["account"], day))
    found = rows_of(funnel.funnel(outcome, ZONE).table("when"))
    assert {row["day"]: row["refused"] for row in found} == expected
    assert sum(row["accounts"] for row in found) == len(everybody)
    by_day = Counter(first.values())
    assert {r["day"]: r["accounts"] for r in found if r["day"] != funnel.NEVER} == by_day


def test_the_newest_day_known_by_then_is_looked_at(lists: Path, tmp_path: Path) -> None:
    assert published(lists, None, NOW - timedelta(seconds=1), DAY) is None
    with pytest.raises(NotPublished, match=r"no day 2026-11-20 .* there are: 2026-11-21"):
        published(lists, date(2026, 11, 20), NOW, DAY)
    shutil.copytree(lists / DAY.isoformat(), tmp_path / DAY.isoformat())
    (tmp_path / DAY.isoformat() / "manifest.json").write_text("{")
    with pytest.raises(NotPublished, match="cannot be read"):
        published(tmp_path, None, NOW, DAY)


# -- files

EVIL = (
    '=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "|x", "\uff1d1",
)  # fmt: skip


def evil() -> Report:
    columns = (Column("name", "Name"), Column("count", "Count", "whole", True),
               Column("money", "Money", "money", True), Column("day", "Day", "day"))  # fmt: skip
    rows = tuple((one, 2, Decimal("0.10"), DAY) for one in (*EVIL, "<b>&\x07", "plain"))
    total = {"name": "total", "count": 22, "money": Decimal("1.10")}
    table = Table("t", "T", columns, rows, total, "a note")
    drawn = Chart("t", "T", "contacts", tuple(str(r[0]) for r in rows), {"<s>": [1] * 11})
    return Report("r", "R <i>", ("=said",), {"=a": "-1"}, (table,), (drawn,), "t")


@pytest.mark.parametrize("text", EVIL)
def test_no_text_begins_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(text)[0] not in RUNS


def test_csv_holds_numbers_as_numbers_and_text_as_text() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(evil().tables[0]), newline="")))
    assert rows[0] == ["name", "count", "money", "day"]
    assert rows[1][1:] == ["2", "0.10", "2026-11-21"]
    assert [row[0] for row in rows[1:10]] == [f"'{one}" for one in EVIL]


def test_a_workbook_holds_numbers_days_and_sums(tmp_path: Path) -> None:
    write_workbook(evil(), tmp_path / "a.xlsx", NOW)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    sheet = book["T"]
    assert sheet.freeze_panes == "B2"
    assert all(sheet.column_dimensions[one].width > 6 for one in "ABCD")
    last = sheet.max_row
    for row in sheet.iter_rows(min_row=2, max_row=last - 1):
        name, count, money, day = row
        assert name.data_type == "s"
        assert not str(name.value).startswith(tuple(RUNS))
        assert (count.value, float(money.value)) == (2, 0.1)
        assert count.data_type == money.data_type == "n"
        assert day.is_date
        assert day.value.date() == DAY
    assert sheet.cell(last, 2).value == f"=SUM(B2:B{last - 1})"
    assert sheet.cell(last, 3).value == f"=SUM(C2:C{last - 1})"
    formulas = [
        cell.coordinate
        for one in book
        for row in one.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert formulas == [f"B{last}", f"C{last}"]


class Read(HTMLParser):
    """The elements of a page: tags with their attributes, and the text of some."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = defaultdict(list)
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "line", "rect", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]].append(data)


def pages(portfolio: Path, outcome: Outcome) -> list[str]:
    source = open_portfolio(portfolio)
    first = DAY - timedelta(days=29)
    return [
        page(ageing.ageing(source, outcome, DAY)),
        page(activity.activity(source, first, DAY, ZONE, per_collector=True)),
        page(funnel.funnel(outcome, ZONE)),
    ]


def test_a_page_stands_alone_and_says_its_charts_in_words(
    portfolio: Path, outcome: Outcome
) -> None:
    for text in pages(portfolio, outcome):
        read = Read(text)
        names = [tag for tag, _ in read.tags]
        assert not {"script", "link", "img", "iframe"} & set(names)
        assert not re.search(r"""(src|href)=|url\(|@import|https?://""", text)
        charts = [attrs for tag, attrs in read.tags if tag == "svg"]
        assert charts
        ids = {attrs["id"] for _, attrs in read.tags if "id" in attrs}
        for one in charts:
            assert one["role"] == "img"
            assert set(str(one["aria-labelledby"]).split()) <= ids
        assert names.count("desc") == len(charts)
        assert all(len(one) > 40 for one in read.texts["desc"])
        assert names.count("table") >= len(charts)
        assert all(attrs.get("scope") in ("col", "row") for tag, attrs in read.tags if tag == "th")


def test_nothing_told_becomes_a_tag() -> None:
    text = page(evil())
    assert "<b>" not in text
    assert "<s>" not in text
    assert "&lt;b&gt;" in text


def test_a_browser_shows_the_pages(portfolio: Path, outcome: Outcome, tmp_path: Path) -> None:
    browser = next((found for one in BROWSERS if (found := shutil.which(one))), None)
    assert browser is not None, (
        "no browser: this test looks at pages with one; on Debian, apt-get install chromium"
    )
    whole = "".join(pages(portfolio, outcome))
    path = tmp_path / "pages.html"
    path.write_text(whole, encoding="utf-8")
    said = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    had, shown = Read(whole), Read(said)
    count = [tag for tag, _ in had.tags].count
    kept = [tag for tag, _ in shown.tags].count
    for tag in ("svg", "rect", "table", "td", "desc"):
        assert kept(tag) == count(tag) > 0, tag


def test_axes_have_round_numbers() -> None:
    for top in (0.4, 1, 7, 99, 100, 101, 12_345, 8.3e6):
        found = ticks(top)
        assert found[0] == 0
        assert found[-2] < top <= found[-1] * (1 + 1e-9)
        assert len(found) <= 6
    assert "nothing to show" in chart(Chart("t", "T", "contacts", ("a",), {"x": [0]}))


# -- the commands

Ask = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Any:
        result = CliRunner().invoke(cli.app, [str(word) for word in words], obj=lambda: NOW)
        assert "Traceback" not in result.stderr
        return result

    return run


def test_ageing_on_the_terminal_and_in_files(ask: Ask, portfolio: Path, lists: Path) -> None:
    told = ask("report", "ageing", "--from", portfolio, "--lists", lists, "--csv", "a.csv",
               "--xlsx", "a.xlsx", "--html", "a.html")  # fmt: skip
    assert told.exit_code == 0
    assert "status on the list of 2026-11-21" in told.stdout
    assert "120+" in told.stdout
    assert all(Path(f"a.{one}").stat().st_size > 1_000 for one in ("csv", "xlsx", "html"))
    plain = ask("report", "ageing", "--from", portfolio, "--lists", lists, "--json")
    assert plain.stderr == ""
    found = json.loads(plain.stdout)
    assert found["report"] == "ageing"
    assert found["tables"]["by_age"]["total"]["accounts"] == 240


def test_without_a_day_ageing_says_so_and_the_funnel_refuses(ask: Ask, portfolio: Path) -> None:
    told = ask("report", "ageing", "--from", portfolio)
    assert told.exit_code == 0
    assert "no day was put out in lists" in told.stderr
    assert "no list" in told.stdout
    refused = ask("report", "funnel")
    assert refused.exit_code == 2
    assert "no day was put out in lists by then: `forbear run` makes one" in refused.stderr


def test_the_funnel_of_a_day(ask: Ask, lists: Path) -> None:
    told = ask("report", "funnel", "--lists", lists, "--day", "2026-11-21")
    assert told.exit_code == 0
    assert standing_in.SEVEN in told.stdout
    missing = ask("report", "funnel", "--lists", lists, "--day", "2026-11-22")
    assert missing.exit_code == 2
    early = ask("report", "funnel", "--lists", lists, "--now", "2026-11-20T00:00:00Z")
    assert early.exit_code == 2
    assert "decided later: 2026-11-21" in early.stderr


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        ("2026-11-21", "2026-11-20", "the first day, 2026-11-21, is after the last"),
        ("2001-01-01", "2026-11-20", "at most 3,660 days"),
    ],
)
def test_a_period_that_is_none(ask: Ask, portfolio: Path, first: str, last: str, why: str) -> None:
    told = ask("report", "activity", "--from", portfolio, "--from-day", first, "--to-day", last)
    assert told.exit_code == 2
    assert why in told.stderr


def test_activity_of_thirty_days_unless_told(ask: Ask, portfolio: Path) -> None:
    told = ask("report", "activity", "--from", portfolio, "--json")
    found = json.loads(told.stdout)
    assert len(found["tables"]["by_day"]["rows"]) == 30
    assert "by_collector" not in found["tables"]
    each = json.loads(ask("report", "activity", "--from", portfolio, "--json",
                          "--per-collector").stdout)  # fmt: skip
    assert "collector" in each["tables"]["cells"]["rows"][0]


def test_a_report_of_the_store_is_the_one_of_the_files(
    ask: Ask, home: Path, portfolio: Path, lists: Path
) -> None:
    when = "2026-11-24T11:00:00Z"  # all of the portfolio is recorded by then
    store = open_store(read(home).store, home)
    migrate(store, home / "backups")
    store.close()
    assert ask("import", portfolio, "--home", home, "--now", when).exit_code == 0
    for words in (("ageing", "--lists", lists), ("activity", "--per-collector")):
        told = ("report", *words, "--now", when, "--json")
        stored, filed = ask(*told, "--home", home), ask(*told, "--from", portfolio)
        assert stored.exit_code == filed.exit_code == 0
        assert json.loads(stored.stdout) == json.loads(filed.stdout)


def test_a_store_that_knows_of_no_contact_has_a_report_of_none(ask: Ask, home: Path) -> None:
    store = open_store(read(home).store, home)
    migrate(store, home / "backups")
    store.close()
    told = ask("report", "activity", "--home", home, "--html", "a.html")
    assert told.exit_code == 0
    assert "0  contacts" in told.stdout
    assert "nothing to show" in Path("a.html").read_text(encoding="utf-8")


def test_only_the_files_that_a_report_reads_must_be_there(
    ask: Ask, portfolio: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    shutil.copy(portfolio / "contacts.parquet", few)
    assert ask("report", "activity", "--from", few).exit_code == 0
    refused = ask("report", "ageing", "--from", few)
    assert refused.exit_code == 2
    assert "accounts.parquet: the file is missing" in refused.stderr
