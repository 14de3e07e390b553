"""Three values, and what every fact is asked of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.account import Point
from engine.rule import Rule

from . import calendar
from .past import MAYBE, NO, YES, Asked
from .people import point_of

UNKNOWN = "unknown"


Limitation = Callable[[str], tuple[int | None, bool]]
"""By type of debt, years, and whether they are surely the shortest."""


def unlimited(debt: str) -> tuple[int | None, bool]:
    """Nobody knows."""
    return None, False


@dataclass(frozen=True, slots=True)
class Where:
    """The zones a contact is judged in: the consumer's, another person's, the number's."""

    zones: tuple[str, ...]
    other_zones: tuple[str, ...] = ()
    number_zones: tuple[str, ...] = ()
    limitation: Limitation = unlimited


@dataclass(frozen=True, slots=True)
class Question:
    """What the facts of a rule are asked of."""

    asked: Asked
    where: Where
    rule: Rule


def tri(value: bool | None) -> str:
    """A boolean of the record; None: it is not on record."""
    if value is None:
        return UNKNOWN
    return YES if value else NO


def event_answer(answers: list[str]) -> str:
    """Yes if one event surely is, unknown if one may be, else no."""
    if YES in answers:
        return YES
    return UNKNOWN if MAYBE in answers else NO


def here(asked: Asked) -> Point:
    """The point of the proposed contact."""
    return point_of(asked.group, asked.contact, asked.consumer)


def today(asked: Asked) -> date:
    """The local day asked about."""
    return calendar.day_of(asked.now, asked.zone)


def words_of(parameter: Any) -> tuple[str, ...]:
    """A parameter as words: one alone may stand without brackets."""
    return (parameter,) if isinstance(parameter, str) else tuple(parameter)
