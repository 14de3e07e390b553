"""A store brought back from a copy, beside a log that knows more: never gone on with unseen.

What was decided, placed and told after the copy is not in the store. Gone on with as it is,
attempts would count as never made, and decisions would be numbered a second time.
"""

from __future__ import annotations

from typing import Final

from engine.problem import ForbearError

from ..store.database import Store
from ..store.living import Head, head, set_head
from .keys import Keys
from .sealing_live import sealed_to

LEAP: Final = 1_000_000
"""Places in the changes feed left free: clients may have seen some that the copy does not know."""


class Behind(ForbearError):
    """The store is an older copy than the log: one sentence says what to do."""


def take_up(keys: Keys, store: Store, *, restored: bool) -> int:
    """See that the store knows the log's live decisions; how many it lacks.

    `restored`: somebody says that what happened since the copy was told again; numbers then go on
    behind the log's. Raises Behind, StoreError.
    """
    last, chain = sealed_to(keys.log)
    with store.writing() as connection:
        stands = head(connection)
        lacks = max(0, last - stands.seq)
        if lacks and not restored:
            raise Behind(
                f"the log has live decisions up to {last:,}, the store up to {stands.seq:,}: the "
                "store is an older copy; tell it again what happened since (contacts, statements, "
                "knowledge), then start once with --restored"
            )
        if lacks:
            set_head(connection, Head(last, chain, stands.change + LEAP))
    return lacks
