"""The list as VICIdial's lead loader takes it: its standard columns, tab between them, no header.

One line for each call row; other channels are not dialled. What is empty is left to the loader:
`list_id` is chosen there, names and addresses are not ours to hand out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

COLUMNS: Final = (
    "vendor_lead_code", "source_id", "list_id", "phone_code", "phone_number", "title",
    "first_name", "middle_initial", "last_name", "address1", "address2", "address3", "city",
    "state", "province", "postal_code", "country_code", "gender", "date_of_birth", "alt_phone",
    "email", "security_phrase", "comments", "rank", "owner",
)  # fmt: skip
"""The loader's columns, in its order."""
TOP: Final = 9_999
"""The highest rank. A campaign that orders by rank, highest first, follows our priority."""
SHORTEST: Final = 20  # characters that vendor_lead_code holds there


def leads(rows: pl.DataFrame) -> pl.DataFrame:
    """List rows as leads. `source_id` is the decision's id, which names the row for ever.

    `vendor_lead_code` is the account, where it fits; `comments` has the windows at the consumer's
    clock and the duties.
    """
    number = pl.col("number")
    given = {
        "vendor_lead_code": pl.when(pl.col("account").str.len_chars() <= SHORTEST)
        .then("account")
        .otherwise(pl.lit("")),
        "source_id": pl.col("decision_id"),
        "phone_code": pl.lit("1"),
        "phone_number": number.str.strip_prefix("+1"),
        "comments": pl.concat_str(
            pl.col("windows_local").str.replace_all(r'[\[\]"]', ""),
            pl.col("duties"),
            separator=" ",
        ),
        "rank": (TOP + 1 - pl.col("priority")).clip(-TOP, TOP).cast(pl.String()),
    }
    calls = rows.filter(pl.col("channel") == "call", number.str.starts_with("+1"))
    return calls.select(
        given.get(name, pl.lit("")).str.replace_all(r"[\t\r\n]", " ").alias(name)
        for name in COLUMNS
    )


def write_leads(path: Path, rows: pl.DataFrame) -> None:
    """Write list rows as leads."""
    leads(rows).write_csv(path, separator="\t", include_header=False, quote_style="never")
