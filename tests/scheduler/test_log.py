"""The log segment: what it holds, in what order, and that its README says so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.rulebook import check
from scheduler.log import reading, segment
from scheduler.log.records import DECISIONS, RECORD, SITUATIONS
from scheduler.log.segment import SegmentWriter, decisions, write_decisions

README = Path(segment.__file__).with_name("README.md")
STRINGS = pl.List(pl.String)
COMMON = {"run": "0123456789ab", "day": "2026-11-21", "rulebook": "sha256:00"}
NAMES = [f"{number:064x}" for number in (0xF, 0xA, 3, 0xE000, 7)]


def row(number: int, **more: Any) -> dict[str, Any]:
    given = dict.fromkeys(DECISIONS) | {
        "row": number,
        "decision_id": f"r-{number:09}",
        "account": f"A{number}",
        "permitted": number % 2 == 0,
        "listed": number % 2 == 0,
        "exhausted": False,
        "rules": [] if number % 2 == 0 else ["a/b"],
        "situations": [NAMES[0]],
    }
    return given | more


def rows(*numbers: int) -> pl.DataFrame:
    kinds = {**DECISIONS, "permitted": pl.Boolean()}
    return pl.DataFrame([row(number) for number in numbers], schema=kinds)


def situations(*names: str) -> pl.DataFrame:
    found = [(name, "federal@1", "{}", ["a/b"], [], ["a/b"], None, "") for name in names]
    return pl.DataFrame(found, schema=SITUATIONS, orient="row")


def written(place: Path, *parts: tuple[list[int], list[str]], **more: Any) -> Path:
    scratch, log = place / "parts", place / "log"
    scratch.mkdir()
    log.mkdir()
    writer = SegmentWriter(log, scratch)
    decided = []
    for numbers, names in parts:
        writer.add_situations(situations(*names))
        decided.append(decisions(rows(*numbers)))
    write_decisions(log, decided, COMMON)
    writer.finish(COMMON, sum(one.height for one in decided), **more)
    return log


def test_every_field_is_explained_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    explained = set()
    for line in text.split("\n"):
        if line.startswith("| `"):
            explained.update(re.findall(r"`([a-z_.]+)`", line.split(" | ")[0]))
    assert set(DECISIONS) | set(SITUATIONS) <= explained


def test_public_and_personal_fields_are_told_apart_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for line in text.split("\n"):
        cells = line.split(" | ")
        if line.startswith("| `") and len(cells) == 3 and cells[1] in ("public", "personal"):
            found.update(dict.fromkeys(re.findall(r"`([a-z_]+)`", cells[0]), cells[1]))
    assert found == {one.name: "personal" if one.personal else "public" for one in RECORD}


def test_a_segment_holds_every_decision_in_order(tmp_path: Path) -> None:
    log = written(tmp_path, ([1, 2, 3], NAMES[:2]), ([4, 5], NAMES))
    found = pl.read_parquet(log / "decisions.parquet")
    assert found.schema == DECISIONS
    assert found["row"].to_list() == [1, 2, 3, 4, 5]
    assert found["verdict"].to_list() == ["refused", "permitted"] * 2 + ["refused"]


def test_a_situation_is_written_once_and_in_order(tmp_path: Path) -> None:
    log = written(tmp_path, ([1], NAMES[:2]), ([2], NAMES), ([3], []), ([4], NAMES[1:]))
    found = pl.read_parquet(log / "situations.parquet")
    assert found.schema == SITUATIONS
    assert found["situation"].to_list() == sorted(NAMES)
    assert found["rete"].to_list() == [None] * 5


def test_what_the_run_has_in_common_is_in_every_file(tmp_path: Path) -> None:
    log = written(tmp_path, ([1, 2], NAMES))
    document = json.loads((log / "segment.json").read_text(encoding="utf-8"))
    counts = {"decisions.parquet": 2, "situations.parquet": 5}
    assert document == {"format": segment.FORMAT, **COMMON, "rows": counts}
    for name in counts:
        kept = pl.read_parquet_metadata(log / name)
        assert kept["format"] == segment.FORMAT
        assert json.loads(kept["run"]) == COMMON


def test_the_rule_files_are_kept_to_decide_again_from(tmp_path: Path) -> None:
    files = [("rules/x.yaml", b"format: 1\r\n"), ("rules/y.yaml", b"\xc3\xa9")]
    log = written(tmp_path, ([1], []), files=files)
    kept = pl.read_parquet(log / "rulebook.parquet").rows()
    assert kept == files
    assert check(kept)[1] == check(files)[1]
    document = json.loads((log / "segment.json").read_text(encoding="utf-8"))
    assert document["rows"]["rulebook.parquet"] == 2


def test_bytes_do_not_depend_on_how_rows_were_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    one = written(whole, ([1, 2, 3, 4], NAMES))
    monkeypatch.setattr(segment, "MANY", 1)  # situations are sorted a sixteenth at a time
    two = written(cut, ([1], NAMES[3:]), ([2, 3], NAMES[:4]), ([4], NAMES))
    for path in sorted(one.iterdir()):
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_the_door_gives_every_field_of_every_segment(tmp_path: Path) -> None:
    (tmp_path / "2026-11-21").mkdir()
    written(tmp_path / "2026-11-21", ([1, 2], NAMES[:2]), files=[("rules/x.yaml", b"x")])
    (day := tmp_path / "2026-11-21" / "log" / "segment.json").write_text(
        json.dumps({**json.loads(day.read_text("utf-8")), "now": "2026-11-21T11:00:00Z"}), "utf-8"
    )
    log = reading.open_log(tmp_path)
    found = reading.decisions(log).collect()
    assert dict(found.schema) == {**DECISIONS, "erased": pl.Boolean(), "segment": pl.String()}
    one = reading.decisions(log, pl.col("account") == "A2", ["row", "account"]).collect()
    assert one.rows() == [(2, "A2")]
    (segment,) = log.segments
    assert (segment.first, segment.rows, log.rows) == (0, 2, 2)
    assert reading.situations(segment).height == 2
    assert reading.situations(segment, [NAMES[0]])["situation"].to_list() == [NAMES[0]]
    assert reading.rulebook(segment) == (("rules/x.yaml", b"x"),)
    assert log.segment("0123456789ab") is segment


def test_a_place_without_a_log_says_so(tmp_path: Path) -> None:
    with pytest.raises(reading.NoLog, match="there is no decision log"):
        reading.open_log(tmp_path)
    (tmp_path / "segment.json").write_text("{}", encoding="utf-8")
    with pytest.raises(reading.NoLog, match="not the head of a segment"):
        reading.open_log(tmp_path)
