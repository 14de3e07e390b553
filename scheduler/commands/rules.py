"""`rules check`, `rules test`, `rules coverage`, `rules schema`: the officer's bench."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine import cases
from engine.cases.deciding import decider
from engine.clock import local_date
from engine.panel import Panel
from engine.problem import Problem, Problems, as_annotations, as_json, as_text
from engine.reading import read_file
from engine.rulebook import schema_json

from .. import coverage as covering
from ..coverage_page import page
from ..law import Law, directories, law_of, load_law, rule_files
from .common import (
    NO,
    Home,
    Json,
    Now,
    WrongUse,
    emit,
    err,
    guarded,
    moment,
    out,
    settings_of,
    tell,
    tell_left_out,
)
from .progress import Shown

app = typer.Typer(help="Rule files: check them, run their cases, see how well they are founded.")
UNTOUCHED = "Nothing was loaded."


@app.command("check")
@guarded
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH...]",
            help="Rule files, or directories of them (default: the home's rulebook).",
        ),
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Write problems as GitHub annotations.")
    ] = False,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Report everything that is wrong with rule files, with line, column and what to do."""
    settings = settings_of(home)
    if paths:
        problems, files, rules = _check_paths(paths)
    else:
        bases = directories(settings)
        problems, files, rules = _check_book(bases, settings.house)
    if json_:
        sys.stdout.write(as_json(problems, UNTOUCHED if problems else ""))
    elif github:
        sys.stdout.write(as_annotations(problems))
    elif problems:
        sys.stdout.write(as_text(problems, UNTOUCHED))
    else:
        out.print(f"no problems: {rules} rules in {files} files")
    if problems:
        raise typer.Exit(NO)


def _check_paths(paths: Sequence[Path]) -> tuple[Sequence[Problem], int, int]:
    """Problems of files and directories, each directory with `rules` in it as one rulebook."""
    problems: list[Problem] = []
    files = rules = 0
    for path in paths:
        if not path.exists():
            raise WrongUse(f"{path} is not there")
        if path.is_dir() and (path / "rules").is_dir():
            found, many, more = _check_book([path], None)
            problems.extend(found)
            files, rules = files + many, rules + more
            continue
        single = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        for one in single:
            made, wrong = read_file(one, one.as_posix())
            problems.extend(wrong)
            files, rules = files + 1, rules + (len(made.rules) if made else 0)
    if not files:
        raise WrongUse("there is no rule file among these")
    return Problems(problems).problems, files, rules


def _check_book(bases: Sequence[Path], house: Path | None) -> tuple[Sequence[Problem], int, int]:
    files = len(rule_files(bases, house))
    try:
        law = load_law(bases, house)
    except Problems as wrong:
        return wrong.problems, files, 0
    return (), files, len(law.rulebook.rules)


@app.command("test")
@guarded
def run_cases(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Case files (default: those beside the rules)."),
    ] = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Run case files; the last line says how many passed and how many failed."""
    settings = settings_of(home)
    files = _case_files(paths, directories(settings))
    law = law_of(settings)
    tell_left_out(law, settings)
    with Panel(law.rulebook, alarm=tell) as panel:
        report = cases.run_cases(files, decider(panel), law.rulebook.acts)
    sys.stdout.write(cases.as_json(report) if json_ else cases.as_text(report))
    if report.failed:
        raise typer.Exit(NO)


def _case_files(paths: Sequence[Path] | None, bases: Sequence[Path]) -> list[Path]:
    if not paths:
        found = [one for base in bases for one in covering.case_files(base)]
        if not found:
            raise WrongUse("there are no case files beside the rules; name some")
        return found
    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    return files


@app.command("coverage")
@guarded
def coverage(
    ctx: typer.Context,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with a map of the country too."),
    ] = None,
    cases_: Annotated[
        Path | None,
        typer.Option("--cases", metavar="DIR", help="Where cases are (default: beside the rules)."),
    ] = None,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Per file: rules by kind, authority, dates, reviews and cases; 1 if a rule has no case."""
    settings = settings_of(home)
    bases = directories(settings)
    law = load_law(bases, settings.house)
    today = local_date(moment(now, ctx.obj), settings.zone)
    files = _cases_of(bases, cases_)
    found = covering.coverage(law.rulebook, today, *_touched(law, files))
    if html is not None:
        html.write_text(page(found, law.rulebook, today), encoding="utf-8", newline="\n")
    if json_:
        emit(covering.as_document(found))
    else:
        out.print(covering.as_text(found), end="")
        if html is not None:
            tell(f"the page is {html}")
    if found.untested:
        raise typer.Exit(NO)


def _cases_of(bases: Sequence[Path], named: Path | None) -> dict[Path, str]:
    """Case files, each with its path below the folder of cases it stands in."""
    if named is not None:
        if not named.is_dir():
            raise WrongUse(f"{named} is not a directory of cases")
        return {path: path.relative_to(named).as_posix() for path in sorted(named.rglob("*.yaml"))}
    return {
        path: path.relative_to(covering.cases_beside(base)).as_posix()
        for base in bases
        for path in covering.case_files(base)
    }


def _touched(law: Law, files: Mapping[Path, str]) -> tuple[dict[str, int] | None, int | None]:
    if not files:
        return None, None
    with Panel(law.rulebook) as panel, Shown(err) as shown:
        return covering.touched(law.rulebook, files, decider(panel), shown)


@app.command("schema")
@guarded
def schema(home: Home = None, json_: Json = False) -> None:
    """The JSON Schema of rule files, for editors."""
    sys.stdout.write(schema_json())
