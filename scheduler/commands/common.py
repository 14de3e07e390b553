"""What every command has: its options, where it speaks, and how it ends when something is wrong."""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console

from engine.clock import parse_date, parse_instant
from engine.problem import ForbearError, NotFound, Problems, as_json, as_text
from engine.rulebook import LEAST

from ..explaining import NoSuchContact
from ..intake.rows import IntakeError
from ..law import Law
from ..making import Busy, CannotWrite, DayExists
from ..noting import CannotNote
from ..portfolio import PortfolioError
from ..regions import NoRegion
from ..settings import FILE, Settings, read

P = ParamSpec("P")
T = TypeVar("T")
NO: Final = 1  # the answer is no, problems were found, cases failed
WRONG: Final = 2  # wrong use, or input that cannot be used
STOPPED: Final = 3  # could not run
HOME: Final = Path("forbear-home")
DEBUG: Final = "FORBEAR_DEBUG"
out: Final = Console(highlight=False, soft_wrap=True, markup=False)
err: Final = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="FORBEAR_HOME",
        show_envvar=True,
        help="Directory with settings, own rules and output (default: ./forbear-home).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Now = Annotated[
    str | None,
    typer.Option("--now", metavar="T", help="The moment to take for now: ISO 8601 with offset."),
]


class WrongUse(Exception):
    """The command was asked for something it cannot be: one sentence says what."""


def moment(text: str | None, clock: Callable[[], datetime]) -> datetime:
    """The moment of `--now`, or the clock's, to the whole second. Raises WrongUse."""
    if text is None:
        return clock().replace(microsecond=0)
    return read_value(parse_instant, text)


def read_value(reader: Callable[[str], T], text: str) -> T:
    """What a reader makes of a text, its complaint as WrongUse."""
    try:
        return reader(text)
    except ValueError as error:
        raise WrongUse(str(error)) from error


def settings_of(home: Path | None) -> Settings:
    """The settings of a home. None: ./forbear-home if it is there, else defaults without a home.

    Without a home, places whose law is not written are not refused. Raises WrongUse
    for a home that is named and is none, Problems for settings that cannot be used.
    """
    if home is None:
        if not (HOME / FILE).is_file():
            return Settings(home=None, refuse_unencoded_places=False)
        return read(HOME)
    if not (home / FILE).is_file():
        raise WrongUse(f"{home} is not a home: it has no {FILE}; `forbear init` makes one")
    return read(home)


def day_of(text: str | None, default: Callable[[], Any]) -> Any:
    """A civil day told, or what the default gives. Raises WrongUse."""
    return default() if text is None else read_value(parse_date, text)


def emit(document: Mapping[str, Any] | list[Any]) -> None:
    """Write one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def tell(text: str) -> None:
    """Write a line for people on standard error."""
    err.print(text)


def tell_left_out(law: Law, settings: Settings) -> None:
    """Say on standard error that rules of places are left out, where the setting is not the least.

    Nobody should take an answer for the whole law that was given without a part of it.
    """
    least = settings.minimum_confidence
    if least != LEAST:
        tell(left_out(least, len(law.rulebook.left_out)))


def left_out(least: str, rules: int) -> str:
    """How many rules `minimum_confidence` leaves out, for people."""
    return f"rules of places below {least} confidence left out: {rules} (minimum_confidence)"


def guarded(command: Callable[P, T]) -> Callable[P, T]:
    """Turn every exception of a command into one message and its exit code; never a traceback.

    With `--json` it is a JSON document: `ok` false, `errors` (each with its `message`; of a file
    also `path`, `line`, `column`, `code`, `hint`), and `status`, the exit code.
    """

    @functools.wraps(command)
    def safe(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            _end(130, ["stopped before the end; nothing was put out"], kwargs)
        except Problems as error:
            if kwargs.get("json_"):
                _end_json(WRONG, json.loads(as_json(error.problems))["problems"])
            _end(WRONG, as_text(error.problems, "Nothing was loaded.").rstrip().split("\n"), kwargs)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(STOPPED) from None
        except Exception as error:
            status, messages = _said(error)
            _end(status, messages, kwargs)

    return safe


WRONG_USE: Final = (WrongUse, NotFound, NoSuchContact, DayExists, NoRegion, IntakeError, CannotNote)


def _said(error: Exception) -> tuple[int, list[str]]:
    """The exit code of an exception, and its message line by line."""
    if isinstance(error, PortfolioError):
        return WRONG, str(error).split("\n")
    if isinstance(error, WRONG_USE):
        return WRONG, [str(error)]
    if isinstance(error, Busy | CannotWrite | ForbearError):
        return STOPPED, [str(error)]
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return STOPPED, [f"{name}{(error.strerror or str(error)).lower()}"]
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return STOPPED, [
        f"stopped by a fault of ours, nothing was put out: {first}",
        f"set {DEBUG}=1 to see where",
    ]


def _end(status: int, messages: list[str], options: Mapping[str, object]) -> NoReturn:
    if options.get("json_"):
        _end_json(status, [{"message": line} for line in messages])
    for line in messages:
        tell(line)
    raise typer.Exit(status) from None


def _end_json(status: int, errors: list[dict[str, Any]]) -> NoReturn:
    emit({"ok": False, "errors": errors, "status": status})
    raise typer.Exit(status) from None
