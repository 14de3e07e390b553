"""The timer and the service in one process, until told to stop."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import uvicorn

from engine.clock import format_instant, local_date
from engine.problem import ForbearError, Problems

from ..law import law_of
from ..live.door import Live, open_live
from ..live.recording import broken
from ..live.resting import give_back, keep_together
from ..live.token import KeySigner
from ..log.keys import Keys, keys_of
from ..log.sealing_live import seal_live
from ..log.taking_up import take_up
from ..openings import untimely
from ..routine import tasks
from ..settings import Settings
from ..store.database import SERVING, Store, open_store
from ..timer import Ran, Timer
from ..web.alarms import Alarms
from ..web.app import build
from ..web.journal import Journal
from ..web.keys import Keyring
from ..web.logged import log_of
from ..web.metrics import new_metrics
from ..web.pacing import Pace
from ..web.service import OFF, Service, lists_of
from .children import Maker
from .collecting import seldom
from .common import WrongUse
from .sources import store_of

GRACEFUL: Final = 20
"""Seconds that requests may take to end when the service stops."""
TURN: Final = 0.0005
"""Seconds after which a thread at work lets another in: ten times as soon as Python would, so that
the writer, which lets go of Python at every statement, is not kept from going on."""
WAITING: Final = 512
"""Connections that may wait to be taken."""


def serve_until_told(
    settings: Settings,
    clock: Callable[[], datetime],
    say: Callable[[str], None],
    *,
    host: str | None = None,
    port: int | None = None,
    certfile: Path | None = None,
    keyfile: Path | None = None,
    timer: bool = True,
    restored: bool = False,
    made_up: bool = False,
    pace: float = 1.0,
) -> None:
    """Make the day's list and answer dialers, until a signal says stop.

    `say` is told the address, once requests are taken. `made_up`: the clock is for trials, and
    goes `pace` times as fast. The others are the command's options. Raises WrongUse, ForbearError.
    """
    keep_together()
    with listening(host or settings.service.host, settings.service.port if port is None else port
                   ) as door, store_of(settings, SERVING) as store:  # fmt: skip
        config = uvicorn.Config(
            app=lambda *_: None,  # given below
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            backlog=WAITING,
            timeout_graceful_shutdown=GRACEFUL,
            ssl_certfile=certfile,
            ssl_keyfile=keyfile,
        )
        shown = address(door, certfile is not None)
        keys = keys_of(store_home(settings))
        lacks = take_up(keys, store, restored=restored)
        with _Running(
            settings, store, keys, clock, made_up=made_up, timer=timer, pace=pace
        ) as running:
            if lacks:
                running.alarms("restored", f"{lacks:,} live decisions are in the log alone")
            config.app = build(running.service)
            sys.setswitchinterval(TURN)
            running.journal.say("listening", url=shown)
            say(shown)
            with seldom(), running.signals():
                uvicorn.Server(config).run(sockets=[door])


def store_home(settings: Settings) -> Path:
    """The home, which a service has."""
    assert settings.home is not None
    return settings.home


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens: who comes before the service is ready waits. Raises WrongUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(WAITING)
    except OSError as error:
        door.close()
        why = (error.strerror or str(error)).lower()
        raise WrongUse(f"cannot listen at {host}, port {port}: {why}") from error
    with door:
        yield door


def address(door: socket.socket, tls: bool) -> str:
    """Where a socket is reached."""
    host, port = door.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def _sealed(keys: Keys, store: Store) -> str:
    """Seal the live decisions that wait in the store; what was done, in words."""
    done = seal_live(keys, store, broken)
    if done:
        give_back()  # many decisions at once take much for a moment
    count = sum(one.size - one.first for one in done)
    return f"{count} live decisions sealed" if done else "no live decision to seal"


class _Running:
    """Everything that runs, begun and ended in order."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        keys: Keys,
        clock: Callable[[], datetime],
        *,
        made_up: bool,
        timer: bool,
        pace: float,
    ) -> None:
        self.journal = Journal(sys.stderr, clock)
        self.metrics = new_metrics()
        self.alarms = Alarms(self.journal, self.metrics, clock, settings.service.webhook)
        signer = KeySigner.of(keys.signer.name, keys.signer.seed)
        law = law_of(settings)
        self.live: Live = open_live(
            store, law, settings, signer, clock, lambda text: self.alarms("engines", text)
        )
        self.service = Service(
            settings=settings,
            store=store,
            live=self.live,
            lists=lists_of(settings.lists, self.live),
            log=log_of(keys.log, settings.lists, self.live),
            keyring=Keyring(store),
            pace=Pace(settings.service.requests),
            now=clock,
            tick=perf_counter,
            journal=self.journal,
            metrics=self.metrics,
            read_law=lambda: law_of(settings),
            max_body=settings.service.body << 10,
            off=OFF * max(1.0, pace),  # five seconds of ours
        )
        self._maker = Maker(
            settings,
            self.alarms,
            clock if made_up else None,
            lambda where, count: self.metrics.purged.labels(where).inc(count),
        )
        self._seal = partial(_sealed, keys, store)
        work = tasks(settings, store, clock, self._maker, self.live, self._seal, self._maker.due)
        own = open_store(settings.store, store_home(settings), SERVING)
        self._timer = Timer(own, work, clock, perf_counter, self._ran, self._trouble)
        self._timed = timer

    def __enter__(self) -> _Running:
        """Begin."""
        handler = self.journal.handler()
        logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
        self.metrics.started.set(self.service.now().timestamp())
        # the law and all that is loaded stays: what is looked through for garbage is the rest, so
        # that it is done often and takes no time
        gc.collect()
        gc.freeze()
        if self._timed:
            self._tell_untimely()
            self._timer.start()
        return self

    def _tell_untimely(self) -> None:
        """Say which regions' lists are made too late, or while the day before goes on there."""
        settings = self.service.settings
        today = local_date(self.service.now(), settings.zone)
        for text in untimely(settings, self.live.law.rulebook, today):
            self.journal.say("untimely", "warning", message=text)

    def __exit__(self, *_: object) -> None:
        """End: no new work, what was begun is finished or left to be taken up."""
        self._maker.stop()
        if self._timed:
            self._timer.stop()
        self.live.close()
        self.service.keyring.close()
        self._seal_the_rest()
        self.alarms.close()
        gc.unfreeze()
        self.journal.say("stopped")

    def _seal_the_rest(self) -> None:
        """What is left to seal when the service ends; if it cannot be now, whoever is next does."""
        try:
            self.journal.say("seal", message=self._seal())
        except ForbearError as error:
            self.alarms("seal", str(error))

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """SIGHUP reads the rules anew; SIGTERM and SIGINT are the server's, and no error."""
        had = {one: signal.signal(one, _no_more) for one in (signal.SIGTERM, signal.SIGINT)}
        if hasattr(signal, "SIGHUP"):
            had[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._hang_up)
        try:
            yield
        finally:
            for one, handler in had.items():
                signal.signal(one, handler)

    def _hang_up(self, *_: object) -> None:
        threading.Thread(target=self._reload, name="reload", daemon=True).start()

    def _reload(self) -> None:
        try:
            self.service.reload()
        except Problems as error:
            self.alarms("rulebook", f"{len(error.problems)} problems; nothing was changed")
        except Exception as error:
            self.alarms("rulebook", f"{type(error).__name__}: {error}")

    def _ran(self, ran: Ran) -> None:
        """A job's start: in the journal, the metrics, and where it failed as an alarm."""
        self.metrics.job_runs.labels(ran.task, ran.outcome).inc()
        self.metrics.job_seconds.labels(ran.task).observe(ran.seconds)
        level = "info" if ran.outcome in ("done", "waits") else "error"
        quiet = ran.outcome == "done" and ran.task == "expire"
        if not quiet:
            self.journal.say("job", level, job=ran.task, outcome=ran.outcome,
                             due=format_instant(ran.due), message=ran.what)  # fmt: skip
        if ran.outcome == "done":
            self.metrics.job_last.labels(ran.task).set(self.service.now().timestamp())
        elif ran.outcome in ("failed", "missed"):
            self.alarms("job", f"{ran.task} {ran.outcome}: {ran.what}")

    def _trouble(self, why: str | None) -> None:
        if why is None:
            self.journal.say("store_back")
        else:
            self.alarms("store", why)


def _no_more(*_: Any) -> None:
    """The server has heard the signal; said again when it has ended, it is nothing new."""
