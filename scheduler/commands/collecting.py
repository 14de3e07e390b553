"""When Python looks for what nobody holds any more: a service must not stand still for it.

A look through all that a service holds (the law, the engines, what is known of people) takes longer
than many answers. So what a whole look has found in use is set aside, and the next one goes through
what is newer. The live core has everything looked through once each night, when nobody is called.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

YOUNG: Final = (2_000, 10, 10)
"""New objects between two looks through them; such looks between longer ones, and whole ones."""


@contextmanager
def seldom() -> Iterator[None]:
    """Within, whole looks go through what is new since the last one."""
    had = gc.get_threshold()
    gc.set_threshold(*YOUNG)
    gc.callbacks.append(_set_aside)
    gc.collect()
    try:
        yield
    finally:
        gc.callbacks.remove(_set_aside)
        gc.set_threshold(*had)
        gc.unfreeze()


def _set_aside(phase: str, about: dict[str, Any]) -> None:
    if phase == "stop" and about["generation"] == 2:
        gc.freeze()
