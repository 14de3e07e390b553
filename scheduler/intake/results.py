"""A dialer's result codes -> our results, from YAML. README.md has the words.

`codes/` holds ready ones, by name; a firm's own are named by their file. What a code does not say
for sure is mapped to the result that counts the most; one that is not there is left to the caller,
for whom it is all that its channel can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from engine import words
from engine.problem import Problems, did_you_mean, quoted
from engine.reading import Map, Node, Scalar, Sheet, TooMany, compose, read_disk

from .rows import IntakeError

FOLDER: Final = Path(__file__).parent / "codes"
README: Final = "scheduler/intake/README.md"
SUFFIXES: Final = (".yaml", ".yml")
WORDS: Final = ("format", "results")


class Codes(Mapping[str, str]):
    """Codes with our result for each. Case, blanks, hyphens and underscores do not count.

    >>> Codes({"No Answer": "no_answer"})["NO-ANSWER"]
    'no_answer'
    """

    __slots__ = ("_by_code", "_written")

    def __init__(self, codes: Mapping[str, str]) -> None:
        """Codes as they are written."""
        self._written = dict(codes)
        self._by_code = {_folded(code): result for code, result in codes.items()}

    def __getitem__(self, code: str) -> str:
        """The result of a code. Raises KeyError."""
        return self._by_code[_folded(code)]

    def __iter__(self) -> Iterator[str]:
        """Every code as it was written."""
        return iter(self._written)

    def __len__(self) -> int:
        """How many codes there are."""
        return len(self._written)


def _folded(code: str) -> str:
    return "".join(one for one in code.casefold() if one not in " -_")


OURS: Final = Codes({word: word for word in words.RESULTS})
"""Our own results, each by its own name."""


def bundled() -> tuple[str, ...]:
    """The names of the sets of codes that come with Forbear."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load(name_or_path: str | Path, near: Path | None = None) -> Codes:
    """Codes by the name of a set that comes with Forbear, or by their file.

    A file is looked for in the folder `near` first. Raises Problems for mistakes in it, IntakeError
    where there is none.
    """
    name = str(name_or_path)
    path = Path(name)
    if near is not None and (near / path).is_file():
        path = near / path
    elif not path.is_file() and path.name == name and path.stem in bundled():
        if path.suffix in ("", *SUFFIXES):
            path = FOLDER / f"{path.stem}.yaml"
    elif path.suffix not in SUFFIXES:
        known = ", ".join(bundled())
        raise IntakeError(
            f"no codes `{name}`{did_you_mean(name, bundled())}; there are {known}, "
            "or name a YAML file"
        )
    data, unread = read_disk(path, str(path))
    if data is None:
        raise Problems(unread)
    return read_codes(data, str(path))


def read_codes(data: bytes, shown: str) -> Codes:
    """Codes from a file's bytes; `shown` is its path in messages. Raises Problems."""
    sheet = Sheet(shown)
    codes = Codes({})
    try:
        root = compose(data, sheet)
        if root is not None:
            codes = _codes(sheet, root)
    except TooMany:
        pass
    if sheet.problems:
        raise Problems(sheet.problems)
    return codes


def _codes(sheet: Sheet, root: Node) -> Codes:
    if not isinstance(root, Map):
        sheet.report("R011", root, "a file of codes is a mapping", f"see {README}")
        return Codes({})
    found: dict[str, Node] = {}
    for key, value in root.entries:
        if key.text not in WORDS:
            near = did_you_mean(key.text, WORDS)
            message = f"unknown word {quoted(key.text)} in a file of codes{near}"
            sheet.report("R013", key, message, f"the words are {', '.join(WORDS)}; see {README}")
        found[key.text] = value
    form = found.get("format")
    if not isinstance(form, Scalar) or form.text != "1":
        sheet.report("R047", form or root, "this version reads `format: 1`")
    if "results" not in found:
        sheet.report("R036", root, "a file of codes needs `results`")
        return Codes({})
    return results_of(sheet, found["results"])


def results_of(sheet: Sheet, node: Node) -> Codes:
    """The codes of a mapping `results:`; mistakes are reported on the sheet."""
    if not isinstance(node, Map):
        sheet.report("R011", node, "`results` is a mapping", "codes of the dialer to our results")
        return Codes({})
    found: dict[str, str] = {}
    known = tuple(words.RESULTS)
    for key, value in node.entries:
        result = value.text if isinstance(value, Scalar) else ""
        if result not in known:
            near = did_you_mean(result, known)
            message = f"unknown result {quoted(result)}{near}"
            sheet.report("R028", value, message, f"the results are {', '.join(known)}")
        elif key.text in Codes(found):
            sheet.report("R036", key, f"the code {quoted(key.text)} stands twice")
        found[key.text] = result
    return Codes(found)
