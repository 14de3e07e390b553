"""Past contacts: holes before a cut-over are named and refused, unless somebody answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.intake.cutover import DAYS, Accepted, CutOver, HolesError, check, holes, said

CUT = date(2026, 11, 20)  # a Friday
DAY = timedelta(days=1)
LONG = [CUT - n * DAY for n in range(1, 91)]
WORKED = [day for day in LONG if day.weekday() < 5]
VETERANS = date(2026, 11, 11)
COLUMBUS = date(2026, 10, 12)


def test_no_holes_where_every_working_day_has_contacts() -> None:
    assert holes(LONG, CUT) == ()
    assert holes(WORKED, CUT) == ()
    assert holes([day for day in WORKED if day not in (VETERANS, COLUMBUS)], CUT) == ()
    assert holes([*WORKED, CUT, CUT + DAY], CUT) == ()
    assert holes([day for day in WORKED if day >= CUT - DAYS * DAY], CUT) == ()


@pytest.mark.parametrize(
    ("days", "missing", "words"),
    [
        ([d for d in WORKED if d != date(2026, 11, 4)], [date(2026, 11, 4)],
         "no contact on Wed 2026-11-04"),
        ([d for d in WORKED if d >= date(2026, 10, 26)],
         [date(2026, 10, n) for n in (21, 22, 23)], "it begins on 2026-10-26, later than"),
        ([d for d in WORKED if d < date(2026, 11, 17)],
         [date(2026, 11, n) for n in (17, 18, 19)], "it ends on 2026-11-16, before 2026-11-19"),
        ([d for d in LONG if d != date(2026, 11, 8)], [date(2026, 11, 8)],
         "no contact on Sun 2026-11-08"),
    ],
)  # fmt: skip
def test_days_without_contacts_are_named(days: list[date], missing: list[date], words: str) -> None:
    assert list(holes(days, CUT)) == missing
    assert said(missing, days, CUT).startswith(words)


def test_little_says_little_and_is_refused() -> None:
    assert len(holes([], CUT)) == 21  # Monday to Friday, but for one holiday
    assert said(holes([], CUT), [], CUT) == "there is no contact of the 30 days before 2026-11-20"
    assert len(holes([CUT - DAY], CUT)) == 20
    week = [CUT - n * DAY for n in range(1, 8)]
    assert len(holes(week, CUT)) > 15
    saturdays = [*WORKED, date(2026, 11, 14)]  # once in a while is no habit
    assert holes(saturdays, CUT) == ()
    old = [CUT - n * DAY for n in range(400, 500)]
    assert len(holes(old, CUT)) == 21


def test_a_portfolio_ends_with_its_last_contact() -> None:
    old = CutOver(CUT + 90 * DAY, "America/New_York", whole=True)
    assert check("contacts.parquet", WORKED, old) == ()
    later = [*WORKED, CUT + 99 * DAY]
    assert check("contacts.parquet", later, CutOver(CUT, "UTC", whole=True)) == ()
    with pytest.raises(HolesError, match="it ends on 2026-11-19, before"):
        check("contacts.parquet", WORKED, CutOver(CUT + 9 * DAY, "UTC", told=True, whole=True))
    with pytest.raises(HolesError, match="no contact on Thu 2026-11-05"):
        check("contacts.parquet", [day for day in WORKED if day.day != 5], old)


def test_somebody_may_answer_for_holes() -> None:
    cut = CutOver(CUT, "America/New_York")
    with pytest.raises(HolesError) as error:
        check("calls.csv", [day for day in WORKED if day.day != 5], cut, 7)
    for words in ("calls.csv", "Thu 2026-11-05", "--accept-holes", "7 rows would be set aside"):
        assert words in str(error.value)
    accepted = CutOver(CUT, "America/New_York", accepted=Accepted("Ann", "closed"))
    assert check("calls.csv", [day for day in WORKED if day.day != 5], accepted) == (
        date(2026, 11, 5),
    )
    assert check("calls.csv", WORKED, cut) == ()


NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


def calls(place: Path, name: str, days: Iterable[date], source: str = "old") -> Path:
    path = place / name
    rows = [
        {
            "source": source, "source_id": f"{day}", "consumer": "C1", "channel": "call",
            "direction": "out", "at": datetime.combine(day, time(10), tzinfo=UTC).isoformat(),
            "reply_to_consumer": "no", "automated": "no", "collector": "AG",
        }
        for day in days
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_the_command_refuses_and_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def ask(*words: object) -> Any:
        told = [str(word) for word in words]
        result = CliRunner().invoke(cli.app, [*told, "--home", "h"], obj=lambda: NOW)
        assert "Traceback" not in result.stderr
        return result

    assert ask("init").exit_code == 0
    people = tmp_path / "people.csv"
    people.write_text("consumer,person,deceased\nC1,H1,no\n", encoding="utf-8")
    assert ask("import", "consumers", people).exit_code == 0
    holed = calls(tmp_path, "holed.ndjson", [day for day in WORKED if day.day != 5])
    refused = ask("import", "contacts", holed)
    assert refused.exit_code == 2
    assert "no contact on Thu 2026-11-05" in refused.stderr
    dry = ask("import", "contacts", holed, "--dry-run")
    assert dry.exit_code == 1
    assert "it would be refused, for there are no contacts on 2026-11-05" in dry.stdout
    assert ask("import", "contacts", holed, "--accept-holes", "why").exit_code == 2
    taken = ask("import", "contacts", holed, "--accept-holes", "the fifth was a strike", "--by",
                "Ann Lee")  # fmt: skip
    assert taken.exit_code == 0, taken.stderr
    assert "no contacts on 2026-11-05; accepted by Ann Lee: the fifth was a strike" in taken.stdout
    last = json.loads(
        (tmp_path / "h" / "imports.ndjson").read_text(encoding="utf-8").split("\n")[1]
    )
    assert (last["accepted_by"], last["holes"]) == ("Ann Lee", ["2026-11-05"])
    # the system is known now: a day's contacts are no cut-over, unless it is said
    day = calls(tmp_path, "day.ndjson", [CUT - DAY])
    assert ask("import", "contacts", day).exit_code == 0
    assert ask("import", "contacts", day, "--cutover", CUT).exit_code == 2
    whole = calls(tmp_path, "whole.ndjson", WORKED, "other")
    assert ask("import", "contacts", whole, "--cutover", CUT).exit_code == 0
    moved = ask("import", "contacts", whole, "--cutover", CUT + 10 * DAY)
    assert "it ends on 2026-11-19, before 2026-11-29" in moved.stderr
