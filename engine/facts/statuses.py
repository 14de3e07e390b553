"""Statuses: what statements and knowledge received so far make true of a debt.

Each function answers yes, no or unknown for one `View` and one debt.
Nothing here is a stored flag: everything is derived from what was said and learned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from .. import clock, days, words
from ..account import Account
from ..history import Contact, Statement, concerns, effective_contents, written
from .consent import discussed
from .view import View, day_of

ATTORNEY_DAYS = 30  # ours: 12 CFR 1006.6(b)(2)(i) says "a reasonable period of time"
FURNISH_DAYS = 14  # 12 CFR 1006.30(a)(1)(ii), comment 30(a)(1)-2
LOOK_BACK_DAYS = 60  # 12 CFR 1006.6(d)(5)
NOTICE_DAYS = 35  # 12 CFR 1006.6(d)(4)(ii)(C)(5): the creditor's opt-out period
RECEIPT_BUSINESS_DAYS = 5  # 12 CFR 1006.34(b)(5)
VALIDATION_DAYS = 30  # 12 CFR 1006.34(b)(5)


def tri(value: bool) -> str:
    """A two-valued answer as a word."""
    return words.YES if value else words.NO


# -- this debt


def named_debts(one: Statement) -> object:
    """The debts a statement is about: its value where that lists debts, else `debts` beside it."""
    return one.more.get("debts")


def ceased(view: View, debt: Account) -> str:
    """Written cease or refusal to pay, told to this collector, for this debt."""
    for _, one in view.said("cease", "cease_or_refusal", "refuses_to_pay"):
        if one.to == "this_collector" and written(one) and concerns(one.value, (debt.id,)):
            return words.YES
    return words.NO


def validation_end(view: View, debt: Account) -> date | None:
    """The end of the validation period, as printed or else computed; None with no good notice.

    A notice that came back does not count, so the period restarts with its replacement
    (12 CFR 1006.34(b)(5), comment 34(b)(5)-2). Of several good notices the latest end is taken.
    """
    ends = []
    for past in view.past_of(debt):
        if past.direction != "out" or "validation_notice" not in effective_contents(past):
            continue
        if past.id in view.returned or not _about(view, past, debt, meets=True):
            continue
        if view.owner(past.point)[1] not in words.ANSWERED_ROLES:
            continue  # "to the consumer": 1006.34(a)(1)
        if past.validation_period_end is not None:
            ends.append(past.validation_period_end)
        else:
            sent = view.local_day(past)
            received = days.add_business_days(sent, RECEIPT_BUSINESS_DAYS)
            ends.append(received + timedelta(days=VALIDATION_DAYS))
    return max(ends, default=None)


def _about(view: View, past: Contact, debt: Account, *, meets: bool) -> bool:
    """Whether a past contact was about a debt.

    Unattributed: about all debts, but about none where the contact would meet a need or end a
    hold, unless the person has only one (rules/README.md, attribution).
    """
    named = {*(past.attributed_to or ()), *(past.discussed or ())}
    if named:
        return debt.id in named
    return not meets or len(view.own_accounts) == 1


def timely(view: View, one: Statement, debt: Account) -> bool:
    """Whether a dispute or request was made within the validation period; no notice: timely."""
    end = validation_end(view, debt)
    made = one.made if one.made is not None else one.received
    return end is None or day_of(made, view.zone) <= end


def _answered(view: View, debt: Account, since: datetime, contents: Iterable[str]) -> bool:
    """Whether one of these was sent about the debt after that, and has not come back."""
    return any(past.at > since for past in _answers(view, debt, contents))


def _answers(view: View, debt: Account, contents: Iterable[str]) -> list[Contact]:
    """What was sent with one of these contents, in writing, to the consumer or the attorney.

    12 CFR 1006.38(c), (d)(2): "to the consumer in writing or electronically". A word on the
    telephone is none, nor is a letter to the creditor.
    """
    return [
        past
        for past in view.past_of(debt)
        if past.direction == "out"
        and past.channel not in words.VOICE_CHANNELS
        and bool(effective_contents(past) & set(contents))
        and past.id not in view.returned
        and view.owner(past.point)[1] in words.ANSWERED_ROLES
        and _about(view, past, debt, meets=True)
    ]


def _disputes(view: View, debt: Account) -> list[tuple[datetime, Statement]]:
    return [
        pair
        for pair in view.said("disputes")
        if concerns(pair[1].value, (debt.id,)) and pair[1].to == "this_collector"
    ]


def disputed(view: View, debt: Account) -> str:
    """The debt was disputed, in whatever form and whenever."""
    denied = any(concerns(one.value, (debt.id,)) for _, one in view.said("says_does_not_owe"))
    return tri(denied or bool(_disputes(view, debt)))


def _duplicative(view: View, debt: Account, received: datetime, one: Statement) -> bool:
    """Nothing new, after an earlier timely written dispute was answered (12 CFR 1006.38(a)(1))."""
    if one.more.get("new_information") is not False:
        return False
    sent = _answers(view, debt, ("verification", "judgment_copy"))
    answers = [past.at for past in sent if past.at < received]
    return any(
        written(earlier) and timely(view, earlier, debt) and any(told < at for at in answers)
        for told, earlier in _disputes(view, debt)
        if told < received
    )


def open_disputes(view: View, debt: Account) -> list[Statement]:
    """Timely written disputes not yet answered by verification or a copy of the judgment."""
    return [
        one
        for received, one in _disputes(view, debt)
        if written(one)
        and not _duplicative(view, debt, received, one)
        and timely(view, one, debt)
        and not _answered(view, debt, received, ("verification", "judgment_copy"))
    ]


def dispute_open(view: View, debt: Account) -> str:
    """12 CFR 1006.38(d)(2)(i): from receipt until verification or the judgment is sent."""
    return tri(bool(open_disputes(view, debt)))


def open_duplicates(view: View, debt: Account) -> list[Statement]:
    """Timely written disputes that repeat one already answered, and were not answered again."""
    answers = ("verification", "judgment_copy", "duplicative_dispute_notice")
    return [
        one
        for received, one in _disputes(view, debt)
        if written(one)
        and _duplicative(view, debt, received, one)
        and timely(view, one, debt)
        and not _answered(view, debt, received, answers)
    ]


def duplicative_dispute_open(view: View, debt: Account) -> str:
    """12 CFR 1006.38(d)(2)(ii): until it is explained as duplicative, or verified again."""
    return tri(bool(open_duplicates(view, debt)))


def dispute_is_partial(view: View, debt: Account) -> str:
    """Every open dispute names an amount of this debt."""
    found = open_disputes(view, debt) + open_duplicates(view, debt)

    def part(one: Statement) -> bool:
        entries = one.value if isinstance(one.value, list | tuple) else ()
        mine = [e for e in entries if isinstance(e, dict) and str(e.get("debt")) == debt.id]
        return bool(mine) and all(e.get("amount") is not None for e in mine)

    return tri(bool(found) and all(part(one) for one in found))


def original_creditor_request_open(view: View, debt: Account) -> str:
    """12 CFR 1006.38(c): a timely written request awaits the original creditor's name."""
    return tri(
        any(
            written(one)
            and one.to == "this_collector"
            and concerns(one.value, (debt.id,))
            and timely(view, one, debt)
            and not _answered(view, debt, received, ("original_creditor_information",))
            for received, one in view.said("requests_original_creditor")
        )
    )


def initial_communication_made(view: View, debt: Account) -> str:
    """Whether the consumer was told of the debt before; unknown if debt or result is not recorded.

    A limited-content message is no communication; the consumer's own unanswered message is not
    ours; the call in progress is the communication itself; and whoever answered was told, not
    whoever the telephone belongs to.
    """
    found = words.NO
    for past in view.past_of(debt):
        if past.in_progress and view.contact.flag("same_call"):
            continue
        if _told_to(view, past) not in words.CONSUMER_ROLES:
            continue
        counted = view.counts(past)
        if past.direction == "in" and "conversations" not in counted:
            continue
        if "communications" not in counted:
            continue
        named = discussed(past) or ()
        if debt.id in named or (not named and len(view.own_accounts) == 1):
            if not result_missing(past):
                return words.YES
            found = words.UNKNOWN
        if not named:
            found = words.UNKNOWN
    return found


def _told_to(view: View, past: Contact) -> str | None:
    """The role of whoever was reached instead of the person meant; else of the point's owner."""
    role = view.owner(past.point)[1]
    if past.reached is None:
        return role
    reached = view.human(past.reached)
    meant = {view.human(one) for one in view.persons_of(replace(past, reached=None))}
    return role if reached in meant else view.role_of(reached, view.consumer.person)


def result_missing(past: Contact) -> bool:
    """Whether nobody recorded how a call or visit went: it may have been a talk, or not."""
    return past.result is None and past.channel in ("call", "visit")


def about_debts(view: View, debt: Account, *kinds: str) -> str:
    """Whether any statement of these kinds names the debt (naming none names all)."""
    for _, one in view.said(*kinds):
        about = one.value if not isinstance(one.value, bool) else named_debts(one)
        if concerns(about, (debt.id,)):
            return words.YES
    return words.NO


def holds(view: View, debt: Account, wanted: tuple[str, ...]) -> str:
    """Whether the firm holds the account for one of these reasons and has not released it."""
    held: set[str] = set()
    events = sorted(view.said("hold", "releases_hold"), key=lambda pair: pair[0])
    for _, one in events:
        if concerns(named_debts(one), (debt.id,)):
            (held.add if one.kind == "hold" else held.discard)(str(one.value))
    return tri(bool(held & set(wanted)))


def spoke_or_wrote(view: View, debt: Account) -> str:
    """Whether the duty before furnishing is met (12 CFR 1006.30(a)(1)(i), (ii)).

    Talked with the consumer by phone or in person (spouses and others are the consumer in 1006.6
    only: 1006.2(e)); or a letter or electronic message to the consumer whose fourteen days have run
    without its coming back inside them: sent on D, from D + 15 on (cautious: the text counts days
    after the date, the worked comments count the date itself).
    """
    for past in view.past_of(debt):
        if not _about(view, past, debt, meets=True) or result_missing(past):
            continue
        counted = counts_before_return(view, past)
        if "conversations" in counted and past.channel in ("call", "visit"):
            talked = discussed(past)
            if _with_the_consumer(view, past) and (talked is None or debt.id in talked):
                return words.YES
        if view.owner(past.point)[1] != "consumer":
            continue
        if past.direction != "out" or past.channel not in words.WRITTEN_CHANNELS:
            continue
        sent = view.local_day(past)
        back = view.returned.get(past.id)
        if back is not None:
            bounced = clock.local_date(back, view.zone)
            if (bounced - sent).days <= FURNISH_DAYS:
                continue
        if "communications" in counted and view.day > sent + timedelta(days=FURNISH_DAYS):
            return words.YES
    return words.NO


def _with_the_consumer(view: View, talk: Contact) -> bool:
    """Whether a conversation was with the very consumer: whoever was reached, else the owner."""
    if talk.reached is not None:
        return view.human(talk.reached) == view.consumer.person
    return view.owner(talk.point)[1] == "consumer"


def counts_before_return(view: View, past: Contact) -> frozenset[str]:
    """What a contact counted as before it came back (a later bounce undoes nothing)."""
    from ..history import counts_as

    return counts_as(past)


def days_past_due(view: View, debt: Account) -> int | None:
    """Days past due on the day asked: from delinquent_since, else defaulted; None if unknown."""
    since = debt.dates.get("delinquent_since") or debt.dates.get("defaulted")
    return None if since is None else (view.day - since).days


def time_barred(view: View, debt: Account, years: int | None, sure: bool = True) -> str:
    """Whether the shortest period the contract may have has run (state law gives `years`).

    From the later of last payment and default; unknown without either, or without a period. One
    that is not `sure` to be the shortest can show that it has run, and never that it has not. Nor
    does a last payment made when a whole period had passed since the default: whether there was one
    in between is not on record, and not every law lets a late one begin the period anew.
    """
    paid, fell_due = debt.dates.get("last_payment"), debt.dates.get("defaulted")
    starts = [start for start in (paid, fell_due) if start is not None]
    if not starts or years is None:
        return words.UNKNOWN
    if view.day > days.add_months(max(starts), 12 * years):
        return words.YES
    late = paid and fell_due and paid > days.add_months(fell_due, 12 * years)
    return words.NO if sure and not late else words.UNKNOWN
