"""Whatever a file is: a message for each bad row, no fault of ours, and no line lost.

Real-looking files are cut, filled, recoded and torn; what comes out must add up: rows in are rows
stored and rows set aside, and every line that is none is told.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.intake.files import read_file
from scheduler.intake.importing import Imported, Run, import_file, table_of
from scheduler.intake.layouts import layout_of
from scheduler.intake.rows import TITLE, How, IntakeError, Read
from scheduler.intake.separated import decoded
from scheduler.intake.set_aside import Problem, set_aside
from scheduler.intake.wide import import_wide
from scheduler.store.adding import LINE
from scheduler.store.database import Store, open_store
from scheduler.store.migrating import migrate
from scheduler.store.schema import TABLES

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)
EXPORTS = Path(__file__).resolve().parents[1] / "scheduler" / "exports"
FIRM = {"collector": "AG", "collector_role": "third_party", "type": "medical", "status": "open"}
SAMPLES = {
    "quickbooks": "quickbooks.csv",
    "salesforce": "salesforce.csv",
    "sap": "sap.csv",
    "oracle": "oracle.csv",
    "vicidial-leads": "vicidial-leads.txt",
    "vicidial-calls": "vicidial-calls.txt",
}
TEXTS = {name: (EXPORTS / file).read_bytes() for name, file in SAMPLES.items()}
CONTACTS = (
    "source;source_id;consumer;channel;direction;at;result;discussed;reply_to_consumer;automated;"
    "collector;note\n"
    + "".join(
        f'old;{n};C{n % 3};call;out;2026-11-{n + 1:02}T10:00:00-05:00;busy;"A{n % 3}";no;no;AG;'
        f'"said ""no"""\n'
        for n in range(8)
    )
).encode()
PIECES = st.sampled_from(
    [b'"', b'""', b"\0", b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\xff", b"\xe9", b"'", b"=1+1",
     b"\xef\xbb\xbf", b"2026-02-30", b"nan", b"-", b"0000000000", b"TOTAL", b"\xc2\x85", b"  "]
)  # fmt: skip
CUTS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 60), PIECES | st.binary(max_size=3)), max_size=8
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with a few consumers and accounts."""
    place = tmp_path_factory.mktemp("firm")
    found = open_store("sqlite:///store.sqlite", place)
    migrate(found, place)
    path = place / "wide.ndjson"
    rows = [
        FIRM | {"account": f"A{n}", "consumer": f"C{n}", "balance": "5", "phone_1": "6175550123"}
        for n in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    import_wide(found, path, layout_of("generic"), Run(NOW, place, quiet))
    yield found
    found.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def quiet(what: str, done: int, total: int) -> None:
    """Nobody hears it."""


def torn(data: bytes, cuts: list[tuple[float, int, bytes]]) -> bytes:
    """The data with pieces taken out of it and put into it."""
    for at, size, more in cuts:
        start = round(at * len(data))
        data = data[:start] + more + data[start + (size if size > 20 else 0) :]
    return data


def take(store: Store, path: Path, kind: str, layout: str) -> Imported | None:
    """What becomes of a file; None: it is refused whole, in one line."""
    run = Run(NOW, path.parent, quiet, zone="America/New_York", day_zone="UTC", dry=True)
    plan = layout_of(layout)
    always = {} if layout == "vicidial-leads" else FIRM
    always = {"collector": "AG"} if plan.table == "contacts" else always
    try:
        if kind == "wide":
            return import_wide(store, path, plan.told(always if layout != "generic" else {}), run)
        table = table_of(kind)
        return import_file(store, path, table, plan.told(always if plan.table else {}), run)
    except IntakeError as error:
        words = str(error)
    assert "\n" not in words
    return None


def adds_up(found: Imported | None) -> None:
    """Every row is stored or has a message; every message is about a row."""
    if found is None:
        return
    named = {one.row for one in found.problems}
    assert len(named) == found.set_aside
    assert found.stored + found.set_aside == found.rows
    assert all(one.reason for one in found.problems)
    if found.table != "wide":
        assert found.new + found.corrected + found.same == found.stored


@given(name=st.sampled_from(sorted(SAMPLES)), cuts=CUTS, encoding=ENCODINGS)
def test_exports_that_are_torn(
    store: Store, place: Path, name: str, cuts: list[tuple[float, int, bytes]], encoding: str
) -> None:
    data = TEXTS[name].decode().encode(encoding, errors="replace")
    path = place / f"{name}.csv"
    path.write_bytes(torn(data, cuts))
    kind = "contacts" if name == "vicidial-calls" else "wide"
    adds_up(take(store, path, kind, name))


@given(cuts=CUTS, encoding=ENCODINGS, mark=st.sampled_from([";", ",", "\t", "|"]))
def test_contacts_that_are_torn(
    store: Store, place: Path, cuts: list[tuple[float, int, bytes]], encoding: str, mark: str
) -> None:
    text = CONTACTS.decode().replace(";", mark)
    path = place / "contacts.csv"
    path.write_bytes(torn(text.encode(encoding), cuts))
    adds_up(take(store, path, "contacts", "generic"))


def held(read: Read) -> str:
    """All text that reading kept."""
    cells = [str(one) for row in read.rows.iter_rows() for one in row]
    return "\n".join(
        [*read.rows.columns, *cells, *(json.dumps(kept) for _, kept, _ in read.broken)]
    )


MARKED = "id,name,note\n" + "".join(f'zq{n:03},"Name, {n}",n{n}\n' for n in range(12))


@given(cuts=CUTS, encoding=ENCODINGS)
@example(cuts=[(0.3, 0, b'"')], encoding="utf-8")
@example(cuts=[(0.3, 0, b'"'), (0.7, 0, b'"')], encoding="utf-8")
def test_no_line_of_a_csv_file_is_lost(
    place: Path, cuts: list[tuple[float, int, bytes]], encoding: str
) -> None:
    path = place / "marked.csv"
    path.write_bytes(torn(MARKED.encode(encoding), cuts))
    try:
        found = read_file(path, How(frozenset({"id", "name", "note"})))
    except IntakeError:
        return
    if TITLE in found.lines:
        return  # what stands above the header is told by its lines alone
    text, _ = decoded(path.read_bytes())
    kept = held(found)
    for n in range(12):
        assert f"zq{n:03}" not in text or f"zq{n:03}" in kept
    lines = [*found.rows[LINE], *(line for line, *_ in found.broken), *(n for n, _ in found.none)]
    assert len(lines) == len(set(lines))


@given(cuts=CUTS)
def test_lines_of_json_that_are_torn(
    store: Store, place: Path, cuts: list[tuple[float, int, bytes]]
) -> None:
    rows = [FIRM | {"account": f"B{n}", "consumer": f"C{n}", "balance": n} for n in range(8)]
    path = place / "wide.ndjson"
    path.write_bytes(torn("\n".join(map(json.dumps, rows)).encode(), cuts))
    found = take(store, path, "wide", "generic")
    adds_up(found)
    if found is not None:
        text, _ = decoded(path.read_bytes())
        assert found.rows + sum(found.lines.values()) == sum(
            1 for line in text.split("\n") if line.strip()
        )


# -- workbooks

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.dates(date(1901, 1, 1), date(2100, 1, 1)),
    st.datetimes(datetime(1901, 1, 1, tzinfo=UTC).replace(tzinfo=None)).filter(
        lambda one: one.year < 2200
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6),
    st.sampled_from(["C1", "A1", "open", "5", "=1+1", "#N/A", "TOTAL", "2026-01-01", "yes"]),
)  # fmt: skip


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@given(
    rows=st.lists(st.lists(CELLS, max_size=8), max_size=5),
    titles=st.lists(st.lists(CELLS, max_size=2), max_size=2),
)
def test_whatever_stands_in_a_workbook(
    store: Store, place: Path, rows: list[list[Any]], titles: list[list[Any]]
) -> None:
    header = ["account", "consumer", "balance", "status", "cease", "address_1_state"]
    path = place / "book.xlsx"
    path.write_bytes(workbook([*titles, header, *rows]))
    run = Run(NOW, place, quiet, day_zone="UTC", dry=True)
    plan = layout_of("generic").told({k: v for k, v in FIRM.items() if k != "status"})
    found = import_wide(store, path, plan, run)
    adds_up(found)
    whole = [one for one in (*titles, *rows) if any(str(c).strip() for c in one if c is not None)]
    assert found.rows + sum(found.lines.values()) == len(whole)


@given(cuts=CUTS, deep=st.booleans())
def test_workbooks_that_are_torn(
    store: Store, place: Path, cuts: list[tuple[float, int, bytes]], deep: bool
) -> None:
    data = workbook([["consumer", "person", "deceased"], *([f"C{n}", n, False] for n in range(9))])
    if deep:  # the sheet's own text, in an archive that is sound
        file = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
            for name in old.namelist():
                part = old.read(name)
                new.writestr(name, torn(part, cuts) if "sheet1" in name else part)
        data = file.getvalue()
    else:
        data = torn(data, cuts)
    path = place / "torn.xlsx"
    path.write_bytes(data)
    adds_up(take(store, path, "consumers", "generic"))


# -- Parquet

MAKERS: list[Callable[[int], pl.Series]] = [
    lambda n: pl.Series([f"C{i}" for i in range(n)]),
    lambda n: pl.Series([i - 1 for i in range(n)]),
    lambda n: pl.Series([i / 3 for i in range(n)]),
    lambda n: pl.Series([float("nan")] * n, dtype=pl.Float64),
    lambda n: pl.Series([i % 2 == 0 for i in range(n)]),
    lambda n: pl.Series([None] * n),
    lambda n: pl.Series([b"\xff\0"] * n, dtype=pl.Binary),
    lambda n: pl.Series([[i, None] for i in range(n)], dtype=pl.List(pl.Int64)),
    lambda n: pl.Series([["A1", None] for _ in range(n)], dtype=pl.List(pl.String)),
    lambda n: pl.Series([{"a": i} for i in range(n)], dtype=pl.Struct({"a": pl.Int64})),
    lambda n: pl.Series([NOW] * n, dtype=pl.Datetime("ns", "Asia/Kolkata")),
    lambda n: pl.Series([NOW.replace(tzinfo=None)] * n, dtype=pl.Datetime("ms")),
    lambda n: pl.Series([NOW.date()] * n, dtype=pl.Date),
    lambda n: pl.Series([timedelta(hours=1)] * n, dtype=pl.Duration),
    lambda n: pl.Series([Decimal("1.234")] * n, dtype=pl.Decimal(20, 3)),
    lambda n: pl.Series(["open"] * n, dtype=pl.Categorical),
    lambda n: pl.Series([NOW.time()] * n, dtype=pl.Time),
    lambda n: pl.Series(["\0"] * n),
]


@given(
    table=st.sampled_from(["contacts", "statements", "accounts", "addresses", "contact_points"]),
    picks=st.dictionaries(st.integers(0, 40), st.integers(0, len(MAKERS) - 1), max_size=40),
    height=st.integers(0, 4),
)
def test_parquet_with_whatever_types(
    store: Store, place: Path, table: str, picks: dict[int, int], height: int
) -> None:
    names = list(TABLES[table].schema)
    frame = pl.DataFrame(
        [MAKERS[picks.get(at, 0)](height).alias(name) for at, name in enumerate(names)]
    )
    path = place / "odd.parquet"
    frame.write_parquet(path)
    found = take(store, path, table, "generic")
    adds_up(found)
    assert found is None or found.rows == height


@pytest.mark.parametrize("maker", range(len(MAKERS)))
def test_parquet_of_one_type(store: Store, place: Path, maker: int) -> None:
    for table in TABLES.values():
        frame = pl.DataFrame(
            [MAKERS[0 if name in table.key else maker](3).alias(name) for name in table.schema]
        )
        path = place / "one.parquet"
        frame.write_parquet(path)
        found = take(store, path, table.name, "generic")
        adds_up(found)
        assert found is not None
        assert found.rows == 3


@given(cuts=CUTS, encoding=ENCODINGS)
def test_what_is_set_aside_can_be_read_again(
    place: Path, cuts: list[tuple[float, int, bytes]], encoding: str
) -> None:
    path = place / "aside.csv"
    path.write_bytes(torn(MARKED.encode(encoding), cuts))
    how = How(frozenset({"id", "name", "note"}))
    try:
        found = read_file(path, how)
    except IntakeError:
        return
    numbers = [*found.rows[LINE], *(number for number, *_ in found.broken)]
    problems = tuple(Problem(path, number, "", "", "why") for number in sorted(numbers))
    if not problems:
        return
    target = set_aside(place, path, found, problems)
    again = read_file(target, how)
    target.unlink()
    assert not again.broken
    assert again.rows["forbear_row"].to_list() == [str(number) for number in sorted(numbers)]
    names = [name for name in found.rows.columns if name != LINE]
    sound = again.rows.filter(pl.col("forbear_row").is_in([str(n) for n in found.rows[LINE]]))
    assert sound.select(names).rows() == found.rows.select(names).rows()
