"""`forbear`, as a process that is killed at a point of its own choosing: for tests alone.

    python -m tests.scheduler.killable run --home ...

Beside the program's own there is `seal HOME`, which seals live decisions; of a store's transactions
the moment before each commit is an event, and so is the command's end.

In the environment: `KILL_AT` the number of the event to be killed before (an event is a file or
directory opened for writing, renamed, made or removed below `KILL_BELOW`), or `before NAME` or
`after NAME`, when that is renamed; `KILL_WHOM` group, main or worker: all, the process that began
it, or whoever decides parts; `EVENTS` a file that every event is written to. `PROCESSES`: how many
decide parts. `FILE_LIMIT`: no file may grow beyond so many bytes. Days are decided by the made-up
engine, but with `WHOLE`, which is the program as it is.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import typer

COMMIT, END = "forbear.commit", "forbear.end"  # of a store's transaction, and of the command
COUNTED = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", COMMIT, END}
WRITING = os.O_WRONLY | os.O_RDWR


class Death:
    """Counts events, and kills when the number is reached."""

    def __init__(self, at: str, whom: str, below: str, told: str | None) -> None:
        self.at, self.whom, self.below, self.told = at, whom, below, told
        self.count = 0
        self.renamed = ""

    def __call__(self, event: str, what: tuple[object, ...]) -> None:
        if event not in COUNTED or not str(what[0]).startswith(self.below):
            return
        if event == "open" and not (isinstance(what[2], int) and what[2] & WRITING):
            return
        self.count += 1
        if self.told is not None:
            line = f"{event} {Path(str(what[0])).relative_to(self.below)}\n"
            handle = os.open(self.told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(handle, line.encode())
            os.close(handle)
        name = Path(str(what[0])).name if event == "os.rename" else ""
        if self.at in (str(self.count), f"before {name}", f"after {self.renamed}"):
            if self.whom == "group":
                os.killpg(0, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        self.renamed = name or self.renamed


def watch() -> None:
    """Watch this process if it is one of those to be killed."""
    whom = os.environ.get("KILL_WHOM", "group")
    begun = __name__ == "__mp_main__"  # by another, to decide parts
    if begun == (whom == "worker") and "KILL_BELOW" in os.environ:
        at = os.environ.get("KILL_AT", "never")
        sys.addaudithook(Death(at, whom, os.environ["KILL_BELOW"], os.environ.get("EVENTS")))


def main() -> None:
    """Run one command of the program, without loading the others, or with `WHOLE` all of it."""
    if "FILE_LIMIT" in os.environ:
        import resource

        most = int(os.environ["FILE_LIMIT"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    if "WHOLE" in os.environ:
        from scheduler import cli

        cli.main()
        return
    if sys.argv[1] == "seal":
        seal(Path(sys.argv[2]))
        return
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    if sys.argv[1] == "run":
        app.command("run")(made_up_day())
    elif sys.argv[1] == "init":
        from scheduler.commands import homes

        app.command("init")(homes.init)
    else:
        from scheduler.commands import importing

        app.command("import")(importing.import_)
    app(obj=lambda: datetime.now(UTC))


def seal(home: Path) -> None:
    """Seal the live decisions of a home, its store's URL being in the environment."""
    import sqlalchemy as sa

    from scheduler.live.recording import broken
    from scheduler.log.keys import keys_of
    from scheduler.log.sealing_live import seal_live
    from scheduler.store.database import open_store

    store = open_store(os.environ["STORE"], home)
    sa.event.listen(store.engine, "commit", lambda _: sys.audit(COMMIT, str(home)))
    seal_live(keys_of(home), store, broken)
    store.close()
    sys.audit(END, str(home))


def made_up_day() -> Callable[..., None]:
    """The command `run`, its days decided by the made-up engine."""
    from scheduler.commands import days
    from scheduler.day import run_day
    from tests import standing_in

    processes = int(os.environ.get("PROCESSES", "1"))
    quick = functools.partial(run_day, decide=standing_in.decide, workers=processes)
    days.run_day = quick  # type: ignore[attr-defined]
    return days.run


watch()
if __name__ == "__main__":
    main()
