"""The live core's records as plain data, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from engine.clock import format_instant

from ..live.asked import Answer, Change, Ended, Fault, Posted, Released, Reserved
from ..live.entering import Entry
from ..live.recording import dumps
from .problems import CODES, Refused

_HERE: Final = "\x00"  # no id has it
_SHOWN: Final = dumps(_HERE)


def at(moment: datetime | None) -> str | None:
    """A moment as text, None as it is."""
    return None if moment is None else format_instant(moment)


def answer(one: Answer, brief: bool = False) -> dict[str, Any]:
    """A decision; `brief` without the words and the evidence."""
    head: dict[str, Any] = {
        "permitted": one.permitted,
        "decision": one.decision,
        "at": format_instant(one.at),
        "account": one.account,
        "consumer": one.consumer,
        "point": one.point,
        "channel": one.channel,
        "until": at(one.until),
        "attempts_left": one.attempts_left,
        "next_permitted": at(one.next_permitted),
        "duties": sorted({duty for duty, _ in one.duties}),
        "rules": sorted({finding.rule for finding in one.findings}),
    }
    if brief:
        return head
    return {
        **head,
        "findings": [
            {
                "rule": found.rule,
                "cite": list(found.cite),
                "force": found.force,
                "says": found.says,
                "observed": found.observed,
                "threshold": found.threshold,
            }
            for found in one.findings
        ],
        "lifted": [{"rule": found.rule, "by": found.by} for found in one.lifted],
        "places": list(one.places),
        "zones": list(one.zones),
        "rulebook": one.rulebook,
        "engines": dict(one.engines),
    }


def fault(one: Fault) -> dict[str, Any]:
    """Why there is no decision about one of several, which is a no."""
    return {"permitted": False, "fault": {"code": one.code, "message": one.message}}


def results(found: Sequence[Entry | Fault], brief: bool) -> tuple[bytes, int]:
    """The results of a batch as a JSON document, and how many of them permit.

    What stays of a decision's answer while it holds is written once.
    """
    said: list[str] = []
    permitted = 0
    last: datetime | None = None
    moment = ""
    for one in found:
        if isinstance(one, Fault):
            said.append(dumps(fault(one)))
            continue
        if one.now is not last:
            last, moment = one.now, f'"{format_instant(one.now)}"'
        kept = one.kept
        parts = kept.shown.get(brief) or _parts(one, brief)
        if kept.decided.decision.permitted:
            permitted += 1
            start, then, more, end = parts
            said.append(f'{start}"{one.decision}"{then}{moment}{more}{moment}{end}')
        else:
            start, then, end = parts
            said.append(f'{start}"{one.decision}"{then}{moment}{end}')
    return f'{{"results":[{",".join(said)}]}}'.encode(), permitted


def _parts(one: Entry, brief: bool) -> tuple[str, ...]:
    """What stands around a decision's id and its moment; kept where it stays the same."""
    document = answer(one.answer(), brief)
    document["decision"] = document["at"] = _HERE
    if document["permitted"]:
        document["next_permitted"] = _HERE
    found = tuple(dumps(document).split(_SHOWN))
    if brief or not one.kept.timed:
        one.kept.shown[brief] = found
    return found


def refused(one: Fault) -> Refused:
    """What was asked alone and not done, as an error."""
    return Refused(one.code if one.code in CODES else "wrong_request", one.message)


def permit(one: Reserved, checkpoint: str | None) -> dict[str, Any]:
    """The answer to a reservation, with the log's newest checkpoint."""
    return {
        "permitted": one.permit is not None,
        "permit": one.permit,
        "token": one.token,
        "until": at(one.until),
        "checkpoint": checkpoint,
        "answer": answer(one.answer),
    }


def ended(one: Ended) -> dict[str, Any]:
    """How a permit ended."""
    return {
        "permit": one.permit,
        "how": one.how,
        "contact": one.contact,
        "late": one.late,
        "again": one.again,
    }


def posted(one: Posted) -> dict[str, Any]:
    """What became of an event."""
    return {
        "kind": one.kind,
        "source": one.source,
        "id": one.id,
        "outcome": one.outcome,
        "problems": [{"column": column, "reason": reason} for column, reason in one.problems],
    }


def released(one: Released) -> dict[str, Any]:
    """A release on record."""
    return {"release": one.release, "at": format_instant(one.at)}


def change(one: Change) -> dict[str, Any]:
    """A withdrawn row."""
    return {
        "cursor": one.cursor,
        "at": format_instant(one.at),
        "row_id": one.row_id,
        "account": one.account,
        "consumer": one.consumer,
        "point": one.point,
        "channel": one.channel,
        "rules": list(one.rules),
        "decision": one.decision,
    }


def text(document: Any) -> bytes:
    """A document as JSON, as short as it can be said."""
    return dumps(document).encode()
