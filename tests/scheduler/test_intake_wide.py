"""Wide files: all of an account in one row, whole or not at all, again and again the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from engine.facts.catalogue import STATEMENTS
from scheduler import cli
from scheduler.intake.importing import Imported, Run
from scheduler.intake.journal import FILE, write
from scheduler.intake.layouts import GENERIC, layout_of
from scheduler.intake.rows import IntakeError
from scheduler.intake.spelling import email, phone, postal_code, state
from scheduler.intake.wide import import_wide
from scheduler.intake.wide_words import COLUMNS, EMAIL_WORDS, PHONE_WORDS, WORDS
from scheduler.portfolio import open_portfolio
from scheduler.said import fits
from scheduler.store.database import Store
from scheduler.store.migrating import migrate
from scheduler.store.snapshot import snapshot, write_snapshot

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 11, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
PLAIN = {
    "account": "A1", "consumer": "C1", "type": "medical", "collector": "AG",
    "collector_role": "third_party", "status": "open", "balance": "12.50",
}  # fmt: skip


@pytest.fixture
def store(empty: Store, tmp_path: Path) -> Store:
    migrate(empty, tmp_path / "backups")
    return empty


def quiet(what: str, done: int, total: int) -> None:
    """Nobody hears it."""


def take(
    store: Store, place: Path, *rows: dict[str, Any], now: datetime = NOW, **more: Any
) -> Imported:
    path = place / "wide.ndjson"
    path.write_text("\n".join(json.dumps(PLAIN | row) for row in rows), encoding="utf-8")
    return again(store, path, now, **more)


def again(store: Store, path: Path, now: datetime = NOW, **more: Any) -> Imported:
    run = Run(now, path.parent / "aside", quiet, "crm", day_zone="America/New_York", **more)
    return import_wide(store, path, layout_of(GENERIC), run)


def said(found: Imported) -> list[str]:
    return [str(one).partition(": ")[2] for one in found.problems]


FULL = {
    "phone_1": "(617) 555-0123", "phone_1_kind": "Cell", "phone_2": "617-555-0124",
    "phone_1_consents_to_text": "2026-05-01", "phone_2_number_not_consumers": "yes",
    "email_1": "Ann@Example.com", "email_1_opt_out_address": "x",
    "address_1_state": "Massachusetts",
    "address_1_postal_code": "2139", "address_1_street": "1 Main St", "address_2_state": "CT",
    "address_2_kind": "work", "party_1": "H9", "party_1_role": "spouse",
    "party_1_phone": "617 555 0199", "cease": "yes", "cease_at": "2026-10-01",
    "represented_by": "Jane Roe", "disputes": "2026-09-09", "bankruptcy_filed": "2026-08-01",
    "stop_medium_call": "true", "hold_complaint": "no", "active_duty": "yes",
}  # fmt: skip


def test_a_row_becomes_rows_of_all_tables(store: Store, tmp_path: Path) -> None:
    found = take(store, tmp_path, FULL)
    assert said(found) == []
    assert (found.rows, found.stored, found.new) == (1, 1, 19)
    known = snapshot(store)
    points = known["contact_points"].sort("number", "kind")
    assert points.select("kind", "owner", "whom", "number").rows() == [
        ("home_mail", "C1", "consumer", None),
        ("mobile", "C1", "consumer", "+16175550123"),
        ("phone", "C1", "consumer", "+16175550124"),
        ("phone", "H9", "spouse", "+16175550199"),
        ("email_personal", "C1", "consumer", "ann@example.com"),
    ]
    assert not points["point"].str.contains("555").any()
    assert known["addresses"].sort("state").select("state", "postal_code", "kind").rows() == [
        ("CT", None, "work"),
        ("MA", "02139", "residential"),
    ]
    told = known["statements"].sort("kind").select("kind", "accounts", "value", "made_at", "medium")
    may, october, september = (
        datetime(2026, month, day, 4, tzinfo=UTC) for month, day in ((5, 1), (10, 1), (9, 9))
    )
    assert told.rows() == [
        ("cease", ["A1"], None, october, "written"),
        ("consents_to_text", None, None, may, "written"),
        ("disputes", ["A1"], None, september, "written"),
        ("opt_out_address", None, None, NOW, "written"),
        ("stop_medium", None, '"call"', NOW, "written"),
    ]
    learned = known["knowledge"].sort("kind").select("kind", "accounts", "value", "source")
    assert learned.rows() == [
        ("active_duty", None, "true", "own_records"),
        ("bankruptcy_filed", ["A1"], '{"filed":"2026-08-01"}', "own_records"),
        ("number_not_consumers", None, None, "own_records"),
        ("represented_by", ["A1"], '"Jane Roe"', "own_records"),
    ]
    write_snapshot(store, tmp_path / "out")
    assert open_portfolio(tmp_path / "out") is not None


def test_told_again_it_changes_nothing_and_keeps_its_days(store: Store, tmp_path: Path) -> None:
    first = take(store, tmp_path, FULL, FULL | {"account": "A2"})
    assert said(first) == []
    known = snapshot(store)
    second = take(store, tmp_path, FULL | {"account": "A2"}, FULL, now=LATER)
    assert (second.new, second.corrected, second.same) == (0, 0, first.new)
    for name, frame in snapshot(store).items():
        assert frame.equals(known[name]), name
    less = FULL | {"cease": "no", "phone_1": FULL["phone_2"], "phone_2": FULL["phone_1"]}
    moved = {"phone_1_kind": "", "phone_2_kind": "mobile", "phone_1_consents_to_text": ""}
    moved |= {"phone_2_number_not_consumers": "", "balance": "11"}
    third = take(store, tmp_path, less | moved, now=LATER)
    assert (third.new, third.corrected) == (0, 1)
    assert list(third.notes.values()) == [1]
    assert "nothing is taken back" in next(iter(third.notes))


def test_one_consumer_in_several_rows_is_one(store: Store, tmp_path: Path) -> None:
    shared = {"phone_1": "6175550123", "address_1_state": "MA"}
    rows = [shared | {"account": f"A{n}"} for n in range(3)]
    other = shared | {"account": "A9", "phone_1_kind": "home"}
    dead = shared | {"account": "A10", "deceased": "yes"}
    found = take(store, tmp_path, *rows, other, dead)
    assert (found.stored, found.set_aside) == (3, 2)
    assert said(found) == [
        "row 4: column phone_1_kind `home`: row 1 of the file says otherwise of C1-1579a7a76e",
        "row 5: column deceased `yes`: row 1 of the file says otherwise of C1",
    ]
    known = snapshot(store)
    sizes = {name: known[name].height for name in ("consumers", "accounts", "contact_points")}
    assert sizes == {"consumers": 1, "accounts": 3, "contact_points": 1}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"phone_1": "12345"}, "column phone_1 `12345`: not a phone number"),
        ({"phone_1": "6175550123", "phone_1_kind": "fax"}, "column phone_1_kind `fax`: an unknown"),
        ({"email_1": "ann@"}, "column email_1 `ann@`: not an e-mail address"),
        ({"address_1_state": "Ontario"}, "column address_1_state `Ontario`: not a state or terr"),
        ({"address_1_postal_code": "02139"}, "column address_1_state: no value; one is needed"),
        ({"address_1_state": "MA", "address_1_postal_code": "K1A"}, "`K1A`: not a postal code"),
        ({"address_1_state": "MA", "address_1_since": "May"}, "address_1_since `May`: not a date"),
        ({"party_1": "H9", "party_1_role": "aunt"}, "column party_1_role `aunt`: unknown word"),
        ({"cease": "perhaps"}, "column cease `perhaps`: neither yes or no nor a day"),
        ({"cease": "yes", "cease_at": "soon"}, "column cease_at `soon`: not a moment"),
        ({"phone_1": "6175550123", "phone_1_consents_to_text": "yes"},
         "column phone_1_consents_to_text `yes`: it needs its day, in phone_1_consents_to_text_at"),
        ({"balance": "much"}, "column balance `much`: not an amount of dollars and cents"),
        ({"status": "opn"}, "column status `opn`: unknown word; did you mean `open`?"),
        ({"consumer": ""}, "column consumer: no value; one is needed: who owes"),
        ({"account": ""}, "column account: no value; one is needed: the account's id"),
        ({"account": "A0"}, "column balance `12.50`: row 1 of the file says otherwise of A0"),
        ({"collector_role": "creditor"}, "collector AG is known as third_party here"),
        ({"placed": "1776-07-04"}, "column placed `1776-07-04`: before 1900 or after"),
        ({"consumer": "C\0"}, "a character that no text may hold"),
    ],
)  # fmt: skip
def test_a_row_bad_in_one_piece_is_set_aside_whole(
    store: Store, tmp_path: Path, row: dict[str, str], reason: str
) -> None:
    plain = {"account": "A0", "consumer": "C0", "balance": "7"}
    whole = {"consumer": "C5", "account": "A5", "phone_3": "2025550111", "disputes": "yes"} | row
    found = take(store, tmp_path, plain, whole)
    assert (found.stored, found.set_aside) == (1, 1), said(found)
    assert any(reason in one for one in said(found)), said(found)
    assert {one.row for one in found.problems} == {2}
    known = snapshot(store)
    assert {name: frame.height for name, frame in known.items() if frame.height} == {
        "consumers": 1, "accounts": 1,
    }  # fmt: skip


def test_what_another_system_told_of_sets_the_row_aside(store: Store, tmp_path: Path) -> None:
    take(store, tmp_path, {"account": "A1"}, {"account": "A2", "consumer": "C2"})
    path = tmp_path / "wide.ndjson"
    path.write_text(
        "\n".join(
            json.dumps(PLAIN | row)
            for row in (
                {"account": "A1", "consumer": "C9", "phone_1": "6175550123"},
                {"account": "A3", "consumer": "C9"},
            )
        ),
        encoding="utf-8",
    )
    run = Run(NOW, tmp_path / "aside", quiet, "erp")
    found = import_wide(store, path, layout_of(GENERIC), run)
    assert said(found) == [
        "row 1: column account `A1`: `crm` told of it already; the same id there and here"
    ]
    assert set(snapshot(store)["consumers"]["consumer"]) == {"C1", "C2", "C9"}
    assert snapshot(store)["contact_points"].height == 0


def test_a_file_set_aside_is_mended_and_goes_in(store: Store, tmp_path: Path) -> None:
    found = take(store, tmp_path, {"phone_1": "1"}, {"account": "A2", "cease": "no"})
    assert found.aside is not None
    text = found.aside.read_text(encoding="utf-8").replace(",1,", ",6175550123,", 1)
    found.aside.write_text(text, encoding="utf-8")
    mended = again(store, found.aside)
    assert (mended.stored, mended.set_aside) == (1, 0), said(mended)
    assert snapshot(store)["contact_points"].height == 1


def test_a_dry_run_stores_nothing_and_an_import_is_recorded(store: Store, tmp_path: Path) -> None:
    found = take(store, tmp_path, FULL, {"phone_1": "1"}, dry=True)
    assert (found.stored, found.set_aside, found.aside) == (1, 1, None)
    assert all(frame.height == 0 for frame in snapshot(store).values())
    done = take(store, tmp_path, FULL, record=lambda one: write(tmp_path, one, NOW))
    (line,) = (tmp_path / FILE).read_text(encoding="utf-8").splitlines()
    told = json.loads(line)
    assert (told["kind"], told["rows"], told["new"]) == ("wide", 1, done.new)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_file_without_what_is_needed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("account,balance,phone_1\nA1,5,6175550123\n", encoding="utf-8")
    with pytest.raises(IntakeError) as error:
        again(store, path)
    for name in ("consumer", "type", "collector", "collector_role", "status"):
        assert f"`{name}` (" in str(error.value)
    path.write_text("consumer,phone_1\nC7,6175550123\n", encoding="utf-8")
    found = again(store, path)
    assert (found.stored, found.tables) == (1, {"consumers": 1, "contact_points": 1})


def test_every_flag_is_a_word_that_may_be_said() -> None:
    readme = (ROOT / "scheduler" / "intake" / "README.md").read_text(encoding="utf-8")
    for name, word in {**WORDS, **PHONE_WORDS, **EMAIL_WORDS}.items():
        assert word.kind in STATEMENTS
        value = word.value if word.value not in ("person", "bankruptcy") else None
        assert value is None or fits(word.kind, value)
        last = name if name in WORDS else f"_{name}"
        tail = f"_{name.rpartition('_')[2]}"
        assert f"`{last}`" in readme or f"`phone_1{last}`" in readme or f"`{tail}`" in readme, name
    for name in COLUMNS:
        base = name.removesuffix("_at")
        assert base in COLUMNS, name


def test_numbers_and_places_are_read_as_people_spell_them() -> None:
    def each(spelt: Any, *texts: str) -> list[str | None]:
        return pl.DataFrame({"x": texts}).select(spelt(pl.col("x"))).to_series().to_list()

    assert set(each(phone, "6175550123", "1 (617) 555.0123", "+16175550123 ext. 7")) == {
        "+16175550123"
    }
    # the fifth is a number as exports mask it: its first six digits hidden, so it is none
    assert each(phone, "+442079460958", "0000000000", "16175550", "XXXXXX0123", "") == [
        "+442079460958", None, None, None, None,
    ]  # fmt: skip
    assert each(email, "A@b.co", "a@b", "a b@c.de", "a@b.c,d@e.f") == ["a@b.co", None, None, None]
    assert each(state, "ma", "N.Y.", "New York", "Ontario") == ["MA", "NY", "NY", None]
    assert each(postal_code, "2139", "02139-1234", "021391234", "9") == [
        "02139", "02139", "02139", None,
    ]  # fmt: skip


def test_the_next_day_heeds_the_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def ask(*words: str) -> Any:
        return CliRunner().invoke(cli.app, [*words, "--home", "h"], obj=lambda: NOW)

    flags = [
        {}, {"cease": "2026-10-01"}, {"represented_by": "yes"}, {"bankruptcy_filed": "yes"},
        {"phone_1_do_not_use_number": "yes"}, {"hold_legal_hold": "yes"},
        {"phone_1_number_not_consumers": "yes"}, {"stop_medium_call": "yes"},
        {"status": "closed"},
    ]  # fmt: skip
    rows = [
        PLAIN | {
            "account": f"A{n}", "consumer": f"C{n}", "type": "credit_card", "fdcpa_covered": "yes",
            "phone_1": f"617555010{n}", "phone_1_kind": "cell", "address_1_state": "MA",
            "address_1_postal_code": "02139", "delinquent_since": "2026-01-01",
        } | flag
        for n, flag in enumerate(flags)
    ]  # fmt: skip
    path = tmp_path / "wide.ndjson"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert ask("init").exit_code == 0
    taken = ask("import", "wide", str(path))
    assert taken.exit_code == 0, taken.stderr
    assert "rows of the store: consumers 9, accounts 9, contact points 9" in taken.stdout
    assert ask("run", "--day", "2026-11-23").exit_code == 0
    listed = pl.read_csv(tmp_path / "h" / "lists" / "2026-11-23" / "list.csv")
    assert set(listed.filter(pl.col("channel") == "call")["account"]) == {"A0"}
