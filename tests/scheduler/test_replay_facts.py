"""What a record holds is enough to decide again, and what is changed in it is told in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from engine.panel import Panel
from scheduler import cli
from scheduler.log import reading, replaying
from scheduler.log.answering import Replayed
from scheduler.log.reading import Log, Segment, open_log
from scheduler.log.replaying import law_of, replay
from scheduler.manifest import versions
from scheduler.portfolio import OPTIONAL
from scheduler.sample.synth import synth

DAY = date(2026, 11, 21)


def drawn(place: Path, seed: int) -> Path:
    """A portfolio with all that a decision may hang on beside its situations.

    People who may be one human, licences, addresses that end in some days, words on where somebody
    is.
    """
    synth(place, 60, seed)
    people = pl.read_parquet(place / "consumers.parquet")["person"].to_list()
    rows = [(a, b, "bureau", "low") for a, b in zip(people[::4], people[1::4], strict=False)]
    pairs = pl.DataFrame(rows, schema=OPTIONAL["same_persons"].schema, orient="row")
    pairs.write_parquet(place / "same_persons.parquet")
    accounts = pl.read_parquet(place / "accounts.parquet")
    who = accounts.select(
        "collector", "collector_role", "collector_type", "collector_located_in"
    ).unique("collector")
    held = who.with_columns(licences=pl.lit('{"US-NY-NYC": "2026-11-20", "US-CA": "unlimited"}'))
    held.write_parquet(place / "collectors.parquet")
    path = place / "addresses.parquet"
    number = pl.int_range(pl.len())
    soon = pl.when(number % 3 == 0).then(pl.lit(date(2026, 11, 23))).otherwise("until")
    pl.read_parquet(path).with_columns(soon.alias("until")).write_parquet(path)
    path = place / "statements.parquet"
    told = pl.read_parquet(path)
    said = told.head(9).with_columns(
        pl.concat_str(pl.lit("said-"), "statement").alias("statement"),
        pl.lit("current_location_zone").alias("kind"),
        pl.lit('"America/Denver"').alias("value"),
        *(pl.lit(None).alias(name) for name in ("more", "accounts", "point")),
    )
    pl.concat([told, said], how="vertical_relaxed").write_parquet(path)
    return place


def run(place: Path, out: Path) -> Segment:
    """The segment of a day of it."""
    asked = ["run", "--from", str(place), "--now", "2026-11-21T06:00-05:00", "--day",
             DAY.isoformat(), "--out", str(out), "--format", "csv"]  # fmt: skip
    done = CliRunner().invoke(cli.app, asked, obj=cli.now)
    assert done.exit_code == 0, done.output
    (segment,) = open_log(out / "log" if (out / "log").is_dir() else out).segments
    return segment


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Segment:
    """One such day."""
    place = tmp_path_factory.mktemp("drawn")
    return run(drawn(place / "portfolio", 5), place / "lists")


@pytest.fixture(scope="module")
def panel(segment: Segment) -> Iterator[Panel]:
    """Both engines on its rulebook."""
    with Panel(law_of(segment)) as found:
        yield found


def told(found: Replayed) -> str:
    """What differs, in words."""
    return "\n".join(map(str, found.differences))


def test_drawn_days_come_out_the_same(
    segment: Segment, panel: Panel, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    found = replay(segment, versions(), panel=panel)
    assert told(found) == ""
    assert (found.different, found.lacking, found.decisions) == (0, 0, segment.rows)
    rows = reading.decisions(segment).collect()
    for word in ('"walk":', '"ways":', '"both":', '"hours":', '"other":', '"suable":'):
        assert rows["basis"].str.contains(word, literal=True).any(), word
    for word in ('"said":', '"instead":'):
        assert rows["place_evidence"].str.contains(word, literal=True).any(), word
    assert rows["rules"].list.contains("structural/licence_missing").any()
    for seed in range(1, rounds(1, 12)):
        place = tmp_path / str(seed)
        again = run(drawn(place / "portfolio", seed), place / "lists")
        assert told(replay(again, versions())) == ""


def test_one_decision_alone_gets_its_share_of_what_is_left(segment: Segment, panel: Panel) -> None:
    rows = reading.decisions(segment, pl.col("budgets").str.len_chars() > 2).collect()
    shared = rows.filter(pl.col("attempts_left") == 0).head(2)
    doubted = rows.filter(pl.col("basis").str.starts_with('{"ways"')).head(2)
    for name in pl.concat([shared, doubted, rows.head(2)])["decision_id"]:
        found = replay(segment, versions(), pl.col("decision_id") == name, panel=panel)
        assert (told(found), found.decisions) == ("", 1)


def put(column: str, pattern: str, value: str) -> pl.Expr:
    """A column with the first of a pattern exchanged."""
    return pl.col(column).str.replace(pattern, value).alias(column)


def has(column: str, text: str) -> pl.Expr:
    """Whether a column says something."""
    return pl.col(column).str.contains(text)


THREE = "contact_policy/three-calls-a-day"
PERMITTED = pl.col("verdict") == "permitted"
CALLS = PERMITTED & (pl.col("channel") == "call")
ALONE = ~has("basis", '"ways"')
HOURS = '"suable":true,"hours":[["inconvenient",{"from":"00:00","to":"24:00"}]]'
CHANGED: dict[str, tuple[pl.Expr, pl.Expr, str]] = {
    "an address": (
        ALONE & has("place_evidence", '"state":"CA"'),
        put("place_evidence", '"state":"CA","postal_code":"[0-9]*"',
            '"state":"HI","postal_code":"96813"'),
        "zones",
    ),
    "an address's place": (
        ALONE & has("place_evidence", '"state":"CA"'),
        put("place_evidence", '"state":"CA","postal_code":"[0-9]*"',
            '"state":"HI","postal_code":"96813"'),
        "places",
    ),
    "no address": (
        ALONE & PERMITTED & has("place_evidence", "addresses"),
        put("place_evidence", '"addresses":.*?\\],?', ""),
        "rules that refuse",
    ),
    "a licence": (
        ALONE & has("basis", "third_party")
        & pl.col("rules").list.contains("structural/licence_missing"),
        put("basis", "third_party", "creditor"),
        "rules that refuse",
    ),
    "whether it can be sued on": (
        ALONE & PERMITTED & has("basis", '"suable":true'),
        put("basis", ',"suable":true', ""),
        "duties",
    ),
    "a duty of a place's head": (
        has("duties", "recording_consent"),
        put("duties", ";?recording_consent", ""),
        "duties",
    ),
    "hours of one's own": (
        ALONE & CALLS & has("basis", '"suable":true}'),
        put("basis", '"suable":true', HOURS),
        "is shut: no in the record, yes",
    ),
    "a rule set that was asked": (
        ALONE & (pl.col("situations").list.len() == 2),
        pl.col("situations").list.slice(1),
        "rule sets asked",
    ),
    "what is used": (
        ALONE & CALLS & has("evidence", f'{THREE}":."used":0'),
        put("evidence", f'{THREE}":."used":0', f'{THREE}":{{"used":3'),
        f"whether {THREE} refuses: no in the record, 3 of 3 used",
    ),
    "what is left": (
        ALONE & has("budgets", '"left":'),
        put("budgets", '"left":[0-9]+', '"left":9'),
        "what limits leave",
    ),
    "the number of a limit": (
        ALONE & has("evidence", '"max":7'),
        put("evidence", '"max":7', '"max":8'),
        "the number of",
    ),
    "when a wait ends": (
        ALONE & pl.col("exhausted") & has("evidence", "seven-days-after-conversation")
        & pl.col("rules").list.contains("regulation_f/seven-days-after-conversation")
        & ~has("basis", "walk"),
        put("evidence", 'conversation":."until":"2026-11-2', 'conversation":{"until":"2026-12-2'),
        "next permitted moment",
    ),
    "the next moment": (
        pl.col("next_permitted_utc").is_not_null() & ~PERMITTED,
        pl.col("next_permitted_utc").dt.offset_by("1h"),
        "next permitted moment",
    ),
    "a day looked at": (
        ALONE & has("basis", '"walk":..'),
        put("basis", '"walk":.."day":"20', '"walk":[{"day":"21'),
        "the days looked at",
    ),
    "attempts": (
        ALONE & (pl.col("attempts_left") == 1),
        (pl.col("attempts_left") + 1).alias("attempts_left"),
        "attempts left",
    ),
    "attempts of the doubtful": (
        ~ALONE & PERMITTED,
        (pl.col("attempts_left") + 1).alias("attempts_left"),
        "attempts left",
    ),
    "what it stood on": (
        ALONE,
        pl.lit('{"collectors":7}').alias("basis"),
        "what it stood on cannot be read",
    ),
    "one of two ways": (
        ~ALONE & PERMITTED & has("basis", '"used":0'),
        put("basis", '"used":0', '"used":1'),
        "what limits leave",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
def test_a_fact_that_was_changed_is_told(
    segment: Segment, panel: Panel, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    which, changed, words = CHANGED[what]
    rows = reading.decisions(segment).collect()
    first = rows.filter(which)
    assert not first.is_empty()
    here = pl.col("decision_id") == first["decision_id"][0]
    column = changed.meta.output_name()
    other = rows.with_columns(pl.when(here).then(changed).otherwise(column).alias(column))
    assert not other.equals(rows)

    def decisions(of: Segment, where: pl.Expr | None, columns: list[str]) -> pl.LazyFrame:
        chosen = other if where is None else other.filter(where)
        return chosen.lazy().select(columns)

    monkeypatch.setattr(replaying, "decisions", decisions)
    found = replay(segment, versions(), panel=panel)
    assert words in told(found)


# -- records of version 1


def test_an_earlier_form_of_the_record_is_decided_again_as_far_as_it_goes(
    segment: Segment, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = reading.decisions(segment).with_columns(pl.lit(None, dtype=pl.String).alias("basis"))

    def decisions(of: Segment, where: pl.Expr | None, columns: list[str]) -> pl.LazyFrame:
        chosen = rows if where is None else rows.filter(where)
        return chosen.select(columns)

    monkeypatch.setattr(replaying, "decisions", decisions)
    found = replay(segment, versions(), panel=panel)
    assert (told(found), found.lacking) == ("", segment.rows)


def test_every_word_of_a_basis_is_explained(logged: Log) -> None:
    text = (Path(reading.__file__).parent / "README.md").read_text("utf-8")
    for one in reading.decisions(logged).collect()["basis"].unique():
        for word in json.loads(one):
            assert f"`{word}`" in text
