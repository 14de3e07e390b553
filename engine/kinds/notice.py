"""`notice`: attaches a duty; a contact declared without it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Notice:
    """`duty`: a word of facts.catalogue.DUTIES; `text`: what the duty is, in our words."""

    kind: ClassVar[str] = "notice"
    duty: str
    text: str
