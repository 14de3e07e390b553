"""Whatever is given to the reader, it answers with rules or with problems, and soon."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine import words
from engine.facts import catalogue
from engine.problem import CODES, Problem, Problems, as_annotations, as_json, as_text
from engine.reading import RuleFile, read_bytes
from engine.reading.nodes import MAX_PROBLEMS
from engine.reading.vocabulary import HOLIDAYS, LISTS_OF, ZONES, Vocabulary
from engine.rule import Position, Rule

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    for folder in ("rules", "rules/house", "jurisdictions")
    for path in sorted((ROOT / folder).glob("*.yaml"))
    if 2_000 < path.stat().st_size < 20_000
]
NOWHERE = Position("", 0, 0)
slowly = settings(deadline=5_000, suppress_health_check=[HealthCheck.too_slow])


def sound(found: RuleFile | None, problems: tuple[Problem, ...], text: str) -> None:
    """A file or problems, never both; problems sorted, of known codes, and within the file."""
    assert (found is None) == bool(problems)
    assert len(problems) <= MAX_PROBLEMS + 1
    assert Problems(problems).problems == problems
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for problem in problems:
        where = problem.position
        assert problem.code in CODES
        assert 1 <= where.line <= len(lines) + 1
        assert where.column >= 1
        if problem.excerpt:
            assert problem.excerpt == lines[where.line - 1]
            assert where.column <= len(problem.excerpt) + 1
    assert as_text(problems).count("\n") >= len(problems)
    assert json.loads(as_json(problems))["count"] == len(problems)
    assert as_annotations(problems).count("\n") == len(problems)


# -- anything at all


@slowly
@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
def test_any_bytes(data: bytes) -> None:
    sound(*read_bytes(data, "rules/a.yaml"), data.decode("utf-8", "replace"))


@slowly
@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    sound(*read_bytes(data, "jurisdictions/US-MA.yaml"), text)


PIECES = st.sampled_from(
    [
        *"-:[]{},#&*!|>'\"%@`?\n \t",
        "\n  ",
        "\n- ",
        ": ",
        "format: 1\n",
        "name: A\n",
        "rules:\n- ",
        "jurisdiction: US-MA\n",
        *words.KINDS,
        *("key", "kind", "when", "counting", "what", "channels", "to", "all", "any", "not"),
        *("happened", "within", "7 days", "21:00", "2026-11-31", "<<", "---", "...", "null", "~"),
    ]
)


@slowly
@given(st.lists(PIECES, max_size=80).map("".join))
def test_anything_that_looks_like_yaml(text: str) -> None:
    sound(*read_bytes(text.encode(), "rules/a.yaml"), text)


@slowly
@given(st.data())
def test_rule_files_with_changes(data: st.DataObject) -> None:
    path, text = data.draw(st.sampled_from(FILES))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 60)))
        text = text[:start] + data.draw(st.one_of(PIECES, st.text(max_size=8))) + text[end:]
    sound(*read_bytes(text.encode("utf-8", "surrogatepass"), path), text)


@slowly
@given(st.data())
def test_rule_files_with_lines_moved(data: st.DataObject) -> None:
    path, text = data.draw(st.sampled_from(FILES))
    lines = text.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        line = lines.pop(data.draw(st.integers(0, len(lines) - 1)))
        lines.insert(data.draw(st.integers(0, len(lines))), line)
    changed = "\n".join(lines)
    sound(*read_bytes(changed.encode(), path), changed)


# -- one rule, written in many ways

Tree = str | list["Tree"] | dict[str, "Tree"]


def listed_tree(items: Sequence[object]) -> Tree:
    return [item for item in items if isinstance(item, str | list | dict)]


def some(of: tuple[str, ...], most: int = 3) -> st.SearchStrategy[Tree]:
    """A few words of a list, in any order."""
    return st.lists(st.sampled_from(of), min_size=1, max_size=most, unique=True).map(list)


def maybe_not(of: tuple[str, ...]) -> st.SearchStrategy[Tree]:
    return st.one_of(some(of), some(of).map(lambda listed: {"not": listed}))


def mapping(
    given: Mapping[str, st.SearchStrategy[Tree]], optional: Mapping[str, st.SearchStrategy[Tree]]
) -> st.SearchStrategy[Tree]:
    """A mapping with all of the first words and some of the second, in any order."""
    fixed = st.fixed_dictionaries(dict(given), optional=dict(optional))
    return fixed.flatmap(lambda one: st.permutations(list(one.items()))).map(dict)


def one(*of: str) -> st.SearchStrategy[Tree]:
    return st.sampled_from(of)


PERIODS = one("7 days", "1 day", "24 hours", "3 months")
WORDS_ALONE = tuple(name for name in words.EXCLUSIONS if name != "returned_within")
EXCLUSIONS: st.SearchStrategy[Tree] = st.lists(
    st.one_of(
        st.sampled_from(WORDS_ALONE),
        st.just({"returned_within": "14 days"}),
        some(WORDS_ALONE).map(lambda listed: {"all": listed}),
    ),
    min_size=1,
    max_size=3,
).map(listed_tree)
OF_CONTACTS = mapping(
    {"what": one(*words.COUNTS)},
    {
        "channels": st.one_of(maybe_not(("call", "text")), one("any")),
        "direction": one("out", "in", "any"),
        "to": st.one_of(maybe_not(words.POINT_KINDS), one("any")),
        "whom": st.one_of(some(tuple(words.WHOM)), one("any")),
        "debts": one("attributed", "discussed", "any"),
        "purpose": some(words.PURPOSES),
        "content": some(words.CONTENTS),
        "technology": some(words.TECHNOLOGIES),
        "result": some(tuple(words.RESULTS)),
        "initiated_by": one("consumer", "collector"),
        "which": one("first", "latest"),
        "not": EXCLUSIONS,
    },
)
OF_STATEMENTS = mapping(
    {"what": one(*catalogue.STATEMENTS)},
    {"medium": some(words.MEDIA), "timely": one("true", "false"), "which": one("first", "latest")},
)
EVENTS = st.one_of(one(*words.ACCOUNT_DATES, "cease"), OF_CONTACTS, OF_STATEMENTS)
ALONE = tuple(name for name, fact in catalogue.FACTS.items() if fact.parameter == "none")


def asked(fact: str, of: Vocabulary) -> st.SearchStrategy[Tree]:
    return some(of.words).map(lambda listed: {fact: listed})


ASKS: st.SearchStrategy[Tree] = st.one_of(
    one(*ALONE),
    st.integers(0, 400).map(lambda number: {"days_past_due_over": str(number)}),
    *(
        asked(name, LISTS_OF[fact.parameter])
        for name, fact in catalogue.FACTS.items()
        if fact.parameter in LISTS_OF
    ),
    mapping({"happened": EVENTS}, {"within": PERIODS}),
    mapping({"happened": EVENTS}, {"since": EVENTS}),
)
ENTRIES: st.SearchStrategy[Tree] = st.lists(
    st.one_of(
        ASKS,
        st.lists(ASKS, min_size=1, max_size=3).map(lambda asks: {"all": list(asks)}),
        st.lists(ASKS, min_size=1, max_size=3).map(lambda asks: {"any": list(asks)}),
    ),
    min_size=1,
    max_size=3,
).map(listed_tree)
COMMON = {
    "key": one("made-up", "2-in-7"),
    "says": one("At most two: never more.", "yes", "no # comment", "it's 'so'", "[odd]"),
    "force": one("prohibition", "presumption"),
    "effective_from": one("unknown", "2024-02-29"),
    "cite": one("1 CFR 2.3(a)").map(lambda cite: [cite, "15 USC 1692c(c)"]),
    "source": one("https://example.org/law?a=1#b"),
    "confidence": one(*words.CONFIDENCES),
}
SCOPE = {
    "channels": maybe_not(("call", "text", "email")),
    "to": maybe_not((*words.POINT_GROUPS, "mobile")),
    "whom": some(tuple(words.WHOM)),
    "collectors": some(words.COLLECTOR_ROLES),
    "debts": maybe_not(words.DEBT_TYPES),
    "reach": one("consumer_place", "collector_place"),
    "when": ENTRIES,
    "unless": ENTRIES,
    "effective_to": one("2027-01-01"),
}
NO_POINTS = {name: of for name, of in SCOPE.items() if name != "to"}
UNITS = some(words.UNITS)
RULES = st.one_of(
    mapping({**COMMON, "kind": one("block")}, SCOPE),
    mapping({**COMMON, "kind": one("require"), "needs": ENTRIES}, SCOPE),
    mapping({**COMMON, "kind": one("notice"), "duty": one(*catalogue.DUTIES)}, SCOPE),
    mapping(
        {**COMMON, "kind": one("window"), "from": one("08:00")},
        {
            **NO_POINTS,
            "to": one("21:00", "20:30"),
            "days": some(words.DAYS),
            "clock": one("consumer", "point", *ZONES),
            "edges": one("open", "closed"),
            "closed": some((*HOLIDAYS, "FREQ=WEEKLY;BYDAY=SU")),
        },
    ),
    mapping(
        {
            **COMMON,
            "kind": one("limit"),
            "max": one("0", "7"),
            "within": PERIODS,
            "per": UNITS,
            "counting": EVENTS,
        },
        SCOPE,
    ),
    mapping(
        {**COMMON, "kind": one("wait"), "after": EVENTS, "for": PERIODS, "per": UNITS},
        {**SCOPE, "first_day": one("event", "next"), "exempt": EXCLUSIONS},
    ),
)


def scalar(text: str, style: int) -> str:
    """A text in double quotes, in single quotes, or plain where that is possible."""
    bare = text.replace(" ", "").replace("-", "").replace("_", "").replace("/", "")
    if style == 2 and (bare.isalnum() or text in ("08:00", "21:00")):
        return text
    return json.dumps(text) if style % 2 else "'" + text.replace("'", "''") + "'"


def flow(tree: Tree, style: int) -> str:
    if isinstance(tree, str):
        return scalar(tree, style)
    if isinstance(tree, list):
        return f"[{', '.join(flow(item, style) for item in tree)}]"
    return "{" + ", ".join(f"{word}: {flow(item, style)}" for word, item in tree.items()) + "}"


def block(tree: Tree, style: int, indent: int, step: int) -> Iterator[str]:
    """The lines of a mapping or list in block style, with a comment here and there."""
    space = " " * indent
    pairs = tree.items() if isinstance(tree, dict) else ((None, item) for item in tree)
    for word, item in pairs:
        yield f"{space}# a comment: [not read"
        lead = "-" if word is None else f"{word}:"
        if isinstance(item, str):
            yield f"{space}{lead} {scalar(item, style)}  # said"
        else:
            yield f"{space}{lead}"
            yield ""
            yield from block(item, style, indent + step, step)


def rules_of(text: str) -> list[Rule]:
    found, problems = read_bytes(text.encode(), "rules/made_up.yaml")
    assert found is not None, as_text(problems)
    return [dataclasses.replace(rule, position=NOWHERE) for rule in found.rules]


@slowly
@given(RULES, st.integers(0, 2), st.integers(0, 2), st.integers(1, 4))
def test_a_rule_means_the_same_however_it_is_written(
    tree: Tree, one_style: int, other_style: int, step: int
) -> None:
    head = "format: 1\nname: Made up\nrules:\n"
    once = rules_of(f"{head}- {flow(tree, one_style)}\n")
    again = rules_of(head + "\n".join(block([tree], other_style, step, step)) + "\n")
    assert once == again
    assert len(once) == 1


@slowly
@given(RULES)
def test_the_order_of_words_in_a_rule_means_nothing(tree: Tree) -> None:
    assert isinstance(tree, dict)
    items = sorted(tree.items(), reverse=True)
    head = "format: 1\nname: Made up\nrules:\n- "
    assert rules_of(head + flow(tree, 1)) == rules_of(head + flow(dict(items), 1))
