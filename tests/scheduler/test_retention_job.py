"""The job that empties records whose time is over, where the settings say so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scheduler import cli
from scheduler.commands import purging
from scheduler.commands.children import SHOWN, Maker
from scheduler.commands.common import settings_of
from scheduler.live import Proposed, check
from scheduler.live.recording import broken
from scheduler.log.keys import keys_of
from scheduler.log.reading import decisions, open_log
from scheduler.log.sealing_live import seal_live
from scheduler.routine import tasks
from scheduler.settings import Settings
from scheduler.store.database import Store, StoreError, open_store
from scheduler.store.living import START, live_decisions
from scheduler.store.snapshot import snapshot
from scheduler.timer import Ran, Timer
from tests.scheduler.living import NOON, Hands, debtors, living, tell
from tests.scheduler.test_log_retain import LATER, allow, ask, closed, words


@dataclass
class Firm:
    """A home with three consumers: C1 is due, C2 under a legal hold, C3 has an open account."""

    home: Path
    store: Store
    now: Hands
    alarms: list[tuple[str, str]] = field(default_factory=list)
    counted: list[tuple[str, int]] = field(default_factory=list)
    told: list[Ran] = field(default_factory=list)
    timer: Timer | None = None

    @property
    def settings(self) -> Settings:
        return settings_of(self.home)

    def run(self, words_: Sequence[str]) -> tuple[int, str]:
        """A command of the service's, in this process."""
        more = ["--home", str(self.home), "--now", self.now().isoformat()]
        done = CliRunner().invoke(cli.app, [*words_, *more], obj=self.now)
        return done.exit_code, done.stdout

    def maker(self) -> Maker:
        maker = Maker(
            self.settings,
            lambda what, text: self.alarms.append((what, text)),
            self.now,
            lambda where, count: self.counted.append((where, count)),
        )
        maker._run = self.run  # type: ignore[method-assign]
        return maker

    def turn(self, **later: float) -> Ran | None:
        """Let time go by; what the job did then."""
        self.now.on(**later)
        if self.timer is None:
            maker = self.maker()
            known = tasks(self.settings, self.store, self.now, maker, None, None, maker.due)
            mine = [one for one in known if one.id == "retention"]
            self.timer = Timer(self.store, mine, self.now, lambda: 0.0, self.told.append)
        before = len(self.told)
        self.timer.turn()
        return self.told[-1] if len(self.told) > before else None

    def numbers(self) -> list[str | None]:
        found: list[str | None] = snapshot(self.store)["contact_points"]["number"].to_list()
        return found


@pytest.fixture
def firm(home: Path, url: str) -> Iterator[Firm]:
    with (home / "settings.yaml").open("a", encoding="utf-8") as file:
        file.write("retention: purge\n")
    made = CliRunner().invoke(cli.app, ["init", "--home", str(home)], obj=cli.now)
    assert made.exit_code == 0, made.output
    store = open_store(url, home)
    held = words(("hold", "legal_hold", "C2", None))
    tell(store, {**closed(debtors(3), "A1", "A2"), "knowledge": held}, NOON)
    allow(store)
    with living(store, Hands()) as live:
        check(live, [Proposed(f"A{n}", "call", f"P{n}") for n in (1, 2, 3)], "x").result(60)
    seal_live(keys_of(home), store, broken)
    # half an hour before it is half past three in New York
    yield Firm(home, store, Hands(LATER.replace(hour=8)))
    store.close()


def erased(firm: Firm) -> list[str | None]:
    rows = decisions(open_log(firm.home / "log")).sort("row").collect()
    whose: list[str | None] = rows["consumer"].to_list()
    return whose


def test_the_job_empties_what_is_over_and_nothing_under_a_hold(firm: Firm) -> None:
    ran = firm.turn()
    assert ran is None or ran.outcome == "done"  # the start of the day before was owed
    del firm.told[:], firm.alarms[:]
    ran = firm.turn(days=1, minutes=45)
    assert ran is not None
    assert ran.outcome == "done"
    assert erased(firm) == [None, "C2", "C3"]
    assert firm.numbers() == [None, "+13125550002", "+13125550003"]
    note = (firm.home / "log" / "purges" / "000001.note").read_text("utf-8")
    assert "retention job: the time of its records is over" in note
    status, said = ask(firm.home, "verify", str(firm.home))
    assert (status, said["erased"]) == (0, 1)
    assert broken(live_decisions(firm.store, 0, 9), START, 1) is None


def test_what_was_emptied_is_told_with_the_copies_that_were_not_reached(firm: Firm) -> None:
    backups = firm.home / "backups"
    for number in range(SHOWN + 2):
        (backups / f"store-0006-{number:02}").mkdir(parents=True)
    did = firm.maker().due()
    assert did.startswith("1 consumer whose time is over: 1 record of the log and ")
    assert did.endswith("signed record purges/000001.note")
    ((what, said),) = firm.alarms
    assert what == "retention"
    assert said.startswith(did)
    assert f"not reached: {backups / 'store-0006-00'}, " in said
    assert "and 2 more; what was copied elsewhere is yours to erase" in said
    assert "C1" not in said
    (log, records), (store, rows) = firm.counted
    assert (log, records, store) == ("log", 1, "store")
    assert rows > 1
    assert firm.maker().due() == "nothing is left of 1 consumer whose time is over"
    assert len(firm.alarms) == 1


def test_nothing_is_half_done_by_a_job_that_was_broken_off(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm.now.at = NOON
    assert firm.maker().due() == "no consumer's time is over"
    firm.turn()
    firm.now.at = LATER.replace(hour=8, minute=45) + timedelta(days=1)

    def gone(*_: object) -> dict[str, int]:
        raise StoreError("the database is gone")

    with monkeypatch.context() as broken_off:
        broken_off.setattr(purging, "erase", gone)
        ran = firm.turn()
    assert ran is not None
    assert ran.outcome == "failed"
    assert "the database is gone" in ran.what
    assert firm.alarms == []
    assert erased(firm)[0] is None  # signed for, and done, in the log
    assert None not in firm.numbers()
    ran = firm.turn(seconds=90)
    assert ran is not None
    assert ran.outcome == "done"
    assert firm.numbers() == [None, "+13125550002", "+13125550003"]
    assert [what for what, _ in firm.alarms] == ["retention"]
    assert live_decisions(firm.store, 0, 1)[0].personal is None
    status, said = ask(firm.home, "verify", str(firm.home))
    assert (status, said["erased"]) == (0, 1)


def test_without_the_setting_nobody_is_erased(firm: Firm) -> None:
    text = (firm.home / "settings.yaml").read_text("utf-8")
    (firm.home / "settings.yaml").write_text(text.replace("purge", "report"), "utf-8")
    assert firm.maker().due().startswith("1 consumer whose records may be erased")
    assert None not in erased(firm)
    assert None not in firm.numbers()
    assert firm.alarms == []


def test_what_a_purge_that_failed_said(firm: Firm) -> None:
    maker = firm.maker()
    errors = json.dumps({"errors": [{"message": "no store"}]})
    maker._run = lambda words_: (3, errors)  # type: ignore[method-assign]
    with pytest.raises(Exception, match="the purge of old records ended with 3: no store"):
        maker.due()
