"""`python -m scheduler` is the command `forbear`."""

from __future__ import annotations

from .cli import main

main()
