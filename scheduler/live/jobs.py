"""What is handed in to the one writer, and what of it is asked or told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .asked import Event, Proposed, Release, Result

TELLING: Final = ("settle", "cancel", "expire", "post")
"""Kinds of job that tell facts: they come before what is asked in the same transaction."""


@dataclass
class Job:
    """One thing handed in. `kind`: check, ahead, reserve, release, sweep, or one of TELLING.

    `plain`: its decisions are handed back as they were logged, for whoever writes many answers.
    """

    asked: Sequence[Proposed] | Proposed | Result | str | Release | Sequence[Event] | None
    kind: str
    by: str = ""
    person: str | None = None
    plain: bool = False


def proposals(job: Job) -> Sequence[Proposed]:
    """The contacts that a job asks about."""
    if isinstance(job.asked, Proposed):
        return (job.asked,)
    if isinstance(job.asked, Release):
        return (Proposed(job.asked.account, ""),)
    if job.kind not in ("check", "ahead") or not isinstance(job.asked, Sequence):
        return ()
    return [one for one in job.asked if isinstance(one, Proposed)]


def events(job: Job) -> Sequence[Event]:
    """The events that a job tells."""
    assert isinstance(job.asked, Sequence)
    return [one for one in job.asked if isinstance(one, Event)]
