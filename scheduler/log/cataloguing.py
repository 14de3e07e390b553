"""The catalogue of segments in the store, and what the two say of one another.

A segment is catalogued after it was signed for, so a crash leaves at most the last ones out, and
whoever seals or records a day next makes up for that. Rows of the catalogue never change: a segment
that is gone, or another one under its number, is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..store.database import Store
from ..store.segments import Catalogued, add_segments, chains, live_after, segments
from . import layout
from .checking import Wrong
from .keys import Keys
from .reading import NoLog, read_head
from .sealing import CannotSeal, file_digest

LIVE = "live"


@dataclass(frozen=True, slots=True)
class Compared:
    """A log and the store's catalogue of it: how many it names, and what is wrong.

    `waiting` are segments behind the last catalogued one, which whoever seals next adds; `live` is
    how many live decisions of the store are not in the log yet.
    """

    segments: int
    waiting: tuple[str, ...]
    live: int
    wrong: tuple[Wrong, ...]


def catalogue(keys: Keys, store: Store) -> int:
    """Put every segment of the log that is not in the catalogue into it; how many were added.

    Raises CannotSeal (the log lacks segments that are catalogued), CannotWrite, StoreError.
    """
    with layout.writing_alone(keys.log):
        return catalogue_held(keys, store)


def catalogue_held(keys: Keys, store: Store) -> int:
    """`catalogue`, for a caller who writes alone already (`layout.writing_alone`)."""
    name = keys.signer.name
    known = segments(store, name)
    must_be_whole(keys.log, known)
    last = known[-1].number if known else 0
    new = [
        _row(name, number, place)
        for number, place in layout.segment_places(keys.log)
        if number > last and layout.note_path(keys.log, number).exists()
    ]
    if new:
        add_segments(store, new)
    return len(new)


def must_be_whole(log: Path, known: Sequence[Catalogued]) -> None:
    """Refuse a log that lacks the newest segment which is catalogued. Raises CannotSeal."""
    if known and not (log / layout.SEGMENTS / known[-1].name / layout.HEAD).is_file():
        raise CannotSeal(
            f"{log} lacks segment {known[-1].name}, which the store says was sealed: nothing is "
            "added to a log that was cut short; bring its files back, and see `forbear log verify`"
        )


def _row(log: str, number: int, place: Path) -> Catalogued:
    head = read_head(place)
    live = head.get(LIVE)
    told = (int(live["first"]), int(live["last"]), str(live["chain"])) if live else ()
    tree = head["tree"]
    kind = str(head.get("kind", "run"))
    digest = file_digest(place / layout.HEAD)
    return Catalogued(log, number, place.name, kind, tree["first"], tree["size"], digest, *told)


def compare(log: Path, name: str, store: Store) -> Compared:
    """What a log, signed by `name`, and the store's catalogue say of one another.

    Raises StoreError.
    """
    known = segments(store, name)
    wrong = [one for row in known if (one := _differs(log, row)) is not None]
    numbers = {row.number for row in known}
    last = max(numbers, default=0)
    waiting = []
    for number, place in layout.segment_places(log):
        if number > last:
            waiting.append(place.name)
        elif number not in numbers or place.name not in {row.name for row in known}:
            wrong.append(Wrong("it is in the log, but not in the store's catalogue", place.name))
    lives = {row.live_last: row for row in known if row.live_last is not None}
    stood = chains(store, list(lives))
    wrong += [
        Wrong(f"the store's live decisions are not those it has, up to live-{last}", row.name)
        for last, row in lives.items()
        if stood.get(last, row.chain) != row.chain
    ]
    live = live_after(store, max([*lives, *_live_of(log, waiting)], default=0))
    return Compared(len(known), tuple(waiting), live, tuple(wrong))


def _differs(log: Path, row: Catalogued) -> Wrong | None:
    head = log / layout.SEGMENTS / row.name / layout.HEAD
    if not head.is_file():
        return Wrong("it is in the store's catalogue, but not in the log", row.name)
    if file_digest(head) != row.digest:
        return Wrong("segment.json is not the one that the store's catalogue names", row.name)
    return None


def _live_of(log: Path, names: Sequence[str]) -> list[int]:
    """The last live decision of each of these segments that has any."""
    found = []
    for name in names:
        try:
            live = read_head(log / layout.SEGMENTS / name).get(LIVE)
        except NoLog:
            continue
        if live:
            found.append(int(live["last"]))
    return found
