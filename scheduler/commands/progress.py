"""Progress of long work, on standard error: a bar where somebody looks, else a line a step."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed


class Shown:
    """Takes the steps of `scheduler.day.Progress`; a context manager, so that the bar ends."""

    def __init__(self, console: Console) -> None:
        """Show progress on a console."""
        self.console = console
        self.what = ""
        self.task: TaskID | None = None
        self.bar: Progress | None = None
        if console.is_terminal:
            columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn())
            self.bar = Progress(*columns, Elapsed(), console=console, transient=True)

    def __enter__(self) -> Shown:
        """Begin."""
        if self.bar is not None:
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """One step on."""
        if self.bar is None:
            if what != self.what or total > 1:
                of = f": {done:,} of {total:,}" if total > 1 else ""
                self.console.print(f"{what}{of}")
            self.what = what
            return
        if what != self.what or self.task is None:
            self.task = self.bar.add_task(what, total=total)
            self.what = what
        self.bar.update(self.task, completed=done, total=total)
