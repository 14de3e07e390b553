"""What differs between two lists of one day: why, how many contacts, by which rules, and some."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from .manifest import FILE

NAMED: Final = ("now", "input", "rulebook", "versions", "settings")
EXAMPLES: Final = 10
MOST: Final = 20  # rules told on the terminal
WITHHELD: Final = "withheld"
"""Stands for a rule where a contact is permitted, but others have what is left."""
_LOG: Final = Path("log") / "decisions.parquet"
_KEY: Final = ("account", "point", "channel")


def changes(earlier: Path, later: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """What differs between an earlier list of the day and the one that takes its place.

    `because`: what a run depends on that is another; `files` that differ; `newly_listed` and
    `no_longer_listed` (how many, with `new` and `gone` of them that were or are no candidates at
    all); `refused_before` and `refused_now`: of these, how many each rule refused; `examples`.
    `unreadable`, alone: why nothing can be told.
    """
    try:
        before = json.loads((earlier / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"unreadable": f"{earlier / FILE} cannot be read"}
    found: dict[str, Any] = {
        "because": [name for name in NAMED if before.get(name) != document[name]],
        "files": sorted(
            name
            for name in {*before.get("files", {}), *document["files"]}
            if before.get("files", {}).get(name) != document["files"].get(name)
        ),
    }
    if _LOG.as_posix() in found["files"]:
        try:
            found |= _flips(earlier / _LOG, later / _LOG)
        except (OSError, pl.exceptions.PolarsError):
            found["unreadable"] = f"{earlier / _LOG} cannot be read"
    return found


def _flips(earlier: Path, later: Path) -> dict[str, Any]:
    """The contacts listed now and not before, and the other way round."""
    both = _listed(earlier).join(_listed(later), on="key", how="full", coalesce=True, suffix="_now")
    was, now = pl.col("listed").fill_null(False), pl.col("listed_now").fill_null(False)
    newly, gone = both.filter(now & ~was), both.filter(was & ~now)
    return {
        "newly_listed": newly.height,
        "new": newly["listed"].null_count(),
        "no_longer_listed": gone.height,
        "gone": gone["listed_now"].null_count(),
        "refused_before": _by_rule(earlier, newly["key"]),
        "refused_now": _by_rule(later, gone["key"]),
        "examples": _examples(earlier, later, gone["key"], newly["key"]),
    }


def _hash() -> pl.Expr:
    return pl.struct(*_KEY).struct.json_encode().hash().alias("key")


def _listed(log: Path) -> pl.DataFrame:
    return pl.scan_parquet(log).select(_hash(), "listed").collect(engine="streaming")


def _reasons() -> pl.Expr:
    none = pl.col("rules").list.len() == 0
    return pl.when(none).then(pl.lit([WITHHELD])).otherwise(pl.col("rules")).alias("rules")


def _by_rule(log: Path, keys: pl.Series) -> dict[str, int]:
    """How many of these contacts each rule refused: the most first."""
    rows = pl.scan_parquet(log).select(_hash(), _reasons())
    mine = rows.filter(pl.col("key").is_in(keys.implode())).explode("rules")
    counts = mine.group_by("rules").len().collect(engine="streaming")
    return dict(counts.sort(["len", "rules"], descending=[True, False]).iter_rows())


def _examples(earlier: Path, later: Path, *flipped: pl.Series) -> list[dict[str, Any]]:
    """Some of the contacts, in the order of their ids: as they were, and as they are."""
    keys = pl.concat([one.sort().head(EXAMPLES // len(flipped)) for one in flipped])
    sides = []
    for log in (earlier, later):
        rows = pl.scan_parquet(log).with_columns(_hash())
        told = pl.when("listed").then(pl.lit([], pl.List(pl.String))).otherwise(_reasons())
        mine = rows.filter(pl.col("key").is_in(keys.implode()))
        sides.append(mine.select(*_KEY, "listed", told.alias("rules")).collect(engine="streaming"))
    both = sides[0].join(sides[1], on=list(_KEY), how="full", coalesce=True, suffix="_now")
    return [
        {
            **{name: row[name] for name in _KEY},
            "before": _told(row["listed"], row["rules"]),
            "now": _told(row["listed_now"], row["rules_now"]),
        }
        for row in both.sort(*_KEY).iter_rows(named=True)
    ]


def _told(listed: bool | None, rules: list[str] | None) -> dict[str, Any]:
    if listed is None:
        return {"candidate": False, "listed": False, "rules": []}
    return {"candidate": True, "listed": listed, "rules": rules or []}


def as_text(found: Mapping[str, Any], kept: Path | None) -> str:
    """The same for people."""
    lines = [f"the earlier list is kept in {kept}"]
    if "files" not in found:
        return "\n".join([*lines, f"what differs is not known: {found['unreadable']}"])
    if not found["files"]:
        return "\n".join([*lines, "nothing differs: every file is the same to the byte"])
    because = ", ".join(found["because"]) or "nothing that a run depends on"
    lines.append(f"changed since: {because}")
    lines.append(f"files that differ: {', '.join(found['files'])}")
    if "unreadable" in found:
        lines.append(f"which contacts is not known: {found['unreadable']}")
    if "newly_listed" in found:
        lines += _side(found, "newly_listed", "newly listed", "new", "were no candidates before")
        lines += _rules(found["refused_before"], "were refused by")
        lines += _side(found, "no_longer_listed", "no longer listed", "gone", "are none now")
        lines += _rules(found["refused_now"], "are refused by")
        lines += [_example(one) for one in found["examples"]]
    return "\n".join(lines)


def _side(found: Mapping[str, Any], name: str, words: str, part: str, of: str) -> list[str]:
    some = f", of which {found[part]:,} {of}" if found[part] else ""
    return [f"{words}: {found[name]:,}{some}"]


def _rules(counts: Mapping[str, int], words: str) -> list[str]:
    told = list(counts.items())
    lines = [f"  {count:>10,}  {words} {_rule(rule)}" for rule, count in told[:MOST]]
    more = len(told) - MOST
    return [*lines, f"  {'':>10}  and by {more} rules more"] if more > 0 else lines


def _rule(rule: str) -> str:
    return "no rule: others have what is left" if rule == WITHHELD else rule


def _example(one: Mapping[str, Any]) -> str:
    def side(told: Mapping[str, Any]) -> str:
        if not told["candidate"]:
            return "no candidate"
        return "listed" if told["listed"] else ", ".join(map(_rule, told["rules"]))

    name = f"{one['account']} {one['channel']} {one['point']}"
    return f"  {name}: {side(one['before'])} -> {side(one['now'])}"
