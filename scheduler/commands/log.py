"""`log verify`, `log prove`, `log checkpoint`: what an examiner asks of the log alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ..log import layout
from ..log.cataloguing import Compared, compare
from ..log.keys import LOG, PUBLIC, KeyProblem, public_key
from ..log.manifests import MANIFEST, check_manifest
from ..log.note import NotANote, Verifier, read_verifier
from ..log.proving import CannotProve, check_proof, locate, prover, read_note, read_proof
from ..log.purged import purges
from ..log.reading import NoLog
from ..log.sealing import newest
from ..log.verifying import Outside, Report, verify
from ..settings import Settings
from ..store.database import StoreError
from .common import NO, Home, Json, WrongUse, emit, err, guarded, out, settings_of, tell
from .progress import Shown
from .purging import purge_
from .sources import has_store, store_of

SHOWN: Final = 20  # wrong places that people are told of; JSON has all
KeyOf = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="The public key, or a file with it (default: the one that stands in the log).",
    ),
]
LogDir = Annotated[
    Path | None,
    typer.Option("--log", metavar="DIR", help="The log's directory (default: the home's)."),
]


def add_to(log: typer.Typer) -> None:
    """Put every command of the kind under `forbear log`."""
    log.command("verify")(verify_)
    log.command("prove")(prove)
    log.command("checkpoint")(checkpoint)
    log.command("purge")(purge_)


def place_of(settings: Settings, given: Path | None) -> Path:
    """The directory of a sealed log: named, or a home's, or beside its lists. Raises WrongUse."""
    home = settings.home or Path()
    places = [given, given / "log"] if given is not None else [home / "log", settings.lists / "log"]
    for place in places:
        if (place / layout.SEGMENTS).is_dir() or (place / layout.CHECKPOINTS).is_dir():
            return place
    raise WrongUse(f"{given or places[0]}: there is no sealed log")


def key_of(log: Path | None, given: str | None) -> Verifier:
    """The key to check with: told, in a file, or the log's own. Raises WrongUse, KeyProblem."""
    if given is None:
        if log is None:
            raise WrongUse("a proof is checked with the log's public key: give it with --key")
        return public_key(log)
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8") if len(given) < 1000 and path.is_file() else given
        return read_verifier(text)
    except NotANote as error:
        raise WrongUse(f"--key {given[:60]}: {error}") from error
    except (OSError, ValueError) as error:
        raise WrongUse(f"--key {given[:60]} cannot be read") from error


def outside(path: Path) -> Outside:
    """A checkpoint kept elsewhere: a note, or a manifest that carries one. Raises WrongUse."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise WrongUse(f"--against {path} cannot be read") from error
    if not text.lstrip().startswith("{"):
        return Outside(path.name, text)
    try:
        found: Any = json.loads(text).get("checkpoint")
    except ValueError as error:
        raise WrongUse(f"--against {path} is neither a note nor JSON") from error
    note = found.get("note") if isinstance(found, dict) else found
    if not isinstance(note, str):
        raise WrongUse(f"--against {path} carries no checkpoint")
    return Outside(path.name, note)


@guarded
def verify_(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]",
            help="A log, a directory with one, or a published day (default: the home's log).",
        ),
    ] = None,
    key: KeyOf = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="A checkpoint kept elsewhere, or a manifest with one; may be given several times.",
        ),
    ] = None,
    proof: Annotated[
        Path | None, typer.Option("--proof", metavar="FILE", help="Check a proof, without the log.")
    ] = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Check the log, or a proof, from its files and the public key alone."""
    path, more = _told(paths or ())
    if proof is not None:
        _check(proof, path, key, home, json_)
        return
    if path is not None and (path / MANIFEST).is_file():
        _check_day(path, key, home, json_)
        return
    log = place_of(settings_of(home), None) if path is None else _at(path)
    verifier = key_of(log, key)
    kept = [outside(one) for one in (*(against or ()), *more)]
    with Shown(err) as shown:
        report = verify(log, verifier, kept, told=shown)
    found = None if path is not None else catalogued(settings_of(home), log, verifier.name)
    if found is not None:
        report = replace(report, wrong=(*report.wrong, *found.wrong))
    if json_:
        emit(report.document() | {"catalogue": None if found is None else _document(found)})
    else:
        _say(report, key is not None)
        if found is not None:
            _say_catalogue(found)
    if not report.holds:
        raise typer.Exit(NO)


def catalogued(settings: Settings, log: Path, name: str) -> Compared | None:
    """A home's log beside the catalogue in its store; None where there is no store to ask."""
    if settings.home is None or log != settings.home / LOG:
        return None
    try:
        if not has_store(settings):
            return None
        with store_of(settings) as store:
            return compare(log, name, store)
    except StoreError as error:
        tell(f"not compared with the store's catalogue: {error}")
        return None


def _document(found: Compared) -> dict[str, Any]:
    return {"segments": found.segments, "waiting": list(found.waiting), "live": found.live}


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _say_catalogue(found: Compared) -> None:
    """What the store's catalogue says, for people."""
    if not found.wrong:
        tell(f"the store's catalogue has {_many(found.segments, 'segment')}: they are these")
    for name in found.waiting:
        tell(f"segment {name} is not catalogued yet: whoever seals next does so")
    if found.live:
        tell(f"{found.live:,} live decisions wait in the store to be sealed")


def _told(paths: Sequence[Path]) -> tuple[Path | None, list[Path]]:
    """The log that was named, and files beside it: further checkpoints, as in `--against A B`."""
    files = [one for one in paths if one.is_file()]
    places = [one for one in paths if one not in files]
    if len(places) > 1:
        raise WrongUse("one log is checked at a time")
    return (places[0] if places else None), files


def _at(path: Path) -> Path:
    return place_of(Settings(), path)


def _say(report: Report, told: bool) -> None:
    """A report for people."""
    for one in report.wrong[:SHOWN]:
        out.print(str(one))
    if len(report.wrong) > SHOWN:
        out.print(f"... and {len(report.wrong) - SHOWN} more (--json has all)")
    counted = (
        f"{report.decisions:,} decisions in {_many(report.segments, 'segment')}, "
        f"{_many(report.checkpoints, 'checkpoint')}"
    )
    if report.erased:
        counted += f"; the personal part of {report.erased:,} is gone"
    if report.wrong:
        out.print(f"the log does not hold: {len(report.wrong)} wrong; {counted}")
    else:
        out.print(f"the log holds: {counted}")
        out.print("every record, leaf, tree head, signature and chain is what was sealed")
    if report.anybody:
        tell("signed without a home, by a key everybody knows: it can be checked, not trusted")
    elif not told:
        tell(f"checked with the key that stands in the log: {report.key}")
        tell("whoever could change the log could change it too: give the key you know with --key")
    if report.vouched is not None:
        tell(f"outside checkpoints speak for the first {report.vouched:,} decisions")
    if report.since is not None:
        tell(
            f"since {report.since} no outside checkpoint speaks for the log: that it was cut short "
            "or signed anew after that, files alone cannot show (--against)"
        )


def _check_day(day: Path, key: str | None, home: Path | None, json_: bool) -> None:
    """Check a published day against its signed manifest."""
    beside = (day.resolve().parent / "log", day.resolve().parent.parent / "log")
    log = next((one for one in beside if (one / PUBLIC).is_file()), None)
    if key is None and log is None:
        log = place_of(settings_of(home), None)
    verifier = key_of(log, key)
    records = [] if log is None else purges(log, verifier)
    left = {digest for one in records for _, digest, _ in one.segments}
    wrong = check_manifest(day, verifier, left)
    if json_:
        emit({"ok": not wrong, "day": str(day), "wrong": wrong})
    else:
        for one in wrong:
            out.print(one)
        held = "every file is what the signed manifest says" if not wrong else "it does not hold"
        out.print(f"{day}: {held}")
    if wrong:
        raise typer.Exit(NO)


def _check(proof: Path, path: Path | None, key: str | None, home: Path | None, json_: bool) -> None:
    """Check a proof in a file."""
    log = None
    if key is None:
        try:
            log = _at(path) if path is not None else place_of(settings_of(home), None)
        except WrongUse:
            log = None
    try:
        said, holds = check_proof(read_proof(proof), key_of(log, key)), True
    except CannotProve as error:
        said, holds = str(error), False
    except OSError as error:
        raise WrongUse(f"--proof {proof} cannot be read") from error
    if json_:
        emit({"ok": holds, "proof": str(proof), "says": said})
    else:
        out.print(f"{'the proof holds' if holds else 'the proof does not hold'}: {said}")
    if not holds:
        raise typer.Exit(NO)


@guarded
def prove(
    decision: Annotated[
        str | None, typer.Argument(help="A decision's id: proves that it is in the log.")
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="FILE",
            help="A checkpoint or manifest kept: proves that the log begins with what it was then.",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the proof is written.")
    ] = None,
    log: LogDir = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """A proof as a small file, which anybody checks with `forbear log verify --proof FILE`."""
    if (decision is None) == (since is None):
        raise WrongUse("prove a decision by its id, or with --since a checkpoint that you kept")
    place = place_of(settings_of(home), log) if log is None else _at(log)
    one = prover(place, public_key(place))
    try:
        if decision is not None:
            segment, row = locate(one.log, decision)
            document = one.inclusion(segment, row)
        else:
            assert since is not None
            document = one.consistency(outside(since).note)
    except NotANote as error:
        raise WrongUse(f"the checkpoint: {error}") from error
    except CannotProve as error:
        tell(str(error))
        raise typer.Exit(NO) from None
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if to is not None:
        to.write_text(text, encoding="utf-8", newline="\n")
    if json_ or to is None:
        sys.stdout.write(text)
    if to is not None and not json_:
        out.print(f"{to}  check it with: forbear log verify --proof {to} --key KEY")


@guarded
def checkpoint(log: LogDir = None, home: Home = None, json_: Json = False) -> None:
    """Print the newest signed checkpoint, to mail or publish: whoever keeps it is a witness."""
    place = place_of(settings_of(home), log) if log is None else _at(log)
    note = newest(place)
    if note is None:
        raise NoLog(place, "it has no checkpoint yet")
    if not json_:
        sys.stdout.write(note)
        return
    try:
        found = read_note(note, public_key(place))
    except NotANote as error:
        raise KeyProblem(f"the newest checkpoint of {place}: {error}") from error
    emit(
        {
            "checkpoint": note,
            "origin": found.origin,
            "size": found.size,
            "root": f"sha256:{found.root.hex()}",
            "key": str(public_key(place)),
        }
    )
