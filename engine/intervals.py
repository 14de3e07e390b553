"""Sorted sets of half-open intervals of instants: what windows are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

Interval = tuple[datetime, datetime]
"""Half-open [start, end), both UTC."""


def union(a: Iterable[Interval], b: Iterable[Interval]) -> tuple[Interval, ...]:
    """Every instant in `a` or `b`, as sorted intervals that do not touch."""
    found: list[Interval] = []
    for start, end in sorted((*a, *b)):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def from_on(intervals: Iterable[Interval], start: datetime) -> tuple[Interval, ...]:
    """What of these lies at an instant or after it."""
    return tuple((max(begin, start), end) for begin, end in intervals if end > start)


def intersect(a: Iterable[Interval], b: Iterable[Interval]) -> tuple[Interval, ...]:
    """Every instant in both `a` and `b`; both sorted and free of overlaps."""
    left, right = tuple(a), tuple(b)
    found: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def subtract(a: Iterable[Interval], b: Iterable[Interval]) -> tuple[Interval, ...]:
    """Every instant in `a` and not in `b`; both sorted and free of overlaps."""
    holes = tuple(b)
    found: list[Interval] = []
    for start, end in a:
        for hole_start, hole_end in holes:
            if hole_end <= start:
                continue
            if hole_start >= end:
                break
            if start < hole_start:
                found.append((start, hole_start))
            start = max(start, hole_end)
        if start < end:
            found.append((start, end))
    return tuple(found)


def minutes(intervals: Iterable[Interval]) -> int:
    """How many whole minutes intervals hold together."""
    return sum((end - start) // timedelta(minutes=1) for start, end in intervals)


def whole_minute(at: datetime) -> datetime:
    """The first whole minute that is not before an instant."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)
