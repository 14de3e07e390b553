"""Settings of the service: what it does by itself and when, and how it is reached.

Both are mappings of words to values, read with line and column like every other setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time
from typing import Final

from engine.clock import parse_time
from engine.problem import did_you_mean, quoted
from engine.reading import Map, Node, Scalar, Sheet

NEVER: Final = "never"
NOBODY: Final = "nobody"
_URL: Final = re.compile(r"https?://[^\s{},]+")
_HOST: Final = re.compile(r"[A-Za-z0-9.:-]{1,253}")


REPORT: Final = "report"
PURGE: Final = "purge"
RETENTIONS: Final = (REPORT, PURGE)
"""What becomes of records whose time is over."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """What the service does by itself. Times of day are at the clock of the setting `zone`.

    `list`: when the day's list is made. `grace`: hours within which a start that was missed is
    caught up. `seal`: minutes between two seals of live decisions. `expire`: seconds between two
    looks for permits past their end. `refresh`: minutes between two looks whether listed rows are
    refused by now; None: never. `retention`: when it is looked whose records' time is over; None:
    never.
    """

    list: time = time(5)
    grace: int = 6
    seal: int = 60
    expire: int = 10
    refresh: int | None = 30
    retention: time | None = time(3, 30)


@dataclass(frozen=True, slots=True)
class Serving:
    """How the service is reached.

    `requests`: a second, for each key; 0: no limit. `body`: KiB that a request may hold. `webhook`:
    who is told of failures, None for nobody.
    """

    host: str = "127.0.0.1"
    port: int = 8321
    requests: int = 2_000
    body: int = 4_096
    webhook: str | None = None


def jobs_text(jobs: Jobs) -> str:
    """Jobs as they stand in settings.yaml."""
    return _text(jobs)


def serving_text(serving: Serving) -> str:
    """How the service is reached, as it stands in settings.yaml."""
    return _text(serving)


def _text(told: Jobs | Serving) -> str:
    """In the order of the fields, on one line."""
    shown = (f"{one.name}: {_value(one.name, getattr(told, one.name))}" for one in fields(told))
    return f"{{{', '.join(shown)}}}"


def _value(name: str, value: object) -> str:
    if value is None:
        return NOBODY if name == "webhook" else NEVER
    return value.strftime("%H:%M") if isinstance(value, time) else str(value)


def read_jobs(sheet: Sheet, node: Node, default: Jobs) -> Jobs:
    """Jobs from settings.yaml; what is wrong is reported on the sheet."""
    found = _words(sheet, node, "jobs", [one.name for one in fields(Jobs)])
    return Jobs(
        list=_time(sheet, found, "list", default.list) or default.list,
        grace=_whole(sheet, found, "grace", 1, 23, default.grace),
        seal=_whole(sheet, found, "seal", 1, 60, default.seal),
        expire=_whole(sheet, found, "expire", 1, 600, default.expire),
        refresh=_sometimes(sheet, found, "refresh", default.refresh),
        retention=_time(sheet, found, "retention", default.retention, never=True),
    )


def read_retention(sheet: Sheet, node: Node) -> str:
    """What becomes of records whose time is over; what is wrong is reported on the sheet."""
    if isinstance(node, Scalar) and node.text in RETENTIONS:
        return node.text
    shown = quoted(node.text) if isinstance(node, Scalar) else "this"
    near = did_you_mean(node.text, RETENTIONS) if isinstance(node, Scalar) else ""
    says = f"{shown} is nothing that `retention` does{near}"
    sheet.report("R030", node, says, f"it is {' or '.join(RETENTIONS)}")
    return REPORT


def read_serving(sheet: Sheet, node: Node, default: Serving) -> Serving:
    """How the service is reached, from settings.yaml; what is wrong is reported on the sheet."""
    found = _words(sheet, node, "service", [one.name for one in fields(Serving)])
    return Serving(
        host=_host(sheet, found, default.host),
        port=_whole(sheet, found, "port", 0, 65_535, default.port),
        requests=_whole(sheet, found, "requests", 0, 1_000_000, default.requests),
        body=_whole(sheet, found, "body", 64, 1_048_576, default.body),
        webhook=_webhook(sheet, found, default.webhook),
    )


def _words(sheet: Sheet, node: Node, where: str, known: list[str]) -> Mapping[str, Scalar]:
    hint = f"the words are {', '.join(known)}; see scheduler/README.md#settings"
    if not isinstance(node, Map):
        sheet.report("R011", node, f"`{where}` is a mapping of words to values", hint)
        return {}
    found: dict[str, Scalar] = {}
    for key, value in node.entries:
        if key.text not in known:
            near = did_you_mean(key.text, known)
            sheet.report("R013", key, f"unknown word {quoted(key.text)} in `{where}`{near}", hint)
        elif not isinstance(value, Scalar) or value.empty:
            sheet.report("R011", value, f"`{key.text}` is one value")
        else:
            found[key.text] = value
    return found


def _whole(
    sheet: Sheet, found: Mapping[str, Scalar], name: str, low: int, high: int, default: int
) -> int:
    node = found.get(name)
    if node is None:
        return default
    text = node.text
    if text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high:
        return int(text)
    message = f"`{name}` is a whole number from {low:,} to {high:,}, not {quoted(text)}"
    sheet.report("R030", node, message, "write digits alone")
    return default


def _sometimes(
    sheet: Sheet, found: Mapping[str, Scalar], name: str, default: int | None
) -> int | None:
    if name in found and found[name].text == NEVER:
        return None
    if name not in found:
        return default
    return _whole(sheet, found, name, 1, 1_440, 1)


def _time(
    sheet: Sheet,
    found: Mapping[str, Scalar],
    name: str,
    default: time | None,
    *,
    never: bool = False,
) -> time | None:
    node = found.get(name)
    if node is None:
        return default
    if never and node.text == NEVER:
        return None
    try:
        return parse_time(node.text)
    except ValueError as error:
        sheet.report("R030", node, f"`{name}`: {error}")
        return default


def _host(sheet: Sheet, found: Mapping[str, Scalar], default: str) -> str:
    node = found.get("host")
    if node is None:
        return default
    if not _HOST.fullmatch(node.text):
        sheet.report("R030", node, f"{quoted(node.text)} is no address", f"as in `{default}`")
        return default
    return node.text


def _webhook(sheet: Sheet, found: Mapping[str, Scalar], default: str | None) -> str | None:
    node = found.get("webhook")
    if node is None:
        return default
    if node.text == NOBODY:
        return None
    if not _URL.fullmatch(node.text):
        hint = f"as in `https://alarms.example/forbear`, or `{NOBODY}`"
        sheet.report("R030", node, f"{quoted(node.text)} is no address to tell", hint)
        return default
    return node.text
