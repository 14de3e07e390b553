"""`demo`, `synth`, `run`: from a made-up portfolio to a day's list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated

import polars as pl
import typer

from engine.clock import format_instant, local_date
from engine.explain import in_words
from engine.panel import Panel

from ..changes import as_text as differences
from ..day import run_day
from ..explaining import explain
from ..funnel import as_text as funnel_text
from ..law import Law, law_of
from ..log.keys import LOG, keys_of, keys_without_home, sign_file
from ..log.sealing import sealer
from ..making import Making, making
from ..manifest import Manifest
from ..portfolio import Portfolio
from ..regional import Share, share_of
from ..regions import region_named
from ..sample.synth import NOW, synth
from ..settings import FORMATS, Settings, write_default
from ..wording import many
from .common import (
    HOME,
    NO,
    Home,
    Json,
    Now,
    WrongUse,
    day_of,
    emit,
    err,
    guarded,
    left_out,
    moment,
    out,
    settings_of,
    tell,
    tell_left_out,
)
from .progress import Shown
from .resuming import Asked, begin, record
from .sources import checked

MOST = 100_000_000
Accounts = Annotated[int, typer.Option("--accounts", min=1, max=MOST, help="How many accounts.")]
From = Annotated[
    Path | None,
    typer.Option(
        "--from", metavar="DIR", help="A portfolio's directory (default: the home's store)."
    ),
]


@guarded
def synth_(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    accounts: Accounts = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same data.")] = 1,
    csv: Annotated[bool, typer.Option("--csv", help="Write each table as CSV as well.")] = False,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Write a made-up portfolio: nobody in it exists, and no number in it can ring."""
    at = moment(now, lambda: NOW)
    rows = synth(directory, accounts, seed, at, csv)
    if json_:
        emit({"directory": str(directory), "now": format_instant(at), "rows": rows})
        return
    out.print(f"made-up portfolio in {directory}, as of {format_instant(at)}")
    for table, count in rows.items():
        out.print(f"  {count:>12,}  {table}")


@guarded
def run(
    ctx: typer.Context,
    source: From = None,
    day: Annotated[
        str | None, typer.Option("--day", metavar="D", help="The consumers' day (default: today).")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="NAME", help="One region of the settings (default: all)."),
    ] = None,
    now: Now = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where lists go (default: the home's lists)."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help=f"One of {', '.join(FORMATS)}; may be given several times."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make a day anew; the first list is kept beside it.")
    ] = False,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Put away what a run that was not finished had done.")
    ] = False,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Put out the day's list, the suppressed list, the manifest and the log; or one region's.

    A run that was not finished is taken up where it stopped, as known at the moment it had.
    """
    settings = settings_of(home)
    if formats:
        unknown = [one for one in formats if one not in FORMATS]
        if unknown:
            raise WrongUse(f"unknown format `{unknown[0]}`; the formats are {', '.join(FORMATS)}")
        settings = replace(settings, formats=tuple(one for one in FORMATS if one in formats))
    at = moment(now, ctx.obj)
    zone = settings.zone if region is None else region_named(settings.regions, region).clock
    civil = day_of(day, lambda: local_date(at, zone))
    law = law_of(settings)
    tell_left_out(law, settings)
    lists = out_dir or settings.lists
    finish = partial(record, settings)
    with making(lists, civil, again, afresh=afresh, say=tell, finish=finish, region=region) as held:
        share = None if region is None else share_of(settings, region, civil, lists)
        asked = Asked(source, settings, law, civil, share)
        found, at = begin(held, asked, at, told=now is not None)
        manifest = _run(found.portfolio, law, settings, civil, at, lists, again, held, share)
        record(settings, manifest.directory, held.open or {})
    _report(manifest, json_)
    if manifest.alarms:
        raise typer.Exit(NO)


def _run(
    portfolio: Portfolio,
    law: Law,
    settings: Settings,
    day: date,
    now: datetime,
    lists: Path,
    again: bool,
    held: Making | None = None,
    share: Share | None = None,
) -> Manifest:
    home = settings.home
    keys = keys_of(home) if home is not None else keys_without_home(lists / LOG)
    with Shown(err) as shown:
        return run_day(
            portfolio,
            law.rulebook,
            settings,
            day,
            now,
            lists,
            shown,
            again=again,
            files=law.files,
            tick=perf_counter,
            held=held,
            share=share,
            seal=sealer(keys),
            sign=partial(sign_file, keys),
        )


def _report(manifest: Manifest, json_: bool) -> None:
    """What a run did: on standard output as JSON, or for people."""
    if json_:
        kept = None if manifest.kept is None else str(manifest.kept)
        emit(
            {
                **manifest.document,
                "directory": str(manifest.directory),
                "kept": kept,
                "changes": dict(manifest.changes),
                "seconds": {name: round(took, 3) for name, took in manifest.seconds.items()},
            }
        )
        return
    for alarm in manifest.alarms:
        tell(f"ALARM: {alarm}")
    out.print(summary(manifest))
    if manifest.kept is not None:
        out.print(differences(manifest.changes, manifest.kept))


def summary(manifest: Manifest) -> str:
    """A run in a few lines: counts, the funnel, places not encoded, and where everything is."""
    found, counts = manifest.document, manifest.document["counts"]
    region = f" for {found['region']['name']}" if "region" in found else ""
    lines = [
        f"{found['day']}{region}, as known at {found['now']}, rulebook {found['rulebook'][7:15]}",
        f"  {counts['candidates']:>12,}  candidates, of {many(counts['accounts'], 'account')}",
        f"  {counts['listed']:>12,}  listed",
        f"  {counts['suppressed']:>12,}  suppressed: {counts['exhausted']:,} only by a limit or a "
        f"wait, {counts['withheld']:,} because others have what is left",
        f"  {counts['situations']:>12,}  situations, each decided by both engines",
        f"  {counts['sampled']:>12,}  decided again from the raw rows",
        "",
        funnel_text(found["funnel"]),
    ]
    bare = found["unencoded"]
    if bare["candidates"]:
        ways = "refused" if bare["refuse_unencoded_places"] else "decided on federal law alone"
        total = sum(bare["candidates"].values())
        lines.append(f"law not encoded: {total:,} candidates in {len(bare['candidates'])} places, ")
        lines[-1] += f"{ways} (refuse_unencoded_places)"
    if "left_out" in found:
        gone = found["left_out"]
        lines.append(left_out(gone["minimum_confidence"], len(gone["rules"])))
    lines.append(f"list, suppressed list and manifest: {manifest.directory}")
    lines.append(f"decision log: {manifest.directory / 'log'}")
    if (told := found.get("checkpoint")) is not None:
        lines.append(f"  sealed as {told['segment']}, {told['size']:,} decisions in all, which "
                     "`forbear log verify` checks")  # fmt: skip
    return "\n".join(lines)


@guarded
def demo(
    accounts: Accounts = 20_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same data.")] = 1,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Show it all on a made-up portfolio: a no, a yes, the funnel, the list and the log."""
    place = home or HOME
    if place.exists() and any(place.iterdir()):
        raise WrongUse(f"{place} is there already; demo makes a new home: name another with --home")
    at = moment(now, lambda: NOW)
    settings = write_default(place, refuse_unencoded_places=False)
    with Shown(err) as shown:
        shown("making up a portfolio", 0, 1)
        synth(place / "portfolio", accounts, seed, at)
    law = law_of(settings)
    portfolio = checked(place / "portfolio")
    civil = local_date(at, settings.zone)
    manifest = _run(portfolio, law, settings, civil, at, settings.lists, False)
    examples = _examples(law, portfolio, settings, manifest, at)
    if json_:
        emit({**manifest.document, "directory": str(manifest.directory), "examples": examples})
        return
    for title, text in examples.items():
        out.print(f"--- {title}\n{text}")
    out.print("--- the day")
    out.print(summary(manifest))
    when = f"--now {format_instant(at)} --home {place}"
    out.print(f"\nask about any account: forbear explain ACCOUNT {when}")


def _examples(
    law: Law, portfolio: Portfolio, settings: Settings, manifest: Manifest, now: datetime
) -> dict[str, str]:
    """A no and a yes of the day, in words: the first call refused by a count, the first listed."""
    rows = pl.scan_parquet(manifest.directory / "log" / "decisions.parquet")
    called = rows.filter(pl.col("channel") == "call")
    counted = called.filter("exhausted")
    found = {}
    with Panel(law.rulebook) as panel:
        for title, choices in (
            ("a no", (counted, called.filter(~pl.col("listed")))),
            ("a yes", (called.filter("listed"), rows.filter("listed"))),
        ):
            picked = pl.concat([one.head(1) for one in choices]).head(1).collect()
            for row in picked.iter_rows(named=True):
                said = explain(
                    panel,
                    portfolio,
                    row["account"],
                    row["channel"],
                    row["point"],
                    now,
                    None,
                    row["day"],
                    settings.refuse_unencoded_places,
                    settings.licences,
                )
                found[title] = in_words(said.decision, said.question, law.rulebook)
    return found
