"""The tables of the live core: contact groups, permits, live decisions, withdrawals."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from scheduler.store.append_only import of_key
from scheduler.store.tables import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOVING: Final[dict[str, str]] = {
    "link": "key* consumer*",
    "contact_group": "consumer* grp",
    "group_state": "grp* version:whole at:instant",
    "watermark": "name* row:whole",
    "live_head": "id*:whole seq:whole chain change:whole",
}
"""What is worked out from other rows, and may be worked out again."""
KEPT: Final[dict[str, str]] = {
    "live_decision": "seq*:whole at:instant common public personal? salt? inner chain",
    "live_situation": "common* situation* content",
    "live_common": "common* content",
    "permit": (
        "permit* decision consumer account point channel contact? by opened_at:instant "
        "until:instant"
    ),
    "permit_end": "permit* how at:instant by",
    "release": (
        "release* consumer account rule channel? point? person? factor reason? by "
        "made_at:instant until:instant"
    ),
    "release_use": "release* permit*",
    "change": (
        "seq*:whole at:instant day:day row_id:whole consumer account point channel rules decision"
    ),
}
"""Tables whose rows never change. `*`: of the key; `?`: may be null."""
PERSONAL: Final[dict[str, tuple[str, ...]]] = {
    "live_decision": ("personal", "salt"),
    "permit": ("contact",),
    "release": ("person", "reason"),
}
INDEXES: Final[tuple[tuple[str, str], ...]] = (
    ("contact_group", "grp"),
    ("permit", "consumer"),
    ("permit", "until"),
    ("release", "consumer"),
    ("change", "day row_id"),
    *((one, "consumer") for one in ("account", "contact_point", "address")),
    *((one, "consumer") for one in ("contact", "statement", "knowledge")),
)
_TYPES: Final[dict[str, type[sa.types.TypeEngine[Any]]]] = {
    "": sa.Text,
    "day": sa.Date,
    "whole": sa.BigInteger,
    "instant": Instant,
}


def upgrade() -> None:
    """Make them; group everybody anew at the next question."""
    for name, text in (MOVING | KEPT).items():
        words = [one.partition(":") for one in text.split()]
        op.create_table(
            name,
            *(
                sa.Column(
                    word.rstrip("*?"),
                    _TYPES[kind](),
                    nullable=word.endswith("?"),
                    primary_key=word.endswith("*"),
                    autoincrement=False,
                )
                for word, _, kind in words
            ),
        )
    for name, by in INDEXES:
        op.create_index(f"{name}_by_{by.replace(' ', '_')}", name, by.split())
    kept = {}
    for name, text in KEPT.items():
        columns = [one.partition(":")[0] for one in text.split()]
        key = [one.rstrip("*") for one in columns if one.endswith("*")]
        kept[name] = ([one.rstrip("*?") for one in columns], key, PERSONAL.get(name, ()))
    for statement in of_key(op.get_bind().dialect.name, kept):
        op.execute(statement)
