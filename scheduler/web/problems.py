"""What goes wrong at the door: one shape for every error, a closed list of codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.problem import ForbearError

CODES: Final[dict[str, tuple[int, str]]] = {
    "no_key": (401, "the request carries no key"),
    "bad_key": (401, "the key is unknown or revoked"),
    "not_for_this_key": (403, "the key's scopes do not reach this"),
    "no_clock": (422, "a dialer says what time it is at the client, in `Forbear-Client-Time`"),
    "clock_off": (409, "the client's clock is more than five seconds off"),
    "too_large": (413, "the request's body is larger than may be"),
    "too_many": (429, "the key asks more often than it may; `Retry-After` says when to go on"),
    "not_found": (404, "there is no such thing"),
    "wrong_method": (405, "this address does not know the method"),
    "wrong_request": (422, "the request is not what the contract says; `field` names the part"),
    "wrong_cursor": (422, "the cursor is none of ours, or of another day"),
    "wrong_range": (416, "the range asked for is not in the file"),
    "unknown_account": (404, "no account of that id is known"),
    "unknown_point": (404, "no contact point of that id is known for the account"),
    "wrong_channel": (422, "the contact point does not take the channel"),
    "unknown_word": (422, "a word is none of the closed lists"),
    "unknown_permit": (404, "there is no permit of that id"),
    "not_yours": (403, "the permit was given to another key"),
    "already_ended": (409, "the permit has ended, and otherwise than told now"),
    "was_placed": (409, "the permit cannot be cancelled: something was placed under it"),
    "wrong_time": (422, "the moment cannot be that of the contact"),
    "not_releasable": (409, "what refuses is no presumption: nobody can lift it"),
    "bad_rules": (409, "the rule files have problems; the rulebook in force stays"),
    "not_ready": (503, "nothing can be answered now: take it as a no"),
    "stopping": (503, "the service is stopping: take it as a no"),
    "fault": (500, "a fault of ours: take it as a no"),
}
"""Every code with its HTTP status and what it means."""


class Refused(ForbearError):
    """A request that is not answered: `code` of CODES, and one sentence. Ends as one error."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        more: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Say why; `more` are further errors of the same answer, `field` the part it is about."""
        self.code = code
        self.status, plain = CODES[code]
        self.message = message or plain
        self.field = field
        self.headers = dict(headers or {})
        self.more = tuple(more)
        super().__init__(self.message)


def document(refused: Refused) -> dict[str, Any]:
    """The one shape of an error."""
    first: dict[str, Any] = {"code": refused.code, "message": refused.message}
    if refused.field is not None:
        first["field"] = refused.field
    errors = [dict(one) for one in refused.more] or [first]
    return {"ok": False, "errors": errors, "status": refused.status}
