"""All messages of one order in one batch: decided one after the other, on the order as it becomes.

Pure: what is to be written, told, remembered and forwarded comes out as plain data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, assert_never

from schemas.commands import Delete
from schemas.events import EventType
from schemas.limits import MAX_REPLY_ADDRESSES
from schemas.status import Status
from workers.orders.answers import answer, version_of_command, version_that_answers
from workers.orders.decide import decide_command, refuse_invalid
from workers.orders.decide_replies import decide_reply
from workers.orders.decisions import Ask, Changed, Ignored, Moment, Refused, Remembered
from workers.orders.evolve import at_version
from workers.orders.messages import CommandMessage, InvalidCommand, Message, ReplyMessage
from workers.orders.ports import RefusalKey
from workers.orders.react import (
    EventOutput,
    Output,
    ResultOutput,
    next_request,
    react,
    react_again,
    request_again,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.headers import ReplyAddress
    from workers.orders.answers import Answer
    from workers.orders.order import Cause, Change, Order
    from workers.orders.ports import Refusal
    from workers.stream.ports import InboundRecord


class Arrival(NamedTuple):
    """A message, and the record that it came in."""

    message: Message
    record: InboundRecord


class RepeatedRefusal(NamedTuple):
    """A refusal that was remembered before, and who wants a copy of it now."""

    key: RefusalKey
    copy: ReplyAddress | None


@dataclass(slots=True)
class OrderBatch:
    """What became of one order's messages; `order` is the order now, `loaded` as it was stored."""

    loaded: Order | None
    order: Order | None
    outputs: list[Output] = field(default_factory=list)
    refusals: dict[RefusalKey, tuple[Answer, list[ReplyAddress]]] = field(default_factory=dict)
    repeated: list[RepeatedRefusal] = field(default_factory=list)
    forwarded: list[InboundRecord] = field(default_factory=list)
    postponed: list[Arrival] = field(default_factory=list)
    ignored: int = 0

    @property
    def is_written(self) -> bool:
        """Whether the order is to be stored."""
        return self.order is not self.loaded

    @property
    def has_new_state(self) -> bool:
        """Whether a version is told, so that a snapshot belongs to it."""
        return any(isinstance(output, EventOutput) for output in self.outputs)


class Known(NamedTuple):
    """What is known of an order before its messages are decided.

    `acknowledged` tells, for each topic, the offset below which all outputs have been published;
    `told` up to which version this order's have been, whatever the offsets say.
    """

    order: Order | None
    refusals: Mapping[RefusalKey, Refusal]
    acknowledged: Mapping[str, int]
    told: int = 0


def work_through(arrivals: Sequence[Arrival], known: Known, moment: Moment) -> OrderBatch:
    """Decide all messages of one order, in the order of their arrival."""
    batch = OrderBatch(known.order, known.order)
    if known.order is not None and known.order.lane != moment.lane:
        batch.forwarded.extend(arrival.record for arrival in arrivals)
        return batch
    _tell_what_was_not_told(batch, known)
    for index, arrival in enumerate(arrivals):
        if _must_wait(arrival.message, batch):
            batch.postponed.extend(arrivals[index:])
            break
        _handle(arrival.message, batch, known, moment)
    if batch.is_written and batch.order is not None and batch.loaded is not None:
        revision = max(batch.order.revision, batch.loaded.revision + 1)
        batch.order = batch.order._replace(revision=revision)
    return batch


def _tell_what_was_not_told(batch: OrderBatch, known: Known) -> None:
    order = known.order
    if order is None:
        return
    # What led to a deletion was told before it was decided, and cannot be made again.
    candidates = order.history[-1:] if order.status is Status.DELETED else order.history
    for change in candidates:
        is_acknowledged = change.cause.offset < known.acknowledged.get(change.cause.topic, 0)
        if change.version > known.told and not is_acknowledged:
            batch.outputs.extend(react_again(order, change.version))


def _must_wait(message: Message, batch: OrderBatch) -> bool:
    """A deletion waits until all that it erases has been told."""
    deletes = isinstance(message, CommandMessage) and isinstance(message.data, Delete)
    return deletes and bool(batch.outputs or batch.refusals or batch.repeated)


def _handle(message: Message, batch: OrderBatch, known: Known, moment: Moment) -> None:
    match message:
        case ReplyMessage():
            _handle_reply(message, batch, moment)
        case CommandMessage() | InvalidCommand():
            if not _answered_before(message.cause, message.order_id, batch, known):
                _handle_command(message, batch, moment)
        case _:
            assert_never(message)


def _handle_reply(message: ReplyMessage, batch: OrderBatch, moment: Moment) -> None:
    order = batch.order
    if order is None:
        batch.ignored += 1
        return
    decision = decide_reply(message, order, moment)
    match decision:
        case Changed():
            _take_change(decision.order, batch)
        case Ask():
            batch.outputs.append(
                next_request(order, decision.request, decision.attempt, message.cause)
            )
        case Remembered():
            batch.order = decision.order
            if decision.request is not None:
                asked = request_again(
                    decision.order, decision.request, decision.asked_at, message.cause
                )
                batch.outputs.append(asked)
                # Requests are numbered by it: the next one of this batch is another request.
                batch.order = decision.order._replace(revision=order.revision + 1)
        case Ignored() | Refused():
            batch.ignored += 1
        case _:
            assert_never(decision)


def _handle_command(
    message: CommandMessage | InvalidCommand, batch: OrderBatch, moment: Moment
) -> None:
    decision = (
        refuse_invalid(message, moment)
        if isinstance(message, InvalidCommand)
        else decide_command(message, batch.order, moment)
    )
    match decision:
        case Changed():
            _take_change(decision.order, batch)
        case Refused():
            key = _key(message.cause, message.order_id)
            batch.refusals[key] = (decision.answer, _addresses(message.cause))
        case Ask() | Remembered() | Ignored():
            batch.ignored += 1
        case _:
            assert_never(decision)


def _take_change(after: Order, batch: OrderBatch) -> None:
    batch.outputs.extend(react(batch.order, after))
    batch.order = after


def _answered_before(cause: Cause, order_id: str | None, batch: OrderBatch, known: Known) -> bool:
    """Answer a command that was seen before, as it was answered then."""
    order = batch.order
    version = None if order is None else version_of_command(order, cause.source, cause.id)
    if order is not None and version is not None:
        _answer_again(cause, order, version, batch)
        return True
    key = _key(cause, order_id)
    if key in batch.refusals:
        batch.refusals[key][1].extend(_addresses(cause))
        return True
    if key in known.refusals:
        batch.repeated.append(RepeatedRefusal(key, cause.reply))
        return True
    return False


def _answer_again(cause: Cause, order: Order, version: int, batch: OrderBatch) -> None:
    made = order.history[version - 1]
    if (made.cause.topic, made.cause.offset) == (cause.topic, cause.offset):
        return
    decided = version_that_answers(order, version)
    if decided is None:
        _remember_address(cause, made, order, batch)
        return
    told = answer(at_version(order, decided), made)
    if order.status is Status.DELETED and made.type is not EventType.DELETED:
        told = told._replace(order=None)
    batch.outputs.append(ResultOutput(told, tuple(_addresses(cause))))


def _remember_address(cause: Cause, made: Change, order: Order, batch: OrderBatch) -> None:
    """The outcome is not known yet: the new delivery's address gets its copy then, too."""
    if cause.reply is None or cause.reply in (made.cause.reply, *made.copies):
        return
    noted = made._replace(copies=(*made.copies, cause.reply)[-MAX_REPLY_ADDRESSES:])
    history = tuple(noted if change is made else change for change in order.history)
    batch.order = order._replace(history=history)


def _key(cause: Cause, order_id: str | None) -> RefusalKey:
    return RefusalKey(order_id, cause.source, cause.id)


def _addresses(cause: Cause) -> list[ReplyAddress]:
    return [] if cause.reply is None else [cause.reply]
