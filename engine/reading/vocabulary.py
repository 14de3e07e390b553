"""The closed lists of words, each with its code, its name in messages and its place in the README.

The words themselves stand in `engine.words` and `engine.facts.catalogue`; here is what a rule file
may write for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .. import words
from ..facts import catalogue

README: Final = "rules/README.md"
MAX_LISTED: Final = 16


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A closed list: the `code` of its problem, its `noun` and `plural`, README `anchor`.

    `aliases` are other spellings that mean one of the words.
    """

    code: str
    noun: str
    plural: str
    words: tuple[str, ...]
    anchor: str
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def hint(self) -> str:
        """What may be written: every word of a short list, the README for a long one."""
        if len(self.words) > MAX_LISTED:
            return f"the {self.plural} are listed in {README}#{self.anchor}"
        return f"the {self.plural} are {', '.join(self.words)}; see {README}#{self.anchor}"

    def known(self, text: str) -> str | None:
        """The word that a text stands for, or None."""
        if text in self.words:
            return text
        return self.aliases.get(text)


ZONES: Final = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/St_Thomas",
    "Pacific/Guam",
    "Pacific/Saipan",
    "Pacific/Pago_Pago",
    "America/Adak",
    "America/Boise",
    "America/Detroit",
    "America/Indiana/Indianapolis",
    "America/Indiana/Knox",
    "America/Indiana/Marengo",
    "America/Indiana/Petersburg",
    "America/Indiana/Tell_City",
    "America/Indiana/Vevay",
    "America/Indiana/Vincennes",
    "America/Indiana/Winamac",
    "America/Juneau",
    "America/Kentucky/Louisville",
    "America/Kentucky/Monticello",
    "America/Menominee",
    "America/Metlakatla",
    "America/Nome",
    "America/North_Dakota/Beulah",
    "America/North_Dakota/Center",
    "America/North_Dakota/New_Salem",
    "America/Sitka",
    "America/Yakutat",
)
"""The zones that a state, district or territory of the United States keeps."""


def _fixed(month: int, day: int, before: str, after: str) -> tuple[str, ...]:
    """A day of the year, and the Friday or Monday kept instead (5 USC 6103(b); EO 11582)."""
    return (
        f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={day}",
        f"FREQ=YEARLY;{before};BYDAY=FR",
        f"FREQ=YEARLY;{after};BYDAY=MO",
    )


HOLIDAYS: Final[dict[str, tuple[str, ...]]] = {
    "federal_holidays": ("federal_holidays",),  # all that follow: engine.days knows them
    "new_years_day": _fixed(1, 1, "BYMONTH=12;BYMONTHDAY=31", "BYMONTH=1;BYMONTHDAY=2"),
    "martin_luther_king_day": ("FREQ=YEARLY;BYMONTH=1;BYDAY=+3MO",),
    "washingtons_birthday": ("FREQ=YEARLY;BYMONTH=2;BYDAY=+3MO",),
    "memorial_day": ("FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO",),
    "juneteenth": _fixed(6, 19, "BYMONTH=6;BYMONTHDAY=18", "BYMONTH=6;BYMONTHDAY=20"),
    "independence_day": _fixed(7, 4, "BYMONTH=7;BYMONTHDAY=3", "BYMONTH=7;BYMONTHDAY=5"),
    "labor_day": ("FREQ=YEARLY;BYMONTH=9;BYDAY=+1MO",),
    "columbus_day": ("FREQ=YEARLY;BYMONTH=10;BYDAY=+2MO",),
    "veterans_day": _fixed(11, 11, "BYMONTH=11;BYMONTHDAY=10", "BYMONTH=11;BYMONTHDAY=12"),
    "thanksgiving_day": ("FREQ=YEARLY;BYMONTH=11;BYDAY=+4TH",),
    "christmas_day": _fixed(12, 25, "BYMONTH=12;BYMONTHDAY=24", "BYMONTH=12;BYMONTHDAY=26"),
}
"""The holidays of 5 USC 6103(a) as recurrences, each with the day it is kept on instead."""
CONTRACTS: Final = (
    "written_contract",
    "oral_contract",
    "open_account",
    "promissory_note",
    "sale_of_goods",
    "consumer_credit",
    "medical",
    "medical_facility",
)

CHANNEL = Vocabulary(
    "R014", "channel", "channels", words.CHANNELS, "channels", words.CHANNEL_ALIASES
)
POINT = Vocabulary(
    "R015",
    "kind of contact point",
    "kinds",
    (*words.POINT_GROUPS, *words.POINT_KINDS),
    "to",
)
WHOM = Vocabulary("R016", "person", "persons", tuple(words.WHOM), "whom")
COLLECTOR = Vocabulary("R016", "collector", "collectors", words.COLLECTOR_ROLES, "collectors")
DEBT = Vocabulary("R017", "type of debt", "types", words.DEBT_TYPES, "debts")
FACT = Vocabulary("R018", "fact", "facts", tuple(catalogue.FACTS), "facts")
DUTY = Vocabulary("R021", "duty", "duties", tuple(catalogue.DUTIES), "duties")
UNIT = Vocabulary("R022", "unit", "units", words.UNITS, "per")
EXCLUSION = Vocabulary("R023", "exclusion", "exclusions", words.EXCLUSIONS, "exclusions")
ZONE = Vocabulary("R025", "zone", "zones", ZONES, "zones")
HOLIDAY = Vocabulary("R026", "holiday", "holidays", tuple(HOLIDAYS), "window")
AGREEMENT = Vocabulary("R027", "agreement", "agreements", tuple(catalogue.AGREEMENTS), "agreements")
EVENT = Vocabulary(
    "R020",
    "event",
    "events",
    (*words.COUNTS, *catalogue.STATEMENTS, *words.ACCOUNT_DATES),
    "events",
)


def _small(noun: str, plural: str, of: tuple[str, ...], anchor: str) -> Vocabulary:
    return Vocabulary("R028", noun, plural, of, anchor)


KIND = _small("kind", "kinds", words.KINDS, "kinds")
FORCE = _small("force", "forces", words.FORCES, "force")
CONFIDENCE = _small("confidence", "confidences", words.CONFIDENCES, "words")
REACH = _small("reach", "reaches", ("consumer_place", "collector_place"), "words")
DAY = Vocabulary(
    "R028",
    "day",
    "days",
    words.DAYS,
    "window",
    dict(zip(words.DAY_NAMES, words.DAYS, strict=True)),
)
EDGES = _small("edges", "edges", ("open", "closed"), "window")
CLOSED_BY = _small("value of `closed_by`", "values", ("consumer_hours",), "window")
FIRST_DAY = _small("first day", "first days", ("event", "next"), "wait")
DIRECTION = _small("direction", "directions", (*words.DIRECTIONS, "any"), "selectors")
OF_DEBTS = _small("value of `debts`", "values", ("attributed", "discussed", "any"), "selectors")
WHICH = _small("value of `which`", "values", ("latest", "first"), "selectors")
INITIATOR = _small("initiator", "initiators", ("collector", "consumer"), "selectors")
RESULT = _small("result", "results", tuple(words.RESULTS), "selectors")
MEDIUM = _small("medium", "media", words.MEDIA, "selectors")
TECHNOLOGY = _small("technology", "technologies", words.TECHNOLOGIES, "selectors")
PURPOSE = _small("purpose", "purposes", words.PURPOSES, "selectors")
CONTENT = _small("content", "contents", words.CONTENTS, "selectors")
PURPOSE_OR_CONTENT = Vocabulary(
    "R019",
    "purpose or content",
    "purposes and contents",
    tuple(dict.fromkeys(words.PURPOSES + words.CONTENTS)),
    "facts",
)
LICENCE_REQUIRED = _small("answer", "answers", ("true", "false", "unknown"), "files")
PARTIES = _small("answer", "answers", ("one", "all", "unknown"), "files")
CONTRACT = _small("kind of contract", "kinds of contract", CONTRACTS, "files")
ENCODED = _small("value of `encoded`", "values", ("none",), "files")


def _parameter(noun: str, plural: str, of: tuple[str, ...]) -> Vocabulary:
    return Vocabulary("R019", noun, plural, of, "facts")


LISTS_OF: Final[dict[str, Vocabulary]] = {
    "purposes": PURPOSE_OR_CONTENT,
    "technologies": Vocabulary("R019", "technology", "technologies", words.TECHNOLOGIES, "facts"),
    "lines": _parameter("special line", "special lines", catalogue.LINES),
    "holds": _parameter("hold", "holds", catalogue.HOLDS),
    "types": _parameter("type of collector", "types of collector", catalogue.COLLECTOR_TYPES),
    "licences": _parameter("licence", "licences", catalogue.LENDER_LICENCES),
    "agreement": AGREEMENT,
}
"""Parameters that are a list of words, by their name in `catalogue.PARAMETERS`."""
REPLY = _parameter("kind of reply", "kinds of reply", catalogue.REPLIES)
