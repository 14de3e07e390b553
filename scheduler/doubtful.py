"""A part of a day in which people may be one human: their groups decided both ways (`bothways`).

Only those groups are decided twice; every field of a candidate comes from the stricter answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import polars as pl

from engine import Ask
from engine.clock import format_instant, format_local, parse_instant
from engine.facts.view import Moment
from engine.footing import Met, steps_of
from engine.intervals import Interval, intersect
from engine.panel import Panel
from engine.part import PartInput, PartResult
from engine.question import Heard
from engine.structural import FORCE, STRUCTURAL

from .bothways import NO_WINDOW, SAME, decide_both, in_doubt
from .explaining import plain_contact
from .grouped import GroupsOf, rows_of
from .humans import PERSONS, as_one
from .log.whence import COLUMN, whence

Decide = Callable[[Panel, PartInput, Callable[[str], None]], PartResult]
STRENGTH: Final = ("structural", "prohibition", "presumption", "policy")
KEYS: Final = ("account", "point", "channel")


def decide_part_both(
    decide_part: Decide,
    panel: Panel,
    part: PartInput,
    maybe: Mapping[str, str],
    alarm: Callable[[str], None],
) -> PartResult:
    """`engine.part.decide_part`, and both ways for groups whose people may be one human."""
    found = decide_part(panel, part, alarm)
    groups = part.groups_of
    if not maybe or not isinstance(groups, GroupsOf):
        return found
    few = _doubtful(part.frames, groups.home, maybe)
    if few.is_empty():
        return found
    mine = groups.home.filter(pl.col("together").is_in(few.implode()))
    names = mine["consumer"].implode()
    frames = rows_of(part.frames, names)
    same = {name: as_one(frame.lazy(), name, maybe).collect() for name, frame in frames.items()}
    other = replace(
        part,
        frames=same,
        groups=part.groups.filter(pl.col("consumer").is_in(names)),
        groups_of=GroupsOf(same, mine, groups.licences),
    )
    again = decide_part(panel, other, alarm)
    keys = again.candidates.select(KEYS)
    first = found.candidates.join(keys, on=KEYS, how="semi", maintain_order="left")
    evidence = whence(same, part.day, part.now, other.groups_of)
    located = dict(evidence.select("consumer", COLUMN).iter_rows())
    plain = Met(panel.rulebook.digest)
    both = _both(panel, part, maybe, first, again.candidates, located, plain)
    candidates = found.candidates.with_row_index("n").join(
        both.select(KEYS).with_columns(doubted=pl.lit(value=True)),
        on=KEYS, how="left", maintain_order="left",
    )  # fmt: skip
    at = candidates.filter(pl.col("doubted")).select("n", *KEYS)
    placed = at.join(both, on=KEYS, maintain_order="left").select("n", *both.columns)
    rest = candidates.filter(pl.col("doubted").is_null()).drop("doubted")
    whole = pl.concat([rest, placed.select(rest.columns)]).sort("n").drop("n")
    walked = pl.DataFrame(list(plain.rows.values()), found.situations.schema, orient="row")
    met = pl.concat([found.situations, again.situations, walked]).unique(
        "situation", keep="first", maintain_order=True
    )
    return PartResult(whole, met, _stats(found.stats, again.stats))


def _stats(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """What went on in both, added up, but for the number of candidates."""
    found = {name: value + other.get(name, 0.0) for name, value in one.items()}
    return found | {name: one[name] for name in ("candidates", "rows") if name in one}


def _doubtful(
    frames: Mapping[str, pl.DataFrame], home: pl.DataFrame, maybe: Mapping[str, str]
) -> pl.Series:
    """What is counted together and holds two people who may be one human."""
    known = [*maybe, *maybe.values()]
    owner = frames["accounts"].select("account", "consumer")
    pairs = []
    for table, columns in PERSONS.items():
        frame = frames[table]
        if table == "account_parties":
            frame = frame.join(owner, on="account")
        pairs += [frame.select("consumer", person=column).drop_nulls() for column in columns]
    people = pl.concat(pairs).filter(pl.col("person").is_in(known)).unique()
    met = people.join(home, on="consumer").with_columns(human=pl.col("person").replace(maybe))
    several = met.group_by("together", "human").agg(pl.col("person").n_unique().alias("many"))
    return several.filter(pl.col("many") > 1)["together"].unique().sort()


def _both(
    panel: Panel,
    part: PartInput,
    maybe: Mapping[str, str],
    one: pl.DataFrame,
    other: pl.DataFrame,
    placed: Mapping[str, str],
    met: Met,
) -> pl.DataFrame:
    """Candidates decided both ways, each row the stricter of the two."""
    again = {tuple(row[key] for key in KEYS): row for row in other.iter_rows(named=True)}
    rows = []
    late = []
    for first in one.iter_rows(named=True):
        second = again[tuple(first[key] for key in KEYS)]
        row = _row(first, second, placed[first["consumer"]])
        if not row["permitted"] and _time(first) and _time(second):
            late.append(row)
        rows.append(row)
    if late:
        _when(panel, part, maybe, late, met)
    return pl.DataFrame(rows, schema=one.schema, orient="row")


def _time(row: Mapping[str, Any]) -> bool:
    return bool(row["permitted"]) or row["next_permitted_utc"] is not None


def _way(row: Mapping[str, Any]) -> dict[str, Any]:
    """What one of the two ways stood on and came to, for the record."""
    told = {name: json.loads(row[name]) for name in ("evidence", "budgets", "basis")}
    return {
        "situations": row["situations"],
        **told,
        "permitted": row["permitted"],
        "attempts": row["attempts_left"],
    }


def _row(one: Mapping[str, Any], other: Mapping[str, Any], placed: str) -> dict[str, Any]:
    row = dict(one)
    row["basis"] = _json({"ways": [_way(one), {**_way(other), "placed": json.loads(placed)}]})
    row["permitted"] = one["permitted"] and other["permitted"]
    by_time = all(each["permitted"] or each["exhausted"] for each in (one, other))
    row["exhausted"] = not row["permitted"] and by_time
    for name in ("rules", "cites", "situations"):
        row[name] = sorted({*one[name], *other[name]})
    for name in ("jurisdictions", "zones", "duties"):
        words = {*one[name].split(";"), *other[name].split(";")} - {""}
        row[name] = ";".join(sorted(words))
    forces = [each["force"] for each in (one, other) if each["force"] is not None]
    row["force"] = min(forces, key=STRENGTH.index, default=None)
    row["next_permitted_utc"] = None
    row["evidence"] = _json({**json.loads(one["evidence"]), **json.loads(other["evidence"])})
    windows = intersect(_spans(one), _spans(other))
    if row["permitted"] and not windows:
        row |= {
            "permitted": False,
            "exhausted": True,
            "rules": [f"structural/{NO_WINDOW}"],
            "cites": [STRUCTURAL[NO_WINDOW][1]],
            "force": FORCE,
        }
    if not row["permitted"]:
        blank = {"open_utc": None, "close_utc": None, "windows_utc": "[]", "windows_local": "[]"}
        return row | blank | {"attempts_left": 0, "budgets": "[]"}
    zone = row["zones"].split(";")[0] or "UTC"
    shared = [
        *json.loads(one["budgets"]),
        *({**each, "id": each["id"] + SAME} for each in json.loads(other["budgets"])),
    ]
    return row | {
        "open_utc": windows[0][0],
        "close_utc": windows[-1][1],
        "windows_utc": _json([[format_instant(a), format_instant(b)] for a, b in windows]),
        "windows_local": _json(
            [[format_local(a, zone), format_local(b, zone)] for a, b in windows]
        ),
        "attempts_left": min(one["attempts_left"], other["attempts_left"]),
        "budgets": _json(shared),
        "next_permitted_utc": windows[0][0],
    }


def _spans(row: Mapping[str, Any]) -> tuple[Interval, ...]:
    told = json.loads(row["windows_utc"])
    return tuple((parse_instant(start), parse_instant(end)) for start, end in told)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _when(
    panel: Panel,
    part: PartInput,
    maybe: Mapping[str, str],
    rows: list[dict[str, Any]],
    met: Met,
) -> None:
    """Fill in the first moment at which both ways permit, asked plainly, and the days looked at."""
    groups = part.groups_of(sorted({row["consumer"] for row in rows}))
    heard: list[Heard] = []
    asked = Ask(refuse_unencoded=part.refuse_unencoded, hear=heard.append)
    when = Moment(known=part.now, day=part.day)
    for row in rows:
        group = groups[row["consumer"]]
        debt, point = group.accounts[row["account"]], group.points[row["point"]]
        contact = plain_contact(debt, point, row["channel"], part.now)
        heard.clear()
        decision = decide_both(panel, group, maybe, contact, when, asked)
        row["next_permitted_utc"] = decision.next_permitted
        walk = steps_of(heard, met, 2 if in_doubt(group, maybe) else 1)
        row["basis"] = _json(json.loads(row["basis"]) | {"walk": walk})
