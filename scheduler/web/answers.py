"""The live core's records as plain data, ready for JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from engine.clock import format_instant

from ..live.asked import Answer, Change, Ended, Fault, Posted, Released, Reserved
from .problems import CODES, Refused


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


def result(one: Answer | Fault, brief: bool = False) -> dict[str, Any]:
    """One result of several: a decision, or why there is none, which is a no."""
    if isinstance(one, Fault):
        return {"permitted": False, "fault": {"code": one.code, "message": one.message}}
    return answer(one, brief)


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
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
