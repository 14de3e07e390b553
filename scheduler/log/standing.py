"""What seals a decision: the checkpoint that covers it, in words."""

from __future__ import annotations

from engine.problem import ForbearError

from .layout import notes
from .note import read_checkpoint
from .reading import Log, Segment


def covers(log: Log, segment: Segment) -> str:
    """The oldest checkpoint that covers a whole segment, or that none does.

    Whether it is rightly signed is asked by `forbear log verify`.
    """
    last = segment.first + segment.rows
    for number, path in notes(log.place):
        try:
            told = read_checkpoint(path.read_text(encoding="utf-8").partition("\n\n")[0] + "\n")
        except (OSError, ForbearError):
            continue
        if told.size >= last:
            root = told.root.hex()
            return f"checkpoint {number} covers it: {told.size} decisions, root sha256:{root}"
    return "no checkpoint covers it: this log is not sealed that far"
