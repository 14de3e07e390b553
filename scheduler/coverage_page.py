"""Coverage as one HTML page: a map of the country, one square a place, and each place's rules.

The page stands alone: styles and script are in it, and it asks the network for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Final

from engine.reading import Entry, Place
from engine.rule import Rule
from engine.rulebook import Rulebook

from .coverage import KINDS, Coverage, FileCoverage
from .page_style import SCRIPT, STYLE, opening

# Row by row from the north; a dot is no place. The squares lie as neighbours do, more or less.
MAP: Final = """
AK  .   .   .   .   .   .   .   .   .   .   ME
.   .   .   .   .   .   .   .   .   NYC VT  NH
.   WA  ID  MT  ND  MN  IL  WI  MI  NY  RI  MA
.   OR  NV  WY  SD  IA  IN  OH  PA  NJ  CT  .
.   CA  UT  CO  NE  MO  KY  WV  VA  MD  DE  .
.   .   AZ  NM  KS  AR  TN  NC  SC  DC  .   .
.   .   .   .   OK  LA  MS  AL  GA  .   .   .
HI  .   .   .   TX  .   .   .   .   FL  .   .
GU  MP  AS  .   .   .   .   .   .   .   PR  VI
"""
LONG: Final = {"NYC": "US-NY-NYC"}
VIEWS: Final[dict[str, tuple[str, Callable[[FileCoverage], int]]]] = {
    "rules": ("all it adds", lambda one: one.rules),
    "counts": ("limits and waits", lambda one: one.kinds["limit"] + one.kinds["wait"]),
    "hours": ("hours", lambda one: one.kinds["window"]),
    "bars": ("blocks and requirements", lambda one: one.kinds["block"] + one.kinds["require"]),
    "duties": ("duties", lambda one: one.kinds["notice"]),
    "secondary": ("not read in the law itself", lambda one: one.secondary),
    "undated": ("without a date", lambda one: len(one.undated)),
    "overdue": ("past their review", lambda one: len(one.overdue)),
    "untested": ("without a case", lambda one: len(one.untested)),
}
STEPS: Final = 5
PARTIES: Final = {"one": "one party's", "all": "everybody's", "unknown": "unknown"}


def places() -> dict[str, tuple[int, int]]:
    """Every place of the map by its code, with row and column from 1."""
    return {
        LONG.get(name, f"US-{name}"): (row, column)
        for row, line in enumerate(MAP.strip().split("\n"), 1)
        for column, name in enumerate(line.split(), 1)
        if name != "."
    }


def page(found: Coverage, rulebook: Rulebook, today: date) -> str:
    """The whole page."""
    rules: dict[str, list[Rule]] = {}
    for rule in rulebook.rules:
        rules.setdefault(rule.act, []).append(rule)
    of_places = [one for one in found.files if one.place is not None]
    of_acts = [one for one in found.files if one.place is None]
    return "\n".join(
        [
            *opening(f"Coverage of the rulebook {rulebook.short}", STYLE, script=True),
            f"<h1>What each place adds</h1><p class=sub>Rulebook <code>{rulebook.short}</code>, "
            f"as of {today.isoformat()}. Federal law holds everywhere; a place can only add.</p>",
            _numbers(found, of_places),
            _map(of_places),
            "<h2>Places</h2>",
            *(_file(one, rules.get(one.file, []), today) for one in of_places),
            "<h2>Everywhere</h2>",
            *(_file(one, rules.get(one.file, []), today) for one in of_acts),
            f"</main><script>{SCRIPT}</script></body></html>",
            "",
        ]
    )


def _numbers(found: Coverage, of_places: Sequence[FileCoverage]) -> str:
    """The whole in a row of numbers."""
    here = sum(one.rules for one in of_places)
    total = sum(one.rules for one in found.files)
    primary = sum(one.primary for one in of_places)
    share = f"{round(100 * primary / here)} %" if here else "-"
    written = sum(one.encoded for one in of_places)
    entries = [entry for one in of_places for entry in one.entries.values()]
    told = {
        "places written": f"{written} of {len(of_places)}",
        "rules of places": f"{here:,}",
        "rules everywhere": f"{total - here:,}",
        "read in the law itself": share,
        "researched entries": f"{len(entries):,}",
        "of them no rule, with why": f"{sum(not entry.rules for entry in entries):,}",
        "cases": "none here" if found.cases is None else f"{found.cases:,}",
        "rules without a case": "unknown" if found.cases is None else f"{found.untested:,}",
    }
    return f"<dl class=numbers>{''.join(_number(word, value) for word, value in told.items())}</dl>"


def _number(word: str, value: str) -> str:
    return f"<div><dt>{escape(word)}</dt><dd>{escape(value)}</dd></div>"


# -- the map


def _map(of_places: Sequence[FileCoverage]) -> str:
    """One square a place, coloured by what is chosen above it."""
    tops = {
        name: max((count(one) for one in of_places), default=0)
        for name, (_, count) in VIEWS.items()
    }
    choices = "".join(
        f'<label><input type="radio" name="view" value="{name}" data-top="{tops[name]}"'
        f"{' checked' if name == 'rules' else ''}>{escape(title)}</label>"
        for name, (title, _) in VIEWS.items()
    )
    where = places()
    tiles = "".join(_tile(one, where[one.file]) for one in of_places if one.file in where)
    legend = "".join(f'<span class="key s{step}"></span>' for step in range(STEPS + 1))
    return (
        f"<section class=map><fieldset><legend>Colour by</legend>{choices}</fieldset>"
        f"<div class=grid>{tiles}</div>"
        f"<p class=legend><span id=least>0</span>{legend}<span id=most></span>"
        f'<span class="key bare"></span>law not written</p></section>'
    )


def _tile(one: FileCoverage, at: tuple[int, int]) -> str:
    counts = {name: count(one) for name, (_, count) in VIEWS.items()}
    given = " ".join(f'data-{name}="{count}"' for name, count in counts.items())
    kinds = ", ".join(f"{one.kinds[kind]} {kind}" for kind in KINDS if one.kinds[kind])
    title = (
        f"{one.name}: {kinds or 'no rule of its own'}"
        if one.encoded
        else f"{one.name}: not written"
    )
    short = one.file.rsplit("-", 1)[-1]
    return (
        f'<a class="tile{"" if one.encoded else " bare"}" href="#{one.file}" {given} '
        f'style="grid-row:{at[0]};grid-column:{at[1]}" title="{escape(title)}">'
        f"<b>{short}</b><span>{one.rules if one.encoded else '?'}</span></a>"
    )


# -- one file


def _file(one: FileCoverage, rules: Sequence[Rule], today: date) -> str:
    """A place or an act: its numbers in a line, and all of it behind them."""
    kinds = " ".join(
        f"<span class=kind>{one.kinds[kind]} {kind}</span>" for kind in KINDS if one.kinds[kind]
    )
    marks = [f"{one.primary} of {one.rules} read in the law" if one.rules else "no rule of its own"]
    if not one.encoded:
        marks = ["law not written"]
    if one.untested:
        marks.append(f"<em>{len(one.untested)} without a case</em>")
    if one.overdue:
        marks.append(f"<em>{len(one.overdue)} past review</em>")
    body = "".join(
        [
            _head(one.place) if one.place is not None else "",
            _rules(one, rules, today) if rules else "",
            _entries(one.entries) if one.entries else "",
        ]
    )
    return (
        f'<details id="{one.file}"><summary><b>{escape(one.name)}</b> '
        f"<code>{escape(one.path)}</code>"
        f"<span class=marks>{kinds} {', '.join(marks)}</span></summary>{body}</details>"
    )


def _head(place: Place) -> str:
    """What a place asks at the head of its file."""
    licence = place.licence
    needed = licence.required if licence else "unknown"
    who = f" ({licence.who})" if licence and licence.who else ""
    consent = place.recording_consent.parties if place.recording_consent else "unknown"
    years = ", ".join(
        f"{kind.replace('_', ' ')} {'unknown' if many is None else many}"
        for kind, many in place.limitation_years.items()
    )
    told = {
        "licence needed": needed + who,
        "consent to recording": PARTIES.get(consent, consent),
        "years to sue": years or (f"those of {place.within}" if place.within else "unknown"),
        "clocks": ", ".join(place.zones),
    }
    if place.within:
        told["lies within"] = place.within
    rows = "".join(f"<dt>{word}</dt><dd>{escape(value)}</dd>" for word, value in told.items())
    return f"<dl class=head>{rows}</dl>"


def _rules(one: FileCoverage, rules: Sequence[Rule], today: date) -> str:
    rows = "".join(_rule(rule, one, today) for rule in rules)
    head = "".join(
        f"<th>{word}</th>" for word in ("rule", "kind", "says", "law", "read", "in force", "cases")
    )
    return (
        f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _rule(rule: Rule, one: FileCoverage, today: date) -> str:
    force = f"since {rule.effective_from.isoformat()}" if rule.effective_from else "date unknown"
    if rule.effective_to is not None:
        force += f", until before {rule.effective_to.isoformat()}"
    late = rule.review_by is not None and rule.review_by < today
    review = f"<br><em>review was due {rule.review_by}</em>" if late else ""
    cases = "-" if one.cases is None else str(one.cases[rule.id])
    if rule.id in one.beyond:
        cases = "no word for one"
    elif rule.id in one.untested:
        cases = "<em>0</em>"
    read = {"high": "in the law", "medium": "second hand", "low": "one source, or ours"}
    cells = (
        f"<code>{escape(rule.key)}</code>",
        f"{rule.kind}<br><small>{rule.force}</small>",
        escape(rule.says),
        f"{escape('; '.join(rule.cite))}<br><small>{_source(rule.source)}</small>",
        f'<span class="c-{rule.confidence}">{rule.confidence}</span><br>'
        f"<small>{read[rule.confidence]}</small>",
        f"{force}{review}",
        cases,
    )
    return f'<tr id="{escape(rule.id)}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _source(text: str) -> str:
    """Where the law was read: a link where it is one; nothing is fetched until it is followed."""
    if not text.startswith(("https://", "http://")):
        return escape(text)
    address = text.split()[0]
    host = address.split("/")[2]
    return f'<a href="{escape(address)}" rel="noreferrer" title="{escape(text)}">{escape(host)}</a>'


def _entries(entries: Mapping[str, Entry]) -> str:
    """What became of everything that was researched about a place."""
    rows = "".join(
        f"<dt>{escape(key)}</dt><dd>{_became(entry)}</dd>" for key, entry in entries.items()
    )
    return f"<h3>What was researched, and what became of it</h3><dl class=entries>{rows}</dl>"


def _became(entry: Entry) -> str:
    if not entry.rules:
        return f"<i>no rule:</i> {escape(entry.why)}"
    return _joined(f'<a href="#{escape(id)}">{escape(id)}</a>' for id in entry.rules)


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(parts)
