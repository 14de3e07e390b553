"""The version of this software, as every log segment and manifest names it."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
