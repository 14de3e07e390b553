"""Statements that go to a PostgreSQL server in one message."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from scheduler.store.trips import Trips


@pytest.fixture
def trips(server: str) -> Iterator[Trips]:
    opened = Trips(psycopg.connect(server, autocommit=True))
    opened.execute("CREATE TEMPORARY TABLE told (number bigint PRIMARY KEY, said text, at date)")
    yield opened
    opened.close()


def count(trips: Trips) -> int:
    ((found,),) = trips.execute("SELECT count(*) FROM told").fetchall()
    return int(found)


def _each(trips: Trips, *told: tuple[str, tuple[int, ...]]) -> None:
    for text, values in told:
        trips.execute(text, values)


def test_statements_are_done_in_turn_and_each_sees_those_before(trips: Trips) -> None:
    done: list[str] = []
    with trips.pipeline(lambda: done.append("meanwhile")):
        trips.execute("BEGIN")
        trips.execute("INSERT INTO told (number, said) VALUES (%s, %s)", (1, None))
        seen = trips.execute("SELECT number, said, at FROM told WHERE number = ANY(%s)", ([1, 2],))
        trips.execute("COMMIT")
        assert not done
    assert seen.fetchall() == [(1, None, None)]
    assert done == ["meanwhile"]
    with trips.pipeline():
        pass
    assert count(trips) == 1


def test_nothing_is_done_after_a_statement_that_failed(trips: Trips) -> None:
    add = "INSERT INTO told (number) VALUES (%s)"
    with pytest.raises(psycopg.errors.UniqueViolation), trips.pipeline():
        _each(trips, ("BEGIN", ()), (add, (1,)), (add, (1,)), ("COMMIT", ()))
    trips.execute("ROLLBACK")
    assert count(trips) == 0
    with pytest.raises(psycopg.errors.UndefinedTable):
        trips.execute("SELECT 1 FROM nowhere")
    with pytest.raises(psycopg.DataError):  # libpq would cut it off there
        trips.execute("INSERT INTO told (number, said) VALUES (%s, %s)", (1, "a\0b"))


def test_a_message_may_be_larger_than_what_waits_on_the_way(trips: Trips) -> None:
    rows = [(number, "x" * 20_000) for number in range(300)]
    with trips.pipeline():
        trips.cursor().executemany("INSERT INTO told (number, said) VALUES (%s, %s)", rows)
        asked = [trips.execute("SELECT said FROM told WHERE number = %s", row[:1]) for row in rows]
    assert [one.fetchall() for one in asked] == [[row[1:]] for row in rows]


def test_a_server_that_is_gone_is_an_error(trips: Trips, server: str) -> None:
    ((process,),) = trips.execute("SELECT pg_backend_pid()").fetchall()
    with psycopg.connect(server, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (process,))
    with pytest.raises(psycopg.DatabaseError):
        trips.execute("SELECT pg_backend_pid()")
    with pytest.raises(psycopg.DatabaseError):
        trips.execute("SELECT 'never prepared'")
