"""The made-up portfolio: sound, repeatable, plausible, and at the edges of the law on purpose."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from engine import clock, words
from engine.facts.catalogue import STATEMENTS
from engine.history import counts_as
from scheduler.portfolio import Portfolio, contact_groups, group_rows, open_portfolio
from scheduler.sample import synth as module
from scheduler.sample.places import POPULATION, places
from scheduler.sample.synth import NOW, synth
from scheduler.store.schema import TABLES

ACCOUNTS = 40_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Portfolio:
    """One portfolio for all tests here; opening it is the first of them."""
    folder = tmp_path_factory.mktemp("made")
    rows = synth(folder, ACCOUNTS, seed=11)
    portfolio = open_portfolio(folder)
    assert portfolio.counts() == rows
    return portfolio


def test_as_many_accounts_as_asked(made: Portfolio) -> None:
    counts = made.counts()
    assert counts["accounts"] == ACCOUNTS
    assert 1.9 < ACCOUNTS / counts["consumers"] < 2.1
    assert 5.5 < counts["contacts"] / ACCOUNTS < 6.6


@pytest.mark.parametrize("accounts", [1, 2, 777])
def test_small_ones_are_sound_too(tmp_path: Path, accounts: int) -> None:
    synth(tmp_path, accounts, seed=3)
    assert open_portfolio(tmp_path).counts()["accounts"] == accounts


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        synth(tmp_path / name, 1500, seed)
    for table in TABLES.values():
        a, b, c = ((tmp_path / name / table.file).read_bytes() for name in "abc")
        assert a == b
        assert a != c


def test_chunks_make_one_portfolio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONSUMERS", 300)
    assert synth(tmp_path, 2000, seed=5)["accounts"] == 2000
    portfolio = open_portfolio(tmp_path)  # keys are unique across chunks
    assert portfolio.scan("consumers").collect()["consumer"].is_sorted()
    assert not (tmp_path / ".chunks").exists()


def test_the_past_moves_with_now(tmp_path: Path) -> None:
    now = datetime(2025, 3, 10, 12, tzinfo=UTC)
    synth(tmp_path, 500, seed=1, now=now)
    at = open_portfolio(tmp_path).scan("contacts").select(pl.col("at").max()).collect().item()
    assert now - timedelta(days=4) < at <= now


def test_what_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        synth(tmp_path, 0, seed=1)
    with pytest.raises(ValueError, match="offset"):
        synth(tmp_path, 1, seed=1, now=datetime(2026, 1, 1))  # noqa: DTZ001 - the error is meant


@pytest.mark.parametrize("name", TABLES)
def test_rows_stand_in_the_order_of_their_ids(made: Portfolio, name: str) -> None:
    key = TABLES[name].key[0]
    rows = made.scan(name).collect()
    assert rows[key].is_sorted()
    if "consumer" in rows.columns:
        assert rows["consumer"].is_sorted()


def test_no_number_can_ring_and_no_mail_arrive(made: Portfolio) -> None:
    points = made.scan("contact_points").select("kind", "number").drop_nulls().collect()
    for kind, number in points.iter_rows():
        if kind.startswith("email"):
            assert re.fullmatch(r"[pw]\d+@example\.(com|net|org)", number)
        else:
            assert re.fullmatch(r"\+1[2-9]\d\d(55501\d\d|[01]\d{6})", number)


def test_candidates_for_every_account(made: Portfolio) -> None:
    """A mobile can be called and texted; the other kinds have one channel counted here."""
    each = {"mobile": 2, "phone": 2, "home_landline": 1, "work_phone": 1}
    each |= dict.fromkeys(("email_personal", "email_work", "home_mail", "work_mail"), 1)
    points = made.scan("contact_points").select(
        "consumer", ways=pl.col("kind").replace_strict(each, default=0)
    )
    ways = points.group_by("consumer").sum()
    pairs = made.scan("accounts").join(ways, on="consumer").select(pl.col("ways").sum())
    assert pairs.collect().item() / ACCOUNTS > 3.2


def test_people_live_where_people_live(made: Portfolio) -> None:
    homes = made.scan("addresses").filter(pl.col("until").is_null()).collect()
    assert set(homes["state"]) == set(POPULATION)
    share = homes["state"].value_counts(normalize=True)
    california = share.filter(state="CA")["proportion"].item()
    assert abs(california - POPULATION["CA"] / sum(POPULATION.values())) < 0.01
    known = places().codes.select("postal_code", "state")
    coded = homes.drop_nulls("postal_code")
    assert coded.join(known, on=["postal_code", "state"], how="anti").is_empty()


def test_some_numbers_and_addresses_conflict(made: Portfolio) -> None:
    areas = places().codes.select("state", area="areas").explode("area").unique()
    homes = made.scan("addresses").filter(pl.col("until").is_null() & (pl.col("kind") != "work"))
    mobiles = made.scan("contact_points").filter(kind="mobile", whom="consumer")
    pairs = mobiles.select("consumer", area=pl.col("number").str.slice(2, 3)).join(
        homes.select("consumer", "state").unique("consumer"), on="consumer"
    )
    met = pairs.collect()
    away = met.join(areas, on=["state", "area"], how="anti").height / met.height
    assert 0.08 < away < 0.2


def test_households_and_doubles(made: Portfolio) -> None:
    consumers = made.scan("consumers").collect()
    doubles = consumers.height - consumers["person"].n_unique()
    assert 0.003 < doubles / consumers.height < 0.007
    parties = made.counts()["account_parties"] / ACCOUNTS
    assert 0.03 < parties < 0.055
    found = contact_groups(made)
    alone = found.groups.group_by("group").len().filter(pl.col("len") == 1).height
    assert 0.75 < alone / consumers.height < 0.95


def test_every_word_is_said_or_known(made: Portfolio) -> None:
    kinds = pl.concat([made.scan(name).select("kind") for name in ("statements", "knowledge")])
    assert set(kinds.collect()["kind"]) == set(STATEMENTS)


@pytest.mark.parametrize(
    ("table", "kind", "rate"),
    [
        ("statements", "cease", 0.008),
        ("statements", "disputes", 0.015),
        ("statements", "represented_by", 0.010),
        ("statements", "inconvenient", 0.022),
        ("statements", "stop_medium", 0.015),
        ("statements", "consents_to_call", 0.005),
        ("knowledge", "bankruptcy_filed", 0.006),
    ],
)
def test_how_often_things_are_said(made: Portfolio, table: str, kind: str, rate: float) -> None:
    said = made.scan(table).filter(kind=kind).select(pl.len()).collect().item()
    assert 0.7 * rate < said / made.counts()["consumers"] < 1.3 * rate


def test_results_are_plausible(made: Portfolio) -> None:
    calls = made.scan("contacts").filter(channel="call", direction="out").collect()
    share = dict(calls["result"].value_counts(normalize=True).iter_rows())
    assert 0.4 < share["no_answer"] < 0.6
    assert 0.15 < share["voicemail_left"] < 0.3
    assert 0.05 < share["conversation"] < 0.15
    results = set(made.scan("contacts").select("result").collect()["result"]) - {None}
    assert results == set(words.RESULTS) - {"furnished"}


def test_time_runs_forward(made: Portfolio) -> None:
    late = made.scan("contacts").filter(
        (pl.col("at") > NOW) | (pl.col("recorded_at") < pl.col("at"))
    )
    mixed = made.scan("statements").filter(
        (pl.col("received_at") < pl.col("made_at"))
        | (pl.col("recorded_at") < pl.col("received_at"))
        | (pl.col("made_at") > NOW)
    )
    known = made.scan("knowledge").filter(pl.col("recorded_at") < pl.col("received_at"))
    old = made.scan("accounts").filter(
        (pl.col("placed") > NOW.date())
        | (pl.col("defaulted") > pl.col("placed"))
        & pl.col("collector_role").is_in(["third_party", "debt_buyer", "law_firm"])
        | (pl.col("delinquent_since") > pl.col("defaulted"))
    )
    for frame in (late, mixed, known, old):
        assert frame.collect().is_empty()
    coming = made.scan("statements").filter(pl.col("received_at") > NOW).collect()
    assert coming.height > 10


def test_accounts_at_the_edge_of_the_limits(made: Portfolio) -> None:
    """Exactly 6, 7 and 8 connected calls in seven days; last talks exactly 6, 7, 8 days ago."""
    zones = dict(
        made.scan("addresses")
        .filter((pl.col("kind") == "residential") & pl.col("until").is_null())
        .unique("consumer", keep="first", maintain_order=True)
        .join(places().codes.lazy().select("postal_code", "zone"), on="postal_code")
        .select("consumer", "zone")
        .collect()
        .iter_rows()
    )
    recent = (
        made.scan("contacts")
        .filter(
            (pl.col("channel") == "call")
            & (pl.col("at") > NOW - timedelta(days=10))
            & pl.col("attributed_to").is_not_null()
        )
        .select("consumer")
        .unique()
        .collect()["consumer"]
    )
    chosen = sorted(set(recent) & set(zones))[:6000]
    group = group_rows(made, chosen)
    connected: dict[str, int] = {}
    talked: dict[str, int] = {}
    for contact in group.contacts:
        counts = counts_as(contact)
        zone = zones[contact.consumer]
        back = (clock.local_date(NOW, zone) - clock.local_date(contact.at, zone)).days
        for account in contact.attributed_to or ():
            if contact.channel == "call" and "connected" in counts and back < 7:
                connected[account] = connected.get(account, 0) + 1
            if "conversations" in counts:
                talked[account] = back
    for wanted in (6, 7, 8):
        assert list(connected.values()).count(wanted) > 5
        assert list(talked.values()).count(wanted) > 5


def test_groups_become_records(made: Portfolio) -> None:
    groups = contact_groups(made).groups
    few = groups.filter(pl.col("group").is_in(groups["group"].unique().sort().head(50).implode()))
    group = group_rows(made, few["consumer"].to_list())
    assert set(group.consumers) == set(few["consumer"])
    assert all(account.consumer in group.consumers for account in group.accounts.values())
    named = {account for contact in group.contacts for account in contact.attributed_to or ()}
    assert named <= set(group.accounts)
    assert {contact.point for contact in group.contacts} <= set(group.points)


def test_mail_routes_are_told(made: Portfolio) -> None:
    points = made.scan("contact_points").filter(kind="email_personal").collect()
    told = points["email_provenance"].drop_nulls()
    assert 0.8 < len(told) / points.height < 0.95
    words_used = {word for text in told for word in json.loads(text)}
    assert {"chain", "creditor_use", "direct_consent_to_this_collector"} <= words_used


def test_csv_beside_it(tmp_path: Path) -> None:
    synth(tmp_path, 300, seed=2, csv=True)
    portfolio = open_portfolio(tmp_path)
    for name, table in TABLES.items():
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == portfolio.counts()[name]
        assert all(list(row) == list(table.schema) for row in rows)
    with (tmp_path / "contacts.csv").open(newline="") as file:
        first = next(row for row in csv.DictReader(file) if row["attributed_to"])
    assert json.loads(first["attributed_to"])[0].startswith("A")
    assert clock.parse_instant(first["at"]).tzinfo is not None
