"""The application: routes, one shape for every error, and the contract (OpenAPI)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from engine.version import VERSION

from . import bodies, list_routes, live_routes, run_routes
from .door import App, Door
from .list_routes import answered
from .problems import Refused, document
from .quick import quick
from .service import Service
from .shapes import Errors

TITLE: Final = "Forbear"
CONTRACT: Final = "/v1/openapi.json"
_ABOUT: Final = """\
Which contacts are permitted today, and whether one still is, just now. Take every answer that is \
not a yes, and silence, as a no. Answers carry the server's time in `Forbear-Time`; a request may \
carry the client's in `Forbear-Client-Time`, and is refused if the two are more than five seconds \
apart. A dialer's checks and permits must carry it."""
_STATUSES: Final = {
    401: "no key, or one that opens nothing",
    403: "not for this key",
    404: "there is no such thing",
    409: "it cannot be done as things stand",
    413: "too large",
    422: "not what the contract says",
    429: "too many requests for this key",
    500: "a fault of ours: take it as a no",
    503: "nothing can be answered now: take it as a no",
}
_BY_STATUS: Final = {404: "not_found", 405: "wrong_method", 413: "too_large", 416: "wrong_range"}


def api() -> FastAPI:
    """The application without what it serves, which `build` gives it."""
    app = _Api(
        title=TITLE,
        version=VERSION,
        description=_ABOUT,
        openapi_url=CONTRACT,
        docs_url=None,
        redoc_url=None,
        responses={
            status: {"model": Errors, "description": text} for status, text in _STATUSES.items()
        },
    )
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _not_the_contract)
    app.add_exception_handler(HTTPException, _no_such_route)
    app.add_exception_handler(Exception, _fault)
    for routes in (list_routes.router, live_routes.router, run_routes.router):
        app.include_router(routes)
    return app


def build(service: Service) -> App:
    """The whole service, ready to be served."""
    app = api()
    app.state.service = service
    return Door(app, service, quick(app, _refused))


def contract() -> dict[str, Any]:
    """The OpenAPI document."""
    return api().openapi()


class _Api(FastAPI):
    """FastAPI, whose contract has the bodies that routes read themselves."""

    def openapi(self) -> dict[str, Any]:
        """The contract, made once."""
        if self.openapi_schema is None:
            found = super().openapi()
            found["components"]["schemas"] |= bodies.schemas()
            found["components"]["schemas"] = dict(sorted(found["components"]["schemas"].items()))
        return super().openapi()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    request.state.code = error.code
    request.app.state.service.metrics.refusals.labels(error.code).inc()
    response = answered(document(error), error.status)
    response.headers.update(error.headers)
    return response


async def _not_the_contract(request: Request, error: Exception) -> Response:
    """What the models refuse; what was sent is not said again, for it may name somebody."""
    assert isinstance(error, RequestValidationError)
    more = [
        bodies.problem(str(one["loc"][0]), {**one, "loc": one["loc"][1:]})
        for one in error.errors()[:100]
    ]
    return await _refused(request, Refused("wrong_request", more=more))


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Refused):  # met while the body was read
        return await _refused(request, error.__cause__)
    code = _BY_STATUS.get(error.status_code, "wrong_request")
    return await _refused(request, Refused(code, headers=dict(error.headers or {})))


async def _fault(request: Request, error: Exception) -> Response:
    """The door hears of it as well, and tells."""
    return await _refused(request, Refused("fault"))
