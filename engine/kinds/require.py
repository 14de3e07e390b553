"""`require`: no contact unless every need holds; unknown does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..rule import Entry


@dataclass(frozen=True, slots=True)
class Require:
    """`needs`: entries as in `when`, all of which must be yes."""

    kind: ClassVar[str] = "require"
    needs: tuple[Entry, ...]
