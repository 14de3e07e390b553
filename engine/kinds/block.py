"""`block`: no contact while the rule applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Block:
    """No words of its own: scope, `when` and `unless` say it all."""

    kind: ClassVar[str] = "block"
