"""What is asked before every contact, past the framework's own way through a request.

FastAPI looks for the route and works out what it depends on anew each time, which takes longer
than a check. The routes here are the framework's too, and the contract's; whatever of a request is
out of the ordinary is left to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.security.utils import get_authorization_scheme_param

from . import live_routes
from .access import CLIENT_TIME, TIME_LENGTH, admit
from .keys import Bearer
from .problems import Refused

Endpoint = Callable[[Request, Bearer], Awaitable[Response]]
Refusal = Callable[[Request, Exception], Awaitable[Response]]
Scope = Any
_ROUTES: Final[tuple[tuple[str, Endpoint, tuple[str, ...]], ...]] = (
    ("/v1/checks", live_routes.checks, live_routes.DESK),
    ("/v1/permits", live_routes.permits, live_routes.DIALER),
)
_HEADER: Final = CLIENT_TIME.lower().encode()


@dataclass(frozen=True, slots=True)
class Known:
    """A route as the journal and the metrics name it."""

    path: str


@dataclass(frozen=True, slots=True)
class Quick:
    """One such route."""

    app: FastAPI
    route: Known
    endpoint: Endpoint
    scopes: frozenset[str]
    refusal: Refusal

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer one request."""
        scope["app"], scope["route"] = self.app, self.route
        request = Request(scope, receive)
        try:
            told, text = get_authorization_scheme_param(request.headers.get("authorization"))
            given = text if told.lower() == "bearer" else None
            theirs = request.headers.get(CLIENT_TIME)
            bearer = await admit(request, self.scopes, given, theirs, clock=True)
            response = await self.endpoint(request, bearer)
        except Refused as error:
            response = await self.refusal(request, error)
        await response(scope, receive, send)


def quick(app: FastAPI, refusal: Refusal) -> Mapping[str, Quick]:
    """The routes by their paths; `refusal` makes an error's answer."""
    return {
        path: Quick(app, Known(path), endpoint, frozenset(scopes), refusal)
        for path, endpoint, scopes in _ROUTES
    }


def ordinary(scope: Scope) -> bool:
    """Whether a request is one that need not be looked at closely."""
    return scope["method"] == "POST" and all(
        len(value) <= TIME_LENGTH for name, value in scope["headers"] if name == _HEADER
    )
