"""settings.yaml: what may be written, what is said of anything else, and what it leads to."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from engine.problem import Problems, as_text
from scheduler.settings import (
    FILE,
    Settings,
    read,
    read_bytes,
    text_of,
    write_default,
)

README = Path(__file__).resolve().parents[2] / "scheduler" / "README.md"


def of(text: str, home: Path | None = None) -> Settings:
    return read_bytes(text.encode(), FILE, home or Path("home"))


def test_what_is_left_out_takes_the_value_of_the_default() -> None:
    assert of("format: 1\n") == Settings(home=Path("home"))


def test_the_file_a_home_is_made_with_says_every_default() -> None:
    home = Path("home")
    assert of(text_of(Settings(home=home))) == Settings(home=home)


def test_every_setting_is_explained_in_the_file_and_in_the_readme() -> None:
    text = text_of(Settings())
    written = [line.split(":")[0] for line in text.split("\n") if line and line[0] not in "# "]
    names = {one.name for one in fields(Settings)} - {"home"} | {"format"}
    assert set(written) == names
    readme = README.read_text(encoding="utf-8")
    for name in written:
        assert f"\n| `{name}` |" in readme
        before = text[: text.index(f"\n{name}:")].rsplit("\n", 1)[-1]
        assert before.startswith("#"), f"{name} is not explained"


def test_settings_that_differ_are_written_out_and_read_back() -> None:
    chosen = Settings(
        home=Path("home"),
        refuse_unencoded_places=False,
        minimum_confidence="medium",
        licences={"AGENCY": {"US-MA": date(2027, 6, 30), "US-NY-NYC": None}, "Smith: & Sons": {}},
        channels=("call", "voicemail", "mail"),
        row_caps={"call": 7, "voicemail": 2},
        strategy=("balance_low", "delinquent_oldest", "placed_newest"),
        part_accounts=17,
        sample_at_least=5_000,
        formats=("ndjson",),
        store="postgresql://firm@db.example/forbear",
        zone="Pacific/Guam",
    )
    assert of(text_of(chosen)) == chosen


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chanels: [call]", "settings.yaml:1:1  R013  unknown word `chanels` in settings.yaml; "
                            "did you mean `channels`?"),
        ("channels: [sms]", "1:12  R014  `sms` cannot stand in `channels`; did you mean `text`?"),
        ("channels: []", "R038  `channels` is an empty list"),
        ("channels: [call, call]", "R038  `call` is listed twice"),
        ("channels: [{call: 3}]", "R011  `channels` is a list of words"),
        ("channels:", "R029  `channels` has no value"),
        ("store: mysql://a/b", "1:8  R041  `store` is the URL of an SQLite or PostgreSQL database"),
        ("store: 'sqlite:///:memory:'", "R041"),
        ("store: [a]", "R041"),
        ("format: 2", "R047  this version reads `format: 1`"),
        ("row_caps: {call: 0}", "R030  `call` is a whole number from 1 to 1,000, not `0`"),
        ("row_caps: {call: 1001}", "R030"),
        ("row_caps: {call: 03}", "R030"),
        ("row_caps: {cal: 3}", "R013  unknown word `cal` in `row_caps`; did you mean `call`?"),
        ("row_caps: 3", "R011  `row_caps` is a mapping"),
        ("strategy: [balance]", "R028  `balance` cannot stand in `strategy`"),
        ("strategy: [balance_high, balance_low]", "R035  `strategy` orders by one thing both ways"),
        ("part_accounts: many", "R030  `part_accounts` is a whole number"),
        ("part_accounts: [1]", "R030"),
        ("sample_at_least: 999", "R030  `sample_at_least` is a whole number from 1,000"),
        ("formats: [xlsx]", "R028  `xlsx` cannot stand in `formats`"),
        ("zone: America/Boston", "R025  `America/Boston` is not a time zone"),
        ("zone: [UTC]", "R025"),
        ("refuse_unencoded_places: yes", "R030  `refuse_unencoded_places` is true or false"),
        ("minimum_confidence: higher", "R028  unknown confidence `higher`; did you mean `high`?"),
        ("licences: AGENCY", "1:11  R011  `licences` is a mapping"),
        ("licences: {AGENCY: [US-MA]}", "R011  the licences of `AGENCY` is a mapping"),
        ("licences: {A: {MA: unlimited}}", "1:16  R041  `MA` is not the code of a place"),
        ("licences: {A: {US-MA: 2027-02-30}}", "R031  `2027-02-30` is not a date: february 2027"),
        ("rulebook: []", "R038  `rulebook` is an empty list"),
        ("rulebook: [nowhere]", "R001  `nowhere` is not a directory"),
        ("rulebook: [bundled, bundled]", "R038  `rulebook` names a directory twice"),
        ("rulebook: [{a: 1}]", "R011  `rulebook` is a list of directories"),
        ("retention: purg", "1:12  R030  `purg` is nothing that `retention` does; did you mean"),
        ("retention: [purge]", "1:12  R030  this is nothing that `retention` does"),
        ("- call", "R011  settings.yaml is a mapping"),
        ("\tformat: 1", "R005"),
        ("", "R006"),
        ("format: 1\nformat: 1", "2:1  R012"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Problems) as found:
        of(text)
    shown = as_text(found.value.problems)
    assert message in shown
    assert shown.startswith("settings.yaml:")


def test_all_mistakes_come_out_at_once() -> None:
    with pytest.raises(Problems) as found:
        of("channels: [sms]\nzone: Nowhere\npart_accounts: 0\n")
    assert [one.position.line for one in found.value.problems] == [1, 2, 3]


def test_channels_and_formats_are_kept_in_one_order() -> None:
    found = of("channels: [mail, text, call]\nformats: [parquet, csv]\n")
    assert (found.channels, found.formats) == (("call", "text", "mail"), ("csv", "parquet"))


def test_a_channel_without_a_cap_has_one_attempt() -> None:
    found = of("channels: [call, text, visit]\nrow_caps: {call: 5}\n")
    assert found.caps() == {"call": 5, "text": 1, "visit": 1}


def test_what_decides_does_not_name_how_the_work_is_cut() -> None:
    assert "part_accounts" not in Settings().deciding()
    assert of("part_accounts: 3").deciding() == Settings().deciding()


def test_a_rulebook_directory_is_found_from_the_home(tmp_path: Path) -> None:
    (tmp_path / "law").mkdir()
    assert of("rulebook: law", tmp_path).rulebook == (tmp_path / "law",)
    assert of("rulebook: [bundled, law]", tmp_path).rulebook == (None, tmp_path / "law")


def test_a_home_is_made_once_and_then_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    made = write_default(home, refuse_unencoded_places=False)
    assert (home / "house").is_dir()
    assert not made.refuse_unencoded_places
    (home / FILE).write_text("part_accounts: 9\n", encoding="utf-8")
    assert write_default(home).part_accounts == 9
    assert read(home).refuse_unencoded_places  # left out: the default of a file


def test_a_home_without_a_file_says_which_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Problems) as found:
        read(tmp_path)
    assert "R001  the file cannot be read" in as_text(found.value.problems)


def test_without_a_home_there_is_no_house() -> None:
    assert Settings().house is None
    assert Settings().lists == Path("lists")
    assert Settings(home=Path("h")).house == Path("h/house")


def test_what_decides_names_licences_and_the_least_confidence() -> None:
    found = of(
        "minimum_confidence: high\nlicences: {B: {}, A: {US-NY: unlimited, US-MA: 2027-06-30}}"
    )
    assert found.deciding()["minimum_confidence"] == "high"
    assert found.deciding()["licences"] == {
        "A": {"US-MA": "2027-06-30", "US-NY": "unlimited"},
        "B": {},
    }
