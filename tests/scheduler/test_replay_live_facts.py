"""Drawn live decisions decided again from their records; what is changed in one is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from engine.panel import Panel
from scheduler.live import Proposed, check
from scheduler.live.recording import broken
from scheduler.log import reading, replaying
from scheduler.log.keys import make_keys
from scheduler.log.reading import Log, Segment, open_log, situations
from scheduler.log.replaying import law_of, replay
from scheduler.log.sealing_live import seal_live
from scheduler.manifest import versions
from scheduler.sample.synth import synth
from scheduler.store.schema import TABLES
from tests.scheduler.living import Hands, living, new_store
from tests.scheduler.living import tell as told

NOW = datetime(2026, 11, 21, 16, 30, 20, 250_000, tzinfo=UTC)


def drawn(place: Path, seed: int) -> dict[str, pl.DataFrame]:
    """A portfolio with words on where somebody is, and hours of people's own."""
    synth(place, 40, seed, NOW)
    frames = {name: pl.read_parquet(place / table.file) for name, table in TABLES.items()}
    statements = frames["statements"]
    more = [
        statements.slice(12 * number, 12).with_columns(
            pl.concat_str(pl.lit(f"{kind}-"), "statement").alias("statement"),
            pl.lit(kind).alias("kind"),
            pl.lit(value).alias("value"),
            *(pl.lit(None).alias(name) for name in ("more", "accounts", "point")),
        )
        for number, (kind, value) in enumerate(
            [
                ("current_location_zone", '"America/Denver"'),
                ("inconvenient", '{"from":"08:00","to":"13:00"}'),
                ("this_time_is_inconvenient", "true"),
            ]
        )
    ]
    frames["statements"] = pl.concat([statements, *more], how="vertical_relaxed")
    return frames


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A log of questions about every contact of a drawn portfolio, at two moments."""
    place = tmp_path_factory.mktemp("live")
    frames = drawn(place / "portfolio", 4)
    store = new_store(place, 1, tmp_path_factory.mktemp("blank"))
    now = Hands(NOW)
    told(store, frames, now.at)
    keys = make_keys(place / "home")
    points = frames["contact_points"].select("consumer", "point", "kind")
    asked = [
        Proposed(account, "text" if kind == "mobile" and number % 3 == 0 else "call", point)
        for number, (account, point, kind) in enumerate(
            frames["accounts"].select("consumer", "account").join(points, on="consumer")
            .filter(pl.col("kind").is_in(["mobile", "home_landline", "work_phone"]))
            .select("account", "point", "kind").sort("account", "point").iter_rows()
        )
    ]  # fmt: skip
    with living(store, now) as live:
        check(live, asked, "dialer-7").result()
        now.on(hours=10)
        check(live, asked[::3], "dialer-7").result()
    seal_live(keys, store, broken)
    store.close()
    return open_log(keys.log)


@pytest.fixture(scope="module")
def panel(log: Log) -> Iterator[Panel]:
    """Both engines on its rulebook."""
    with Panel(law_of(log.segments[0])) as found:
        yield found


def test_drawn_live_decisions_come_out_the_same(log: Log, panel: Panel) -> None:
    rows = reading.decisions(log).collect()
    for word in ('"walk":[{', '"hours":', '"suable":', '"used":'):
        assert rows["basis"].str.contains(word, literal=True).any(), word
    assert rows["place_evidence"].str.contains('"said":', literal=True).any()
    for segment in log.segments:
        found = replay(segment, versions(), panel=panel)
        assert "\n".join(map(str, found.differences)) == ""
        assert (found.decisions, found.lacking) == (segment.rows, 0)
        met = situations(segment)["duties"].explode().drop_nulls()
        assert not met.str.contains(" by ", literal=True).any()  # as a run writes them


PERMITTED = pl.col("verdict") == "permitted"
CHANGED: dict[str, tuple[pl.Expr, pl.Expr, str]] = {
    "an address": (
        pl.col("place_evidence").str.contains('"state":"[A-Z]*","postal_code":"[0-9]*"'),
        pl.col("place_evidence").str.replace(
            '"state":"[A-Z]*","postal_code":"[0-9]*"', '"state":"HI","postal_code":"96813"'
        ),
        "rule sets asked",
    ),
    "what is used": (
        PERMITTED & pl.col("basis").str.contains('"used":0,"max":3,"counts":true'),
        pl.col("basis").str.replace('"used":0,"max":3,"counts":true',
                                    '"used":3,"max":3,"counts":true'),
        "refuses: no in the record, 3 of 3 used",
    ),
    "when a wait ends": (
        pl.col("rules").list.contains("regulation_f/seven-days-after-conversation"),
        pl.col("basis").str.replace('conversation":."free":"20..', 'conversation":{"free":"2019'),
        "whether regulation_f/seven-days-after-conversation refuses",
    ),
    "attempts": (
        PERMITTED & pl.col("attempts_left").is_not_null(),
        (pl.col("attempts_left") + 1).alias("attempts_left"),
        "attempts left",
    ),
    "the next moment": (
        pl.col("next_permitted_utc").is_not_null() & ~PERMITTED,
        pl.col("next_permitted_utc").dt.offset_by("1h"),
        "next permitted moment",
    ),
    "hours": (
        PERMITTED & (pl.col("windows_utc") != "[]"),
        pl.lit('[["2026-11-21T05:30:00Z","2026-11-22T04:00:00Z"]]').alias("windows_utc"),
        "open hours",
    ),
    "a duty": (
        pl.col("duties").str.contains("recording_consent"),
        pl.col("duties").str.replace(";?recording_consent", ""),
        "duties",
    ),
    "whether it can be sued on": (
        PERMITTED & pl.col("basis").str.contains('"suable":true'),
        pl.col("basis").str.replace(',"suable":true', ""),
        "duties",
    ),
    "the verdict": (~PERMITTED, pl.lit("permitted").alias("verdict"), "verdict"),
    "what was found": (
        pl.col("evidence").str.contains('"threshold":"between'),
        pl.col("evidence").str.replace('"threshold":"between', '"threshold":"within'),
        "allows",
    ),
    "hours of one's own": (
        PERMITTED & (pl.col("channel") == "call") & ~pl.col("basis").str.contains('"hours":')
        & pl.col("basis").str.contains('"AGENCY","third_party"'),
        pl.col("basis").str.replace('"judged":', '"hours":[["inconvenient",{}]],"judged":'),
        "is shut",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
def test_a_fact_that_was_changed_is_told(
    log: Log, panel: Panel, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    which, changed, words = CHANGED[what]
    (segment,) = log.segments
    rows = reading.decisions(segment).collect()
    first = rows.filter(which)
    assert not first.is_empty()
    here = pl.col("decision_id") == first["decision_id"][0]
    column = changed.meta.output_name()
    other = rows.with_columns(pl.when(here).then(changed).otherwise(column).alias(column))
    assert not other.equals(rows)

    def decisions(of: Segment, where: pl.Expr | None, columns: list[str]) -> pl.LazyFrame:
        return other.lazy().select(columns)

    monkeypatch.setattr(replaying, "decisions", decisions)
    found = replay(segment, versions(), panel=panel)
    assert words in "\n".join(map(str, found.differences))
    assert {one.of for one in found.differences} == {f"decision {first['decision_id'][0]}"}
