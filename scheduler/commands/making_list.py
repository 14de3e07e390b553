"""The day's list made in a process of its own, so that the service stays small and answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Final

from engine.clock import format_instant

from ..settings import Settings
from ..timer import NotNow
from .common import NO

_END: Final = 30.0  # seconds that a run may take to end when it is asked to


class NotMade(Exception):
    """The list was not made: one sentence says why."""


class Maker:
    """Runs `forbear run` for a day; asked again it takes up what was begun.

    `now` is told to the run where the clock is a made-up one. `alarm` hears of a list that was put
    out with alarms.
    """

    def __init__(
        self,
        settings: Settings,
        alarm: Callable[[str, str], None],
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """Nothing runs yet."""
        self._settings = settings
        self._alarm = alarm
        self._now = now
        self._lock = Lock()
        self._running: subprocess.Popen[str] | None = None
        self._stopped = False

    def __call__(self, day: date) -> str:
        """Make and publish the list of a day. Raises NotMade."""
        words = self._words(day)
        with self._lock:
            if self._stopped:
                raise NotNow("the service is stopping")
            running = subprocess.Popen(
                words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            self._running = running
        said, _ = running.communicate()
        with self._lock:
            self._running = None
            if self._stopped and running.returncode:
                raise NotNow("the service is stopping; the next start goes on with the list")
        return self._read(day, running.returncode, said)

    def stop(self) -> None:
        """End what runs, and begin nothing any more. The next start goes on with it."""
        with self._lock:
            self._stopped = True
            running = self._running
        if running is not None:
            running.terminate()
            try:
                running.wait(_END)
            except subprocess.TimeoutExpired:
                running.kill()

    def _words(self, day: date) -> Sequence[str]:
        assert self._settings.home is not None
        formats = dict.fromkeys((*self._settings.formats, "parquet"))
        words = [sys.executable, "-m", "scheduler", "run", "--json", "--day", day.isoformat()]
        words += ["--home", str(Path(self._settings.home).absolute())]
        for one in formats:
            words += ["--format", one]
        if self._now is not None:
            words += ["--now", format_instant(self._now().replace(microsecond=0))]
        return words

    def _read(self, day: date, code: int, said: str) -> str:
        try:
            told = json.loads(said)
        except ValueError:
            raise NotMade(f"the run of {day} ended with {code}, saying nothing") from None
        if code not in (0, NO) or "counts" not in told:
            why = "; ".join(str(one["message"]) for one in told.get("errors", ()))
            raise NotMade(f"the run of {day} ended with {code}: {why}")
        for one in told["alarms"]:
            self._alarm("engines", str(one))
        return f"published the list of {day}: {told['counts']['listed']} rows"
