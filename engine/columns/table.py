"""What a part holds while it is judged: frames, zones, and the way to the raw rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import polars as pl

from .. import words
from ..facts.view import Moment, View
from ..footing import Met
from ..history import Group
from ..rule import Period, Selector
from . import tally
from .combos import plain_contact
from .counted import By, Counting, by, counted, counting_for
from .prepare import GONE, Prepared, files_apart
from .units import Units
from .windows import Hourglass

WORDS = {0: words.NO, 1: words.YES, 2: words.UNKNOWN}
CODE = {word: code for code, word in WORDS.items()}
Made = TypeVar("Made")
COMBO = ["channel", "kind", "whom", "role", "debt_type"]


class Said(NamedTuple):
    """Ids of the statements that a count rests on, with the number of the limit.

    `excused`: the consent that lifts it; `agreed`: those that gave its number.
    """

    excused: tuple[str, ...]
    agreed: tuple[str, ...]
    maximum: int


@dataclass
class Table:
    """What a part holds while it is judged: frames, zones, and the way to the raw rows."""

    prepared: Prepared
    cand: pl.DataFrame  # one row per candidate, i in order
    rows: pl.DataFrame  # one row per candidate and zone, r in order
    ways: pl.DataFrame  # one row per point and channel; `tc` of `cand` numbers them
    zones: tuple[str, ...]  # the names behind z
    calendar: tally.Calendar
    hourglass: Hourglass
    groups_of: Callable[[Sequence[str]], Mapping[str, Group]]
    met: Met  # situations that only the plain functions met
    counting: Mapping[By, Counting]  # what any rule counts, by its kind of units
    said: dict[str, dict[tuple[int, int], Said]] = field(default_factory=dict)
    """By rule (its id), candidate (i) and zone (z) what statements did to a count; few have any."""
    _groups: dict[str, Group] = field(default_factory=dict)
    _views: dict[tuple[int, int], View] = field(default_factory=dict)
    _shared: dict[int, dict[tuple[str, str], Any]] = field(default_factory=dict)
    _known: dict[Hashable, Any] = field(default_factory=dict)
    _plain: list[int] = field(default_factory=list)

    def judged(self) -> Table:
        """What is left when all rule sets were asked and checked: candidates, people and history.

        Rows, ways and what rules asked of them are let go; whoever reads them yet fails.
        """
        last: dict[Hashable, Any] = {
            key: found
            for key, found in self._known.items()
            if isinstance(key, tuple) and key[0] == "candidate"
        }
        last |= {"kinds": self.kinds, "kinds of": self.kinds_of, "plural": self.plural}
        return replace(self, rows=GONE, ways=GONE, _views={}, _known=last)

    def settled(self) -> Table:
        """What is left when the next moments are known too: candidates, and what they combine."""
        bare = self.prepared.bare()
        last: dict[Hashable, Any] = {
            "kinds": self.kinds, "kinds of": self.kinds_of, "plural": self.plural
        }  # fmt: skip
        return replace(self, prepared=bare, _groups={}, _shared={}, _known=last)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, worked out once for all rule sets that ask about this part."""
        if key not in self._known:
            self._known[key] = make()
        found: Made = self._known[key]
        return found

    @property
    def plain_rows(self) -> int:
        """How many answers the plain functions gave."""
        return sum(self._plain)

    def walked(self, rows: int) -> None:
        """Put so many answers of the plain functions down."""
        self._plain.append(rows)

    def units(self, rows: pl.DataFrame, on: list[str]) -> Units:
        """The units of some of its rows (by their number r), told apart by these columns."""
        of_debt = bool({"a", "pool"} & set(on))  # a debt has one file and one collector
        by = [name for name in on if not of_debt or name not in ("fp", "collector")]
        whole = self.once(("units", *on), lambda: Units.told(self.rows, on, by))
        return whole if len(rows) == len(self.rows) else whole.at(rows["r"])

    def counts(
        self, rows: pl.DataFrame, chosen: Selector, per: Sequence[str], period: Period | None
    ) -> tuple[Units, pl.DataFrame]:
        """The units of some of its rows, by these and zone, and the contacts that count for them.

        u, h, k, at: those that a selector takes from where a period reaches back to (`counted`).
        """
        how = by(chosen, per)
        units = self.units(rows, [*how.keys, "z"])
        since = tally.reach_back(period, self.prepared.day)
        counting = self.counting[how]
        floor = counting[chosen]
        # INVARIANT: what a rule counts was laid beside its units
        assert floor is None or (since is not None and floor <= since)
        contacts = self.once(how, lambda: counted(self.prepared, how, counting, units))
        asked = None if len(rows) == len(self.rows) else units.met()
        return units, counting_for(self.prepared, contacts, chosen, per, since, asked)

    @property
    def plural(self) -> pl.Series:
        """By candidate (i), whether it may be in several zones: it has a row in each."""
        zones = pl.col("zones").bitwise_count_ones()
        return self.once("plural", lambda: self.cand.select((zones > 1).alias("x"))["x"])

    @property
    def first_rows(self) -> pl.Series:
        """By candidate (i), the number (r) of its row, or of the first of them."""
        i = self.rows["i"]
        return self.once("first", lambda: (i != i.shift()).fill_null(value=True).arg_true())

    @property
    def kinds(self) -> list[Any]:
        """What candidates combine: the words of COMBO, by number."""
        return self.once("kinds", lambda: self.units(self.rows, COMBO).keys.rows())

    @property
    def kinds_of(self) -> pl.Series:
        """By candidate (i), the number of what it combines (`kinds`)."""
        return self.once(
            "kinds of", lambda: self.units(self.rows, COMBO).of.gather(self.first_rows)
        )

    @property
    def apart(self) -> pl.Series:
        """Files (fp) that see contacts on a line which one file knows to be a stranger's.

        The columns take each point as its own file knows it; another file's question is answered
        by the plain functions.
        """
        return self.once("apart", lambda: files_apart(self.prepared))

    def among(self, files: pl.Series) -> pl.Series:
        """By number of a file (fp), whether it is one of these."""
        known = [self.once("last file", self.cand["fp"].max), files.max()]
        last = max((one for one in known if isinstance(one, int)), default=0)
        return pl.zeros(last + 1, dtype=pl.Boolean, eager=True).scatter(files, values=True)

    def groups(self, consumers: Sequence[str]) -> Mapping[str, Group]:
        """Groups of consumers from raw rows, each fetched once."""
        missing = sorted({one for one in consumers if one not in self._groups})
        if missing:
            self._groups.update(self.groups_of(missing))
        return self._groups

    def shared(self, group: Group) -> dict[tuple[str, str], Any]:
        """What all views of one of these groups share, as known at the part's moment."""
        return self._shared.setdefault(id(group), {})

    def fetch(self, candidates: pl.Series) -> None:
        """Groups of the consumers of candidates (i), all in one go."""
        self.groups(self.cand["consumer"].gather(candidates.unique()).unique().to_list())

    def views(self, rows: pl.DataFrame) -> list[View]:
        """A plain view for each of these rows (i, z)."""
        wanted = rows.select("i", "z").rows()
        missing = [row for row in dict.fromkeys(wanted) if row not in self._views]
        if missing:
            self._see(missing)
        self.walked(len(wanted))
        return [self._views[row] for row in wanted]

    def _see(self, rows: list[tuple[int, int]]) -> None:
        """Make the views of rows (i, z) that were not looked at before."""
        i = pl.Series([one for one, _ in rows], dtype=pl.UInt32)
        self.fetch(i)
        moment = Moment(self.prepared.now, day=self.prepared.day)
        names = self.cand.select("consumer", "account", "point", "channel")[i]
        for row, (consumer, account, point, channel) in zip(rows, names.iter_rows(), strict=True):
            contact = plain_contact(channel, point, account, self.prepared.now)
            group = self._groups[consumer]
            zone = self.zones[row[1]]
            self._views[row] = View(group, contact, moment, zone, self.shared(group))
