"""Days with the service up, by a made-up clock: `python -m tests.bench.bench_week --days 7`.

The service makes the list each day by itself; a dialer of many lines works it off, tells results
late, twice and in any order, and what consumers said. Afterwards the log is verified, each live
decision is decided again from its record, and an independent look back runs every contact through
the rules as of its moment. Of the service it is
told how much memory it holds at the end of each day, when its list has been worked off, and in the
morning, when it let go of the day before and the list is there; with its second engine's process.
`--memory`: thirty days of a small portfolio, and what the service holds then beside the first day.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from scheduler.log.reading import open_log
from scheduler.log.replaying import replay
from scheduler.manifest import versions
from scheduler.sample.synth import synth
from scheduler.settings import Settings, read, write_default
from scheduler.store.database import open_store
from scheduler.store.migrating import migrate
from scheduler.store.plain import asked
from scheduler.store.schema import TABLES
from tests.scheduler.processes import Service, forbear, keys_of, serve
from tests.scheduler.serving import DAY, KNOWN, load, one_list

FIRST = DAY + timedelta(days=2)  # the made-up past goes up to the first of them
START = f"{FIRST}T09:50:00Z"  # ten minutes before the list is due
MOST = 1.05
"""What the service may hold at the end, as a share of what it held after the first day."""
COUNTED = {
    "permits": "SELECT how, count(*) FROM permit LEFT JOIN permit_end USING (permit) GROUP BY how",
    "contacts": "SELECT source, count(*) FROM contact GROUP BY source",
    "statements": "SELECT source, count(*) FROM statement GROUP BY source",
    "live decisions": "SELECT '', count(*) FROM live_decision",
    "rows withdrawn": "SELECT '', count(*) FROM change",
}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def own(process: int) -> tuple[float, int]:
    """What a process holds, in MB, and how many files it has open; nothing once it has ended."""
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        files = len(list(Path(f"/proc/{process}/fd").iterdir()))
    except OSError:
        return 0.0, 0
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return (int(found[1]) / 1024 if found is not None else 0.0), files


def memory(service: Service) -> tuple[float, float, int]:
    """What the service's process holds and those it began, in MB; its open files."""
    children = Path(f"/proc/{service.process.pid}/task").glob("*/children")
    pids = [int(one) for path in children for one in path.read_text("utf-8").split()]
    held, files = own(service.process.pid)
    return held, sum(own(one)[0] for one in pids), files


def published(service: Service, day: date) -> None:
    """Wait until the day's list is there."""
    end = time.monotonic() + 3_600
    while True:
        days = service.ask("GET", "/v1/lists").json()["days"]
        if day.isoformat() in {one["day"] for one in days}:
            return
        assert time.monotonic() < end, service.said.read_text(encoding="utf-8")[-3000:]
        time.sleep(1)


def make(home: Path, accounts: int, pace: float) -> Settings:
    """A home with a made-up portfolio in its store, and settings for a clock that is so fast."""
    home.mkdir(parents=True)
    settings = write_default(home, refuse_unencoded_places=False)
    one_list(home)
    say(f"making {accounts:,} accounts up")
    synth(home.parent / "portfolio", accounts, 7, KNOWN)
    store = open_store(settings.store, home)
    migrate(store, home / "backups")
    for name, table in TABLES.items():
        load(store, name, pl.read_parquet(home.parent / "portfolio" / table.file))
    store.close()
    return paced(home, pace)


def paced(home: Path, pace: float) -> Settings:
    """Settings for a clock that goes so fast: permits live three seconds of ours.

    One list of everybody: what a list takes to be made is hours of such a clock.
    """
    seconds = min(3_600, max(60, round(pace * 3)))
    text = (home / "settings.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^permit_seconds: \d+", f"permit_seconds: {seconds}", text, flags=re.M)
    text = text.replace("requests: 2000", "requests: 0")
    one = "regions: {everybody: {zones: [America/New_York, others]}}\n"
    text = re.sub(r"^regions:.*\n(?:[ \t]+.*\n)*", one, text, flags=re.M)
    (home / "settings.yaml").write_text(text, encoding="utf-8")
    return read(home)


def counted(settings: Settings) -> None:
    """What is in the store by now."""
    assert settings.home is not None
    store = open_store(settings.store, settings.home)
    with store.reading() as connection:
        for what, query in COUNTED.items():
            found = [f"{row[0] or ''} {row[1]:,}".strip() for row in asked(connection, query)]
            say(f"  {what}: {', '.join(found)}")
    store.close()


def judged(home: Path, days: int) -> None:
    """The log verified, its live decisions decided again, and every contact looked back at."""
    start = time.perf_counter()
    verified = forbear("log", "verify", "--home", home, check=None, wait=3_600)
    say(f"log verify: {verified.returncode}, {time.perf_counter() - start:.0f} s\n"
        f"{verified.stdout}{verified.stderr[-500:]}")  # fmt: skip
    live = [one for one in open_log(home / "log").segments if one.kind == "live"]
    again = [replay(one, versions()) for one in live]
    different = sum(one.different for one in again)
    say(f"{sum(one.decisions for one in again):,} live decisions decided again from the record: "
        f"{different:,} different"
        + "".join(f"\n  {first}" for one in again for first in one.differences[:1]))  # fmt: skip
    until = FIRST + timedelta(days=days)
    back = forbear(
        "log", "lookback", "--home", home, "--from-day", FIRST, "--to-day", until,
        "--now", f"{until}T12:00:00Z", check=None, wait=7_200,
    )  # fmt: skip
    say(f"look back: {back.returncode}\n{back.stdout}\n{back.stderr[-500:]}")


def main() -> None:
    """Let days go by, then look at what is left of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--days", type=int)
    parser.add_argument("--lines", type=int, default=50)
    parser.add_argument("--pace", type=float, default=300.0)
    parser.add_argument("--calls", type=int, help="at most so many calls a day")
    parser.add_argument("--memory", action="store_true", help="thirty days, no look back")
    parser.add_argument("--place", type=Path, help="where to work; what is there already is used")
    args = parser.parse_args()
    days = args.days or (30 if args.memory else 7)
    with tempfile.TemporaryDirectory(prefix="forbear-week-") as own_place:
        home = (args.place or Path(own_place)) / "home"
        there = (home / "settings.yaml").is_file()
        settings = paced(home, args.pace) if there else make(home, args.accounts, args.pace)
        keys = keys_of(settings)
        began = time.perf_counter()
        service = serve(home, "--now", START, "--pace", args.pace, keys=keys)
        held: list[float] = []
        mornings: list[float] = []
        total: Counter[str] = Counter()
        for number in range(days):
            day = FIRST + timedelta(days=number)
            published(service, day)
            mornings.append(memory(service)[0])
            limit = ["--calls", args.calls] if args.calls else []
            done = forbear(
                "dialer", "--url", service.url, "--key", keys["dialer"], "--follow", "--json",
                "--lines", args.lines, "--pace", args.pace, "--day", day, "--seed", number, *limit,
                wait=86_400 / args.pace + 600,
            )  # fmt: skip
            counts = json.loads(done.stdout)["counts"]
            total.update(counts)
            told = ", ".join(f"{what} {count}" for what, count in counts.items())
            mine, others, files = memory(service)
            held.append(mine)
            say(f"{day}: {time.perf_counter() - began:.0f} s; the service holds {mine:.1f} MB, "
                f"in the morning {mornings[-1]:.1f} MB, its children {others:.1f} MB, "
                f"{files} files open; {told}")  # fmt: skip
        service.stop()
        say(f"{days} days in {time.perf_counter() - began:.0f} s, {args.lines} lines: "
            + ", ".join(f"{what} {count:,}" for what, count in sorted(total.items())))  # fmt: skip
        counted(settings)
        alarms = service.journal("alarm")
        say(f"alarms: {len(alarms)}" + "".join(f"\n  {one}" for one in alarms[:5]))
        share = held[-1] / held[0]
        say(f"memory after the last day: {share:.3f} of that after the first (at most {MOST})")
        if days > 2:
            say(f"after the last night: {mornings[-1] / mornings[1]:.3f} of that after the first")
        judged(home, days) if not args.memory else None


if __name__ == "__main__":
    main()
