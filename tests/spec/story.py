"""The language of the specification: given what happened, when this arrives, then this is told.

What is told is shown as short texts, so that a table of expectations can be read as such:

- `event 3 cancel-requested: processing -> canceling`
- `ask inventory.release 3:1` (the version that began the wait, and the attempt)
- `answer cancel-9: rejected INVALID_TRANSITION, shipped v3, allowed delivered`
- `answer create-1: accepted, processing v2, with order, copy to shop.replies`
- `answer again cancel-9`: an answer that is remembered, told once more
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.events import EventType
from schemas.replies import ReplyType
from schemas.results import Code
from schemas.status import Status
from schemas.topics import COMMANDS, REPLIES
from tests.orders.records import Record
from workers.orders.deadlines import Patience, asked_again
from workers.orders.decisions import Moment, with_waiting
from workers.orders.encode import order_json, result_value
from workers.orders.evolve import created, evolve
from workers.orders.order import Cause, Change, Order, ProductLine, Shipping
from workers.orders.order_batch import Arrival, Known, OrderBatch, work_through
from workers.orders.outgoing import encode_batch
from workers.orders.react import EventOutput, Output, RequestOutput, ResultOutput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.headers import ReplyAddress
    from workers.orders.answers import Answer
    from workers.orders.messages import Message
    from workers.orders.ports import Refusal, RefusalKey

ORDER_ID = "order-1"
LANE = 3
BEGIN = 1_700_000_000_000
"""When the first thing happened, in milliseconds; each further one came a second later."""

NOW = BEGIN + 60_000
"""When what is given is over, and messages arrive."""

PATIENCE = Patience(first_pause=5_000, attempts=5)
ACKNOWLEDGED = {COMMANDS: 100, REPLIES: 100}

PENDING = ("created",)
PROCESSING = ("created", "processing")
SHIPPED = ("created", "processing", "shipped")
DELIVERED = ("created", "processing", "shipped", "delivered")
CANCELING = ("created", "processing", "cancel-requested")
CANCELING_UNDECIDED = ("created", "cancel-requested")
CANCELED = ("created", "processing", "cancel-requested", "canceled")
REJECTED = ("created", "rejected")
EXPIRED = ("created", "expired")
DELETED = ("created", "rejected", "deleted")

HISTORIES = {
    "nothing": (),
    "pending": PENDING,
    "processing": PROCESSING,
    "shipped": SHIPPED,
    "delivered": DELIVERED,
    "canceling": CANCELING,
    "canceled": CANCELED,
    "rejected": REJECTED,
    "expired": EXPIRED,
    "deleted": DELETED,
}
"""What must have happened for an order to have each status."""

_BY_REPLY = {
    "processing": ReplyType.RESERVED,
    "rejected": ReplyType.REFUSED,
    "expired": ReplyType.DEADLINE,
    "canceled": ReplyType.RELEASED,
    "cancel-refused": ReplyType.RELEASE_REFUSED,
}
_DETAILS: dict[str, dict[str, Any]] = {
    "created": {"shipping": Shipping("DHL", "1")},
    "shipping-updated": {"shipping": Shipping("UPS", "2")},
    "cancel-requested": {"reason": "changed my mind"},
    "canceled": {"reason": "changed my mind"},
    "rejected": {
        "reason": "OUT_OF_STOCK",
        "code": "OUT_OF_STOCK",
        "message": "only one apple is left",
        "products": ("apple",),
    },
    "expired": {"reason": str(Code.CHECKS_TIMEOUT)},
}


def given(*happened: str) -> Story:
    """Begin a story with an order to which this happened: event names, oldest first.

    `silence` stands for a deadline after which was asked again; `released` and `fulfilled` for
    the reply that ends such a wait without a new version.
    """
    order: Order | None = None
    for happening in happened:
        order = _after(order, happening)
    return Story(order)


def _after(order: Order | None, happening: str) -> Order:
    version = 1 if order is None else order.version + 1
    at = BEGIN + 1_000 * (version - 1)
    if order is not None and happening in {"released", "fulfilled"}:
        return order._replace(waiting=None)
    if order is not None and happening == "silence":
        assert order.waiting is not None, "nobody is waited for, so there is no silence"
        return order._replace(waiting=asked_again(order.waiting, order.waiting.due_at, PATIENCE))
    event = EventType(f"order.{happening}.v1")
    change = Change(
        version, event, at, _cause_of(happening, version), **_DETAILS.get(happening, {})
    )
    if order is None:
        lines = (ProductLine("apple", 2), ProductLine("pear", 1))
        after = created(ORDER_ID, LANE, "customer-1", "default", lines, change)
    else:
        after = evolve(order, change)._replace(revision=order.revision + 1)
    return with_waiting(order, after, Moment(at, LANE, PATIENCE))


def _cause_of(happening: str, version: int) -> Cause:
    reply_type = _BY_REPLY.get(happening)
    if reply_type is not None:
        return Cause("/services", f"{happening}-{version}", reply_type, REPLIES, version)
    return Cause("/shop", f"{happening}-{version}", f"order.{happening}.v1", COMMANDS, version)


@dataclass(frozen=True)
class Story:
    """An order, or none, and what is remembered besides."""

    order: Order | None
    refusals: Mapping[RefusalKey, Refusal] = field(default_factory=dict)
    now: int = NOW
    acknowledged: Mapping[str, int] = field(default_factory=lambda: ACKNOWLEDGED)
    lane: int = LANE

    def at(self, seconds: float) -> Story:
        """Let this many seconds have passed since the first thing happened."""
        return replace(self, now=BEGIN + int(seconds * 1000))

    def in_lane(self, lane: int) -> Story:
        """Let the messages arrive in another lane."""
        return replace(self, lane=lane)

    def with_version(self, version: int) -> Story:
        """Let the order have this version already, after changes that do not matter."""
        assert self.order is not None
        return replace(self, order=self.order._replace(version=version))

    def not_acknowledged_from(self, version: int) -> Story:
        """Let the process have died before it acknowledged what caused this version."""
        return replace(self, acknowledged={COMMANDS: version, REPLIES: version})

    def when(self, *messages: Message) -> Outcome:
        """Let these messages arrive as one batch."""
        known = Known(self.order, self.refusals, self.acknowledged, told=0)
        arrivals = [Arrival(message, _record(message, self.lane)) for message in messages]
        moment = Moment(self.now, self.lane, PATIENCE)
        return Outcome(self, work_through(arrivals, known, moment))


def _record(message: Message, lane: int) -> Record:
    cause = message.cause
    return Record(cause.topic, lane, cause.offset, key=ORDER_ID.encode(), value=b"as it came")


class Told(NamedTuple):
    """One answer, and where its copies go."""

    answer: Answer
    copies: Sequence[ReplyAddress]


@dataclass(frozen=True)
class Outcome:
    """What became of the messages."""

    story: Story
    batch: OrderBatch

    @property
    def told(self) -> tuple[str, ...]:
        """Everything that is told, in order; answers that are to be remembered come last."""
        outputs = [_text(output) for output in self.batch.outputs]
        answers = [_answer(*told) for told in self._refused]
        again = [f"answer again {key.id}{_to(copy)}" for key, copy in self.batch.repeated]
        return (*outputs, *answers, *again)

    def then(self, *expected: str) -> None:
        """Expect exactly this to be told."""
        assert self.told == expected

    @property
    def order(self) -> Order:
        """The order as it is now."""
        assert self.batch.order is not None
        return self.batch.order

    @property
    def waits_for(self) -> str:
        """For what is waited: purpose, version and attempt, and how many seconds from now."""
        waiting = self.order.waiting
        if waiting is None:
            return "nothing"
        seconds = (waiting.due_at - self.story.now) / 1000
        return f"{waiting.purpose} {waiting.since}:{waiting.attempt}, {seconds:g} s"

    @property
    def events(self) -> list[EventOutput]:
        """The events that are told."""
        return [output for output in self.batch.outputs if isinstance(output, EventOutput)]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The data of all results, as they go out: of changes, then of refusals."""
        changes = [
            Told(output.answer, output.copies)
            for output in self.batch.outputs
            if isinstance(output, ResultOutput)
        ]
        return [_data(told.answer) for told in (*changes, *self._refused)]

    @property
    def result(self) -> dict[str, Any]:
        """The data of the only result."""
        (found,) = self.results
        return found

    @property
    def _refused(self) -> list[Told]:
        return [Told(*refused) for refused in self.batch.refusals.values()]

    def afterwards(self) -> Story:
        """Go on once all of this is stored, told, remembered and acknowledged."""
        outgoing = encode_batch(self.batch, self.story.refusals, LANE)
        remembered = {made.refusal.key: made.refusal for made in outgoing.refusals}
        return replace(
            self.story,
            order=self.batch.order,
            refusals={**remembered, **self.story.refusals},
            acknowledged={COMMANDS: 1_000_000, REPLIES: 1_000_000},
        )

    @property
    def changes_nothing(self) -> bool:
        """Whether nothing is stored, told, remembered or forwarded."""
        batch = self.batch
        idle = not (batch.outputs or batch.refusals or batch.repeated or batch.forwarded)
        return idle and not batch.is_written


def _data(answer: Answer) -> dict[str, Any]:
    order = None if answer.order is None else order_json(answer.order)
    data: dict[str, Any] = json.loads(result_value(answer, order))
    return data


def _text(output: Output) -> str:
    match output:
        case EventOutput():
            change = output.order.history[-1]
            before = output.previous_status or Status("pending")
            steps = "pending" if change.version == 1 else f"{before} -> {output.order.status}"
            return f"event {output.order.version} {_short(change.type)}: {steps}"
        case RequestOutput():
            return f"ask {output.type.removesuffix('.v1')} {output.since}:{output.attempt}"
        case ResultOutput():
            return _answer(output.answer, output.copies)


def _short(event: EventType) -> str:
    return event.removeprefix("order.").removesuffix(".v1")


def _answer(answer: Answer, copies: Sequence[ReplyAddress]) -> str:
    parts = [f"answer {answer.command.id}: {answer.outcome}"]
    if answer.code is not None:
        parts[0] += f" {answer.code}"
    if answer.status is not None:
        parts.append(f"{answer.status} v{answer.version}")
    if answer.allowed is not None:
        parts.append(f"allowed {' '.join(answer.allowed) or 'nothing'}")
    if answer.order is not None:
        parts.append("with order")
    return ", ".join(parts) + "".join(_to(address) for address in copies)


def _to(address: ReplyAddress | None) -> str:
    return "" if address is None else f", copy to {address.topic}"
