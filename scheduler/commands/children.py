"""Commands that the service has done in processes of their own, so that it stays small and answers.

`forbear run` makes the day's list; `forbear log purge --due` says whose records' time is over, or
empties them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

from engine.clock import format_instant

from ..published import shown
from ..settings import Settings
from ..settings_service import PURGE
from ..timer import NotNow
from ..wording import many
from .common import NO

_END: Final = 30.0  # seconds that a run may take to end when it is asked to
SHOWN: Final = 20
"""Copies named in an alarm."""
REASON: Final = "retention job: the time of its records is over"


class NotMade(Exception):
    """The list was not made: one sentence says why."""


class Maker:
    """Makes the list of a day by `forbear run`; asked again it takes up what was begun.

    `now` is told to commands where the clock is a made-up one. `alarm` hears of a list that was put
    out with alarms, and of what was erased; `purged` how many records, in the log and the store.
    """

    def __init__(
        self,
        settings: Settings,
        alarm: Callable[[str, str], None],
        now: Callable[[], datetime] | None = None,
        purged: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        """Nothing runs yet."""
        self._purged = purged
        self._settings = settings
        self._alarm = alarm
        self._now = now
        self._lock = Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def __call__(self, day: date, region: str | None = None) -> str:
        """Make and publish the list of a day, of everybody or a region. Raises NotMade, NotNow."""
        words = ["run", "--json", "--day", day.isoformat()]
        words += [] if region is None else ["--region", region]
        for one in dict.fromkeys((*self._settings.formats, "parquet")):
            words += ["--format", one]
        return self._read(shown(day, region), *self._run(words))

    def due(self) -> str:
        """How many consumers' records may be erased by now. Raises NotMade, NotNow.

        By the setting `retention` they are erased, or nobody's are: what is erased nobody brings
        back, so that a person does it, by `forbear log purge`.
        """
        if self._settings.retention == PURGE:
            return self._purge()
        told = self._old("the look for old records", [])
        count = many(len(told["would_erase"]), "consumer")
        return f"{count} whose records may be erased: `forbear log purge --due` says whose"

    def _purge(self) -> str:
        """Empty the records whose time is over. Broken off, it is finished by the next start."""
        told = self._old("the purge of old records", ["--yes", "--reason", REASON])
        if "would_erase" in told:
            return "no consumer's time is over"
        rows = sum(told.get("store", {}).values())
        whose = many(told["consumers"], "consumer")
        if not told["records"] and not rows:
            return f"nothing is left of {whose} whose time is over"
        self._purged("log", told["records"])
        self._purged("store", rows)
        what = (
            f"{whose} whose time is over: {many(told['records'], 'record')} of the log and "
            f"{many(rows, 'row')} of the store emptied"
        )
        what += "" if told["purge"] is None else f", signed record purges/{told['purge']:06}.note"
        left = told["not_reached"]
        more = [f"and {len(left) - SHOWN:,} more"] if len(left) > SHOWN else []
        copies = f"; not reached: {', '.join([*left[:SHOWN], *more])}" if left else ""
        self._alarm("retention", f"{what}{copies}; what was copied elsewhere is yours to erase")
        return what

    def _old(self, what: str, words: Sequence[str]) -> dict[str, Any]:
        code, said = self._run(["log", "purge", "--due", "--json", *words])
        told = _document(what, code, said)
        if code or "purge" not in told:
            raise NotMade(f"{what} ended with {code}: {_why(told)}")
        return told

    def stop(self) -> None:
        """End what runs, and begin nothing any more. The next start goes on with it."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        for one in running:
            one.terminate()
        for one in running:
            try:
                one.wait(_END)
            except subprocess.TimeoutExpired:
                one.kill()

    def _run(self, words: Sequence[str]) -> tuple[int, str]:
        """A command's exit code and what it said. Raises NotNow where we are stopping."""
        with self._lock:
            if self._stopped:
                raise NotNow("the service is stopping")
            running = subprocess.Popen(
                [sys.executable, "-m", "scheduler", *words, *self._common()],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self._running.add(running)
        said, _ = running.communicate()
        with self._lock:
            self._running.discard(running)
            if self._stopped and running.returncode:
                raise NotNow("the service is stopping; the next start goes on with it")
        return running.returncode, said

    def _common(self) -> list[str]:
        assert self._settings.home is not None
        words = ["--home", str(Path(self._settings.home).absolute())]
        if self._now is not None:
            words += ["--now", format_instant(self._now().replace(microsecond=0))]
        return words

    def _read(self, what: str, code: int, said: str) -> str:
        told = _document(f"the run of {what}", code, said)
        if code not in (0, NO) or "counts" not in told:
            raise NotMade(f"the run of {what} ended with {code}: {_why(told)}")
        for one in told["alarms"]:
            self._alarm("engines", str(one))
        return f"published the list of {what}: {told['counts']['listed']} rows"


def _document(what: str, code: int, said: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        raise NotMade(f"{what} ended with {code}, saying nothing") from None
    return found


def _why(told: dict[str, Any]) -> str:
    return "; ".join(str(one["message"]) for one in told.get("errors", ()))
