"""The service itself: whether it is ready, its metrics, the log's proofs, the rulebook anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from engine.clock import format_instant
from engine.problem import ForbearError, Problems, as_json
from engine.version import VERSION

from .access import need, service_of
from .bodies import read, takes
from .list_routes import answered
from .problems import Refused
from .shapes import MOST_LENGTH, Health, Older, Reloaded

router: Final = APIRouter()
Name = Annotated[str, Path(max_length=MOST_LENGTH)]


@router.get("/healthz", response_model=Health, tags=["service"], responses={503: {"model": Health}})
async def healthz(request: Request) -> Response:
    """200 if a rulebook, a store, a log and today's list are there; 503 says which is missing.

    A region's list is missing when somebody may be contacted there and it is not out.
    """
    service = service_of(request)
    missing = await asyncio.to_thread(service.missing)
    lists = await asyncio.to_thread(service.due)
    found = {
        "ready": not missing,
        "missing": missing,
        "time": format_instant(service.now()),
        "version": VERSION,
        "rulebook": service.live.law.rulebook.digest,
        "lists": [
            {
                "region": one.region,
                "day": one.day.isoformat(),
                "state": one.state,
                "starts": format_instant(one.starts),
                "opens": None if one.opens is None else format_instant(one.opens),
            }
            for one in lists
        ],
    }
    return answered(found, 503 if missing else 200)


@router.get(
    "/metrics",
    tags=["service"],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    dependencies=[Depends(need("admin", "auditor"))],
)
async def metrics(request: Request) -> Response:
    """Counters and durations for Prometheus."""
    text = service_of(request).metrics.text()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.post(
    "/v1/admin/reload",
    response_model=Reloaded,
    tags=["service"],
    dependencies=[Depends(need("admin"))],
)
async def reload(request: Request) -> Response:
    """Read the rule files anew. Files with problems change nothing: 409 with all of them."""
    service = service_of(request)
    try:
        now, before = await asyncio.to_thread(service.reload)
    except Problems as error:
        found = json.loads(as_json(error.problems))["problems"]
        more = [{"field": one.get("path"), **one, "code": "bad_rules"} for one in found]
        raise Refused("bad_rules", more=more) from error
    return answered({"rulebook": now, "before": before, "changed": now != before})


@router.get(
    "/v1/log/checkpoint",
    response_class=Response,
    tags=["log"],
    responses={200: {"content": {"text/plain": {}}}},
    dependencies=[Depends(need("dialer", "officer", "auditor"))],
)
async def checkpoint(request: Request) -> Response:
    """The newest signed checkpoint of the log. Kept, it is a witness against the log's keeper."""
    found = await _logged(request, service_of(request).log.checkpoint)
    return Response(found, media_type="text/plain; charset=utf-8")


@router.get(
    "/v1/log/inclusion/{decision}",
    response_model=dict[str, Any],
    tags=["log"],
    dependencies=[Depends(need("auditor"))],
)
async def inclusion(request: Request, decision: Name) -> Response:
    """The proof that a decision stands in the log."""
    log = service_of(request).log
    return answered(await _logged(request, lambda: log.inclusion(decision)))


@router.post(
    "/v1/log/consistency",
    response_model=dict[str, Any],
    tags=["log"],
    dependencies=[Depends(need("auditor"))],
    **takes(Older),
)
async def consistency(request: Request) -> Response:
    """The proof that the log begins with the log of an older checkpoint."""
    body = await read(request, Older)
    log = service_of(request).log
    return answered(await _logged(request, lambda: log.consistency(body.old, body.new)))


async def _logged(request: Request, asked: Callable[[], Any]) -> Any:
    """What the log answers. Raises Refused."""
    try:
        found = await asyncio.to_thread(asked)
    except Refused:
        raise
    except (ForbearError, OSError) as error:
        service_of(request).journal.say("no_answer", "error", why=str(error))
        raise Refused("not_ready") from error
    if found is None:
        raise Refused("not_found", "the log has nothing of that kind")
    return found
