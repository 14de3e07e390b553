"""The options by which commands of the log say which decisions are meant."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from engine.clock import parse_date

from ..log.finding import Wanted
from .common import WrongUse, read_value

VERDICTS: Final = ("permitted", "refused")

Account = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="Decisions about this account.")
]
Consumer = Annotated[
    str | None, typer.Option("--consumer", metavar="ID", help="About this consumer's accounts.")
]
OnDay = Annotated[str | None, typer.Option("--day", metavar="D", help="About this day.")]
ByRule = Annotated[
    str | None, typer.Option("--rule", metavar="RULE", help="Refused by this rule, act or place.")
]
Verdict = Annotated[str | None, typer.Option("--verdict", help=f"One of {', '.join(VERDICTS)}.")]
OfRun = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Of this run or segment.")]


def wanted(
    account: str | None,
    consumer: str | None,
    day: str | None,
    rule: str | None,
    verdict: str | None,
    run: str | None,
    point: str | None = None,
    channel: str | None = None,
) -> Wanted:
    """What the options ask for. Raises WrongUse."""
    if verdict is not None and verdict not in VERDICTS:
        raise WrongUse(f"a verdict is {' or '.join(VERDICTS)}, not `{verdict}`")
    civil = None if day is None else read_value(parse_date, day)
    return Wanted(account, consumer, point, civil, rule, verdict, channel, run)
