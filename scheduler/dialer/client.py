"""A client of the service, as a dialer needs it: whatever is not a yes is a no, silence too.

Nothing here knows how Forbear works inside: it is what an integrator would write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

from engine.clock import format_instant, parse_instant

WAIT: Final = 3.0
"""Seconds without an answer after which it is a no."""
PULL: Final = 120.0
"""Seconds that a list may take until its next rows come."""
_RETRY: Final = (500, 502, 503, 504, 429)


class Unreachable(Exception):
    """The service gave no usable answer: one sentence says what came instead."""


@dataclass(frozen=True, slots=True)
class Yes:
    """A permit: the contact may be placed until `until`."""

    permit: str
    until: datetime


@dataclass(frozen=True, slots=True)
class No:
    """No permit. `next` is the first moment the service knows of at which to ask again.

    `silent`: there was no answer, which is a no as well; `code` says what an error was.
    """

    rules: tuple[str, ...] = ()
    next: datetime | None = None
    silent: bool = False
    code: str | None = None


class Client:
    """Speaks to one service with one key; may be used by many threads.

    `clock` is the client's own, told with each request, so that the service refuses it if it is
    off; None: it has none yet, and can ask for nothing that holds for a moment.
    """

    def __init__(
        self,
        url: str,
        key: str,
        clock: Callable[[], datetime] | None,
        *,
        verify: bool | str = True,
        wait: float = WAIT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Nothing is asked yet. `verify`: TLS certificates are checked, or a file of them."""
        self.clock = clock
        self.server_time: datetime | None = None
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=wait,
            verify=verify,
            transport=transport,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
        )

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def knock(self) -> bool:
        """Whether the service is ready; its clock is known from then on."""
        try:
            return self._ask("GET", "/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    def runs(self, day: str) -> frozenset[str]:
        """The runs of the day's lists: one more whenever a list came out. Raises Unreachable."""
        page = self._document("GET", "/v1/lists")
        return frozenset(one["run"] for one in page["days"] if one["day"] == day)

    def rows(self, day: str, region: str | None = None) -> Iterator[dict[str, Any]]:
        """What is listed of the day, or of one region, as it comes. Raises Unreachable."""
        words = {} if region is None else {"region": region}
        path = f"/v1/lists/{day}.ndjson"
        head = {**self._head(), "Accept-Encoding": "identity"}
        try:
            with self._http.stream("GET", path, headers=head, params=words, timeout=PULL) as answer:
                if answer.status_code != 200:
                    raise Unreachable(f"{path}: {answer.status_code}")
                for line in answer.iter_lines():
                    yield json.loads(line)
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(f"{path}: {type(error).__name__}") from error

    def withdrawn(self, day: str, after: int) -> tuple[list[dict[str, Any]], int]:
        """Rows withdrawn after a cursor, and the cursor to go on from. Raises Unreachable."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._document("GET", f"/v1/lists/{day}/changes", params={"after": str(after)})
            found += page["changes"]
            after = page["next"]
            if not page["more"]:
                return found, after

    def reserve(self, account: str, point: str, channel: str) -> Yes | No:
        """Ask for a permit. Never raises: no answer, or one not understood, is a no."""
        asked = {"account": account, "point": point, "channel": channel}
        try:
            answer = self._ask("POST", "/v1/permits", json=asked)
            document = answer.json()
            if answer.status_code == 201 and document["permitted"] is True:
                return Yes(str(document["permit"]), parse_instant(document["until"]))
            if answer.status_code == 200:
                told = document["answer"]
                then = told["next_permitted"]
                return No(tuple(told["rules"]), None if then is None else parse_instant(then))
            return No(code=str(document["errors"][0]["code"]))
        except (httpx.HTTPError, ValueError, KeyError, TypeError, IndexError):
            return No(silent=True)

    def settle(self, permit: str, told: dict[str, Any]) -> str:
        """Tell what came of a permit: `told`, or why it was not taken. Raises Unreachable."""
        return self._told(f"/v1/permits/{permit}/result", told)

    def cancel(self, permit: str) -> str:
        """Give a permit back. Raises Unreachable."""
        return self._told(f"/v1/permits/{permit}/cancel", None)

    def post(self, events: Sequence[dict[str, Any]]) -> list[str]:
        """Tell of events: what became of each, in order. Raises Unreachable."""
        page = self._document("POST", "/v1/events", json={"events": list(events)})
        return [str(one["outcome"]) for one in page["results"]]

    def _told(self, path: str, body: dict[str, Any] | None) -> str:
        answer = self._reached("POST", path, json=body)
        if answer.status_code == 200:
            return "late" if answer.json()["late"] else "told"
        return str(answer.json()["errors"][0]["code"])

    def _document(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self._reached(method, path, **more)
        if answer.status_code >= 400:
            raise Unreachable(f"{path}: {answer.status_code} {answer.text[:200]}")
        found: dict[str, Any] = answer.json()
        return found

    def _reached(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._ask(method, path, **more)
        except httpx.HTTPError as error:
            raise Unreachable(f"{path}: {type(error).__name__}") from error
        if answer.status_code in _RETRY:
            raise Unreachable(f"{path}: {answer.status_code}")
        return answer

    def _head(self) -> dict[str, str]:
        return {} if self.clock is None else {"Forbear-Client-Time": format_instant(self.clock())}

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self._http.request(method, path, headers=self._head(), **more)
        told = answer.headers.get("forbear-time")
        if told is not None:
            self.server_time = parse_instant(told)
        return answer
