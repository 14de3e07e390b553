"""`log export` and `log examine`: the examiner's pack made, and checked by who was handed it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zipfile import BadZipFile

import typer

from engine.problem import ForbearError

from ..log.examining import Examined, NotAPack, examine
from ..log.exporting import Chosen, Pack, TooMany, choose, gather
from ..log.exporting_files import files_of, read_files, write_directory, write_zip
from ..log.finding import Wanted
from ..log.handed_out import remember
from ..log.keys import public_key
from ..log.proving import Prover
from ..log.reading import Log
from ..manifest import versions
from ..records import Tables
from ..settings import Settings
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
)
from .days import From
from .log import KeyOf, key_of
from .progress import Shown
from .replaying import LogOf, log_of
from .sources import Source as Opened
from .sources import opened
from .wanting import Account, ByRule, Consumer, OfRun, OnDay, Verdict, wanted

MOST = 500


@guarded
def export(
    ctx: typer.Context,
    place: Annotated[
        Path, typer.Argument(metavar="OUT", help="A new directory, or a file ending in .zip.")
    ],
    account: Account = None,
    consumer: Consumer = None,
    day: OnDay = None,
    rule: ByRule = None,
    verdict: Verdict = None,
    run: OfRun = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", min=1, help="Draw so many of them.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", min=0, help="The same seed, the same sample.")
    ] = 1,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="The most decisions a pack may tell.")
    ] = MOST,
    source: From = None,
    log: LogOf = None,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Make the examiner's pack: decisions in words, what was around them, law and proofs."""
    asked = wanted(account, consumer, day, rule, verdict, run)
    if asked == Wanted() and sample is None:
        raise WrongUse("say of what: --account, --consumer, --day, --rule, or --sample N --seed S")
    zipped = place.suffix == ".zip"
    if place.exists() and (zipped or not place.is_dir() or any(place.iterdir())):
        raise WrongUse(f"{place} is there already; name another place")
    settings = settings_of(home)
    there = log_of(settings, log)
    try:
        chosen, names = choose(there, asked, sample, seed, limit)
    except TooMany as error:
        raise WrongUse(str(error)) from error
    if not names:
        raise WrongUse(f"no decision in {there.place} fits: {chosen.how}")
    at = moment(now, ctx.obj)
    pack = _gathered(there, chosen, names, source, settings, at)
    files = files_of(pack)
    if settings.home is not None and settings.home.is_dir():
        remember(settings.home, place, at)
    (write_zip if zipped else write_directory)(place, files)
    _say(place, pack, files, json_)


def _gathered(
    log: Log,
    chosen: Chosen,
    names: list[tuple[str, str]],
    source: Path | None,
    settings: Settings,
    now: datetime,
) -> Pack:
    prover: Prover | None = None
    key: str | None = None
    unproved: str | None = None
    try:
        verifier = public_key(log.place)
        prover, key = Prover(log, verifier), f"{verifier}\n"
        prover.checkpoint()
    except ForbearError as error:
        prover, key, unproved = None, None, f"the log is not sealed ({error})"
    with _rows(source, settings) as rows, Shown(err) as shown:
        named = None if rows is None else rows.name(now)
        return gather(log, chosen, names, prover, unproved, key, rows, named, now, shown)


@contextmanager
def _rows(given: Path | None, settings: Settings) -> Iterator[Rows | None]:
    """The firm's rows as of any moment; None where there are none at hand."""
    if given is None and settings.home is None:
        yield None
        return
    with ExitStack() as stack:
        yield Rows(given, settings, stack)


class Rows:
    """The firm's rows, read once for each moment asked about."""

    def __init__(self, given: Path | None, settings: Settings, stack: ExitStack) -> None:
        """`stack` closes what was opened."""
        self._given, self._settings, self._stack = given, settings, stack
        self._known: dict[datetime, Opened] = {}

    def _at(self, then: datetime) -> Opened:
        if then not in self._known:
            rows = opened(self._given, self._settings, then, aloud=False)
            self._known[then] = self._stack.enter_context(rows)
        return self._known[then]

    def __call__(self, then: datetime) -> Tables:
        """The rows as known then."""
        return self._at(then).portfolio

    def name(self, now: datetime) -> str:
        """Where they are from."""
        stored = self._at(now).stored
        return "the firm's store, as it was known then" if stored else "a portfolio's files"


def _say(place: Path, pack: Pack, files: dict[str, bytes], json_: bool) -> None:
    if json_:
        emit(
            {
                "pack": str(place),
                "counts": dict(pack.counts),
                "fitting": pack.chosen.fitting,
                "unproved": pack.unproved,
                "files": sorted(files),
            }
        )
        return
    told = pack.counts
    out.print(
        f"{place}: {told['decisions']:,} decisions of {pack.chosen.fitting:,} that fit "
        f"({told['permitted']:,} permitted, {told['refused']:,} refused), {told['proved']:,} proofs"
    )
    if pack.unproved:
        tell(f"without proofs: {pack.unproved}")
    out.print(f"hand it over whole; check it as its README.txt says: forbear log examine {place}")


@guarded
def examine_(
    place: Annotated[
        Path, typer.Argument(metavar="PACK", help="The pack: its directory, or its zip file.")
    ],
    key: KeyOf = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Check a pack: every file, every proof, and every decision once more by both engines."""
    verifier = None if key is None else key_of(None, key)
    try:
        files = read_files(place)
        with Shown(err) as shown:
            found = examine(files, verifier, versions(), shown)
    except (NotAPack, BadZipFile) as error:
        raise WrongUse(f"{place}: {error}") from error
    _told(place, found, json_)
    if found.wrong:
        raise typer.Exit(NO)


def _told(place: Path, found: Examined, json_: bool) -> None:
    if json_:
        emit(_document(found))
        return
    for one in found.wrong:
        out.print(one)
    situations = sum(one.situations for one in found.replayed)
    out.print(
        f"{found.files:,} files as listed, {found.proofs:,} proofs that hold, {found.decisions:,} "
        f"decisions decided again from {situations:,} situations"
        + (f", {found.erased:,} erased" if found.erased else "")
    )
    for each in found.replayed:
        for name, (then, now) in each.versions.items():
            tell(f"segment {each.segment}: {name} was {then}, and is {now} here")
    if found.wrong:
        out.print(f"the pack does not hold: {len(found.wrong):,} wrong")
    else:
        out.print("the pack holds")
    if found.key is None:
        tell("the log it is from was not sealed: nothing shows that these decisions were made then")
    elif found.own_key:
        tell(f"checked with the key in the pack: {found.key}; compare it with one from elsewhere")


def _document(found: Examined) -> dict[str, Any]:
    return {
        "holds": not found.wrong,
        "wrong": found.wrong,
        "files": found.files,
        "proofs": found.proofs,
        "decisions": found.decisions,
        "erased": found.erased,
        "key": found.key,
        "key_from_pack": found.own_key,
    }
