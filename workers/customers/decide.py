"""May a customer order? Pure: requests and what is known of the customers in, verdicts out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from schemas.replies import ReplyType
from schemas.results import Code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.requests import ValidateCustomer

ACTIVE: Final = "active"
BLOCKED: Final = "blocked"


class Verdict(NamedTuple):
    """The answer to one request; `code` and `message` say why not."""

    type: ReplyType
    code: Code | None = None
    message: str | None = None


VALID: Final = Verdict(ReplyType.CUSTOMER_VALID)
UNKNOWN: Final = Verdict(
    ReplyType.CUSTOMER_INVALID, Code.CUSTOMER_UNKNOWN, "There is no such customer"
)
REFUSED: Final = Verdict(
    ReplyType.CUSTOMER_INVALID, Code.CUSTOMER_BLOCKED, "The customer is blocked"
)


def decide(requests: Sequence[ValidateCustomer], statuses: Mapping[str, str]) -> list[Verdict]:
    """One verdict for each request; `statuses` has the status of every customer that exists."""
    return [_verdict(statuses.get(request.customer_id)) for request in requests]


def _verdict(status: str | None) -> Verdict:
    if status is None:
        return UNKNOWN
    return VALID if status == ACTIVE else REFUSED
