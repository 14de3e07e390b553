"""Charts as SVG that stands in the page itself: bars, stacked, upright or lying.

Each has a title and a description for those who do not see it; its numbers stand in a table beside
it. Colours are the page's own (`style`), by the number of the series.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from math import ceil, floor, log10
from typing import Final

from .report import MONEY, WHOLE, Chart, shown

WIDTH: Final = 1040
HALF: Final = 620  # of a chart that has its table at its side
TALL: Final = 260
LEFT: Final = 78
LOW: Final = 34  # below the bars, for their names
ROW: Final = 26
LETTER: Final = 7.0  # about the width of a letter of the labels
SHORT: Final = 16  # letters of a name that has room beside its bar
COLOURS: Final = 8


def chart(one: Chart, width: int = WIDTH) -> str:
    """The SVG of a chart; a sentence where it has nothing to show."""
    sums = [sum(values) for values in zip(*one.series.values(), strict=True)]
    top = max(sums, default=0)
    if top <= 0:
        return "<p class=sub>nothing to show</p>"
    height, body = (_lying if one.lying else _upright)(
        one, width, [float(n) for n in sums], float(top)
    )
    name = escape(one.table, quote=True)
    return (
        f'<svg class=chart role=img aria-labelledby="t-{name} d-{name}" '
        f'viewBox="0 0 {width} {height}" preserveAspectRatio="xMinYMin meet">'
        f'<title id="t-{name}">{escape(one.title)}</title>'
        f'<desc id="d-{name}">{escape(described(one))}</desc>{body}</svg>'
    )


def described(one: Chart) -> str:
    """What a chart shows, in words."""
    sums = [sum(values) for values in zip(*one.series.values(), strict=True)]
    total: int | Decimal = sum(sums)
    most = max(range(len(sums)), key=lambda n: sums[n])
    kind = MONEY if one.unit == "dollars" else WHOLE
    of = "" if len(one.series) == 1 else f", each of {', '.join(one.series)}"
    return (
        f"Bars for {len(sums)} groups{of}. {shown(total, kind)} {'' if kind == MONEY else one.unit}"
        f" in all; most in {one.categories[most]}, {shown(sums[most], kind)}."
    ).replace("  ", " ")


def legend(one: Chart) -> str:
    """The names of the series with their colours; nothing for a single one."""
    if len(one.series) < 2:
        return ""
    items = "".join(
        f'<li><span class="key f{n % COLOURS}"></span>{escape(name)}</li>'
        for n, name in enumerate(one.series)
    )
    return f"<ul class=series>{items}</ul>"


def ticks(top: float, most: int = 5) -> list[float]:
    """Round numbers from 0 to the first that is not below the top, at most so many steps.

    >>> ticks(870)
    [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]
    """
    rough = top / most
    base = 10 ** floor(log10(rough))
    step = next(base * n for n in (1, 2, 2.5, 5, 10) if base * n >= rough * (1 - 1e-9))
    return [step * n for n in range(ceil(top / step - 1e-9) + 1)]


def short(value: float, unit: str) -> str:
    """A number on an axis: $1.5M, 20k, 3,500.

    >>> short(1_500_000, "dollars")
    '$1.5M'
    """
    sign = "$" if unit == "dollars" else ""
    if value < 10_000 and not sign:
        return f"{value:,.12g}"
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{sign}{value / size:.3g}{letter}"
    return f"{sign}{value:.3g}"


def _told(one: Chart, series: str, place: int) -> str:
    value = one.series[series][place]
    kind = MONEY if one.unit == "dollars" else WHOLE
    name = "" if len(one.series) == 1 else f", {series}"
    return escape(f"{one.categories[place]}{name}: {shown(value, kind)}")


def _upright(one: Chart, width: int, sums: Sequence[float], top: float) -> tuple[int, str]:
    marks = ticks(top)
    scale = TALL / marks[-1]
    parts = []
    for mark in marks:
        y = 10 + TALL - mark * scale
        parts.append(f'<line class=grid x1="{LEFT}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>')
        text = short(mark, one.unit)
        parts.append(f'<text class=tick x="{LEFT - 8}" y="{y + 4:.1f}">{text}</text>')
    room = (width - LEFT) / len(sums)
    wide = min(room * 0.72, 90)
    longest = max(len(name) for name in one.categories)
    every = max(1, ceil((longest * LETTER + 12) / room))
    for place, name in enumerate(one.categories):
        x = LEFT + room * (place + 0.5)
        y = 10.0 + TALL
        for n, series in enumerate(one.series):
            high = float(one.series[series][place]) * scale
            if high <= 0:
                continue
            y -= high
            parts.append(
                f'<rect class=f{n % COLOURS} x="{x - wide / 2:.1f}" y="{y:.1f}" '
                f'width="{wide:.1f}" height="{high:.1f}"><title>{_told(one, series, place)}'
                "</title></rect>"
            )
        if place % every == 0:
            parts.append(f'<text class=name x="{x:.1f}" y="{TALL + 30}">{escape(name)}</text>')
    return TALL + 10 + LOW, "".join(parts)


def _lying(one: Chart, width: int, sums: Sequence[float], top: float) -> tuple[int, str]:
    longest = max(len(name) for name in one.categories)
    beside = longest <= SHORT
    left = longest * LETTER + 14 if beside else 0.0
    row = ROW if beside else ROW + 14
    scale = (width - left - 110) / top
    kind = MONEY if one.unit == "dollars" else WHOLE
    parts = []
    for place, name in enumerate(one.categories):
        y = place * row + (4 if beside else 18)
        if beside:
            parts.append(f'<text class=tick x="{left - 8:.1f}" y="{y + 13}">{escape(name)}</text>')
        else:
            parts.append(f'<text class=over x="0" y="{y - 5}">{escape(name)}</text>')
        x = left
        for n, series in enumerate(one.series):
            wide = float(one.series[series][place]) * scale
            if wide <= 0:
                continue
            parts.append(
                f'<rect class=f{n % COLOURS} x="{x:.1f}" y="{y}" width="{wide:.1f}" height="17">'
                f"<title>{_told(one, series, place)}</title></rect>"
            )
            x += wide
        whole = sum(values[place] for values in one.series.values())
        parts.append(f'<text class=over x="{x + 8:.1f}" y="{y + 13}">{shown(whole, kind)}</text>')
    return len(sums) * row + 6, "".join(parts)
