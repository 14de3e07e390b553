"""Memory given back to the system, in a process that lives for months."""

from __future__ import annotations

import ctypes
import gc


def rest() -> None:
    """Look for garbage, and give back what is free.

    The C library keeps what threads have freed, each in its own place, where others cannot use
    it; glibc gives it back when it is asked to, other systems do so by themselves.
    """
    gc.collect()
    try:
        give_back = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    give_back(ctypes.c_size_t(0))
