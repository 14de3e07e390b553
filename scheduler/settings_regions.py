"""The setting `regions`: which zones get their day's list together, and when.

A mapping of names to `{zones: [...], list: TIME}`, read with line and column like every setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Final

from engine.clock import is_zone, parse_time
from engine.place import same_clock
from engine.problem import did_you_mean, quoted
from engine.reading import Map, Node, Scalar, Seq, Sheet

from .regions import OTHERS, Region, Regions

WORDS: Final = ("zones", "list")
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
_SEE: Final = "see scheduler/README.md#regions"
_AS: Final = "as in `eastern: {zones: [America/New_York, others]}`"


def regions_text(regions: Regions) -> str:
    """Regions as they stand in settings.yaml, a line each."""
    return "".join(f"\n  {one.name}: {_text(one)}" for one in regions)


def _text(region: Region) -> str:
    zones = ", ".join([*region.zones, *([OTHERS] if region.others else [])])
    at = "" if region.list is None else f", list: {region.list:%H:%M}"
    return f"{{zones: [{zones}]{at}}}"


def read_regions(sheet: Sheet, node: Node, default: Regions) -> Regions:
    """Regions from settings.yaml; what is wrong is reported on the sheet."""
    if not isinstance(node, Map) or not node.entries:
        sheet.report("R011", node, "`regions` is a mapping of names to zones", f"{_AS}; {_SEE}")
        return default
    taken: dict[str, str] = {}
    found = [_region(sheet, name, told, taken) for name, told in node.entries]
    if OTHERS not in taken:
        why = f"no region takes `{OTHERS}`: zones that are not named, and consumers without one"
        sheet.report("R036", node, why, f"write `{OTHERS}` among the zones of one; {_SEE}")
    return tuple(one for one in found if one is not None) or default


def _region(sheet: Sheet, name: Scalar, told: Node, taken: dict[str, str]) -> Region | None:
    if not NAME.fullmatch(name.text):
        hint = "a name is small letters, digits and hyphens, and begins with a letter"
        sheet.report("R041", name, f"{quoted(name.text)} cannot name a region", hint)
    if not isinstance(told, Map):
        sheet.report("R011", told, f"the region `{name.text}` is a mapping", _AS)
        return None
    words: dict[str, Node] = {}
    for key, value in told.entries:
        if key.text in WORDS:
            words[key.text] = value
        else:
            near = did_you_mean(key.text, WORDS)
            message = f"unknown word {quoted(key.text)} in a region{near}"
            sheet.report("R013", key, message, f"the words are {', '.join(WORDS)}; {_SEE}")
    zones = _zones(sheet, name, words.get("zones"), taken)
    others = OTHERS in zones
    own = tuple(one for one in zones if one != OTHERS)
    if not own:
        where = words.get("zones", name)
        if "zones" in words and _items(where) and not others:
            return None  # what is wrong with them is said
        why = f"the region `{name.text}` has no zone; the first one is the clock of its day"
        sheet.report("R029", where, why, _AS)
        return None
    return Region(name.text, own, others, _time(sheet, words))


def _zones(sheet: Sheet, name: Scalar, node: Node | None, taken: dict[str, str]) -> list[str]:
    """A region's zones by their first names, each once; `taken` grows by them."""
    found: list[str] = []
    for item in () if node is None else _items(node):
        if not isinstance(item, Scalar) or not (item.text == OTHERS or is_zone(item.text)):
            shown = quoted(item.text) if isinstance(item, Scalar) else "this"
            sheet.report("R025", item, f"{shown} is not a time zone", "as in `America/New_York`")
            continue
        zone = item.text if item.text == OTHERS else same_clock(item.text)
        if taken.get(zone, name.text) != name.text:
            same = "" if zone == item.text else f" (it keeps the time of {zone})"
            message = f"`{item.text}`{same} belongs to the region `{taken[zone]}` already"
            sheet.report("R038", item, message, "a zone belongs to one region")
        elif zone not in found:
            taken[zone] = name.text
            found.append(zone)
    return found


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Seq) else (node,)


def _time(sheet: Sheet, words: Mapping[str, Node]) -> time | None:
    node = words.get("list")
    if node is None:
        return None
    try:
        return parse_time(node.text if isinstance(node, Scalar) else "")
    except ValueError as error:
        sheet.report("R032", node, f"`list`: {error}", "as in `05:00`")
        return None
