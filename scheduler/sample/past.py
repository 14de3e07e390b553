"""Made-up contacts: calls, messages and letters of the last half year, and what came of them.

Two kinds of account sit at the edge of the law on purpose: some have exactly six, seven or eight
connected calls in the seven days up to today (12 CFR 1006.14(b)(2)(i)(A)), some had their last
conversation exactly six, seven or eight days ago (1006.14(b)(2)(i)(B)).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from .dice import bits, choose, choose_number, parts, unit, whole
from .people import Chunk, day_ago
from .told import local_instant

_MINUTE: Final = 60_000_000
_DAY: Final = 86_400_000_000
_EACH: Final = {  # contacts of an account, but for letters that law wants
    **{0: 8, 1: 8, 2: 9, 3: 10, 4: 12, 5: 12, 6: 11, 7: 9, 8: 7, 9: 5, 10: 3},
    **{12: 3, 14: 1.5, 16: 1, 19: 0.5},
}
_FULL: Final = 0.008
_TALKED: Final = 0.016
CALL, TEXT, EMAIL, MAIL, VOICEMAIL, CALL_IN, TEXT_IN, EMAIL_IN, LOCATION, WEB, SOCIAL = range(11)
_WAYS: Final = {
    CALL: 775,
    TEXT: 70,
    EMAIL: 80,
    MAIL: 24,
    VOICEMAIL: 6,
    CALL_IN: 14,
    TEXT_IN: 10,
    EMAIL_IN: 8,
    LOCATION: 6,
    WEB: 5,
    SOCIAL: 2,
}
_CHANNELS: Final = (
    "call",
    "text",
    "email",
    "mail",
    "voicemail",
    "call",
    "text",
    "email",
    "call",
    "web",
    "social",
)
_CALLS: Final = {
    "no_answer": 500,
    "voicemail_left": 235,
    "busy": 46,
    "not_in_service": 44,
    "answered_then_dropped": 46,
    "conversation": 95,
    "conversation_then_dropped": 8,
    "voicemail_full_no_ring": 16,
    "answered_in_progress": 2,
    "": 8,
}
_UNHEARD: Final = {"no_answer": 70, "voicemail_left": 24, "answered_then_dropped": 6}
RAW: Final = {  # what a contact is before it has words: see finished.contacts
    "at": pl.Int64(),
    "owed": pl.Int64(),
    "row": pl.UInt64(),
    "us": pl.Int64(),
    "way": pl.Int64(),
    "point": pl.Int64(),
    "result": pl.String(),
    "charged": pl.Boolean(),
    "talked": pl.Int64(),
    "content": pl.String(),
    "purpose": pl.String(),
    "ends": pl.Date(),
    "reply": pl.Boolean(),
    "machine": pl.Boolean(),
}
"""at, owed: places of consumer and account in the chunk; us: microseconds; talked: 0 no, 1 of the
account, 2 of all; charged: attributed to the account; ends: a validation period's printed end."""


def history(
    chunk: Chunk, frame: pl.DataFrame, core: pl.DataFrame, events: pl.DataFrame
) -> pl.DataFrame:
    """All contacts of a chunk, as RAW, sorted by consumer and time.

    `frame`: consumers with their points; `core`: their accounts; `events`: told.Told.events.
    """
    worked = _worked(chunk, frame, core)
    letters = _letters(chunk, frame, core)
    answers = _answers(chunk, frame, events)
    rows = pl.concat([worked, letters, answers])
    rows = pl.concat([rows, _replies(chunk, rows), _bounces(chunk, rows)])
    return rows.filter(pl.col("us") <= chunk.micros).sort("at", "us", "row")


def _raw(rows: pl.DataFrame) -> pl.DataFrame:
    """The RAW columns; those left out are null (flags: false, talked: 0)."""
    named = {"charged": True, "talked": 0, "reply": False, "machine": False}
    missing = [
        pl.lit(named.get(name), kind).alias(name)
        for name, kind in RAW.items()
        if name not in rows.columns
    ]
    return rows.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in RAW.items())


def _of_consumer(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.lit(frame[name]).gather("at")


def _planned(chunk: Chunk, frame: pl.DataFrame, core: pl.DataFrame) -> pl.DataFrame:
    """One row per contact: which account, which of its contacts, and the edge it stands at."""
    seed = chunk.seed
    a = pl.col("a")
    edge = unit(a, seed, "edge")
    fit = (pl.col("placed_back") > 30) & _of_consumer(frame, "has_mobile")
    plan = core.select(
        "at",
        "a",
        "n",
        "zone_id",
        "placed_back",
        owed=pl.int_range(pl.len(), dtype=pl.Int64()),
        full=fit & (edge < _FULL),
        talked_on=fit & edge.is_between(_FULL, _TALKED, closed="left"),
        edge_day=6 + (unit(a, seed, "edge day") * 3).cast(pl.Int64()),
        many=choose_number(unit(a, seed, "contacts"), _EACH),
    )
    plan = plan.with_columns(
        many=pl.when("full")
        .then("edge_day")
        .when("talked_on")
        .then(pl.col("many") + 1)
        .otherwise("many"),
        quiet=(pl.col("full") | pl.col("talked_on")).any().over("at"),
    )
    return plan.with_columns(which=pl.int_ranges(0, pl.col("many"))).explode(
        "which", empty_as_null=False
    )


def _worked(chunk: Chunk, frame: pl.DataFrame, core: pl.DataFrame) -> pl.DataFrame:
    """What the collector did day by day, and what the consumers did of themselves."""
    seed = chunk.seed
    row = pl.col("a") * whole(64) + pl.col("which").cast(pl.UInt64())
    rows = _planned(chunk, frame, core).with_columns(row=row)
    rows = rows.with_columns(
        one=bits(pl.col("row"), seed, "contact one"), two=bits(pl.col("row"), seed, "contact two")
    )
    way, outcome, when, minute = parts("one", 4)
    where, fourth, third, late = parts("two", 4)
    phones = {
        name: _of_consumer(frame, f"p_{name}") for name in ("mobile", "second", "landline", "work")
    }
    called = pl.coalesce(
        pl.when(where < 0.10)
        .then(phones["work"])
        .when(where < 0.28)
        .then(phones["landline"])
        .when(where < 0.34)
        .then(phones["second"]),
        phones["mobile"],
        phones["landline"],
        phones["second"],
        phones["work"],
    )
    first = pl.col("talked_on") & (pl.col("which") == 0)
    rows = rows.with_columns(
        way=pl.when(pl.col("full") | first).then(CALL).otherwise(choose_number(way, _WAYS)),
        called=pl.when("full").then(phones["mobile"]).otherwise(called),
        texted=phones["mobile"],
        mailed=_of_consumer(frame, "p_email"),
        posted=_of_consumer(frame, "p_mail"),
        asked=_of_consumer(frame, "p_third"),
        site=_of_consumer(frame, "p_portal"),
        social=_of_consumer(frame, "p_social"),
    )
    rows = _possible(rows)
    reach = pl.min_horizontal(pl.lit(180), pl.col("placed_back"))
    floor = pl.when("talked_on").then(9).otherwise(1)
    spread = floor + ((reach - floor) * when**1.7).cast(pl.Int64())
    back = (
        pl.when(first)
        .then("edge_day")
        .when("full")
        .then(1 + (when * 6).cast(pl.Int64()))
        .otherwise(spread)
    )
    evening = pl.col("way").is_in([TEXT, EMAIL]) & (late < 0.05)
    inbound = pl.col("way").is_in([CALL_IN, TEXT_IN, EMAIL_IN, WEB])
    clock = (
        pl.when(evening)
        .then(1275 + minute * 100)
        .when(inbound)
        .then(420 + minute * 900)
        .otherwise(485 + minute * 770)
    ).cast(pl.Int64())
    seconds = (fourth * 60).cast(pl.Int64()) * 1_000_000
    rows = rows.with_columns(
        us=local_instant(chunk, back, clock, pl.col("zone_id")) + seconds,
        result=pl.when(first)
        .then(pl.lit("conversation"))
        .when("full")
        .then(choose(outcome, _UNHEARD))
        .otherwise(_results(outcome)),
    )
    talk = pl.col("result").is_in(["conversation", "conversation_then_dropped"])
    every = (pl.col("n") > 1) & (third < 0.25) & ~pl.col("quiet")
    noted = pl.col("quiet") | (fourth >= 0.04)
    rows = rows.with_columns(
        charged=noted & (pl.col("way") != LOCATION),
        talked=pl.when(talk & (fourth < 0.92))
        .then(pl.when(every).then(2).otherwise(1))
        .otherwise(0),
        purpose=pl.when(pl.col("way") == LOCATION).then(pl.lit("location")),
        content=pl.when((pl.col("result") == "voicemail_left") & (third < 0.55)).then(
            pl.lit("limited_content_message")
        ),
        machine=pl.col("way").is_in([TEXT, EMAIL]) & (third < 0.35),
    )
    return _raw(rows)


def _possible(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each contact its point; a way the consumer has no point for becomes one that it has."""
    way = pl.col("way")
    by_way = {
        TEXT: pl.col("texted"),
        TEXT_IN: pl.col("texted"),
        EMAIL: pl.col("mailed"),
        EMAIL_IN: pl.col("mailed"),
        MAIL: pl.col("posted"),
        LOCATION: pl.col("asked"),
        WEB: pl.col("site"),
        SOCIAL: pl.col("social"),
    }
    point = pl.col("called")
    for one, column in by_way.items():
        point = pl.when(way == one).then(column).otherwise(point)
    rows = rows.with_columns(point=point)
    lost = pl.col("point").is_null()
    for other, name in ((CALL, "called"), (EMAIL, "mailed"), (MAIL, "posted")):
        rows = rows.with_columns(
            way=pl.when(lost).then(other).otherwise("way"),
            point=pl.when(lost).then(name).otherwise("point"),
        )
    return rows.filter(pl.col("point").is_not_null())


def _results(chance: pl.Expr) -> pl.Expr:
    way = pl.col("way")
    sent = choose(chance, {"sent": 93, "delivered": 6, "": 1})
    return (
        pl.when(way.is_in([CALL, LOCATION]))
        .then(choose(chance, _CALLS))
        .when(way.is_in([TEXT, EMAIL, SOCIAL]))
        .then(sent)
        .when(way == MAIL)
        .then(pl.lit("sent"))
        .when(way == VOICEMAIL)
        .then(choose(chance, {"delivered": 80, "sent": 10, "voicemail_left": 10}))
        .when(way == CALL_IN)
        .then(choose(chance, {"conversation": 75, "received": 25}))
        .when(way == WEB)
        .then(choose(chance, {"session_started": 60, "session_ended": 40}))
        .otherwise(pl.lit("received"))
    )


def _letters(chunk: Chunk, frame: pl.DataFrame, core: pl.DataFrame) -> pl.DataFrame:
    """Validation notices: one for most accounts soon after placement, now and then a second."""
    seed = chunk.seed
    a = pl.col("a")
    rows = core.with_columns(
        owed=pl.int_range(pl.len(), dtype=pl.Int64()),
        mailed=_of_consumer(frame, "p_email"),
        posted=_of_consumer(frame, "p_mail"),
        u=unit(a, seed, "notice"),
        gap=(unit(a, seed, "notice after") * 5).cast(pl.Int64()),
        hour=(unit(a, seed, "notice hour") * 360).cast(pl.Int64()) + 600,
    ).filter((pl.col("u") < 0.86) & ~pl.col("before"))
    back = (pl.col("placed_back") - pl.col("gap")).clip(1, None)
    by_mail = pl.col("u") < 0.06
    rows = rows.with_columns(
        back=back,
        way=pl.when(by_mail & pl.col("mailed").is_not_null()).then(EMAIL).otherwise(MAIL),
    )
    again = rows.filter((pl.col("u") > 0.82) & (pl.col("back") > 25)).with_columns(
        back=pl.col("back") - 20, row=a * whole(64) + whole(41)
    )
    rows = pl.concat([rows.with_columns(row=a * whole(64) + whole(40)), again])
    rows = rows.with_columns(
        us=local_instant(chunk, pl.col("back"), pl.col("hour"), pl.col("zone_id")),
        point=pl.when(pl.col("way") == EMAIL).then("mailed").otherwise("posted"),
        result=pl.lit("sent"),
        content=pl.lit("validation_notice"),
        purpose=pl.lit("validation_notice"),
        # five business days for receipt, thirty days after it, a margin for holidays
        ends=day_ago(chunk.today, pl.col("back") - 39),
    )
    return _raw(rows.filter(pl.col("point").is_not_null()))


def _answers(chunk: Chunk, frame: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The messages that carried statements, and what the collector sent because of them."""
    seed = chunk.seed
    row = pl.col("row") + whole(1 << 60)
    rows = events.with_columns(
        row=row,
        us=pl.col("made"),
        u=unit(row, seed, "answer"),
        phone=_of_consumer(frame, "p_mobile"),
        box=_of_consumer(frame, "p_email"),
        posted=_of_consumer(frame, "p_mail"),
    )
    by_text = (pl.col("medium") == "text") & pl.col("phone").is_not_null()
    by_mail = (pl.col("medium") == "email") & pl.col("box").is_not_null()
    came = rows.filter(by_text | by_mail).with_columns(
        way=pl.when(by_text).then(TEXT_IN).otherwise(EMAIL_IN),
        point=pl.when(by_text).then("phone").otherwise("box"),
        result=pl.lit("received"),
    )
    stops = rows.filter(
        by_text & (pl.col("kind") == "opt_out_number_text") & (pl.col("u") < 0.7)
    ).with_columns(
        way=pl.lit(TEXT),
        point="phone",
        us=pl.col("us") + _MINUTE,
        result=pl.lit("sent"),
        purpose=pl.lit("stop_confirmation"),
        machine=pl.lit(True),
        row=row + whole(1 << 59),
    )
    proofs = rows.filter(
        (pl.col("kind") == "disputes") & (pl.col("u") < 0.6) & pl.col("posted").is_not_null()
    ).with_columns(
        way=pl.lit(MAIL),
        point="posted",
        us=pl.col("us") + ((pl.col("u") * 20).cast(pl.Int64()) + 8) * _DAY,
        result=pl.lit("sent"),
        purpose=pl.lit("verification"),
        content=pl.lit("verification"),
        row=row + whole(1 << 58),
    )
    return pl.concat([_raw(came), _raw(stops), _raw(proofs)])


def _replies(chunk: Chunk, rows: pl.DataFrame) -> pl.DataFrame:
    """Half of the consumers' messages are answered, one answer in four by a machine."""
    u = unit(pl.col("row"), chunk.seed, "reply")
    came = rows.filter(pl.col("way").is_in([TEXT_IN, EMAIL_IN])).filter(u < 0.5)
    return _raw(
        came.select(
            "at",
            "owed",
            "charged",
            "point",
            row=pl.col("row") + whole(1 << 57),
            way=pl.when(pl.col("way") == TEXT_IN).then(TEXT).otherwise(EMAIL),
            us=pl.col("us") + (u * 2 * 1500).cast(pl.Int64()) * _MINUTE + 2 * _MINUTE,
            result=pl.lit("sent"),
            reply=pl.lit(True),
            machine=unit(pl.col("row"), chunk.seed, "machine") < 0.25,
        )
    )


def _bounces(chunk: Chunk, rows: pl.DataFrame) -> pl.DataFrame:
    """Some messages and letters come back: a receipt, coming in."""
    u = unit(pl.col("row"), chunk.seed, "bounce")
    letter = pl.col("way") == MAIL
    sent = rows.filter(pl.col("way").is_in([TEXT, EMAIL, MAIL]))
    back = sent.filter(u < pl.when(letter).then(0.03).otherwise(0.025))
    later = (
        pl.when(letter).then((u * 300).cast(pl.Int64()) * _DAY + 5 * _DAY).otherwise(2 * _MINUTE)
    )
    way = pl.col("way")
    return _raw(
        back.select(
            "at",
            "owed",
            "charged",
            "point",
            row=pl.col("row") + whole(1 << 56),
            way=pl.when(letter).then(MAIL).when(way == TEXT).then(TEXT_IN).otherwise(EMAIL_IN),
            us=pl.col("us") + later,
            result=pl.lit("undeliverable"),
        )
    )
