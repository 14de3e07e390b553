"""Commands that the service has done in processes of their own, so that it stays small and answers.

`forbear run` makes the day's list; `forbear log purge --due` says whose records' time is over.
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
from ..timer import NotNow
from .common import NO

_END: Final = 30.0  # seconds that a run may take to end when it is asked to


class NotMade(Exception):
    """The list was not made: one sentence says why."""


class Maker:
    """Makes the list of a day by `forbear run`; asked again it takes up what was begun.

    `now` is told to commands where the clock is a made-up one. `alarm` hears of a list that was put
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
        """How many consumers' records may be erased by now; nobody's are. Raises NotMade, NotNow.

        What is erased nobody brings back, so that a person does it: `forbear log purge`.
        """
        code, said = self._run(["log", "purge", "--due", "--json"])
        told = _document("the look for old records", code, said)
        if code or "would_erase" not in told:
            raise NotMade(f"the look for old records ended with {code}: {_why(told)}")
        count = len(told["would_erase"])
        return (
            f"{count} consumers whose records may be erased: `forbear log purge --due` says whose"
        )

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
