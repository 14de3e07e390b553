"""Published days: the lists, their manifests, and what was withdrawn of them."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from engine.clock import parse_date

from ..live.door import changes_after
from ..live.writer import FORESEEN
from ..published import name_of, number_of
from ..store.database import StoreError
from . import answers
from .access import need, service_of
from .lists import NoDay, Pulled, cursor_read, cursor_text, number
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
Region = Annotated[
    str | None,
    Query(max_length=31, description="one region's list, as `eastern`; left out: all of the day"),
]
MOST_LISTS: Final = 1_000
Day = Annotated[str, Query(description="the consumers' civil day, as 2026-11-21")]


def day_of(text: str) -> date:
    """The day of an address. Raises Refused."""
    try:
        return parse_date(text)
    except ValueError as error:
        raise Refused("wrong_request", str(error), field="day") from None


@router.get("/lists", response_model=Days)
async def days(request: Request) -> Response:
    """Published lists, the newest day first: one a day, or one for each region."""
    service = service_of(request)

    def found() -> list[dict[str, Any]]:
        rows = []
        for one in service.lists.published()[:MOST_LISTS]:
            manifest = one.manifest()
            gone = service.lists.withdrawn(one.day).values()
            rows.append(
                {
                    "day": one.day.isoformat(),
                    "region": one.region,
                    "run": manifest["run"],
                    "listed": manifest["counts"]["listed"],
                    "withdrawn": sum(number_of(row) == number(manifest) for row in gone),
                }
            )
        return rows

    return answered({"days": await _off(service, found)})


@router.get("/lists/{day}.csv", responses=_FILES, response_class=Response)
async def as_csv(request: Request, day: str, region: Region = None) -> Response:
    """The day's list as CSV, without rows withdrawn by now. Range, gzip and ETag are understood."""
    return await _pull(request, day, "csv", region)


@router.get("/lists/{day}.ndjson", responses=_FILES, response_class=Response)
async def as_ndjson(request: Request, day: str, region: Region = None) -> Response:
    """The day's list as NDJSON, a row a line."""
    return await _pull(request, day, "ndjson", region)


@router.get("/lists/{day}.parquet", responses=_FILES, response_class=Response)
async def as_parquet(request: Request, day: str, region: Region = None) -> Response:
    """The day's list as Parquet."""
    return await _pull(request, day, "parquet", region)


@router.get("/lists/{day}.vicidial", responses=_FILES, response_class=Response)
async def as_leads(request: Request, day: str, region: Region = None) -> Response:
    """The day's calls as VICIdial's lead loader takes them."""
    return await _pull(request, day, "vicidial", region)


@router.get("/lists/{day}", response_model=Rows)
async def rows(
    request: Request,
    day: str,
    region: Region = None,
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
    page, last = await _off(service, lambda: service.lists.page(civil, after, limit, region))
    service.pulled(civil, after, limit, region)
    then = answers.text(None if last is None else cursor_text(civil, last))
    body = b'{"day":"%s","rows":%s,"next":%s}' % (civil.isoformat().encode(), page, then)
    return Response(body, media_type="application/json")


@router.get("/lists/{day}/manifest", response_model=dict[str, Any])
async def manifest(request: Request, day: str, region: Region = None) -> Response:
    """What the day's list stands on: digests, versions, counts, files.

    Of a day put out by region: `counts` of all, and under `regions` what each stands on.
    """
    service = service_of(request)
    civil = day_of(day)
    return answered(await _off(service, lambda: service.lists.manifest(civil, region)))


@router.get("/lists/{day}/changes", response_model=Changes)
async def changes(
    request: Request,
    day: str,
    region: Region = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = MOST_ITEMS,
) -> Response:
    """Rows of the day's list withdrawn after a cursor (0: from the start), in order.

    Ask again with `next`. What stands here is refused by every check and permit already.
    """
    service = service_of(request)
    civil = day_of(day)

    def found() -> dict[str, Any]:
        own = None if region is None else number(service.lists.manifest(civil, region))
        rows = changes_after(service.live, civil, after, limit + 1)
        seen = rows[:limit]
        shown = [one for one in seen if own is None or number_of(one.row_id) == own]
        return {
            "day": civil.isoformat(),
            "changes": [answers.change(one) for one in shown],
            "next": seen[-1].cursor if seen else after,
            "more": len(rows) > limit,
            "checkpoint": service.checkpoint(),
        }

    return answered(await _off(service, found))


async def _pull(request: Request, day: str, kind: str, region: str | None) -> Response:
    service = service_of(request)
    civil = day_of(day)
    packed = kind != "parquet" and _takes_gzip(request.headers.get("accept-encoding", ""))
    found: Pulled = await _off(service, lambda: service.lists.pull(civil, kind, packed, region))
    service.pulled(civil, 0, FORESEEN, region)
    head = {"etag": found.tag, "vary": "Accept-Encoding"}
    if packed:
        head["content-encoding"] = "gzip"
    if _is_known(request.headers.get("if-none-match", ""), found.tag):
        return Response(status_code=304, headers=head)
    return FileResponse(
        found.path,
        headers=head,
        media_type=found.media,
        filename=_name(name_of(civil, region), kind),
    )


def _name(name: str, kind: str) -> str:
    return f"list-{name}.{'txt' if kind == 'vicidial' else kind}"


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
