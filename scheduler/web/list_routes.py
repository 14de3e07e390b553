"""Published days: the lists, their manifests, and what was withdrawn of them."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from engine.clock import parse_date

from ..live.door import changes_after
from ..live.writer import FORESEEN
from ..store.database import StoreError
from . import answers
from .access import need, service_of
from .lists import NoDay, Pulled, cursor_read, cursor_text
from .problems import Refused
from .service import Service
from .shapes import MOST_ITEMS, Changes, Days, Rows

router: Final = APIRouter(
    prefix="/v1", tags=["lists"], dependencies=[Depends(need("dialer", "officer", "auditor"))]
)
MOST_ROWS: Final = 10_000
_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "the list", "content": {"application/octet-stream": {}}},
    206: {"description": "the part of it that was asked for"},
    304: {"description": "it is still what `If-None-Match` names"},
    416: {"description": "the range asked for is not in it"},
}
Day = Annotated[str, Query(description="the consumers' civil day, as 2026-11-21")]


def day_of(text: str) -> date:
    """The day of an address. Raises Refused."""
    try:
        return parse_date(text)
    except ValueError as error:
        raise Refused("wrong_request", str(error), field="day") from None


@router.get("/lists", response_model=Days)
async def days(request: Request) -> Response:
    """Published days, the newest first."""
    service = service_of(request)

    def found() -> list[dict[str, Any]]:
        rows = []
        for day in service.lists.days()[:100]:
            manifest = service.lists.manifest(day)
            gone = len(service.lists.withdrawn(day))
            listed = manifest["counts"]["listed"]
            run = manifest["run"]
            rows.append({"day": day.isoformat(), "run": run, "listed": listed, "withdrawn": gone})
        return rows

    return answered({"days": await _off(service, found)})


@router.get("/lists/{day}.csv", responses=_FILES, response_class=Response)
async def as_csv(request: Request, day: str) -> Response:
    """The day's list as CSV, without rows withdrawn by now. Range, gzip and ETag are understood."""
    return await _pull(request, day, "csv")


@router.get("/lists/{day}.ndjson", responses=_FILES, response_class=Response)
async def as_ndjson(request: Request, day: str) -> Response:
    """The day's list as NDJSON, a row a line."""
    return await _pull(request, day, "ndjson")


@router.get("/lists/{day}.parquet", responses=_FILES, response_class=Response)
async def as_parquet(request: Request, day: str) -> Response:
    """The day's list as Parquet."""
    return await _pull(request, day, "parquet")


@router.get("/lists/{day}.vicidial", responses=_FILES, response_class=Response)
async def as_leads(request: Request, day: str) -> Response:
    """The day's calls as VICIdial's lead loader takes them."""
    return await _pull(request, day, "vicidial")


@router.get("/lists/{day}", response_model=Rows)
async def rows(
    request: Request,
    day: str,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 1_000,
) -> Response:
    """The day's list page by page, without rows withdrawn by now."""
    service = service_of(request)
    civil = day_of(day)
    try:
        after = 0 if cursor is None else cursor_read(civil, cursor)
    except ValueError:
        raise Refused("wrong_cursor", field="cursor") from None
    page, last = await _off(service, lambda: service.lists.page(civil, after, limit))
    service.pulled(civil, after, limit)
    then = answers.text(None if last is None else cursor_text(civil, last))
    body = b'{"day":"%s","rows":%s,"next":%s}' % (civil.isoformat().encode(), page, then)
    return Response(body, media_type="application/json")


@router.get("/lists/{day}/manifest", response_model=dict[str, Any])
async def manifest(request: Request, day: str) -> Response:
    """What the day's list stands on: digests, versions, counts, files."""
    service = service_of(request)
    civil = day_of(day)
    return answered(await _off(service, lambda: service.lists.manifest(civil)))


@router.get("/lists/{day}/changes", response_model=Changes)
async def changes(
    request: Request,
    day: str,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = MOST_ITEMS,
) -> Response:
    """Rows of the day's list withdrawn after a cursor (0: from the start), in order.

    Ask again with `next`. What stands here is refused by every check and permit already.
    """
    service = service_of(request)
    civil = day_of(day)

    def found() -> dict[str, Any]:
        rows = changes_after(service.live, civil, after, limit + 1)
        shown = rows[:limit]
        return {
            "day": civil.isoformat(),
            "changes": [answers.change(one) for one in shown],
            "next": shown[-1].cursor if shown else after,
            "more": len(rows) > limit,
            "checkpoint": service.checkpoint(),
        }

    return answered(await _off(service, found))


async def _pull(request: Request, day: str, kind: str) -> Response:
    service = service_of(request)
    civil = day_of(day)
    packed = kind != "parquet" and _takes_gzip(request.headers.get("accept-encoding", ""))
    found: Pulled = await _off(service, lambda: service.lists.pull(civil, kind, packed))
    service.pulled(civil, 0, FORESEEN)
    head = {"etag": found.tag, "vary": "Accept-Encoding"}
    if packed:
        head["content-encoding"] = "gzip"
    if _is_known(request.headers.get("if-none-match", ""), found.tag):
        return Response(status_code=304, headers=head)
    return FileResponse(
        found.path, headers=head, media_type=found.media, filename=_name(civil, kind, found.path)
    )


def _name(day: date, kind: str, path: Path) -> str:
    return f"list-{day.isoformat()}.{'txt' if kind == 'vicidial' else kind}"


def _takes_gzip(told: str) -> bool:
    for one in told.split(","):
        name, _, weight = one.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _is_known(told: str, tag: str) -> bool:
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in told.split(","))


def answered(document: Any, status: int = 200) -> Response:
    """A document as an answer."""
    return Response(answers.text(document), status, media_type="application/json")


async def _off(service: Service, work: Any) -> Any:
    """Do work that touches files or the store beside the loop. Raises Refused."""
    try:
        return await asyncio.to_thread(work)
    except NoDay as error:
        raise Refused("not_found", str(error)) from error
    except StoreError as error:
        service.journal.say("no_answer", "error", why=str(error))
        raise Refused("not_ready") from error
