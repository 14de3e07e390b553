"""The reader of rule files: text -> positioned nodes -> rules, and every problem on the way.

`nodes` composes text, `values` reads scalars, `selectors`, `entries`, `bodies` and `rules` the
words of a rule, `accounted` what became of the research, `files` a whole file; `schema` writes the
same words down for editors. `compose` and the readers of `values` serve whoever else reads YAML,
so that its errors look the same.
"""

from __future__ import annotations

from .accounted import Entry
from .files import (
    Licence,
    Place,
    RecordingConsent,
    RuleFile,
    must_read,
    read_bytes,
    read_disk,
    read_file,
)
from .nodes import Map, Node, Scalar, Seq, Sheet, TooMany, compose

__all__ = [
    "Entry",
    "Licence",
    "Map",
    "Node",
    "Place",
    "RecordingConsent",
    "RuleFile",
    "Scalar",
    "Seq",
    "Sheet",
    "TooMany",
    "compose",
    "must_read",
    "read_bytes",
    "read_disk",
    "read_file",
]
