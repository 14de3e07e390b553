"""Memory in a process that lives for months: kept together, and given back."""

from __future__ import annotations

import ctypes
import gc
from typing import Any, Final

_ARENAS: Final = -8
"""What glibc calls M_ARENA_MAX."""
FEW: Final = 2
_THRESHOLD: Final = -3
"""What it calls M_MMAP_THRESHOLD."""
LARGE: Final = 1 << 18
"""Bytes from which on a piece of memory is the system's, and goes back to it at once."""


def _of_libc(name: str) -> Any:
    """A function of the C library, None where it has none of that name."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None


def keep_together() -> None:
    """Have all threads share a few places to take memory from; before there are many threads.

    glibc gives each thread a place of its own, and what is freed in one no other can use; and it
    puts large pieces among the small ones as soon as one was freed, where they leave holes. Other
    systems do not.
    """
    choose = _of_libc("mallopt")
    if choose is not None:
        choose(ctypes.c_int(_ARENAS), ctypes.c_int(FEW))
        choose(ctypes.c_int(_THRESHOLD), ctypes.c_int(LARGE))


def rest() -> None:
    """Look for garbage everywhere, and give back what is free."""
    gc.unfreeze()  # what a service had set aside is looked through as well
    gc.collect()
    give_back()


def give_back() -> None:
    """Give the system what is free: glibc does when it is asked to.

    For some milliseconds no thread gets memory.
    """
    trim = _of_libc("malloc_trim")
    if trim is not None:
        trim(ctypes.c_size_t(0))
