"""Before and after a contact: checks, permits, what happened, releases, decisions."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from engine.clock import parse_instant
from engine.problem import ForbearError

from ..live import asked
from ..live.door import cancel, check_plain, post_events, release, reserve, settle
from . import answers, shapes
from .access import need, service_of
from .bodies import read, takes
from .keys import Bearer
from .list_routes import answered
from .problems import Refused

router: Final = APIRouter(prefix="/v1")
Name = Annotated[str, Path(max_length=shapes.MOST_LENGTH)]
DIALER: Final = ("dialer",)
DESK: Final = ("dialer", "officer")
Dialer = Annotated[Bearer, Depends(need(*DIALER))]
Desk = Annotated[Bearer, Depends(need(*DESK))]
Asking = Annotated[Bearer, Depends(need(*DESK, clock=True))]
Dialling = Annotated[Bearer, Depends(need(*DIALER, clock=True))]
Officer = Annotated[Bearer, Depends(need("officer"))]
Reader = Annotated[Bearer, Depends(need("dialer", "officer", "auditor"))]


def proposed(one: shapes.Contact) -> asked.Proposed:
    """A contact as the live core takes it."""
    return asked.Proposed(
        account=one.account,
        channel=one.channel,
        point=one.point,
        debts=one.debts,
        purpose=one.purpose,
        content=one.content,
        technology=one.technology,
        disclosure=one.disclosure,
        flags=one.flags,
    )


def instant(text: str | None, field: str) -> datetime | None:
    """A moment of a request. Raises Refused."""
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise Refused("wrong_request", str(error), field=field) from None


@router.post("/checks", response_model=shapes.Checked, tags=["checks"], **takes(shapes.Checks))
async def checks(request: Request, bearer: Asking) -> Response:
    """Decide contacts as of now, each in the log before this is answered; nothing is reserved.

    One result for each, in order: a fault of one leaves the others alone, and is a no.
    """
    body = await read(request, shapes.Checks)
    service = service_of(request)
    wanted = [proposed(one) for one in body.contacts]
    found = await service.answered(check_plain(service.live, wanted, bearer.name))
    text, permitted = answers.results(found, body.brief)
    service.metrics.decisions.labels("permitted").inc(permitted)
    service.metrics.decisions.labels("refused").inc(len(found) - permitted)
    return Response(text, media_type="application/json")


@router.post("/permits", response_model=shapes.Permit, tags=["permits"], **takes(shapes.Contact))
async def permits(request: Request, bearer: Dialling) -> Response:
    """Decide one contact and, if it may be made, reserve it: 201 with a permit, or 200 without.

    The permit ends at `until`. What is not settled by then counts as an attempt without a known
    result.
    """
    body = await read(request, shapes.Contact)
    service = service_of(request)
    found = await service.answered(reserve(service.live, proposed(body), bearer.name))
    if isinstance(found, asked.Fault):
        raise answers.refused(found)
    service.metrics.permits.labels("given" if found.permit else "refused").inc()
    document = answers.permit(found, service.checkpoint())
    return answered(document, 201 if found.permit else 200)


@router.post(
    "/permits/{permit}/result",
    response_model=shapes.Ended,
    tags=["permits"],
    **takes(shapes.Outcome),
)
async def result(request: Request, permit: Name, bearer: Dialer) -> Response:
    """What came of a permitted contact. Told again it is the same; told otherwise, a correction."""
    body = await read(request, shapes.Outcome)
    service = service_of(request)
    told = asked.Result(
        permit=permit,
        result=body.result,
        at=instant(body.at, "at"),
        message_possible=body.message_possible,
        reached=body.reached,
        discussed=_tuple(body.discussed),
        conversation_attributed_to=_tuple(body.conversation_attributed_to),
    )
    found = await service.answered(settle(service.live, told, bearer.name))
    if isinstance(found, asked.Fault):
        raise answers.refused(found)
    service.metrics.permits.labels("late" if found.late else "settled").inc()
    return answered(answers.ended(found))


def _tuple(told: list[str] | None) -> tuple[str, ...] | None:
    return None if told is None else tuple(told)


@router.post("/permits/{permit}/cancel", response_model=shapes.Ended, tags=["permits"])
async def cancelled(request: Request, permit: Name, bearer: Dialer) -> Response:
    """Give a permit back: whoever does declares that nothing was placed."""
    service = service_of(request)
    found = await service.answered(cancel(service.live, permit, bearer.name))
    if isinstance(found, asked.Fault):
        raise answers.refused(found)
    service.metrics.permits.labels("cancelled").inc()
    return answered(answers.ended(found))


@router.post("/events", response_model=shapes.EventsPosted, tags=["events"], **takes(shapes.Events))
async def events(request: Request, bearer: Desk) -> Response:
    """Contacts, statements and knowledge; one outcome for each, in order.

    When this is answered every check and permit of every process knows of it, and the rows it
    withdraws are in the changes feed.
    """
    body = await read(request, shapes.Events)
    service = service_of(request)
    wanted = [asked.Event(one.kind, one.source, one.id, one.row, one.void) for one in body.events]
    found = await service.answered(post_events(service.live, wanted, bearer.name))
    for one in found:
        service.metrics.events.labels(one.kind, one.outcome).inc()
    return answered({"results": [answers.posted(one) for one in found]})


@router.post(
    "/releases",
    response_model=shapes.Released,
    status_code=201,
    tags=["permits"],
    **takes(shapes.Lift),
)
async def releases(request: Request, bearer: Officer) -> Response:
    """Lift a presumption for one contact: a named person answers for it, until a moment."""
    body = await read(request, shapes.Lift)
    service = service_of(request)
    until = instant(body.until, "until")
    assert until is not None
    lift = asked.Release(
        rule=body.rule,
        account=body.account,
        person=body.person,
        factor=body.factor,
        reason=body.reason,
        until=until,
        channel=body.channel,
        point=body.point,
    )
    found = await service.answered(release(service.live, lift, bearer.name))
    if isinstance(found, asked.Fault):
        raise answers.refused(found)
    return answered(answers.released(found), 201)


@router.get("/decisions/{decision}", response_model=dict[str, Any], tags=["log"])
async def decisions(request: Request, decision: Name, bearer: Reader) -> Response:
    """A decision as the log has it, of a run or live."""
    service = service_of(request)
    try:
        found = await asyncio.to_thread(service.log.decision, decision)
    except (ForbearError, OSError) as error:
        service.journal.say("no_answer", "error", why=str(error))
        raise Refused("not_ready") from error
    if found is None:
        raise Refused("not_found", "there is no decision of that id")
    return answered(found)
