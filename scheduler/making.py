"""A day's directory: made aside, then published in one step, or not at all.

A list of everybody is made in `.making-DAY`, a region's in `.making-DAY.REGION`. A run that was
killed leaves what it did there:

    question    what the run is asked, and what it is named by; checkpoints hold only for it
    snapshot/   what was read from the store, if it was
    parts-N/    checkpoints, and the files of parts, of the Nth try
    day/        what will be `DAY`
    publishing  written before names are changed; with `day/` gone, the day was put out

`making` takes up what is there, under a lock of the whole directory of lists.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from engine.problem import ForbearError

from .checkpoints import ENDING, Checkpoints
from .disk import CannotWrite, Spoilt, read_record, sync, write_record, writing
from .locking import Busy, alone
from .published import lists_of_day, name_of, read_name, shown

__all__ = ["Busy", "CannotWrite", "DayExists", "Making", "making", "publish", "sync", "writing"]
ASIDE: Final = ".making-"
PARTS: Final = "parts-"
QUESTION: Final = "question"
PUBLISHING: Final = "publishing"


class DayExists(ForbearError):
    """The day's list was put out already, in `path`; or, `otherwise`, as one list or by region."""

    def __init__(self, path: Path, *, otherwise: bool = False) -> None:
        """Name the finished directory."""
        super().__init__(
            f"{path} was put out already: a day is one list, or a list for each region, never "
            "both; --again makes anew what is there"
            if otherwise
            else f"the list of {path.name} was put out already ({path}); "
            "with --again it is made anew and the first kept beside it"
        )
        self.path = path


def silent(text: str) -> None:
    """Notices that nobody reads."""


Say = Callable[[str], None]
Finish = Callable[[Path, Mapping[str, Any]], None]


def nothing_more(final: Path, question: Mapping[str, Any]) -> None:
    """What is left to do for a published day where nothing is."""


@dataclass(slots=True)
class Making:
    """A day being made: `place` aside, `final` when it is done; `say` is told what is taken up.

    `open` is the question of a run that was not finished here, if there is one; `told` is kept with
    the question without being part of it.
    """

    place: Path
    final: Path
    say: Say
    open: Mapping[str, Any] | None = None
    told: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    begun: bool = False

    @property
    def parts(self) -> Path:
        """Where parts are worked on, in this try."""
        return self.place / f"{PARTS}{self.tries}"

    @property
    def day(self) -> Path:
        """What will be published."""
        return self.place / "day"

    @property
    def snapshot(self) -> Path:
        """What was read from the store."""
        return self.place / "snapshot"

    def begin(self, question: Mapping[str, Any]) -> Checkpoints:
        """The checkpoints of a run. Those of an open run that is asked the same are taken up.

        Those of another question are put away. Raises CannotWrite.
        """
        self.begun = True
        same = self.open is not None and _asked(self.open) == _asked(question)
        if self.open is not None:
            self.say(_taken_up(self.open) if same else _put_away(self.open, question))
        with writing(self.place):
            had = sorted(self.place.glob(f"{PARTS}*"), key=_try)
            self.tries = 1 + (_try(had[-1]) if had else 0)
            if same and had:
                # INVARIANT: processes of a run that was killed may outlive it by a moment; what
                # they still write has no place then, and what they hold open has no name.
                had.pop().rename(self.parts)
            for path in (*had, *(() if same else (self.day,))):
                _clear(path)
            for path in (self.parts, self.day):
                path.mkdir(exist_ok=True)
            self.open = {**question, "told": self.told}
            write_record(self.place / QUESTION, self.open)
        kept = Checkpoints(self.parts, str(question["run"]))
        kept.tidy()
        return kept

    @property
    def worth_keeping(self) -> bool:
        """Whether any work was done here that need not be done again."""
        return any(self.place.glob(f"{PARTS}*/*{ENDING}"))


def _try(path: Path) -> int:
    return int(path.name.removeprefix(PARTS))


def _asked(question: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in question.items() if name != "told"}


def _taken_up(question: Mapping[str, Any]) -> str:
    return f"resuming the run of {question['day']}, begun as known at {question['now']}"


def _put_away(before: Mapping[str, Any], question: Mapping[str, Any]) -> str:
    names = [name for name in question if name not in ("run", "told")]
    differs = [name for name in names if before.get(name) != question[name]]
    run = f"the run of {before['day']}, begun as known at {before['now']}, was not finished"
    return f"{run}; what it did is put away, because this one has another {', '.join(differs)}"


@contextlib.contextmanager
def making(
    out: Path,
    day: date,
    again: bool,
    *,
    afresh: bool = False,
    say: Say = silent,
    finish: Finish = nothing_more,
    region: str | None = None,
) -> Iterator[Making]:
    """A place in `out` to make the day in, with what a run that was broken off left in it.

    `region`: whose list it is, None for one of everybody. `afresh`: what was left is put away.
    `finish` is called with a published directory and its question where a run was killed after
    publishing, before it had ended. When the block is left, the place is gone, unless what stopped
    the work is no fault of the work itself: then what was done, by this run or one before, waits
    for the next.

    Raises DayExists (unless `again`), Busy, CannotWrite.
    """
    final = out / name_of(day, region)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as lock:
        try:
            lock.enter_context(alone(out, f"the list of {shown(day, region)}"))
        except Busy:
            if final.exists() and not again:
                raise DayExists(final) from None
            raise
        place = out / f"{ASIDE}{final.name}"
        refused = final.exists() and not again
        for one in sorted(out.glob(f"{ASIDE}*")):
            _settle(one, finish, say)
            if one != place or refused:
                _tell_unfinished(one, say)
        if refused or (final.exists() and not again):
            raise DayExists(final)
        for other in lists_of_day(out, day):
            if (other.region is None) != (region is None):
                raise DayExists(other.place, otherwise=True)
        with writing(place):
            if afresh and place.exists():
                say("what a run that was not finished had done is put away")
                _clear(place)
            place.mkdir(exist_ok=True)
        found = Making(place, final, say, read_record(place / QUESTION))
        yield from _guarding(found)


def _guarding(found: Making) -> Iterator[Making]:
    """Keep what was done, if it was not the work itself that was wrong; all else goes."""
    try:
        yield found
    except BaseException as error:
        spoilt = isinstance(error, Spoilt) or not isinstance(
            error, ForbearError | KeyboardInterrupt
        )
        if (found.place / PUBLISHING).exists():
            raise
        if not found.worth_keeping or (found.begun and spoilt):
            shutil.rmtree(found.place, ignore_errors=True)
        elif found.begun:
            found.say("what was done so far is kept; the same command takes it up")
        raise
    with writing(found.place):
        _end(found.place)


def _tell_unfinished(place: Path, say: Say) -> None:
    """Say that a run was not finished which this one is not; what was hardly begun goes."""
    name = place.name.removeprefix(ASIDE)
    told = read_name(name)
    if (place / QUESTION).exists() and told is not None:
        day, region = told[0].isoformat(), "" if told[1] is None else f" --region {told[1]}"
        again = " --again" if place.with_name(name).exists() else ""
        say(f"a run of {name} was not finished; `--day {day}{region}{again}` takes it up ({place})")
    elif place.exists():
        with writing(place):
            _end(place)


def _settle(place: Path, finish: Finish, say: Say) -> None:
    """Bring a day that was broken off while it was published to one side or the other."""
    journal = read_record(place / PUBLISHING)
    if journal is None:
        return
    final = place.with_name(place.name.removeprefix(ASIDE))
    with writing(place):
        if (place / "day").exists():  # the new one has no name yet: the earlier gets its own back
            kept = journal["kept"] and place.with_name(journal["kept"])
            if kept and kept.exists() and not final.exists():
                kept.rename(final)
            (place / PUBLISHING).unlink()
            return
    question = read_record(place / QUESTION)
    if question is not None and final.exists():
        say(f"the run that put out {final} was killed before its end, which is made up for now")
        finish(final, question)
    with writing(place):
        _end(place)


def _end(place: Path) -> None:
    """Take a place away, last of all what says that its day was put out."""
    if not place.exists():
        return
    for path in place.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != PUBLISHING:
            path.unlink()
    (place / PUBLISHING).unlink(missing_ok=True)
    place.rmdir()


def _clear(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


def publish(found: Making) -> Path | None:
    """Give a finished day its name; what had that name is kept as `NAME.1`, `.2`, ...

    Everything is on disk before the name is given. Returns where the earlier one was kept, or None.
    Raises CannotWrite; the names are as they were then.
    """
    final, journal = found.final, found.place / PUBLISHING
    with writing(final):
        for path in sorted(found.day.rglob("*")):
            sync(path)
        sync(found.day)
        kept = _free_name(final) if final.exists() else None
        write_record(journal, {"kept": None if kept is None else kept.name})
        if kept is not None:
            final.rename(kept)
        try:
            found.day.rename(final)
        except OSError:
            if kept is not None:
                kept.rename(final)
            journal.unlink()
            raise
        sync(final.parent)
        sync(found.place)
    for path in (*found.place.glob(f"{PARTS}*"), found.snapshot):
        shutil.rmtree(path, ignore_errors=True)
    return kept


def _free_name(final: Path) -> Path:
    """The first of NAME.1, NAME.2, ... that is not taken."""
    number = 1
    while (kept := final.with_name(f"{final.name}.{number}")).exists():
        number += 1
    return kept
