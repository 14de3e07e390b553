"""Files in which a thing was said at all: in every other, what hangs on it is no without a look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from .prepare import Prepared
from .table import Table

FACTS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "in_call_consent": ("consents_to_call", "asks_to_be_called"),
    "asked_to_be_called": ("asks_to_be_called",),
    "consents_to_text": ("consents_to_text",),
    "opt_out_confirmation_open": (
        "opt_out_address", "opt_out_number_text", "do_not_use_number", "stop_medium",
        "opt_out_medium",
    ),
    "third_party_reopened": ("asks_for_more_contact", "third_party_answer_was_wrong"),
}  # fmt: skip
"""Facts without a column that are no where none of these was said."""


def files_with(table: Table, *kinds: str) -> pl.Series:
    """Files (fp) with a statement or knowledge of these kinds, noted in them or binding in them."""
    return table.once(("files with", *kinds), lambda: _files_with(table, kinds))


def _files_with(table: Table, kinds: tuple[str, ...]) -> pl.Series:
    """Of all files in which anything was said, those in which one of these things was."""
    known = table.once("files by kind", lambda: _by_kind(table.prepared))
    files = [known[kind] for kind in kinds if kind in known]
    return pl.concat(files).unique() if files else pl.Series("fp", [], dtype=pl.UInt32)


def _by_kind(prepared: Prepared) -> dict[str, pl.Series]:
    """The files in which each kind of thing was said, or somebody is contacted whom it binds."""
    binding = prepared.bound.select("kind", tp="who").unique()
    points = prepared.points.select("tp", "fp").unique()
    there = binding.join(points, on="tp").select("kind", "fp")
    files = pl.concat([prepared.said.select("kind", "fp"), there])
    found = files.group_by("kind").agg("fp")
    return dict(zip(found["kind"].to_list(), found["fp"], strict=True))
