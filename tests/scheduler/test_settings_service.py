"""Settings of the service: what is written is read back; what is wrong is said with its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest

from engine.problem import Problems, as_text
from scheduler.settings import FILE, Settings, read_bytes, text_of
from scheduler.settings_service import Jobs, Serving

HOME = Path("home")


def of(text: str) -> Settings:
    return read_bytes(text.encode(), FILE, HOME)


def test_what_differs_is_written_out_and_read_back() -> None:
    chosen = replace(
        Settings(home=HOME),
        jobs=Jobs(time(4, 30), 8, 15, 5, None, None),
        service=Serving("0.0.0.0", 9000, 0, 64, "https://alarms.example/x?y=1"),
    )
    text = text_of(chosen)
    assert "jobs: {list: 04:30, grace: 8, seal: 15, expire: 5, refresh: never, " in text
    assert of(text) == chosen
    assert of("jobs: {list: 04:30}").jobs == replace(Jobs(), list=time(4, 30))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("jobs: 5\n", "1:7  R011  `jobs` is a mapping of words to values"),
        (
            "jobs: {lists: 05:00}\n",
            "1:8  R013  unknown word `lists` in `jobs`; did you mean `list`",
        ),
        ("jobs: {list: 5am}\n", "R030  `list`: `5am` is not a time of day"),
        ("jobs: {list: never}\n", "R030  `list`: `never` is not a time of day"),
        ("jobs: {grace: 24}\n", "R030  `grace` is a whole number from 1 to 23, not `24`"),
        ("jobs: {refresh: soon}\n", "R030  `refresh` is a whole number from 1 to 1,440"),
        ("jobs: {seal: [1]}\n", "R011  `seal` is one value"),
        ("service: {port: 65536}\n", "R030  `port` is a whole number from 0 to 65,535"),
        ("service: {host: 'a b'}\n", "R030  `a b` is no address; as in `127.0.0.1`"),
        ("service: {webhook: alarms}\n", "R030  `alarms` is no address to tell"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, line: str) -> None:
    with pytest.raises(Problems) as error:
        of(text)
    said = as_text(error.value.problems, "")
    for part in line.split("; as in"):
        assert part.split("  ", 1)[-1] in said or part in said, said
