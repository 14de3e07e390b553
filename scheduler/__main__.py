"""`python -m scheduler` is the command `forbear`."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":  # processes that work on parts import this file again
    main()
