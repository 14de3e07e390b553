"""`limit`: at most so many contacts, per unit, in a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..rule import Period, Selector
from .agreed import Agreed


@dataclass(frozen=True, slots=True)
class Limit:
    """`max` contacts that `counting` selects, per unit (`per`, a list), `within` or `since`.

    Exactly one of `within` and `since` is given (`within` may be Agreed only in its number:
    then `agreed_within` names the agreement and `within` is the law's period).
    """

    kind: ClassVar[str] = "limit"
    max: int | Agreed
    counting: Selector
    per: tuple[str, ...]
    within: Period | None = None
    agreed_within: str | None = None
    since: Selector | None = None
