"""The script of the demo: stories of orders, as a table of what is sent and what must follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from schemas.commands import CommandType, example
from schemas.events import EventType
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.results import RESULT_TYPE, Code, Outcome
from schemas.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of one product: counted, or how many more than when the story began."""

    available: int = 0
    reserved: int = 0
    fulfilled: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One command and what must come of it.

    `then` are the types that must come on the topics for this order; `stock` is what has become
    of the product since the story began.
    """

    sends: CommandType
    data: Mapping[str, Any]
    then: tuple[str, ...]
    outcome: Outcome
    status: Status
    code: Code | None = None
    stock: Pieces = field(default_factory=Pieces)


@dataclass(frozen=True, slots=True)
class Story:
    """The life of one order of one product; `silent` is a worker that answers nothing meanwhile."""

    title: str
    product: str
    steps: tuple[Step, ...]
    silent: str | None = None


_CHECKED: Final = (EventType.CREATED, RequestType.VALIDATE)
_RESERVED: Final = Pieces(available=-2, reserved=2)
_SOLD: Final = Pieces(available=-2, fulfilled=2)

_CREATE: Final = Step(
    CommandType.CREATE,
    example(CommandType.CREATE),
    (
        *_CHECKED,
        ReplyType.CUSTOMER_VALID,
        RequestType.RESERVE,
        ReplyType.RESERVED,
        EventType.PROCESSING,
        RESULT_TYPE,
    ),
    Outcome.ACCEPTED,
    Status.PROCESSING,
    stock=_RESERVED,
)

REPLY_TIMEOUT: Final = "2"
REPLY_ATTEMPTS: Final = "2"
"""The demo waits for a silent service no longer than an audience would: 2 and 4 seconds."""

STORIES: Final = (
    Story(
        "An order is created, given to another carrier, shipped, delivered and deleted",
        "98765",
        (
            _CREATE,
            Step(
                CommandType.UPDATE_SHIPPING,
                {"company": "UPS", "trackingNumber": "XYZ456"},
                (EventType.SHIPPING_UPDATED, RESULT_TYPE),
                Outcome.ACCEPTED,
                Status.PROCESSING,
                stock=_RESERVED,
            ),
            Step(
                CommandType.UPDATE_STATUS,
                {"status": Status.SHIPPED.value},
                (
                    EventType.SHIPPED,
                    RESULT_TYPE,
                    RequestType.FULFILL,
                    ReplyType.FULFILLED,
                ),
                Outcome.ACCEPTED,
                Status.SHIPPED,
                stock=_SOLD,
            ),
            Step(
                CommandType.UPDATE_STATUS,
                {"status": Status.DELIVERED.value},
                (EventType.DELIVERED, RESULT_TYPE),
                Outcome.ACCEPTED,
                Status.DELIVERED,
                stock=_SOLD,
            ),
            Step(
                CommandType.DELETE,
                {},
                (EventType.DELETED, RESULT_TYPE),
                Outcome.ACCEPTED,
                Status.DELETED,
                stock=_SOLD,
            ),
        ),
    ),
    Story(
        "An order is canceled, and its stock given back",
        "98765",
        (
            _CREATE,
            Step(
                CommandType.CANCEL,
                {"reason": "ordered by mistake"},
                (
                    EventType.CANCEL_REQUESTED,
                    RequestType.RELEASE,
                    ReplyType.RELEASED,
                    EventType.CANCELED,
                    RESULT_TYPE,
                ),
                Outcome.ACCEPTED,
                Status.CANCELED,
            ),
        ),
    ),
    Story(
        "A blocked customer may not order",
        "98765",
        (
            Step(
                CommandType.CREATE,
                {**example(CommandType.CREATE), "customerId": "blocked"},
                (*_CHECKED, ReplyType.CUSTOMER_INVALID, EventType.REJECTED, RESULT_TYPE),
                Outcome.REJECTED,
                Status.REJECTED,
                Code.CUSTOMER_BLOCKED,
            ),
        ),
    ),
    Story(
        "What is sold out cannot be ordered",
        "sold-out",
        (
            Step(
                CommandType.CREATE,
                {
                    **example(CommandType.CREATE),
                    "products": [{"productId": "sold-out", "quantity": 1}],
                },
                (
                    *_CHECKED,
                    ReplyType.CUSTOMER_VALID,
                    RequestType.RESERVE,
                    ReplyType.REFUSED,
                    EventType.REJECTED,
                    RESULT_TYPE,
                ),
                Outcome.REJECTED,
                Status.REJECTED,
                Code.OUT_OF_STOCK,
            ),
        ),
    ),
    Story(
        "An order expires, for the customer service does not answer",
        "98765",
        (
            Step(
                CommandType.CREATE,
                example(CommandType.CREATE),
                (
                    *_CHECKED,
                    ReplyType.DEADLINE,
                    EventType.EXPIRED,
                    RESULT_TYPE,
                    RequestType.RELEASE,
                    ReplyType.RELEASED,
                ),
                Outcome.REJECTED,
                Status.EXPIRED,
                Code.CHECKS_TIMEOUT,
            ),
        ),
        silent="customers",
    ),
)
