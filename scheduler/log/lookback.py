"""Past contacts run through the rules as of the moment of each: what broke a rule.

Every outbound contact is decided as if it were proposed again, three times over: by what was
recorded by then, by all that had reached the collector by then, and by what is known now of how
things stood then. So each rule that it broke is found with whether it could be known at the time.
The contact itself, whatever came with it, and everything after it are left out each time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from engine import clock
from engine.account import Address, Consumer
from engine.deciding import decide
from engine.decision import Decision, Finding
from engine.facts.view import Moment
from engine.history import Contact, Group, Statement, is_receipt
from engine.panel import Panel
from engine.question import Ask

from .ages import RECEIVED as BY_RECEIPT
from .ages import RECORDED as BY_RECORD
from .ages import Ages, Homes
from .nearby import FEW, Near, before, since

RECORDED: Final = "recorded"
RECEIVED: Final = "received"
LATER: Final = "later"
KNOWN: Final[dict[str, str]] = {
    RECORDED: "by what was received and recorded by then: it could be known",
    RECEIVED: "by what had happened or been received by then, but was recorded only afterwards",
    LATER: "only by what was received afterwards: it could not be known",
}
"""When a rule's being broken could be known, the strongest first."""
STRUCTURAL: Final = "structural"
ASK: Final = Ask(whole=False, notes=False, brief=True)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that may have been so: in words, what it may touch, and the group if it was.

    `people`: it changes who is who, so that other contacts may bear. `doubting` says which there
    are.
    """

    says: str
    concerns: Callable[[Contact], bool]
    change: Callable[[Group, Contact], tuple[Group, Contact]]
    people: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """One contact group with all that is known now, and when its addresses were recorded.

    `homes`: by consumer, in the order it has its addresses. `ages`: how rows of it stood before
    they were corrected, where any was. `undated`: accounts that are not open now, and since when is
    not known. `doubts`: what may have been so (`doubting`). The rest is kept from one contact to
    the next: where people are, what can bear on whom, since when addresses are known.
    """

    group: Group
    homes: Homes = field(default_factory=dict)
    undated: frozenset[str] = frozenset()
    ages: Ages | None = None
    doubts: tuple[Doubt, ...] = ()
    located: dict[Any, Any] = field(init=False, default_factory=dict, compare=False, repr=False)
    indexed: dict[int, Near] = field(init=False, default_factory=dict, compare=False, repr=False)
    moved: dict[int, tuple[Group, list[tuple[datetime, str]]]] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )

    def known(self, by: str, at: datetime) -> tuple[Group, Homes]:
        """The rows as they stood at a moment, by record or by receipt, and its addresses'."""
        return (self.group, self.homes) if self.ages is None else self.ages.known(by, at)

    def earlier(self, group: Group, asked: Contact, since: datetime | None) -> Sequence[Contact]:
        """The contacts of `group` before one: of a large group those that can bear on it.

        `since`: from when on those of its line alone can.
        """
        if len(group.contacts) <= FEW:
            return before(group, asked)
        near = self.indexed.get(id(group))
        if near is None:
            near = self.indexed[id(group)] = Near.of(group)
        return near.before(asked, since)

    def late(self, group: Group, homes: Homes, at: datetime) -> list[str]:
        """Consumers of whom an address came in, or was recorded, after a moment."""
        kept = self.moved.get(id(group))
        if kept is None:
            last = []
            for name, one in group.consumers.items():
                told = [each.received for each in one.addresses] + list(homes.get(name, ()))
                known = [when for when in told if when is not None]
                if known:
                    last.append((max(known), name))
            kept = self.moved[id(group)] = (group, sorted(last))
        first = bisect_right(kept[1], at, key=lambda pair: pair[0])
        return [name for _, name in kept[1][first:]]


@dataclass(frozen=True, slots=True)
class Broken:
    """One rule that one past contact broke, about one debt.

    `known` is a word of KNOWN. `stands`: by all that is known now it broke the rule; False: what
    came later takes it back. `named`: the record says which debts the contact was about; where it
    does not, all that its consumer owed this collector were asked. A `structural` force: it could
    not be judged, for what is missing. `only_if` is what must be so for it to have broken the rule,
    where that is in doubt; else empty.
    """

    contact: str
    at: datetime
    recorded: datetime | None
    consumer: str
    account: str
    point: str
    channel: str
    rule: str
    force: str
    cite: tuple[str, ...]
    says: str
    observed: str
    threshold: str
    place: str
    known: str
    stands: bool
    named: bool
    only_if: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking back over some groups came to.

    `contacts` were judged; `undated` of them concern an account that is not open now, and were
    judged as if it had been; `others` were made by a collector that has no account in the file.
    """

    broken: tuple[Broken, ...]
    contacts: int = 0
    undated: int = 0
    others: int = 0


def placed(group: Group, first: datetime, last: datetime) -> Iterator[Contact]:
    """The outbound contacts from `first` up to but not including `last`.

    A receipt about a message is no contact by anyone.
    """
    for one in group.contacts:
        if one.direction == "out" and first <= one.at < last and not is_receipt(one):
            yield one


def look_back(panel: Panel, file: File, first: datetime, last: datetime, now: datetime) -> Looked:
    """Every contact of a group, placed from `first` until before `last`, that broke a rule."""
    broken: list[Broken] = []
    contacts = undated = others = 0
    for one in placed(file.group, first, last):
        asked = about(file.group, one)
        if asked is None:
            others += 1
            continue
        contacts += 1
        undated += bool(set(asked.debts) & file.undated)
        broken += judge(panel, file, asked, now)
    return Looked(tuple(broken), contacts, undated, others)


def about(group: Group, past: Contact) -> Contact | None:
    """A past contact as one proposed: with the debts it was about.

    Those it was charged to or that were talked about; where neither is recorded, every debt of
    its consumer at the collector that made it. None: that collector has none there.
    """
    named = tuple(dict.fromkeys([*(past.attributed_to or ()), *(past.discussed or ())]))
    if named:
        return replace(past, debts=named)
    file = group.consumers.get(past.consumer)
    person = file.person if file is not None else None
    rows = {one.id for one in group.consumers.values() if one.person == person}
    owed = tuple(
        one.id
        for one in group.accounts.values()
        if one.collector == past.collector and one.consumer in rows
    )
    return replace(past, debts=owed) if owed else None


def judge(panel: Panel, file: File, asked: Contact, now: datetime) -> list[Broken]:
    """What one contact broke; `asked`: the contact with what it was about.

    What it broke only if a doubt of its file is so comes behind, and says so.
    """
    broken = list(_told(_decided(panel, file, asked, now), asked))
    seen = {(one.rule, one.account, one.place) for one in broken}
    for doubt in file.doubts:
        if doubt.concerns(asked):
            found = _told(_decided(panel, file, asked, now, doubt), asked)
            more = [one for one in found if (one.rule, one.account, one.place) not in seen]
            broken += [replace(one, only_if=doubt.says) for one in more]
    return broken


def _decided(
    panel: Panel, file: File, asked: Contact, now: datetime, doubt: Doubt | None = None
) -> dict[str, Decision]:
    """A contact by what was known at each time; `doubt`: as if that were so.

    Plainly: the group cut to what was known, decided; a cut that leaves the same is not repeated.
    """
    found: dict[str, Decision] = {}
    size: tuple[object, ...] | None = None
    decided: Decision | None = None
    moment = Moment(known=max(now, asked.at), at=asked.at)
    asking = replace(ASK, located=file.located)

    def earlier(group: Group) -> Sequence[Contact]:
        if doubt is not None and doubt.people:
            return before(group, asked)
        return file.earlier(group, asked, since(panel, group, asked))

    for known, cut in CUTS.items():
        whole, group = cut(file, asked, earlier)
        fits = (id(whole), *_size(group))
        if decided is None or fits != size:
            contact = asked
            if doubt is not None:
                group, contact = doubt.change(group, asked)
            decided, size = decide(panel, group, contact, moment, asking), fits
        found[known] = decided
    return found


def _told(found: Mapping[str, Decision], asked: Contact) -> Iterator[Broken]:
    """The findings of all three decisions, each once, with the first by which it could be known.

    That a contact could not be judged counts only by what had been received.
    """
    seen: dict[tuple[str, str | None, str | None], tuple[str, Finding]] = {}
    for known in KNOWN:
        for one in found[known].findings:
            if one.force != STRUCTURAL or known == RECEIVED:
                seen.setdefault((one.rule, one.debt, one.place), (known, one))
    last = {(one.rule, one.debt, one.place) for one in found[LATER].findings}
    for key, (known, one) in sorted(seen.items(), key=lambda pair: [x or "" for x in pair[0]]):
        yield Broken(
            contact=asked.id,
            at=asked.at,
            recorded=asked.recorded,
            consumer=asked.consumer,
            account=one.debt or ";".join(asked.debts),
            point=asked.point or "",
            channel=asked.channel,
            rule=one.rule,
            force=one.force,
            cite=one.cite,
            says=one.says,
            observed=one.observed,
            threshold=one.threshold,
            place=one.place or "",
            known=known,
            stands=key in last,
            named=bool(asked.attributed_to or asked.discussed),
        )


# -- what was known

Earlier = Callable[[Group], Sequence[Contact]]
"""The contacts of a group before the one asked about, or those of them that can bear on it."""


def _size(group: Group) -> tuple[int, ...]:
    """How much a cut leaves of a group. Each cut of it holds all that the one before it does."""
    homes = sum(len(one.addresses) for one in group.consumers.values())
    return len(group.contacts), len(group.statements), homes


def as_recorded(file: File, asked: Contact, earlier: Earlier) -> tuple[Group, Group]:
    """A group by what had been received and recorded when a contact was placed."""
    at = asked.at
    group, homes = file.known(BY_RECORD, at)

    def then(one: Address, recorded: datetime | None) -> bool:
        return _by(one.received, at) and _by(recorded, at)

    contacts = [one for one in earlier(group) if _by(one.recorded, at)]
    said = [one for one in group.statements if _told_before(one, at) and _by(one.recorded, at)]
    return group, _cut(file, group, homes, contacts, said, at, then)


def as_received(file: File, asked: Contact, earlier: Earlier) -> tuple[Group, Group]:
    """A group by all that had happened or been received when a contact was placed."""
    at = asked.at
    group, homes = file.known(BY_RECEIPT, at)
    said = [one for one in group.statements if _told_before(one, at)]
    kept = earlier(group)
    return group, _cut(file, group, homes, kept, said, at, lambda one, _: _by(one.received, at))


def as_now_known(file: File, asked: Contact, earlier: Earlier) -> tuple[Group, Group]:
    """A group by all that is known now of how things stood when a contact was placed.

    With what was received later but filed or begun before. What was received later and does not
    say since when stays out: words have effect from their receipt.
    """
    at = asked.at
    group, homes = file.known(BY_RECEIPT, at)
    said = [one for one in group.statements if _told_before(one, at) or stood(one, at)]
    return group, _cut(
        file,
        group,
        homes,
        earlier(group),
        said,
        at,
        lambda one, _: _by(one.received, at) or one.since is not None,
    )


CUTS: Final[Mapping[str, Callable[[File, Contact, Earlier], tuple[Group, Group]]]] = {
    RECORDED: as_recorded,
    RECEIVED: as_received,
    LATER: as_now_known,
}
"""By when it could be known: the group as it stood, and what of it was known."""


def stood(one: Statement, at: datetime) -> bool:
    """Whether a word that was received after an instant says how things stood before it.

    It is about a petition, whose stay runs from the day it is filed (11 USC 362(a)). What the
    consumer writes has effect from its receipt, however long it was in the mail: 15 USC 1692c(c),
    12 CFR 1006.6(c)(1); who has an attorney must be known, 1006.6(b)(2).
    """
    if one.kind != "bankruptcy_filed" or not isinstance(one.value, Mapping):
        return False
    filed: Any = one.value.get("filed")
    return isinstance(filed, date) and clock.start_of_day(filed, "UTC") <= at


def _by(told: datetime | None, at: datetime) -> bool:
    return told is None or told <= at


def _told_before(one: Statement, at: datetime) -> bool:
    """Whether a word was there before a contact was placed: one told in it was not."""
    assert isinstance(one.received, datetime)  # rows of a portfolio have instants
    return one.received < at


def _cut(
    file: File,
    group: Group,
    homes: Homes,
    contacts: Iterable[Contact],
    statements: Iterable[Statement],
    at: datetime,
    keeps: Callable[[Address, datetime | None], bool],
) -> Group:
    """A group with these contacts and statements, and the addresses that a test keeps.

    All of it counts as recorded, since what was not is left out here.
    """
    people = {}
    for name in file.late(group, homes, at):
        one = group.consumers[name]
        then = _at_home(one, homes.get(name, ()), keeps)
        if then is not one:
            people[name] = then
    return replace(
        group,
        contacts=tuple(contacts),
        statements=tuple(statements),
        consumers={**group.consumers, **people} if people else group.consumers,
    )


def _at_home(
    consumer: Consumer,
    recorded: tuple[datetime, ...],
    keeps: Callable[[Address, datetime | None], bool],
) -> Consumer:
    when = recorded or (None,) * len(consumer.addresses)
    pairs = zip(consumer.addresses, when, strict=True)
    kept = tuple(one for one, told in pairs if keeps(one, told))
    return consumer if len(kept) == len(consumer.addresses) else replace(consumer, addresses=kept)
