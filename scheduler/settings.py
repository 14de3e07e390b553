"""settings.yaml: what an operator may set, read like a rule file so that its errors look the same.

A home is a directory: `settings.yaml`, `house/` with the firm's own rules, and the run's output.
Every setting has a default; `text_of` writes them all out, each explained.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from engine import words
from engine.clock import is_zone
from engine.problem import Problems, did_you_mean, quoted
from engine.reading import Map, Node, Scalar, Seq, Sheet, TooMany, compose, read_disk
from engine.reading.files import CODE
from engine.reading.values import day, word
from engine.reading.vocabulary import CONFIDENCE
from engine.rulebook import LEAST
from engine.terms import Licences

from .regions import DEFAULT, Regions
from .settings_regions import read_regions, regions_text
from .settings_service import (
    REPORT,
    Jobs,
    Serving,
    jobs_text,
    read_jobs,
    read_retention,
    read_serving,
    serving_text,
)
from .settings_text import TEXT

FILE: Final = "settings.yaml"
BUNDLED: Final = "bundled"
FORMATS: Final = ("csv", "ndjson", "parquet")
PLANNED: Final = ("call", "voicemail", "text", "email", "mail", "social", "visit")
STRATEGIES: Final = (
    "balance_high",
    "balance_low",
    "placed_oldest",
    "placed_newest",
    "delinquent_oldest",
    "delinquent_newest",
)
MAX_CAP: Final = 1_000
UNLIMITED: Final = "unlimited"  # of a licence that has no last day
STORE: Final = "sqlite:///store.sqlite"
_URL: Final = re.compile(r"sqlite:///[^:]+|postgres(ql)?://\S+")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. `TEXT` explains each; `home` None: there is no home, these are defaults.

    `rulebook` holds directories with `rules` and `jurisdictions`, None for the law that comes with
    Forbear. `house` is the home's folder of own rules.
    """

    home: Path | None = None
    rulebook: tuple[Path | None, ...] = (None,)
    refuse_unencoded_places: bool = True
    minimum_confidence: str = LEAST
    licences: Licences = field(default_factory=dict)
    channels: tuple[str, ...] = ("call", "text", "email", "mail")
    row_caps: Mapping[str, int] = field(
        default_factory=lambda: {"call": 3, "text": 1, "email": 1, "mail": 1}
    )
    part_accounts: int = 50_000
    sample_at_least: int = 1_000
    permit_seconds: int = 60
    strategy: tuple[str, ...] = ("balance_high", "placed_oldest")
    formats: tuple[str, ...] = FORMATS
    store: str = STORE
    zone: str = "America/New_York"
    regions: Regions = DEFAULT
    jobs: Jobs = field(default_factory=Jobs)
    retention: str = REPORT
    service: Serving = field(default_factory=Serving)

    @property
    def house(self) -> Path | None:
        """The folder of the firm's own rules, None without a home."""
        return None if self.home is None else self.home / "house"

    @property
    def lists(self) -> Path:
        """Where lists go unless told otherwise."""
        return (self.home or Path()) / "lists"

    def caps(self) -> dict[str, int]:
        """The most attempts a row of each planned channel is given; 1 where nothing is set."""
        return {channel: self.row_caps.get(channel, 1) for channel in self.channels}

    def deciding(self) -> dict[str, object]:
        """The settings that the day's answer depends on, as plain data, for its record."""
        return {
            "refuse_unencoded_places": self.refuse_unencoded_places,
            "minimum_confidence": self.minimum_confidence,
            "licences": {
                collector: {place: _last(day) for place, day in sorted(held.items())}
                for collector, held in sorted(self.licences.items())
            },
            "channels": list(self.channels),
            "row_caps": self.caps(),
            "strategy": list(self.strategy),
        }


def text_of(settings: Settings) -> str:
    """A settings file that says exactly these settings, each explained."""
    caps = ", ".join(f"{channel}: {cap}" for channel, cap in settings.row_caps.items())
    return TEXT.format(
        rulebook=", ".join(BUNDLED if one is None else str(one) for one in settings.rulebook),
        refuse_unencoded_places=str(settings.refuse_unencoded_places).lower(),
        minimum_confidence=settings.minimum_confidence,
        licences=_licences_text(settings.licences),
        planned=", ".join(PLANNED),
        channels=", ".join(settings.channels),
        row_caps=f"{{{caps}}}",
        strategies=", ".join(STRATEGIES),
        strategy=", ".join(settings.strategy),
        part_accounts=settings.part_accounts,
        sample_at_least=settings.sample_at_least,
        permit_seconds=settings.permit_seconds,
        formats_all=", ".join(FORMATS),
        formats=", ".join(settings.formats),
        store=settings.store,
        zone=settings.zone,
        regions=regions_text(settings.regions),
        jobs=jobs_text(settings.jobs),
        retention=settings.retention,
        service=serving_text(settings.service),
    )


def _last(day: date | None) -> str:
    return UNLIMITED if day is None else day.isoformat()


def _licences_text(licences: Licences) -> str:
    held = {
        name: ", ".join(f"{place}: {_last(day)}" for place, day in places.items())
        for name, places in licences.items()
    }
    inner = ", ".join(f"{json.dumps(name)}: {{{text}}}" for name, text in held.items())
    return f"{{{inner}}}"


def write_default(home: Path, refuse_unencoded_places: bool = True) -> Settings:
    """Make a home with a settings file and an empty `house`; a file that is there stays.

    Returns the settings now in force there. Raises OSError, or Problems for a file that was there
    and cannot be used.
    """
    (home / "house").mkdir(parents=True, exist_ok=True)
    path = home / FILE
    if not path.exists():
        settings = Settings(home=home, refuse_unencoded_places=refuse_unencoded_places)
        path.write_text(text_of(settings), encoding="utf-8", newline="\n")
    return read(home)


def read(home: Path) -> Settings:
    """The settings of a home. Raises Problems with all that is wrong with its file."""
    path = home / FILE
    data, unread = read_disk(path, str(path))
    if data is None:
        raise Problems(unread)
    return read_bytes(data, str(path), home)


def read_bytes(data: bytes, shown: str, home: Path) -> Settings:
    """Settings from a file's bytes; `shown` is its path in messages. Raises Problems."""
    sheet = Sheet(shown)
    settings = Settings(home=home)
    try:
        root = compose(data, sheet)
        if root is not None:
            settings = _settings(sheet, root, home)
    except TooMany:
        pass
    if sheet.problems:
        raise Problems(sheet.problems)
    return settings


def _settings(sheet: Sheet, root: Node, home: Path) -> Settings:
    found = _words(sheet, root, tuple(_READERS), "settings.yaml")
    settings = Settings(home=home)
    for name, node in found.items():
        settings = _READERS[name](sheet, node, settings)
    return settings


def _words(sheet: Sheet, node: Node, known: tuple[str, ...], where: str) -> dict[str, Node]:
    """The words of a mapping; unknown and empty ones are reported."""
    hint = f"the words are {', '.join(known)}; see scheduler/README.md#settings"
    if not isinstance(node, Map):
        sheet.report("R011", node, f"{where} is a mapping of words to values", hint)
        return {}
    found: dict[str, Node] = {}
    for key, value in node.entries:
        if key.text not in known:
            near = did_you_mean(key.text, known)
            sheet.report("R013", key, f"unknown word {quoted(key.text)} in {where}{near}", hint)
        elif isinstance(value, Scalar) and value.empty:
            sheet.report("R029", key, f"`{key.text}` has no value", "give it one or leave it out")
        else:
            found[key.text] = value
    return found


def _several(
    sheet: Sheet, node: Node, name: str, known: tuple[str, ...], code: str = "R028"
) -> tuple[str, ...]:
    """Words of a closed list, in file order, each once and at least one."""
    items = node.items if isinstance(node, Seq) else (node,)
    if not items:
        sheet.report("R038", node, f"`{name}` is an empty list", "leave the word out instead")
    found: list[str] = []
    for item in items:
        if not isinstance(item, Scalar):
            sheet.report("R011", item, f"`{name}` is a list of words")
        elif item.text not in known:
            message = f"{quoted(item.text)} cannot stand in `{name}`"
            near = did_you_mean(item.text, known)
            sheet.report(code, item, message + near, f"it may be {', '.join(known)}")
        elif item.text in found:
            sheet.report("R038", item, f"`{item.text}` is listed twice", "keep one of them")
        else:
            found.append(item.text)
    return tuple(found)


def _whole(sheet: Sheet, node: Node, name: str, low: int, high: int) -> int:
    if isinstance(node, Scalar) and node.text.isascii() and node.text.isdigit():
        number = int(node.text[:12])
        if low <= number <= high and str(number) == node.text:
            return number
    shown = quoted(node.text) if isinstance(node, Scalar) else "a list or a mapping"
    message = f"`{name}` is a whole number from {low:,} to {high:,}, not {shown}"
    sheet.report("R030", node, message, "write digits alone")
    return low


def _format(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    if not isinstance(node, Scalar) or node.text != "1":
        sheet.report("R047", node, "this version reads `format: 1`")
    return settings


def _rulebook(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    items = node.items if isinstance(node, Seq) else (node,)
    found: list[Path | None] = []
    for item in items:
        if not isinstance(item, Scalar) or not item.text:
            sheet.report("R011", item, "`rulebook` is a list of directories")
        elif item.text == BUNDLED:
            found.append(None)
        else:
            path = (settings.home or Path()) / item.text
            if not path.is_dir():
                hint = f"paths start at the home; `{BUNDLED}` is the law that comes with Forbear"
                sheet.report("R001", item, f"{quoted(item.text)} is not a directory", hint)
            found.append(path)
    if not items:
        sheet.report("R038", node, "`rulebook` is an empty list", f"write `[{BUNDLED}]`")
    if len(set(found)) != len(found):
        sheet.report("R038", node, "`rulebook` names a directory twice", "keep one of them")
    return replace(settings, rulebook=tuple(found))


def _refuse(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    if not isinstance(node, Scalar) or node.text not in ("true", "false"):
        sheet.report("R030", node, "`refuse_unencoded_places` is true or false")
        return settings
    return replace(settings, refuse_unencoded_places=node.text == "true")


def _confidence(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    return replace(settings, minimum_confidence=word(sheet, node, CONFIDENCE) or LEAST)


def _licences(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    return replace(
        settings,
        licences={
            name.text: {
                code.text: _until(sheet, code, last)
                for code, last in _mapping(sheet, held, f"the licences of {quoted(name.text)}")
            }
            for name, held in _mapping(sheet, node, "`licences`")
        },
    )


def _mapping(sheet: Sheet, node: Node, what: str) -> tuple[tuple[Scalar, Node], ...]:
    if isinstance(node, Map):
        return node.entries
    hint = "as in `{AGENCY: {US-MA: 2027-06-30, US-NY: unlimited}}`"
    sheet.report("R011", node, f"{what} is a mapping", hint)
    return ()


def _until(sheet: Sheet, code: Scalar, last: Node) -> date | None:
    """The last day of a licence, None where it has none."""
    if not CODE.fullmatch(code.text):
        hint = "write it as in `US-MA` or `US-NY-NYC`"
        sheet.report("R041", code, f"{quoted(code.text)} is not the code of a place", hint)
    if isinstance(last, Scalar) and last.text == UNLIMITED:
        return None
    return day(sheet, last, code.text)


def _channels(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    found = _several(sheet, node, "channels", PLANNED, "R014")
    order = {channel: place for place, channel in enumerate(words.CHANNELS)}
    return replace(settings, channels=tuple(sorted(found, key=lambda one: order[one])))


def _row_caps(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    given = _words(sheet, node, PLANNED, "`row_caps`")
    caps = {name: _whole(sheet, one, name, 1, MAX_CAP) for name, one in given.items()}
    return replace(settings, row_caps=caps)


def _strategy(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    found = _several(sheet, node, "strategy", STRATEGIES)
    if len({word.split("_")[0] for word in found}) < len(found):
        sheet.report("R035", node, "`strategy` orders by one thing both ways", "keep one of them")
    return replace(settings, strategy=found)


def _part_accounts(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    return replace(settings, part_accounts=_whole(sheet, node, "part_accounts", 1, 10_000_000))


def _sample(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    least = _whole(sheet, node, "sample_at_least", 1_000, 10_000_000)
    return replace(settings, sample_at_least=least)


def _permit_seconds(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    return replace(settings, permit_seconds=_whole(sheet, node, "permit_seconds", 1, 3_600))


def _formats(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    found = _several(sheet, node, "formats", FORMATS)
    return replace(settings, formats=tuple(one for one in FORMATS if one in found))


def _store(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    if not isinstance(node, Scalar) or not _URL.fullmatch(node.text):
        hint = f"as in `{STORE}` or `postgresql://USER@HOST/DATABASE`"
        sheet.report("R041", node, "`store` is the URL of an SQLite or PostgreSQL database", hint)
        return settings
    return replace(settings, store=node.text)


def _zone(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    if not isinstance(node, Scalar) or not is_zone(node.text):
        shown = quoted(node.text) if isinstance(node, Scalar) else "this"
        sheet.report("R025", node, f"{shown} is not a time zone", "as in `America/New_York`")
        return settings
    return replace(settings, zone=node.text)


def _regions(sheet: Sheet, node: Node, settings: Settings) -> Settings:
    return replace(settings, regions=read_regions(sheet, node, settings.regions))


_READERS: Final[Mapping[str, Callable[[Sheet, Node, Settings], Settings]]] = {
    "format": _format,
    "rulebook": _rulebook,
    "refuse_unencoded_places": _refuse,
    "minimum_confidence": _confidence,
    "licences": _licences,
    "channels": _channels,
    "row_caps": _row_caps,
    "strategy": _strategy,
    "part_accounts": _part_accounts,
    "sample_at_least": _sample,
    "permit_seconds": _permit_seconds,
    "formats": _formats,
    "store": _store,
    "zone": _zone,
    "regions": _regions,
    "jobs": lambda sheet, node, had: replace(had, jobs=read_jobs(sheet, node, had.jobs)),
    "retention": lambda sheet, node, had: replace(had, retention=read_retention(sheet, node)),
    "service": lambda sheet, at, had: replace(had, service=read_serving(sheet, at, had.service)),
}
