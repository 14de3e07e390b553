"""A pack on one page: every decision in words, the rows around it, the rules then in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any, Final

from engine.clock import format_instant
from engine.explain import FORCES
from engine.rule import Rule

from ..page_style import STYLE, opening
from .exporting import Pack, Picked
from .exporting_timeline import timeline
from .telling import Item, Section

MORE: Final = """
main { max-width: 960px; } td:nth-child(3) { min-width: 0; }
article { border: 1px solid var(--line); border-radius: 8px; padding: 0 1.25rem 1rem;
  margin: 1.5rem 0; } article h2 { margin-top: 1rem; }
article ul { margin: .2rem 0 .6rem; padding-left: 1.2rem; } li p { margin: 0; color: var(--dim);
  font-size: .88rem; } .refused { color: var(--warn); } .scroll { overflow-x: auto; }
.rows td { white-space: nowrap; } .id { overflow-wrap: anywhere; } td a { white-space: nowrap; }
td.day { white-space: nowrap; }
@media print { main { max-width: none; padding: 0; } article { border: 0; padding: 0;
  break-before: page; } .scroll { overflow: visible; }
  .rows { font-size: .5rem; } .rows td { white-space: normal; } }
"""
TITLES: Final = {
    "contacts": "Contacts",
    "statements": "What was said to the collector",
    "knowledge": "What the collector learned otherwise",
}


def page(pack: Pack) -> str:
    """The whole page; it stands alone."""
    return "\n".join(
        [
            *opening("Decisions out of the log", STYLE + MORE),
            "<h1>Decisions out of the log</h1>",
            f"<p class=sub>{escape(introduction(pack))}</p>",
            _numbers(pack),
            _contents(pack),
            *(_decision(one) for one in pack.picked),
            _in_order(pack),
            *(_rules(digest, rules, pack) for digest, rules in pack.rules.items()),
            "</main></body></html>\n",
        ]
    )


def introduction(pack: Pack) -> str:
    """What the pack holds and how it was chosen, in words."""
    chosen = pack.chosen
    fitting = "1 decision fits" if chosen.fitting == 1 else f"{chosen.fitting:,} decisions fit"
    told = f"Asked for: {chosen.how}; {fitting}."
    if chosen.sample is not None:
        told += (
            f" A sample of {len(pack.picked):,} was drawn with the seed {chosen.seed}: those whose "
            f'sha256 of "{chosen.seed}:DECISION" is smallest, so that anybody can draw the same.'
        )
    if pack.unproved:
        told += f" There are no proofs: {pack.unproved}."
    if pack.rows_from is None:
        told += " The contacts and statements around them were not at hand."
    else:
        told += f" Contacts and statements are from {pack.rows_from}."
    return told


def _numbers(pack: Pack) -> str:
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for name, number in pack.counts.items()
    )
    return f"<dl class=numbers>{cells}</dl>"


def _contents(pack: Pack) -> str:
    rows = "".join(
        f'<tr><td><a href="#{escape(one.name)}">{escape(one.name)}</a></td>'
        f"<td class=day>{when(one)}</td><td>{escape(one.told.headline)}</td></tr>"
        for one in pack.picked
    )
    return (
        "<h2>Decisions</h2><div class=scroll><table><thead><tr><th>decision<th>about<th>what was "
        f"decided</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def when(one: Picked) -> str:
    """The instant or day a decision is about."""
    at = one.record["at"]
    return format_instant(at) if at is not None else str(one.record["day"])


def _decision(one: Picked) -> str:
    parts = [
        f'<article id="{escape(one.name)}">',
        f"<h2 class={escape(one.told.verdict)}>{escape(one.told.headline)}</h2>",
        f"<p class=sub>decision <code class=id>{escape(one.name)}</code>"
        + (
            f", proof in <code>proofs/{escape(one.name)}.json</code></p>"
            if one.proof is not None
            else "</p>"
        ),
        *(_section(section) for section in one.told.sections),
    ]
    for head, rows in (("known then", one.then), ("afterwards", one.after)):
        for table, of in rows.items():
            if of:
                parts.append(f"<h3>{TITLES[table]}, {head}</h3>")
                parts.append(_table(of))
    return "\n".join([*parts, "</article>"])


def _section(section: Section) -> str:
    items = "".join(_item(one) for one in section.items)
    return f"<h3>{escape(section.title)}</h3><ul>{items}</ul>"


def _item(item: Item) -> str:
    body = "".join(f"<p>{escape(line)}</p>" for line in item.body)
    return f"<li>{escape(item.head)}{body}</li>"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    names = [name for name in filled(rows) if name != "consumer"]
    head = "".join(f"<th>{escape(name)}" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell(row[name]))}</td>" for name in names) + "</tr>"
        for row in rows
    )
    table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f"<div class=scroll><table class=rows>{table}</table></div>"


def _in_order(pack: Pack) -> str:
    """Each consumer's file in the order of time."""
    if pack.rows_from is None:
        return ""
    rows = "".join(
        f"<tr><td>{escape(one.consumer)}</td><td class=day>{format_instant(one.at)}</td>"
        f"<td>{escape(one.what)}</td><td>{escape(one.said)}<small>{escape(one.id)}</small></td></tr>"
        for one in timeline(pack)
    )
    return (
        "<h2>In the order of time</h2><div class=scroll><table><thead><tr><th>consumer<th>when "
        f"(UTC)<th>what<th>in words</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def filled(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns in which some row has something."""
    found: dict[str, None] = {}
    known: list[str] = []
    for row in rows:
        known = known or list(row)
        found |= dict.fromkeys(name for name, value in row.items() if value not in (None, []))
    return [name for name in known if name in found]


def cell(value: Any) -> str:
    """A value as text: instants in UTC, lists with commas, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _rules(digest: str, rules: Sequence[Rule], pack: Pack) -> str:
    items = "".join(
        f"<tr><td><code>{escape(rule.id)}</code></td><td>{escape(rule.says)}"
        f"<small>{escape('; '.join(rule.cite))}</small></td>"
        f"<td>{escape(in_force(rule))}<small>{escape(FORCES.get(rule.force, rule.force))}; read "
        f"in: {escape(rule.source)}; confidence {escape(rule.confidence)}</small></td></tr>"
        for rule in rules
    )
    return (
        "<h2>Rules then in force that had a say</h2><p class=sub>They refused, were kept, or were "
        f"lifted. Rulebook <code class=id>{escape(digest)}</code>, whole in <code>rulebooks/"
        f"{escape(digest.removeprefix('sha256:')[:12])}/</code>.</p><div class=scroll><table>"
        "<thead><tr><th>rule<th>what it says, and where that is written<th>in force</tr></thead>"
        f"<tbody>{items}</tbody></table></div>"
    )


def in_force(rule: Rule) -> str:
    """Since when a rule holds, and until when."""
    first = rule.effective_from.isoformat() if rule.effective_from else "a day that is not known"
    last = f" until before {rule.effective_to.isoformat()}" if rule.effective_to else ""
    return f"from {first}{last}"
