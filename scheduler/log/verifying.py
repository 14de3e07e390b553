"""Checking a log from its files and one public key: nothing else is asked, nothing is written.

What files alone cannot show, that the log was cut short together with its checkpoints or signed
anew by whoever has the key, a checkpoint kept elsewhere shows (`against`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from . import layout
from .checking import Expected, Found, Wrong, check_segment
from .keys import NOBODY, KeyProblem, consumer_keys
from .note import Checkpoint, NotANote, Verifier, opened, read_checkpoint
from .purged import Purge, read_purge
from .reading import NoLog

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Outside:
    """A checkpoint kept elsewhere: what it is called, and its text."""

    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: `wrong` in the order of the log, first the first; empty: all holds.

    `vouched` is the largest size that an outside checkpoint speaks for, None where none was given.
    """

    log: Path
    key: str
    decisions: int
    segments: int
    checkpoints: int
    erased: int
    newest: str | None
    since: str | None
    vouched: int | None
    wrong: tuple[Wrong, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def anybody(self) -> bool:
        """Whether it is signed with the key that everybody knows."""
        return self.key.startswith(f"{NOBODY}+")

    def document(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "ok": self.holds,
            "log": str(self.log),
            "key": self.key,
            "decisions": self.decisions,
            "segments": self.segments,
            "checkpoints": self.checkpoints,
            "erased": self.erased,
            "checkpoint": self.newest,
            "outside": {"vouched": self.vouched, "none_since": self.since},
            "wrong": [
                {"segment": one.segment, "row": one.row, "last": one.last, "what": one.what}
                for one in self.wrong
            ],
        }


@dataclass
class _Check:
    """A check under way."""

    log: Path
    verifier: Verifier
    wrong: list[Wrong] = field(default_factory=list)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    newest: str | None = None
    outside: list[tuple[str, Checkpoint]] = field(default_factory=list)
    purges: list[Purge] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)

    def say(self, what: str, segment: str | None = None) -> None:
        self.wrong.append(Wrong(what, segment))


def verify(
    log: Path,
    verifier: Verifier,
    against: Sequence[Outside] = (),
    workers: int | None = None,
    told: Told = lambda what, done, total: None,
) -> Report:
    """Check a log: every leaf, head, signature, chain, gap, overlap and count. Raises NoLog."""
    if not (log / layout.SEGMENTS).is_dir():
        raise NoLog(log, "there is no sealed log")
    check = _Check(log, verifier)
    _read_checkpoints(check)
    _read_purges(check)
    _read_outside(check, against)
    try:
        consumer_keys(log)
    except KeyProblem as error:
        check.say(str(error))
    places = layout.segment_places(log)
    found = []
    for done, (number, place) in enumerate(places):
        told("checking", done, len(places))
        found.append((number, check_segment(log, place, _expected(check, number, place), workers)))
    told("checking", len(places), len(places))
    _compare(check, places, found)
    sizes = [one.size for one in check.checkpoints.values()]
    vouched = [one.size for _, one in check.outside if one.size <= max(sizes, default=0)]
    return Report(
        log=log,
        key=str(verifier),
        decisions=sum(one.rows for _, one in found),
        segments=len(places),
        checkpoints=len(check.checkpoints),
        erased=sum(one.erased for _, one in found),
        newest=check.newest,
        since=_since(check, max(vouched, default=0)),
        vouched=max(vouched, default=None),
        wrong=tuple(check.wrong),
    )


def _read_checkpoints(check: _Check) -> None:
    """Every checkpoint: signed, each naming the one before, none missing, none of a size twice."""
    named = layout.notes(check.log)
    before, last = "none", 0
    for number, path in named:
        for gone in range(last + 1, number):
            check.say(f"checkpoint {gone:06} is missing")
        data = _bytes(check, path)
        one = _opened(check, f"checkpoint {number:06}", data)
        if one is not None:
            if one.value("before") != before and number == last + 1:
                check.say(f"checkpoint {number:06} does not name the one before it")
            _size(check, number, one)
            check.checkpoints[number] = one
            check.newest = data.decode()
        before, last = f"sha256:{sha256(data).hexdigest()}", number
    folder = check.log / layout.CHECKPOINTS
    strange = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in strange:
        if path not in [one for _, one in named] and not path.name.startswith("."):
            one = _opened(check, f"checkpoints/{path.name}", _bytes(check, path))
            if one is not None:
                _twice(check, f"checkpoints/{path.name}", one)
            check.say(f"checkpoints/{path.name} does not belong there")


def _bytes(check: _Check, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        check.say(f"{path.name} cannot be read: {(error.strerror or str(error)).lower()}")
        return b""


def _opened(check: _Check, name: str, data: bytes) -> Checkpoint | None:
    try:
        one = read_checkpoint(opened(data.decode(), check.verifier))
    except NotANote as error:
        check.say(f"{name}: {error}")
        return None
    except ValueError:
        check.say(f"{name}: this is not a signed note")
        return None
    if one.origin != check.verifier.name:
        check.say(f"{name} is that of another log, {one.origin}")
        return None
    return one


def _size(check: _Check, number: int, one: Checkpoint) -> None:
    earlier = check.checkpoints.get(number - 1)
    if earlier is not None and one.size < earlier.size:
        check.say(f"checkpoint {number:06} has fewer decisions than the one before it")
    _twice(check, f"checkpoint {number:06}", one)


def _twice(check: _Check, name: str, one: Checkpoint) -> None:
    """Two heads of one size must be one head."""
    for number, other in check.checkpoints.items():
        if other.size == one.size and other.root != one.root:
            check.say(f"{name} and checkpoint {number:06} have one size and different roots")


def _read_purges(check: _Check) -> None:
    before = "none"
    for number, path in layout.notes(check.log, layout.PURGES):
        data = _bytes(check, path)
        try:
            one = read_purge(data.decode(), check.verifier)
        except (NotANote, ValueError) as error:
            check.say(f"purge record {number:06}: {error}")
        else:
            if one.before != before or one.number != number:
                check.say(f"purge record {number:06} does not name the one before it")
            check.purges.append(one)
        before = f"sha256:{sha256(data).hexdigest()}"


def _read_outside(check: _Check, against: Sequence[Outside]) -> None:
    for one in against:
        found = _opened(check, one.name, one.note.encode())
        if found is not None:
            check.outside.append((one.name, found))
    for place, (name, given) in enumerate(check.outside):
        for earlier, other in check.outside[:place]:
            if given.size == other.size and given.root != other.root:
                check.say(f"{name} and {earlier} have one size and different roots")


def _expected(check: _Check, number: int, place: Path) -> Expected:
    rows: set[int] = set()
    digest = None
    for purge in check.purges:
        for name, left, purged in purge.segments:
            if name == place.name:
                rows.update(purged)
                digest = left
    sizes = {one.size for _, one in check.outside}
    known = {one.size for one in check.checkpoints.values()}
    return Expected(
        own=check.checkpoints.get(number),
        earlier=check.checkpoints.get(number - 1),
        begins=number == 1,
        purged=frozenset(rows),
        digest=digest,
        sizes=tuple(sorted(sizes - known)),
    )


def _compare(
    check: _Check, places: Sequence[tuple[int, Path]], found: Sequence[tuple[int, Found]]
) -> None:
    """Put together what segments, checkpoints and outside checkpoints say of one another."""
    there = [number for number, _ in places]
    last = max([*there, *check.checkpoints], default=0)
    by_number: dict[int, list[Found]] = {}
    for number, one in found:
        by_number.setdefault(number, []).append(one)
        check.roots.update(one.roots)
    there_are = {one.name for _, one in found}
    for number in range(1, last + 1):
        here = by_number.get(number, [])
        own = check.checkpoints.get(number)
        if not here and own is not None:
            name = (own.value("segment") or f"{number:06}").partition(" ")[0]
            if name in there_are:
                check.say(f"checkpoint {number:06} is about it as well, which has its own", name)
            else:
                check.say("it is missing, its checkpoint stands", name)
        elif not here:
            check.say(f"segment {number:06} is missing")
        if len(here) > 1:
            names = ", ".join(one.name for one in here)
            check.say(f"two segments have one number: {names}")
        for one in here:
            if own is None:
                check.say("no checkpoint was signed for it", one.name)
            check.wrong += one.wrong
    _against(check)
    if not check.wrong:
        _nodes(check, [one for _, one in found])


def _against(check: _Check) -> None:
    known: Mapping[int, bytes] = {
        **check.roots,
        **{one.size: one.root for one in check.checkpoints.values()},
    }
    size = max(known, default=0)
    for name, one in check.outside:
        if one.size > size:
            check.say(f"the log was cut short: {name} speaks of {one.size} decisions, not {size}")
        elif one.size in known and known[one.size] != one.root:
            check.say(
                f"{name} has another root for the first {one.size} decisions: the log was changed "
                "and signed anew"
            )
        elif one.size and one.size not in known:
            check.say(f"{name} cannot be compared: the first {one.size} decisions are not whole")


def _nodes(check: _Check, found: Sequence[Found]) -> None:
    """The nodes kept for proofs, where the log itself is whole."""
    path = check.log / layout.NODES
    if not path.is_file() or any(one.tiles is None for one in found):
        return
    whole = b"".join(one.tiles or b"" for one in found)
    kept = _bytes(check, path)
    if kept[: len(whole)] != whole[: len(kept)]:
        check.say(f"{layout.NODES}, a help for proofs, was changed: delete it, it is made again")


def _since(check: _Check, vouched: int) -> str | None:
    """The moment of the first checkpoint that no outside checkpoint speaks for."""
    later = [one for one in check.checkpoints.values() if one.size > vouched]
    return later[0].value("at") if later else None
