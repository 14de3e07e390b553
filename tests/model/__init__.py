"""The second engine: slow, obvious, written straight from rules/README.md and the case format.

It shares with `engine` the records (words, account, history, rule, kinds, the catalogue's names)
and the tables of wall clocks and places, and nothing that counts, asks or decides. Everything is
brute force: loops over everything, nothing kept, nothing clever, so that a reader can hold each
function against one sentence of the rule language.

Readings of our own are marked `READING` where they stand; tests/README.md says how to use them.
"""

from __future__ import annotations

from .judging import ModelDecision, Trace, judge

__all__ = ["ModelDecision", "Trace", "judge"]
