"""What every request passes: its size, the server's time on the answer, a line in the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from engine.clock import format_instant

from .answers import text
from .problems import Refused, document
from .quick import ordinary
from .service import Service

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
TIME: Final = b"forbear-time"
_NOT_A_ROUTE: Final = "(none)"


class Door:
    """The outermost layer around the application."""

    def __init__(self, app: App, service: Service, quick: Mapping[str, App]) -> None:
        """Stand before `app`, and before what goes past its way through a request."""
        self._app = app
        self._quick = quick
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service = self._service
        start = service.tick()
        state: dict[str, Any] = scope.setdefault("state", {})
        seen = _Seen(service, send)
        limited = _Limited(receive, service.max_body)
        try:
            if _length(scope) > service.max_body:
                await seen.refuse(Refused("too_large"))
            else:
                quick = self._quick.get(scope["path"])
                app = self._app if quick is None or not ordinary(scope) else quick
                await app(scope, limited, seen)
        except Refused as error:  # met while the body was read
            await seen.refuse(error)
        except Exception as error:  # the last door: a fault of ours is a no, and is told
            service.journal.say("fault", "error", why=f"{type(error).__name__}: {error}")
            service.metrics.alarms.labels("fault").inc()
            await seen.refuse(Refused("fault"))
        finally:
            took = service.tick() - start
            route = getattr(scope.get("route"), "path", _NOT_A_ROUTE)
            method, status = scope["method"], seen.status
            known = method if method in _METHODS else "(other)"
            service.metrics.requests.labels(route, known, str(status)).inc()
            service.metrics.seconds.labels(route).observe(took)
            client = scope.get("client")
            service.journal.say(
                "request" if status < 400 else "refused",
                route=route,
                method=known,
                status=status,
                ms=round(took * 1000, 2),
                key=state.get("key"),
                code=seen.code or state.get("code"),
                client=client[0] if client else None,
            )


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:18])
    return 0


class _Limited:
    """Reads a body no further than it may be long, whatever its head says."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise Refused("too_large")
        return message


class _Seen:
    """Sends answers with the server's time, and remembers how they began."""

    def __init__(self, service: Service, send: Send) -> None:
        self._service = service
        self._send = send
        self.status = 0
        self.code: str | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            now = format_instant(self._service.now()).encode()
            message["headers"] = [
                *message.get("headers", ()),
                (TIME, now),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
            ]
        await self._send(message)

    async def refuse(self, refused: Refused) -> None:
        """Answer with an error, unless an answer has begun."""
        if self.status:
            return
        self.code = refused.code
        self._service.metrics.refusals.labels(refused.code).inc()
        body = text(document(refused))
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if refused.code == "too_large":
            head.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": refused.status, "headers": head}
        await self(start)
        await self._send({"type": "http.response.body", "body": body})
