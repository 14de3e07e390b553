"""The service as a real process on loopback, for tests that kill it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from scheduler.settings import Settings
from scheduler.store.database import open_store
from scheduler.web.keys import new_key
from tests.house.tree import ROOT

PATIENCE = 120.0


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def wait_for(there: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def forbear(
    *words: object, check: int | None = 0, wait: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """A command of the program, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "scheduler", *map(str, words)],
        capture_output=True, text=True, env=environment(), timeout=wait, check=False,
    )  # fmt: skip
    assert check is None or done.returncode == check, done.stderr
    return done


@dataclass
class Service:
    """A running `forbear serve`."""

    process: subprocess.Popen[str]
    url: str
    said: Path
    keys: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, scope: str = "dialer", **more: Any) -> httpx.Response:
        head = {"Authorization": f"Bearer {self.keys[scope]}"} if scope in self.keys else {}
        if method == "POST":  # as one whose clock is right: the service's own, just heard
            told = httpx.get(f"{self.url}/healthz", timeout=60).headers["forbear-time"]
            head["Forbear-Client-Time"] = told
        return httpx.request(method, f"{self.url}{path}", headers=head, timeout=60, **more)

    def journal(self, what: str) -> list[dict[str, Any]]:
        """The whole lines it wrote about something."""
        lines = self.said.read_text(encoding="utf-8").split("\n")[:-1]
        return [one for one in map(json.loads, lines) if one["what"] == what]

    def until(self, what: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until it wrote of something."""
        end = time.monotonic() + PATIENCE
        while len(found := self.journal(what)) < count:
            assert time.monotonic() < end, self.said.read_text(encoding="utf-8")[-3000:]
            assert self.process.poll() is None, self.said.read_text(encoding="utf-8")[-3000:]
            time.sleep(0.05)
        return found

    def kill(self) -> None:
        """As a power cut ends it."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """As systemd ends it; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def serve(home: Path, *words: object, keys: dict[str, str] | None = None) -> Service:
    """Start the service on a free port of loopback; it listens when this returns."""
    number = len(list(home.parent.glob("said-*.ndjson")))
    said = home.parent / f"said-{number}.ndjson"
    with said.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "scheduler", "serve", "--home", str(home), "--port", "0",
             "--json", *map(str, words)],
            stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment(),
        )  # fmt: skip
    assert process.stdout is not None
    text = ""
    while not text.rstrip().endswith("}"):
        line = process.stdout.readline()
        assert line, said.read_text(encoding="utf-8")
        text += line
    process.stdout.close()
    return Service(process, json.loads(text)["url"], said, keys or {})


def keys_of(settings: Settings) -> dict[str, str]:
    """A key for each scope."""
    assert settings.home is not None
    store = open_store(settings.store, settings.home)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    found = {
        scope: new_key(store, scope, [scope], now)[1]
        for scope in ("dialer", "officer", "auditor", "admin")
    }
    store.close()
    return found
