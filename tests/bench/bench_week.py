"""Days with the service up, by a made-up clock: `python -m tests.bench.bench_week --days 7`.

The service makes the list each day by itself; a dialer of many lines works it off, tells results
late, twice and in any order, and what consumers said. Afterwards the log is verified, and an
independent look back runs every contact through the rules as of its moment. Of the service it is
told how much memory it holds at the end of each day.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from tests.scheduler.processes import Service, forbear, keys_of, serve
from tests.scheduler.serving import DAY, make_home

FIRST = DAY + timedelta(days=2)  # the made-up past goes up to the first of them
START = f"{FIRST}T09:50:00Z"  # ten minutes before the list is due


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def memory(service: Service) -> float:
    """What the service's process holds, in MB."""
    text = Path(f"/proc/{service.process.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1]) / 1024


def published(service: Service, day: date) -> None:
    """Wait until the day's list is there."""
    end = time.monotonic() + 3_600
    while True:
        days = service.ask("GET", "/v1/lists").json()["days"]
        if day.isoformat() in {one["day"] for one in days}:
            return
        assert time.monotonic() < end, service.said.read_text(encoding="utf-8")[-3000:]
        time.sleep(1)


def main() -> None:
    """Let days go by, then look at what is left of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--lines", type=int, default=50)
    parser.add_argument("--pace", type=float, default=300.0)
    parser.add_argument("--calls", type=int, help="at most so many calls a day")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="forbear-week-") as place:
        home = Path(place) / "home"
        settings = make_home(home, args.accounts)
        for one in settings.lists.iterdir():
            one.rename(Path(place) / one.name)  # the service is to make it
        text = (home / "settings.yaml").read_text(encoding="utf-8")
        seconds = min(3_600, max(60, round(args.pace * 3)))  # three of ours, however fast the clock
        text = re.sub(r"^permit_seconds: \d+", f"permit_seconds: {seconds}", text, flags=re.M)
        (home / "settings.yaml").write_text(text.replace("requests: 2000", "requests: 0"))
        keys = keys_of(settings)
        service = serve(home, "--now", START, "--pace", args.pace, keys=keys)
        for number in range(args.days):
            day = FIRST + timedelta(days=number)
            published(service, day)
            limit = ["--calls", args.calls] if args.calls else []
            done = forbear(
                "dialer", "--url", service.url, "--key", keys["dialer"], "--follow", "--json",
                "--lines", args.lines, "--pace", args.pace, "--day", day, "--seed", number, *limit,
                wait=86_400 / args.pace + 600,
            )  # fmt: skip
            counts = json.loads(done.stdout)["counts"]
            told = ", ".join(f"{what} {count}" for what, count in counts.items())
            say(f"{day}: the service holds {memory(service):.1f} MB; {told}")
        service.stop()
        alarms = service.journal("alarm")
        say(f"alarms: {len(alarms)}" + "".join(f"\n  {one}" for one in alarms[:5]))
        verified = forbear("log", "verify", "--home", home, check=None)
        say(f"log verify: {verified.returncode}\n{verified.stdout}")
        until = FIRST + timedelta(days=args.days)
        back = forbear(
            "log", "lookback", "--home", home, "--from-day", FIRST, "--to-day", until,
            "--now", f"{until}T12:00:00Z", check=None, wait=3_600,
        )  # fmt: skip
        say(f"look back: {back.returncode}\n{back.stdout}\n{back.stderr[-500:]}")


if __name__ == "__main__":
    main()
