"""A look-back for people: some lines for a terminal, a page, and a table for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final

from engine.clock import format_instant
from engine.rulebook import Rulebook

from ..making import writing
from ..page_style import STYLE, opening
from .lookback import KNOWN, LATER, RECEIVED, RECORDED, STRUCTURAL, Broken
from .looking import Review
from .reckoning import Tally, counts, row, tallies

SHOWN: Final = 2_000
"""Rows of the page: a browser takes no more in comfort; the CSV file has all."""
COLUMNS: Final = (
    "contact", "at", "recorded_at", "source", "source_id", "consumer", "account", "account_named",
    "point", "channel", "rule", "force", "cite", "place", "found", "allowed", "known",
    "received_by_then", "recorded_by_then", "stands", "only_if",
)  # fmt: skip
HEADS: Final = {
    "prohibition": "Against the law",
    "presumption": "Presumed to be against the law",
    "policy": "Against the firm's own policy",
    STRUCTURAL: "Could not be judged whole: something is not on record",
}
DOUBTFUL: Final = "Only if something is so that nobody knows (only_if in the table says what)"
MORE: Final = """
main { max-width: 1280px; } td:nth-child(3) { min-width: 0; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th { text-align: left; color: var(--dim); font-weight: 500; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .5rem; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td small { display: block; } .scroll { overflow-x: auto; } td.t { white-space: nowrap; }
@media print { main { max-width: none; padding: 0; } .scroll { overflow: visible; } }
"""


def text(found: Review) -> str:
    """A look-back in lines: how many contacts, and each rule with how often it was broken."""
    told = counts(found)
    lines = [
        f"{told['contacts']:>9,}  outbound contacts looked at",
        f"{told['broke_law']:>9,}  broke a rule of law",
        f"{told[f'law_{RECORDED}']:>9,}    {KNOWN[RECORDED]}",
        f"{told[f'law_{RECEIVED}']:>9,}    {KNOWN[RECEIVED]}",
        f"{told[f'law_{LATER}']:>9,}    {KNOWN[LATER]}",
        f"{told['broke_policy_alone']:>9,}  broke the firm's own policy alone",
        f"{told['not_judged_whole']:>9,}  could not be judged whole: something is not on record",
    ]
    lines += [f"{number:>9,}  {what}" for number, what in _notes(told)]
    every = tallies(found.sure)
    for force, head in HEADS.items():
        mine = [one for one in every if one.force == force]
        if mine:
            lines += ["", f"{head}:"]
            lines += [_line(one) for one in mine]
    if found.doubtful:
        lines += ["", f"{DOUBTFUL}:"]
        lines += [_line(one) for one in tallies(found.doubtful)]
    return "\n".join(lines) + "\n"


def _line(one: Tally) -> str:
    late = one.contacts - one.known[RECORDED]
    more = f" ({late:,} not by what was recorded then)" if late and one.force != STRUCTURAL else ""
    return f"{one.contacts:>9,}  {one.rule} [{one.cite[0]}]{more}"


def _notes(told: dict[str, int]) -> list[tuple[int, str]]:
    """What a reader must know of how it was judged."""
    found = []
    if told["undated"]:
        found.append(
            (
                told["undated"],
                "concern accounts that are not open now; a portfolio's files do not say since "
                "when, so they were judged as open, and what they broke if not is told apart",
            )
        )
    if told["law_if"]:
        found.append(
            (told["law_if"], "broke a rule of law only if something is so that is in doubt")
        )
    if told["others"]:
        found.append((told["others"], "were made by a collector without an account here: not read"))
    return found


def write_csv(path: Path, found: Review) -> None:
    """Every rule that every contact broke, a row each. Raises CannotWrite."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            table.writeheader()
            for one in found.broken:
                told = row(found, one)
                table.writerow({name: _cell(value) for name, value in told.items()})


def _cell(value: object) -> object:
    """Truth in words; a text that a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def page(found: Review, rulebook: Rulebook, now: datetime, first: str, last: str) -> str:
    """The whole page; it stands alone. `first` and `last` name the days looked back over."""
    told = counts(found)
    every = tallies(found.sure)
    shown = found.broken[:SHOWN]
    span = " ".join(f"{word} {day}" for word, day in (("from", first), ("to", last)) if day)
    return "\n".join(
        [
            *opening("Past contacts against the rules", STYLE + MORE),
            "<h1>Past contacts against the rules</h1>",
            f"<p class=sub>{escape(span.capitalize() or 'All contacts on record')}; as known at "
            f"{format_instant(now)}; rulebook <code>{rulebook.short}</code>. Each contact was "
            "decided as of its own moment, without itself and all that came after it.</p>",
            _numbers(told),
            *(f"<p>{number:,} {escape(what)}.</p>" for number, what in _notes(told)),
            *(_rules(HEADS[force], [x for x in every if x.force == force]) for force in HEADS),
            _rules(DOUBTFUL.partition(" (")[0], tallies(found.doubtful)),
            "<h2>Every contact</h2>",
            f"<p class=sub>{_how_many(len(shown), len(found.broken))}</p>",
            _rows(shown, found),
            "</main></body></html>\n",
        ]
    )


def _how_many(shown: int, all_: int) -> str:
    if shown == all_:
        return f"{all_:,} rows: a rule that a contact broke, about one debt, is one."
    return f"The first {shown:,} of {all_:,} rows; the CSV file has all."


def _numbers(told: dict[str, int]) -> str:
    cells = {
        "outbound contacts looked at": told["contacts"],
        "broke a rule of law": told["broke_law"],
        "of these, known from what was recorded then": told[f"law_{RECORDED}"],
        "of these, received then but recorded later": told[f"law_{RECEIVED}"],
        "of these, only from what came later": told[f"law_{LATER}"],
        "broke the firm's own policy alone": told["broke_policy_alone"],
    }
    parts = (f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for name, number in cells.items())
    return f"<dl class=numbers>{''.join(parts)}</dl>"


def _rules(head: str, mine: Sequence[Tally]) -> str:
    if not mine:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(one.rule)}</code><small>{escape('; '.join(one.cite))}</small></td>"
        f"<td>{escape(one.says)}</td><td class=n>{one.contacts:,}</td>"
        + "".join(f"<td class=n>{one.known[word]:,}</td>" for word in KNOWN)
        + f"<td class=n>{one.cleared:,}</td></tr>"
        for one in mine
    )
    return (
        f"<h2>{head}</h2><div class=scroll><table><thead><tr><th>rule and citation<th>what it says"
        "<th class=n>contacts<th class=n>recorded then<th class=n>received then<th class=n>later"
        f"<th class=n>since cleared</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _rows(shown: Iterable[Broken], found: Review) -> str:
    rows = "".join(_row(one, found) for one in shown)
    return (
        "<div class=scroll><table><thead><tr><th>when (UTC)<th>contact<th>account<th>rule"
        f"<th>found and allowed<th>could be known</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(one: Broken, found: Review) -> str:
    told = row(found, one)
    origin = " ".join(filter(None, (told["source"], told["source_id"])))
    debts = one.account if one.named else f"{one.account} (not said which)"
    known = one.known if one.stands else f"{one.known}; cleared since"
    if one.only_if:
        known = f"{known}; only {one.only_if}"
    cells = (
        (format_instant(one.at).replace("T", " ").removesuffix("Z"), one.channel),
        (one.contact, origin),
        (debts, f"{one.consumer}, {one.point}"),
        (one.rule, "; ".join(one.cite)),
        (one.observed, one.threshold),
        (known if one.force != STRUCTURAL else "", ""),
    )
    return (
        "<tr>"
        + "".join(f"<td>{escape(a)}<small>{escape(b)}</small></td>" for a, b in cells)
        + "</tr>"
    )
