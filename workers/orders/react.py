"""What is told about a change: its event, the request it stands for, and the answers it settles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workers.orders.answers import Answer, answer, command_behind, commands_answered_by
from workers.orders.deadlines import FIRST_REQUEST, purpose_begun
from workers.orders.evolve import at_version
from workers.orders.order import Purpose

if TYPE_CHECKING:
    from schemas.headers import ReplyAddress
    from schemas.requests import RequestType
    from schemas.status import Status
    from workers.orders.order import Cause, Order, Waiting


class EventOutput(NamedTuple):
    """The event of the order's newest change, and the status before it."""

    order: Order
    previous_status: Status | None


class RequestOutput(NamedTuple):
    """A request about an order: `since` and `attempt` make its id."""

    order: Order
    type: RequestType
    since: int
    attempt: int
    at: int
    command: Cause
    caused_by: Cause


class ResultOutput(NamedTuple):
    """A result for everybody, and the addresses that get a copy of it."""

    answer: Answer
    copies: tuple[ReplyAddress, ...]


Output = EventOutput | RequestOutput | ResultOutput


def react(before: Order | None, after: Order) -> list[Output]:
    """All that is told about the newest change of `after`."""
    newest = after.history[-1]
    outputs: list[Output] = [EventOutput(after, None if before is None else before.status)]
    purpose = purpose_begun(before, after)
    if purpose is not None:
        request = FIRST_REQUEST[purpose]
        asking = _command_asking(after, purpose)
        outputs.append(
            RequestOutput(after, request, newest.version, 1, newest.at, asking, newest.cause)
        )
    for asked in commands_answered_by(after):
        copies = (asked.cause.reply, *asked.copies)
        addresses = tuple(address for address in copies if address is not None)
        outputs.append(ResultOutput(answer(after, asked), addresses))
    return outputs


def react_again(order: Order, version: int) -> list[Output]:
    """All that was told about an earlier version, made again from the history."""
    before = at_version(order, version - 1) if version > 1 else None
    return react(before, at_version(order, version))


def next_request(
    order: Order, request: RequestType, attempt: int, caused_by: Cause
) -> RequestOutput:
    """The next question of the same attempt, equal to the byte however often it is caused."""
    waiting = _open_wait(order)
    at = order.history[waiting.since - 1].at
    command = _command_of(order, waiting)
    return RequestOutput(order, request, waiting.since, attempt, at, command, caused_by)


def request_again(order: Order, request: RequestType, now: int, caused_by: Cause) -> RequestOutput:
    """A request that no version stands for, asked after a silence or a late grant."""
    waiting = _open_wait(order)
    command = _command_of(order, waiting)
    return RequestOutput(order, request, waiting.since, waiting.attempt, now, command, caused_by)


def _command_of(order: Order, waiting: Waiting) -> Cause:
    return _command_asking(at_version(order, waiting.since), waiting.purpose)


def _command_asking(order: Order, purpose: Purpose) -> Cause:
    """The command whose life a request belongs to: checks are always the create's."""
    return order.history[0].cause if purpose is Purpose.CHECKS else command_behind(order)


def _open_wait(order: Order) -> Waiting:
    if order.waiting is None:
        message = f"order {order.id} waits for nobody, so nothing is to be asked for it"
        raise ValueError(message)
    return order.waiting
