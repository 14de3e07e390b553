"""What can be wrong with a file we are given, and the exceptions of the whole project.

Codes are a closed list (CODES): each is described in engine/README.md and has a file with its
exact message in tests/rejected/. All problems of all files are reported at once, sorted, with a
count, by one of three writers: `as_text`, `as_json`, `as_annotations`.

The exceptions, one small tree; raised with ids, not prose:

    ForbearError
    |-- Problems    input that cannot be used: every problem found, sorted
    `-- NotFound    there is no such thing: what was asked for, and its id
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .rule import Position

CODES: Final[dict[str, str]] = {
    "R001": "the file cannot be read",
    "R002": "the file is too big",
    "R003": "the file is not UTF-8 text",
    "R004": "a character that has no place in a rule file",
    "R005": "a tab",
    "R006": "the file is empty",
    "R007": "the file is not YAML",
    "R008": "several documents in one file",
    "R009": "an anchor, alias, merge, tag or directive",
    "R010": "nested too deeply",
    "R011": "the wrong shape: a list, a mapping or a text was expected",
    "R012": "a word given twice in one mapping",
    "R013": "an unknown word",
    "R014": "an unknown channel",
    "R015": "an unknown kind of contact point",
    "R016": "an unknown role of a person or a collector",
    "R017": "an unknown type of debt",
    "R018": "an unknown fact",
    "R019": "a fact asked with the wrong parameter",
    "R020": "an unknown event",
    "R021": "an unknown duty",
    "R022": "an unknown unit of counting",
    "R023": "an unknown exclusion",
    "R024": "not a period, or not one that fits here",
    "R025": "an unknown time zone",
    "R026": "an unknown holiday, or a recurrence that cannot be used",
    "R027": "an agreement that is unknown or moves something else",
    "R028": "a value that is not in its closed list",
    "R029": "a word that must be given is missing",
    "R030": "not a whole number, or not true or false",
    "R031": "not a date",
    "R032": "not a time of day",
    "R033": "dates that contradict each other",
    "R034": "two rules with one key",
    "R035": "words that exclude each other",
    "R036": "one of several words must be given",
    "R037": "a word that means nothing here",
    "R038": "an empty list, or an entry given twice",
    "R039": "a force that the file may not have",
    "R040": "a citation that names no paragraph",
    "R041": "a name that is not well formed, or not the file's",
    "R042": "rules in a place that says it has none",
    "R043": "a place within a place that is not there",
    "R044": "two files for one act or place",
    "R045": "the federal files are missing",
    "R046": "hours that never open",
    "R047": "a format this version does not read",
    "R048": "too many problems in one file",
    "R049": "an entry that names no rule",
}
MAX_SHOWN: Final = 100  # characters of a source line in an excerpt


class ForbearError(Exception):
    """The root of every exception that this project raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        """As it is, so that it can be raised again in another process."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[ForbearError], args: tuple[object, ...]) -> ForbearError:
    found = kind.__new__(kind, *args)
    found.args = args
    return found


class NotFound(ForbearError):
    """There is no such thing: `what` ("place", "rule", ...) and the `id` asked for."""

    def __init__(self, what: str, id: str) -> None:
        """Name what was asked for."""
        super().__init__(f"no {what} `{id}`")
        self.what = what
        self.id = id


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where, what and what to do.

    `length` characters from `position` are marked; `excerpt` is the line of the file, "" for none.
    """

    code: str
    position: Position
    message: str
    hint: str = ""
    length: int = 1
    excerpt: str = ""

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """What problems are sorted by: file, line, column, code, message."""
        where = self.position
        return (where.path, where.line, where.column, self.code, self.message)


class Problems(ForbearError):
    """Input that cannot be used; `problems` holds all that is wrong with it, sorted."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Sort the problems and drop repetitions."""
        self.problems: tuple[Problem, ...] = tuple(
            sorted(dict.fromkeys(problems), key=lambda one: one.order)
        )
        super().__init__(counted(self.problems))


def counted(problems: Sequence[Problem]) -> str:
    """How many problems in how many files, as in `2 problems in 1 file`."""
    files = len({problem.position.path for problem in problems})
    many = "problem" if len(problems) == 1 else "problems"
    return f"{len(problems)} {many} in {files} {'file' if files == 1 else 'files'}"


def as_text(problems: Sequence[Problem], outcome: str = "") -> str:
    """Problems for people: place, code, message, the line with a caret, what to do, the count.

    `outcome` is a sentence after the count, such as "Nothing was loaded.".
    """
    blocks = [_block(problem) for problem in problems]
    return "\n".join([*blocks, f"{counted(problems)}. {outcome}".rstrip()]) + "\n"


def stays_in_force(rulebook: str | None) -> str:
    """The outcome of a failed load: what holds now. `rulebook` is a short digest, None for none."""
    if rulebook is None:
        return "Nothing was loaded."
    return f"Nothing was loaded; rulebook {rulebook} stays in force."


def _block(problem: Problem) -> str:
    where = problem.position
    lines = [f"{where.path}:{where.line}:{where.column}  {problem.code}  {problem.message}"]
    gutter = " " * (len(str(where.line)) + 2)
    if problem.excerpt.strip():
        shown, column = _cut(problem.excerpt, where.column)
        lines.append(f"  {where.line} | {shown}".rstrip())
        length = max(1, min(problem.length, len(shown) - column + 1))
        lines.append(f"{gutter} | {' ' * (column - 1)}{'^' * length}")
    if problem.hint:
        lines.append(f"{gutter} = {problem.hint}")
    return "\n".join(lines)


def _cut(line: str, column: int) -> tuple[str, int]:
    """A printable piece of a line round a column, and the column within that piece."""
    start = 0
    if len(line) > MAX_SHOWN:
        start = min(max(0, column - 1 - MAX_SHOWN // 2), len(line) - MAX_SHOWN)
    piece = line[start : start + MAX_SHOWN]
    plain = "".join(char if char.isprintable() else " " for char in piece)
    left = "..." if start else ""
    right = "..." if start + MAX_SHOWN < len(line) else ""
    return left + plain + right, column - start + len(left)


def as_json(problems: Sequence[Problem], outcome: str = "") -> str:
    """One JSON document: `problems` (code, path, line, column, message, hint), `count`, `files`."""
    rows = [
        {
            "code": problem.code,
            "path": problem.position.path,
            "line": problem.position.line,
            "column": problem.position.column,
            "length": problem.length,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    files = len({problem.position.path for problem in problems})
    document = {"problems": rows, "count": len(rows), "files": files, "outcome": outcome}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_annotations(problems: Sequence[Problem]) -> str:
    """GitHub workflow commands, one line a problem; "" for none."""
    return "".join(_annotation(problem) for problem in problems)


def _annotation(problem: Problem) -> str:
    where = problem.position
    end = where.column + problem.length
    message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    place = f"file={_escaped(where.path, ':,')},line={where.line},col={where.column}"
    return f"::error {place},endColumn={end},title={problem.code}::{_escaped(message)}\n"


def _escaped(text: str, more: str = "") -> str:
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


# What people write for one of our words and no spelling distance would find.
SAME_AS: Final[dict[str, str]] = {
    "sms": "text",
    "phone": "call",
    "telephone": "call",
    "letter": "mail",
    "post": "mail",
    "cell": "mobile",
    "landline": "home_landline",
    "work": "workplace",
    "debtor": "consumer",
    "collector": "third_party",
    "agency": "third_party",
    "lawyer": "attorney",
    "cap": "limit",
    "ban": "block",
    "debt": "particular_debt",
    "number": "line",
    "place": "jurisdiction",
    "timezones": "zones",
    "description": "says",
    "fact": "says",
    "citation": "cite",
    "period": "within",
    "license": "licence",
    "autodialed": "autodialled",
}


@lru_cache(maxsize=4096)
def nearest(word: str, words: tuple[str, ...]) -> str | None:
    """The word that was probably meant, or None.

    >>> nearest("sms", ("call", "text")), nearest("cal", ("call", "text")), nearest("x", ("call",))
    ('text', 'call', None)
    """
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    for candidate in (plain, plain.replace("_", "-"), SAME_AS.get(plain, "")):
        if candidate in words:
            return candidate
    if len(plain) > 40:
        return None
    close = difflib.get_close_matches(plain, words, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """The end of a message about an unknown word: `; did you mean ...?`, or nothing."""
    found = nearest(word, tuple(words))
    return f"; did you mean `{found}`?" if found else ""


def quoted(text: str) -> str:
    """User text in backticks, on one line and cut to 60 characters."""
    plain = " ".join(text.split())
    return f"`{plain[:57]}...`" if len(plain) > 60 else f"`{plain}`"
