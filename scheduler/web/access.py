"""Who may ask what: the key of a request, its scopes, its pace and its client's clock."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from engine.clock import parse_instant

from ..store.database import StoreError
from .keys import Bearer
from .problems import Refused
from .service import Service

CLIENT_TIME: Final = "Forbear-Client-Time"
TIME_LENGTH: Final = 40
_bearer: Final = HTTPBearer(auto_error=False, description="a key of `forbear keys add`")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
ClientTime = Annotated[
    str | None,
    Header(
        alias=CLIENT_TIME,
        max_length=TIME_LENGTH,
        description="the client's clock, ISO 8601 with offset",
    ),
]


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    found: Service = request.app.state.service
    return found


def need(*scopes: str, clock: bool = False) -> Callable[..., Awaitable[Bearer]]:
    """A dependency: the key of the request, which must have one of the scopes.

    `clock`: what is answered holds for a moment, so that a dialer's request must say what time it
    is at the client. A person's need not: nothing dials by a browser's clock.
    Raises Refused: no_key, bad_key, not_for_this_key, too_many, no_clock, clock_off, not_ready.
    """

    async def allowed(
        request: Request, given: Credentials, client_time: ClientTime = None
    ) -> Bearer:
        text = None if given is None else given.credentials
        return await admit(request, frozenset(scopes), text, client_time, clock=clock)

    return allowed


async def admit(
    request: Request,
    scopes: frozenset[str],
    text: str | None,
    client_time: str | None,
    *,
    clock: bool,
) -> Bearer:
    """Who asks by this key, as `need` says."""
    service = service_of(request)
    bearer = await _bearer_of(service, text)
    request.state.key = bearer.id
    if not bearer.scopes & scopes:
        raise Refused(
            "not_for_this_key", f"this takes a key with scope {' or '.join(sorted(scopes))}"
        )
    wait = service.pace.wait(bearer.id, service.tick())
    if wait:
        raise Refused("too_many", headers={"Retry-After": str(math.ceil(wait))})
    if clock and client_time is None and "dialer" in bearer.scopes:
        raise Refused("no_clock", field=CLIENT_TIME)
    _same_clock(service, client_time)
    return bearer


async def _bearer_of(service: Service, text: str | None) -> Bearer:
    if not text:
        raise Refused("no_key", headers={"WWW-Authenticate": "Bearer"})
    try:
        found = await service.who(text)
    except StoreError as error:
        service.journal.say("no_answer", "error", why=str(error))
        raise Refused("not_ready") from error
    if isinstance(found, str):
        service.journal.say("key_refused", "warning", why=found)
        raise Refused("bad_key", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return found


def _same_clock(service: Service, told: str | None) -> None:
    """Refuse a client whose clock says another time: what it dials by would be wrong."""
    if told is None:
        return
    try:
        theirs = parse_instant(told)
    except ValueError as error:
        raise Refused("wrong_request", str(error), field=CLIENT_TIME) from None
    off = (theirs - service.now()).total_seconds()
    if abs(off) > service.off.total_seconds():
        raise Refused("clock_off", f"the client's clock is {off:+.1f} seconds off ours")


Errors = dict[int | str, dict[str, Any]]
