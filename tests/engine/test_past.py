"""The debts that contacts name, found by position, against a plain mapping."""

from __future__ import annotations

import random

import polars as pl
import pytest

from engine.columns.past import Named, place_in


def test_words_are_found_where_they_stand() -> None:
    keys = pl.Series(["b", "a", "c"])
    assert place_in(keys, pl.Series(["c", None, "b", "x", "c"])).to_list() == [2, None, 0, None, 2]
    assert place_in(keys.clear(), pl.Series(["a"])).to_list() == [None]
    assert place_in(keys, keys.clear()).to_list() == []


@pytest.mark.parametrize("seed", range(30))
def test_contacts_have_their_debts_beside_them(seed: int) -> None:
    dice = random.Random(seed)
    contacts = dice.randint(0, 12)
    debts = {h: dice.sample(range(9), dice.choice([0, 0, 1, 1, 1, 2, 3])) for h in range(contacts)}
    order = dice.sample(sorted(debts), contacts)  # those of a contact together, in any order
    rows = [(h, a, a // 2, None if a % 3 else a) for h in order for a in debts[h]]
    schema = {"h": pl.UInt32, "a": pl.UInt32, "pool": pl.UInt32, "other": pl.UInt32}
    named = Named.told(pl.DataFrame(rows, schema=schema, orient="row"), contacts)
    asked = [dice.randrange(contacts) for _ in range(dice.randint(0, 8))] if contacts else []
    wanted = pl.DataFrame(
        {"h": asked, "word": [f"w{n}" for n in range(len(asked))]},
        schema={"h": pl.UInt32, "word": pl.String},
    )
    plain = [
        (h, f"w{n}", a, a // 2, None if a % 3 else a) for n, h in enumerate(asked) for a in debts[h]
    ]
    assert sorted(named.beside(wanted).rows(), key=str) == sorted(plain, key=str)
    silent = [(h, f"w{n}") for n, h in enumerate(asked) if not debts[h]]
    assert named.silent(wanted).rows() == silent
