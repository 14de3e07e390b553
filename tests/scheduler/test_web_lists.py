"""Published days over HTTP: every format, pages, ranges, gzip, tags, and what was withdrawn."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from scheduler.live.asked import Change
from scheduler.settings import Settings
from scheduler.web.lists import Lists, cursor_read, cursor_text
from scheduler.web.vicidial import COLUMNS
from tests.scheduler.serving import DAY, NOW, Client, Served, make_home, serving

TEXT = "/v1/lists/2026-11-21"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("firm") / "home")


@pytest.fixture(scope="module")
def rows(settings: Settings) -> pl.DataFrame:
    return pl.read_parquet(settings.lists / "2026-11-21" / "list.parquet")


class Feed:
    """Withdrawals as the live core tells them."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def __call__(self, day: date, cursor: int, most: int) -> Sequence[Change]:
        found = [one for one in self.changes if one.day == day and one.cursor > cursor]
        return found[: min(most, 2)]  # more than one page

    def withdraw(self, *rows: dict[str, object]) -> None:
        for row in rows:
            names = ("row_id", "account", "consumer", "point", "channel")
            told = {name: row[name] for name in names}
            number = len(self.changes) + 1
            one = Change(cursor=number, at=NOW, day=DAY, rules=("fdcpa/cease",), decision="L-1",
                         **told)  # type: ignore[arg-type]  # fmt: skip
            self.changes.append(one)


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def served(settings: Settings, feed: Feed) -> Iterator[Served]:
    with serving(settings, lists=Lists(settings.lists, feed)) as found:
        yield found


@pytest.fixture
def client(served: Served) -> Client:
    return served.client()


def pages(client: Client, limit: int = 37) -> list[dict[str, object]]:
    found, cursor = [], ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = client.get(f"{TEXT}?limit={limit}{more}").json()
        found += page["rows"]
        cursor = page["next"]
    return found


def test_days_are_listed(client: Client, rows: pl.DataFrame) -> None:
    (day,) = client.get("/v1/lists").json()["days"]
    assert day["day"] == "2026-11-21"
    assert day["listed"] == rows.height
    assert day["withdrawn"] == 0
    manifest = client.get(f"{TEXT}/manifest").json()
    assert manifest["run"] == day["run"]


def test_the_files_are_those_published(
    client: Client, settings: Settings, rows: pl.DataFrame
) -> None:
    for kind in ("csv", "ndjson", "parquet"):
        published = (settings.lists / "2026-11-21" / f"list.{kind}").read_bytes()
        found = client.get(f"{TEXT}.{kind}", headers={"Accept-Encoding": "identity"})
        assert found.content == published
        assert "content-encoding" not in found.headers
        assert f"list-2026-11-21.{kind}" in found.headers["content-disposition"]


def test_pages_are_the_list(client: Client, settings: Settings, rows: pl.DataFrame) -> None:
    text = (settings.lists / "2026-11-21" / "list.ndjson").read_text(encoding="utf-8")
    whole = [json.loads(line) for line in text.splitlines()]
    assert pages(client) == whole
    assert len(client.get(f"{TEXT}?limit={rows.height}").json()["rows"]) == rows.height
    assert client.get(f"{TEXT}?limit={rows.height}").json()["next"] is None


def test_a_cursor_is_of_its_day() -> None:
    assert cursor_read(DAY, cursor_text(DAY, 77)) == 77
    for wrong in (cursor_text(date(2026, 11, 22), 77), "", "x", "%%%", "MjAy", "ü"):
        with pytest.raises(ValueError, match=r"."):
            cursor_read(DAY, wrong)


def test_gzip_where_it_is_taken(client: Client, settings: Settings) -> None:
    published = (settings.lists / "2026-11-21" / "list.csv").read_bytes()
    plain = client.get(f"{TEXT}.csv", headers={"Accept-Encoding": "gzip;q=0, br"})
    assert plain.content == published
    packed = client.get(f"{TEXT}.csv", headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(published) / 4
    assert packed.content == published  # the client unpacks it
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "content-encoding" not in client.get(f"{TEXT}.parquet").headers


def test_a_pull_goes_on_where_it_broke_off(client: Client, settings: Settings) -> None:
    published = (settings.lists / "2026-11-21" / "list.csv").read_bytes()
    plain = {"Accept-Encoding": "identity"}
    first = client.get(f"{TEXT}.csv", headers={**plain, "Range": "bytes=0-999"})
    assert first.status_code == 206
    assert first.headers["content-range"] == f"bytes 0-999/{len(published)}"
    rest = {**plain, "Range": "bytes=1000-", "If-Range": first.headers["etag"]}
    assert first.content + client.get(f"{TEXT}.csv", headers=rest).content == published
    other = {**plain, "Range": "bytes=1000-", "If-Range": '"another"'}
    assert client.get(f"{TEXT}.csv", headers=other).content == published
    none = client.get(f"{TEXT}.csv", headers={**plain, "Range": f"bytes={len(published)}-"})
    assert none.status_code == 416


def test_what_is_known_already_is_not_sent_again(client: Client, feed: Feed) -> None:
    tag = client.get(f"{TEXT}.csv").headers["etag"]
    for told in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = client.get(f"{TEXT}.csv", headers={"If-None-Match": told})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
    assert client.get(f"{TEXT}.csv", headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_withdrawn_row_is_not_in_the_list_pulled_again(
    client: Client, feed: Feed, rows: pl.DataFrame
) -> None:
    tag = client.get(f"{TEXT}.csv").headers["etag"]
    gone = [0, 5, 6, rows.height - 1]
    feed.withdraw(*(rows.row(one, named=True) for one in gone))
    left = rows.with_row_index("n").filter(~pl.col("n").is_in(gone)).drop("n")
    for again in range(2):
        found = client.get(f"{TEXT}.parquet")
        assert pl.read_parquet(io.BytesIO(found.content)).equals(left), again
        table = client.get(f"{TEXT}.csv", headers={"If-None-Match": tag})
        assert table.status_code == 200
        assert table.headers["etag"] != tag
        ids = pl.read_csv(io.BytesIO(table.content))["row_id"]
        assert ids.to_list() == left["row_id"].to_list()
    lines = client.get(f"{TEXT}.ndjson").text.splitlines()
    assert [json.loads(line)["row_id"] for line in lines] == left["row_id"].to_list()
    assert [one["row_id"] for one in pages(client)] == left["row_id"].to_list()
    (day,) = client.get("/v1/lists").json()["days"]
    assert day["withdrawn"] == 4


def test_copies_do_not_pile_up(
    client: Client, feed: Feed, rows: pl.DataFrame, settings: Settings
) -> None:
    for number in range(6):
        feed.withdraw(rows.row(number, named=True))
        client.get(f"{TEXT}.csv", headers={"Accept-Encoding": "identity"})
    assert len(list((settings.lists / ".pulled" / "2026-11-21").iterdir())) <= 3


def test_leads_for_vicidial(client: Client, rows: pl.DataFrame) -> None:
    found = client.get(f"{TEXT}.vicidial").text
    leads = [dict(zip(COLUMNS, line.split("\t"), strict=True)) for line in found.splitlines()]
    calls = rows.filter(pl.col("channel") == "call")
    assert [one["source_id"] for one in leads] == calls["decision_id"].to_list()
    assert [one["vendor_lead_code"] for one in leads] == calls["account"].to_list()
    for lead, number in zip(leads, calls["number"], strict=True):
        assert lead["phone_code"] == "1"
        assert f"+1{lead['phone_number']}" == number
        assert not lead["first_name"]
    ranks = [int(one["rank"]) for one in leads]
    assert [10_000 - rank for rank in ranks] == calls["priority"].to_list()


def test_a_day_without_parquet_says_so(served: Served, tmp_path: Path) -> None:
    place = tmp_path / "2026-11-20"
    place.mkdir()
    (place / "manifest.json").write_text("{}", encoding="utf-8")
    served.service.lists.place = tmp_path
    found = served.client().get("/v1/lists/2026-11-20.csv")
    assert found.status_code == 404
    assert "add `parquet` to `formats`" in found.text


def test_the_packed_list_is_the_same_bytes_each_time(
    client: Client, settings: Settings, feed: Feed
) -> None:
    head = {"Accept-Encoding": "gzip", "Range": "bytes=0-99999999"}
    one = client.get(f"{TEXT}.csv", headers=head)
    (packed,) = (settings.lists / ".pulled" / "2026-11-21").glob("*/list.csv.gz")
    plain = gzip.decompress(packed.read_bytes())
    assert plain == (settings.lists / "2026-11-21" / "list.csv").read_bytes()
    packed.unlink()
    assert client.get(f"{TEXT}.csv", headers=head).headers["etag"] == one.headers["etag"]
