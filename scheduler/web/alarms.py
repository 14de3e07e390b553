"""Failures told: in the journal, as a metric, and to a webhook where the settings name one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

import httpx

from engine.clock import format_instant

from .journal import Journal, masked
from .metrics import Metrics

WAIT: Final = 10.0
"""Seconds that the webhook may take."""

Post = Callable[[str, dict[str, Any]], None]


def post(url: str, document: dict[str, Any]) -> None:
    """Tell a webhook. Raises httpx.HTTPError."""
    httpx.post(url, json=document, timeout=WAIT).raise_for_status()


class Alarms:
    """Tells of failures; what is told holds no personal data."""

    def __init__(
        self,
        journal: Journal,
        metrics: Metrics,
        now: Callable[[], datetime],
        webhook: str | None,
        send: Post = post,
    ) -> None:
        """Tell `webhook` as well, if there is one; it never holds up who raises an alarm."""
        self._journal = journal
        self._metrics = metrics
        self._now = now
        self._webhook = webhook
        self._send = send
        self._pool = ThreadPoolExecutor(1, "alarms") if webhook else None

    def __call__(self, what: str, message: str) -> None:
        """Raise an alarm: `what` is one of a few words, `message` one sentence."""
        self._journal.say("alarm", "error", alarm=what, message=message)
        self._metrics.alarms.labels(what).inc()
        if self._pool is not None:
            told = {
                "alarm": what,
                "message": masked(message),
                "at": format_instant(self._now()),
                "by": "forbear",
            }
            self._pool.submit(self._tell, told)

    def _tell(self, told: dict[str, Any]) -> None:
        assert self._webhook is not None
        try:
            self._send(self._webhook, told)
        except Exception as error:
            self._journal.say("webhook_failed", "error", why=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Wait until what was raised has been told."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
