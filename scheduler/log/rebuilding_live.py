"""Live decisions decided again from the store, as it was known when each was given.

Where `replaying` asks the record alone, this asks whether the record's facts are right: what was
known of the contact group at the moment of each decision is built anew from rows, permits and
releases, decided by the live core's own functions, and every field must come out the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl

from engine.history import Contact

from ..explaining import plain_contact
from ..live.asked import Fault, Proposed
from ..live.deciding import Desk
from ..live.knowing import Known
from ..live.proposing import decide_now
from ..live.recording import Asking, Kept, Stamp, keep, number_of, texts
from ..live.turning import micros
from ..store import then
from ..store.database import Connection, Store
from .answering import Replayed
from .footing import licences_of
from .knowing_then import Everybody, Past
from .reading import ERASED, Segment, decisions
from .records import RECORD
from .replaying import law_of
from .sealing_live import record_of

AT_ONCE: Final = 200  # contact groups read together
SAID: Final = frozenset(("row", "decision_id", "asked", "asked_by", "asked_person", "permit"))
"""What a record says of who asked, which no facts decide."""
COMPARED: Final = tuple(one.name for one in RECORD if one.name not in SAID)
STOOD_ON: Final = frozenset(("basis", "place_evidence", "situations", "evidence", "windows_utc"))
"""What records of version 1 have in another form, or not at all."""
TEXTS: Final = frozenset(("contact", "place_evidence", "windows_utc", "evidence", "basis"))
"""Fields that hold JSON."""
EARLIER: Final = (
    "of an earlier form of the record, which does not hold all that it stood on; compared were "
    "verdict, rules, duties, places, attempts and next moment"
)
MOST: Final = 6  # places told in which one field of a record differs


def rebuild_live(
    segment: Segment,
    store: Store,
    versions: Mapping[str, str],
    where: pl.Expr | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    desk: Desk | None = None,
) -> Replayed:
    """Decide live decisions again from the store, all or those that `where` takes.

    `versions` are this program's; `desk`: one that is open on the segment's rulebook already.
    Raises NoLog, CannotReplay, StoreError.
    """
    found = Replayed(segment.name)
    old = segment.head.get("versions", {})
    found.versions = {
        name: (str(old[name]), now)
        for name, now in versions.items()
        if name in old and old[name] != now
    }
    rows = decisions(segment, where, [*(one.name for one in RECORD), ERASED]).collect()
    found.decisions, found.erased = rows.height, int(rows[ERASED].sum())
    told = rows.filter(~pl.col(ERASED)).sort("row").to_dicts()
    settings = segment.head.get("settings", {})
    refuse = bool(settings.get("refuse_unencoded_places", False))
    licences = settings.get("licences")
    own = desk or Desk.of(law_of(segment), refuse, lambda _: None)
    try:
        with store.reading() as connection:
            everybody = Everybody.of(
                then.of_everybody(connection), None if licences is None else licences_of(licences)
            )
            again = _Again(own, connection, everybody, found)
            for done in again.all_of(told):
                progress("deciding from the store again", done, len(told))
    finally:
        if desk is None:
            own.close()
    return found


class _Again:
    """Decides records again, one contact group after another."""

    def __init__(
        self, desk: Desk, connection: Connection, everybody: Everybody, found: Replayed
    ) -> None:
        self.desk, self.connection, self.everybody = desk, connection, everybody
        self.found = found

    def all_of(self, rows: list[dict[str, Any]]) -> Iterator[int]:
        """Decide these records again; yields how many are done."""
        members = then.groups(self.connection, {row["consumer"] for row in rows})
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(members[row["consumer"]], []).append(row)
        done = 0
        for mine, some in groups.items():
            past = Past(then.held(self.connection, mine), self.everybody)
            for row in some:
                self._one(past, row)
            done += len(some)
            yield done

    def _one(self, past: Past, row: dict[str, Any]) -> None:
        of = f"decision {row['decision_id']}"
        number = number_of(row["decision_id"])
        if number is None or row["group"] not in past.held.members:
            members = ", ".join(past.held.members[:MOST])
            self.found.differ(of, "its contact group", row["group"], members)
            return
        if row["basis"] is None:
            self.found.lacking += 1
            self.found.note(of, EARLIER)
        self.desk.make_ready(row["decided_at"])
        first: list[tuple[str, object, object]] | None = None
        for way in past.ways(row["decided_at"]):
            known = past.known(row["group"], number, row["decided_at"], way)
            wrong = list(self._otherwise(known, row, number))
            if not wrong:
                first = None
                break
            first = first or wrong
        for what, old, new in first or ():
            self.found.differ(of, what, old, new)
        for what, old, new in _permit(past, row):
            self.found.differ(of, what, old, new)
        if first and (lost := _emptied(past)):
            self.found.note(of, lost)

    def _otherwise(
        self, known: Known, row: Mapping[str, Any], number: int
    ) -> Iterator[tuple[str, object, object]]:
        """What comes out otherwise of what was known."""
        account, point = row["account"], row["point"]
        if account not in known.facts.accounts or point not in known.facts.points:
            lost = "account" if account not in known.facts.accounts else "point"
            yield f"its {lost}", row[lost], "not known then"
            return
        at: datetime = row["decided_at"]
        kept = self._kept(known, row, at)
        if isinstance(kept, Fault):
            yield "the contact asked about", row["contact"], kept.message
            return
        asking = Asking(row["asked"], row["asked_by"], row["asked_person"])
        shown = kept.findings(self.desk.kinds, at)
        day = row["day"].isoformat() if row["at"] is None else None
        both = texts(kept, shown, asking, number, row["permit"], Stamp.of(at), day)
        now = dict(zip((one.name for one in RECORD), record_of(*both, 0), strict=True))
        for name in COMPARED:
            if row["basis"] is None and name in STOOD_ON:
                continue
            if row[name] != now[name]:
                yield from _apart(name, row[name], now[name])

    def _kept(self, known: Known, row: Mapping[str, Any], at: datetime) -> Kept | Fault:
        if row["at"] is None:  # a listed row, asked again about the rest of its day
            debt, point = known.facts.accounts[row["account"]], known.facts.points[row["point"]]
            contact: Contact = plain_contact(debt, point, row["channel"], at)
            decided = self.desk.whole_day(known.group, contact, at, row["day"], known.same)
            return keep(self.desk, known.group, known.name, decided, None)
        named = {
            one["by"].removeprefix("release ")
            for one in json.loads(row["evidence"] or "{}").get("lifted", ())
        }
        # of several that lift one rule the record's own is as good as any
        known.releases = tuple(sorted(known.releases, key=lambda one: one.release not in named))
        return decide_now(self.desk, known, _proposed(row), at, micros(at))


def _proposed(row: Mapping[str, Any]) -> Proposed:
    """What was asked, as its record has it."""
    told = json.loads(row["contact"] or "{}")
    return Proposed(
        row["account"],
        row["channel"],
        row["point"],
        tuple(one for one in told.get("debts", ()) if one != row["account"]),
        told.get("purpose"),
        told.get("content"),
        told.get("technology"),
        told.get("disclosure"),
        told.get("flags", {}),
    )


def _permit(past: Past, row: Mapping[str, Any]) -> Iterable[tuple[str, object, object]]:
    """What the store says otherwise of the permit that a decision gave."""
    if row["permit"] is None:
        return
    given = {one.permit.permit: one.permit for one in past.held.permits}.get(row["permit"])
    if given is None:
        yield "its permit", row["permit"], "not in the store"
        return
    for name, said, stands in (
        ("decision", row["decision_id"], given.decision),
        ("moment", row["decided_at"], given.opened_at),
        ("account", row["account"], given.account),
        ("point", row["point"], given.point),
        ("channel", row["channel"], given.channel),
    ):
        if said != stands:
            yield f"the {name} of permit {row['permit']}", said, stands


def _emptied(past: Past) -> str:
    """What retention took from the group, in words; empty if nothing that shows."""
    count = sum(one.permit.contact is None for one in past.held.permits)
    return (
        f"{count} permits of its contact group were erased since: it cannot be known whole"
        if count
        else ""
    )


# -- differences in words


def _apart(name: str, old: Any, new: Any) -> Iterator[tuple[str, object, object]]:
    """Where one field of a record differs: JSON place by place."""
    shown = name.replace("_", " ").removesuffix(" utc")
    if name not in TEXTS or old is None or new is None:
        yield shown, old, new
        return
    places = list(_places(shown, json.loads(old), json.loads(new)))
    yield from places[:MOST]
    if len(places) > MOST:
        yield shown, f"{len(places) - MOST} more places", "other"


def _places(path: str, old: Any, new: Any) -> Iterator[tuple[str, object, object]]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _places(f"{path}, {name}", old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list) and _named(old) and _named(new):
        mine, other = ({one["rule"]: one for one in some} for some in (old, new))
        for name in dict.fromkeys([*mine, *other]):
            yield from _places(f"{path}, {name}", mine.get(name), other.get(name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, two) in enumerate(zip(old, new, strict=True), 1):
            yield from _places(f"{path} {number}", one, two)
    else:
        yield path, _short(old), _short(new)


def _named(some: list[Any]) -> bool:
    """Whether these are of one rule each."""
    rules = [one.get("rule") for one in some if isinstance(one, dict)]
    return len(rules) == len(some) == len(set(rules)) and None not in rules


def _short(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
