"""`note`: what somebody said, recorded at the desk, and what it changes today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from engine.clock import format_instant, local_date, parse_instant
from engine.panel import Panel
from engine.words import MEDIA, STATEMENT_TARGETS

from ..law import law_of
from ..licensing import licences_of
from ..noting import ORIGIN, Changed, changes, rows_of, value_of, who
from ..store.adding import add_told
from ..store.references import count_of, unknown
from .common import (
    Home,
    Json,
    Now,
    WrongUse,
    emit,
    guarded,
    moment,
    out,
    read_value,
    settings_of,
    tell,
    tell_left_out,
)
from .sources import opened, store_of


@guarded
def note(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ACCOUNT|CONSUMER", help="Your own id of one or the other.")
    ],
    kind: Annotated[str, typer.Argument(help="A word of rules/README.md#events, as cease.")],
    value: Annotated[
        list[str] | None,
        typer.Argument(help="What the word takes; debts left out are the account's, or all."),
    ] = None,
    medium: Annotated[str, typer.Option("--medium", help=f"One of {', '.join(MEDIA)}.")] = "oral",
    to: Annotated[
        str, typer.Option("--to", help=f"To whom: {', '.join(STATEMENT_TARGETS)}.")
    ] = "this_collector",
    by: Annotated[
        str | None, typer.Option("--by", help="Person id of who said it (default: the consumer).")
    ] = None,
    received: Annotated[
        str | None,
        typer.Option("--received", metavar="T", help="When it reached you (default: now)."),
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would change; record nothing.")
    ] = False,
    now: Now = None,
    home: Home = None,
    json_: Json = False,
) -> None:
    """Record what somebody said, and say what it changes today: of the account, and of others.

    Many words reach further than the account they came with: all of the same consumer are asked.
    """
    for word, known in ((medium, MEDIA), (to, STATEMENT_TARGETS)):
        if word not in known:
            raise WrongUse(f"unknown word `{word}`; it may be {', '.join(known)}")
    settings = settings_of(home)
    at = moment(now, ctx.obj)
    reached = at if received is None else read_value(parse_instant, received)
    if reached > at:
        raise WrongUse("it cannot have reached you after now")
    law = law_of(settings)
    tell_left_out(law, settings)
    common = {
        "medium": medium, "to": to, "by": by, "accepted_medium": True, "made_at": reached,
        "received_at": reached, "recorded_at": at,
    }  # fmt: skip
    with (
        store_of(settings) as store,
        opened(None, settings, at, aloud=False) as found,
        Panel(law.rulebook, alarm=tell) as panel,
    ):
        if not found.stored:
            raise WrongUse("the store knows of no account; `forbear import` takes them in")
        consumer, accounts = who(found.portfolio, name)
        said = value_of(kind, value or [], accounts)
        with store.writing() as connection:
            first = count_of(connection, "statement", ORIGIN) + 1
            told = rows_of(kind, said, consumer, common, first)
            for column, table in (("accounts", "accounts"), ("point", "contact_points")):
                ids = told[column].drop_nulls()
                ids = ids.explode(empty_as_null=False) if column == "accounts" else ids
                if len(lost := unknown(connection, table, ids)):
                    what = table.removesuffix("s").replace("_", " ")
                    raise WrongUse(f"the store has no {what} `{lost[0]}`")
            day = local_date(at, settings.zone)
            licences, _ = licences_of(found.portfolio, settings.licences)
            found_of = {
                account: changes(
                    panel, found.portfolio, told, account, settings.channels, at, day,
                    settings.refuse_unencoded_places, licences,
                )
                for account in who(found.portfolio, consumer)[1]
            }  # fmt: skip
            if not dry:
                add_told(connection, "statement", told, ORIGIN, at)
    recorded = list(told["statement"])
    changed = [one for account in accounts for one in found_of[account]]
    beyond = [one for name, of in found_of.items() if name not in accounts for one in of]
    if json_:
        emit(
            {
                "recorded": [] if dry else recorded,
                "at": format_instant(at),
                "contacts": [_plain(one) for one in changed],
                "other_accounts": [_plain(one) for one in beyond],
            }
        )
        return
    out.print(f"{kind} by {by or consumer}: " + ("not recorded" if dry else ", ".join(recorded)))
    for one in (*changed, *beyond):
        if one.differs:
            out.print(_line(one))
    text = f"unchanged today: {_same(changed)} contacts"
    if beyond:
        text += f"; of other accounts of {consumer}: {_same(beyond)}"
    out.print(text)


def _same(contacts: Sequence[Changed]) -> str:
    return f"{sum(not one.differs for one in contacts)} of {len(contacts)}"


def _line(one: Changed) -> str:
    """A contact in a line: verdict before and after, and by which rules."""
    text = f"{one.account} {one.channel} to {one.point} ({one.kind}): "
    text += f"{one.before.verdict} -> {one.after.verdict}"
    if one.added:
        text += f"; now {', '.join(one.added)}"
    if one.gone:
        text += f"; no longer {', '.join(one.gone)}"
    if one.before.windows != one.after.windows:
        text += "; other hours"
    return text


def _plain(one: Changed) -> dict[str, Any]:
    return {
        "account": one.account,
        "point": one.point,
        "channel": one.channel,
        "before": one.before.verdict,
        "after": one.after.verdict,
        "added": list(one.added),
        "gone": list(one.gone),
        "differs": one.differs,
    }
