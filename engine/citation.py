"""Citations of law, parsed and compared: source, section, paragraph path.

The format of cases decides what matches: a comment of Supplement I to a regulation stands for its
paragraph (comment 6(b)(1)-1.i is 12 CFR 1006.6(b)(1)); `reg N` and `comment P-n` take title and
part from the citation before them; a prefix ends at a step of the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True)
class Citation:
    """One place in the law: `source` names title and act, folded ("12 cfr", "cal civ code").

    `section` is "1006.6", `path` the paragraphs below it as written: ("b", "1"). A text that names
    no section (a firm's policy) is all source.
    """

    source: str
    section: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The citation in one line, for messages: `12 cfr 1006.6(b)(1)`."""
        steps = "".join(f"({step})" for step in self.path)
        return f"{self.source} {self.section}{steps}".strip()


_STEP: Final = r"\((?:\d{1,3}(?:-?[A-Za-z]{1,2})?|[ivxIVX]{1,5}(?:-[a-z])?|[A-Za-z]{1,3})\)"
_STEPS: Final = re.compile(rf"(?:{_STEP})+")
_NUMBERED: Final = re.compile(r"[A-Za-z]{0,2}\.?\d")
_REMARK: Final = re.compile(rf"(?<!,)(?<!;)\s+(?!{_STEP})\([^()]*(?:\([^()]*\)[^()]*)*\)")
_SPLIT: Final = re.compile(
    r";|,(?=\s*(?:[0-9(]|comments?\b|reg\b))|\s+and\s+(?=[0-9(]|comments?\b)"
    r"|(?<=\S)\s+(?=comments?\s+\d)",
    re.IGNORECASE,
)
_COMMENT: Final = re.compile(r"^comments?\b\s*", re.IGNORECASE)
_COMMENT_BODY: Final = re.compile(rf"^(\d+)((?:{_STEP})*)(?:-[\w.]*)?(?:[\s-].*)?$")
_COMMENT_ALONE: Final = re.compile(rf"^\d+(?:{_STEP})*(?:-[\w.]*)?$")
_CHAPTERS: Final = frozenset(
    {"c", "ch", "chap", "chapter", "tit", "title", "art", "article", "div", "part", "pt"}
)
_REG: Final = re.compile(rf"^reg\.?\s+([\w.]+)((?:{_STEP})*)", re.IGNORECASE)
_SUPPLEMENT: Final = re.compile(r"\bsupp(?:lement|l)?\b", re.IGNORECASE)
_PART: Final = re.compile(r"\b(\d+\s+c\.?f\.?r\.?)\D*?(\d+)", re.IGNORECASE)
_NEW_HAMPSHIRE: Final = re.compile(r"(?<=\d),\s+([IVX]{1,5}(?:-[a-z])?)(?=[(\s;,]|$)")
_CFR_STEPPED: Final = re.compile(r"^(\d+\.\d+\([a-z]\)-\w+)(.*)$")
_EMPTY_WORDS: Final = frozenset({"part", "parts", "pt", "sec", "section", "sections", "s", "ss"})
_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii")


def parse(text: str) -> tuple[Citation, ...]:
    """All citations in a text, in order; a range such as `(a)-(c)` gives each of its members.

    Never raises: a text that names no section is one citation of which it is the source.

    >>> [str(one) for one in parse("12 CFR 1006.18(d), (f); 15 USC 1692e(14)")]
    ['12 cfr 1006.18(d)', '12 cfr 1006.18(f)', '15 usc 1692e(14)']
    >>> [str(one) for one in parse("12 CFR 1006 Supp. I, comment 6(b)(1)-1.i")]
    ['12 cfr 1006.6(b)(1)']
    """
    return tuple(one for group in alternatives(text) for one in group)


@lru_cache(maxsize=16384)
def alternatives(text: str) -> tuple[tuple[Citation, ...], ...]:
    """The citations in a text, each as the members of its range (mostly one).

    Separators are `;`, and a `,` or `and` before a digit, `(`, `reg` or `comment`.
    """
    plain = text.replace("\N{EN DASH}", "-").replace("\N{NO-BREAK SPACE}", " ")
    plain = _NEW_HAMPSHIRE.sub(r"(\1)", _REMARK.sub("", plain))  # RSA 358-C:3, I(c)
    plain = re.sub(rf"(?:(?<=[\d)])|(?<=\d[A-Za-z]))\s+(?={_STEP})", "", plain)
    found: list[tuple[Citation, ...]] = []
    before = _Before()
    for piece in _SPLIT.split(plain):
        atom = piece.strip(" ,.")
        if any(char.isalnum() for char in atom):
            group = tuple(before.read(atom))
            if group:
                found.append(group)
    return tuple(found)


def matches(entry: Citation, rule: Citation) -> bool:
    """Whether an entry of `because` is met by a citation of a rule.

    Source and section are equal and the entry's path is a prefix of the rule's, or the rule's
    (with its first paragraph at least) a prefix of the entry's.

    >>> matches(parse("12 CFR 1006.1")[0], parse("12 CFR 1006.14(b)")[0])
    False
    """
    if (entry.source, entry.section) != (rule.source, rule.section):
        return False
    if entry.path == rule.path[: len(entry.path)]:
        return True
    return bool(rule.path) and rule.path == entry.path[: len(rule.path)]


def any_matches(entries: tuple[Citation, ...], cite: tuple[str, ...]) -> bool:
    """Whether any of the entries is met by any member of a rule's `cite` list.

    A member may lean on the one before it: [12 CFR 1024.39(d), comment 39(d)-2].
    """
    cited = parse("; ".join(cite))
    return any(matches(one, other) for other in cited for one in entries)


class _Before:
    """What a citation may leave out because the one before it said so."""

    def __init__(self) -> None:
        self.last: Citation | None = None
        self.part: tuple[str, str] | None = None  # ("12 cfr", "1006")
        self.commenting = False

    def read(self, atom: str) -> Iterator[Citation]:
        """The citation(s) of one piece between separators."""
        atom = atom.replace("§", " ").strip()
        if _SUPPLEMENT.search(atom) and (named := _PART.search(atom)):
            self.part = (_folded(named[1]), named[2])
            self.commenting = False
            return
        word = _COMMENT.match(atom)
        bare = atom[word.end() :] if word else atom
        comment = _COMMENT_BODY.match(bare)
        alone = self.commenting and _COMMENT_ALONE.match(atom)
        if comment and self.part and (word or alone):
            self.commenting = True
            title, part = self.part
            yield from self._keep(title, f"{part}.{comment[1]}", comment[2])
            return
        self.commenting = False
        reg = _REG.match(atom)
        if reg and self.part:
            title, part = self.part
            section = reg[1] if "." in reg[1] else f"{part}.{reg[1]}"
            yield from self._keep(title, section, reg[2])
            return
        path, tail = _steps(atom)
        if path and self.last is not None:
            for end in _range(path, tail):
                self.last = Citation(
                    self.last.source, self.last.section, _continued(self.last.path, end)
                )
                yield self.last
            return
        yield from self._whole(atom)

    def _whole(self, atom: str) -> Iterator[Citation]:
        tokens = atom.split()
        at = _where_section_is(tokens)
        if at is None:
            self.last = Citation(_folded(atom) or atom.casefold(), "")
            yield self.last
            return
        source = _folded(" ".join(tokens[:at] if at else tokens[1:]))
        if not source and self.last is not None:
            source = self.last.source
        section, rest = _section(tokens[at])
        if source.endswith("cfr"):
            self.part = (source, section.split(".")[0])
        yield from self._keep(source, section, rest)

    def _keep(self, source: str, section: str, steps: str) -> Iterator[Citation]:
        path, tail = _steps(steps)
        for end in _range(path, tail):
            self.last = Citation(source, section.casefold(), end)
            yield self.last


def _folded(text: str) -> str:
    """A source without dots, section signs, filler words and capitals."""
    words = re.sub(r"[^\w&\s-]", "", text.replace(".", "")).casefold().split()
    joined = " ".join(word for word in words if word not in _EMPTY_WORDS)
    return joined.replace("u s c", "usc").replace("c f r", "cfr")


def _where_section_is(tokens: list[str]) -> int | None:
    """Which word is the section: the first number after the act, or before it (`1.3 NMAC`).

    A title in front (`12 CFR`) and a chapter (`M.G.L. c. 93 s. 24`) are no sections.
    """
    numbered = [at for at, token in enumerate(tokens) if _NUMBERED.match(token)]
    after = [at for at in numbered if at]
    for at in after:
        chapter = tokens[at - 1].casefold().strip(".") in _CHAPTERS
        if not chapter or at == after[-1]:
            return at
    return numbered[0] if numbered else None


def _section(token: str) -> tuple[str, str]:
    """A token cut into its section and its steps: `1.501(r)-6(b)` -> `1.501(r)-6`, `(b)`."""
    stepped = _CFR_STEPPED.match(token)
    if stepped:
        return stepped[1], stepped[2]
    section, paren, rest = token.partition("(")
    return section.strip(".,:-") or token, paren + rest


def _steps(text: str) -> tuple[tuple[str, ...], str]:
    """The steps at the start of a text, and what follows them."""
    found = _STEPS.match(text)
    if not found:
        return (), text
    return tuple(re.findall(r"\(([^()]+)\)", found[0])), text[found.end() :]


def _range(path: tuple[str, ...], tail: str) -> list[tuple[str, ...]]:
    """The paths of a range `(b)(1)-(3)`, or the one path where there is none."""
    if not path or not tail.startswith("-("):
        return [path]
    upper, _ = _steps(tail[1:])
    if len(upper) == 1:
        steps = _between(path[-1], upper[0])
        return [(*path[:-1], step) for step in steps]
    return [path, _continued(path, upper)] if upper else [path]


def _between(low: str, high: str) -> list[str]:
    """The steps from one to another of the same style; both ends alone if styles differ."""
    if low.isdigit() and high.isdigit():
        return [str(number) for number in range(int(low), int(high) + 1)] or [low, high]
    for romans in (_ROMAN, tuple(one.upper() for one in _ROMAN)):
        if low in romans and high in romans[romans.index(low) + 1 :]:
            return list(romans[romans.index(low) : romans.index(high) + 1])
    letters = len(low) == len(high) == 1 and low.isalpha() and high.isalpha()
    if letters and low.islower() == high.islower() and low <= high:
        return [chr(code) for code in range(ord(low), ord(high) + 1)]
    return [low, high]


def _styles(step: str, at: int | None) -> frozenset[str]:
    """How a step is numbered; at the top of a section a single i, v or x is a letter."""
    if step[0].isdigit():
        return frozenset({"digit"})
    case = "lower" if step.islower() else "upper"
    letter, roman = f"{case} letter", f"{case} roman"
    if not set(step.lower()) <= set("ivx"):
        return frozenset({letter})
    if len(step) > 1:
        return frozenset({roman})
    if at is None:
        return frozenset({letter, roman})
    return frozenset({letter if at == 0 else roman})


def _continued(path: tuple[str, ...], steps: tuple[str, ...]) -> tuple[str, ...]:
    """The path that `(g)` means after `(b)(2)`: the deepest step of its style is replaced."""
    asked = _styles(steps[0], None)
    for at in range(len(path) - 1, -1, -1):
        if _styles(path[at], at) & asked:
            return path[:at] + steps
    return steps
