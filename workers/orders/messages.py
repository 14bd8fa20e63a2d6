"""What arrives for an order, as plain data: commands, replies and deadlines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from schemas.commands import Command
    from schemas.replies import Reply
    from schemas.requests import RequestType
    from schemas.results import Code
    from workers.orders.order import Cause


class CommandMessage(NamedTuple):
    """A command whose data is well formed."""

    order_id: str
    cause: Cause
    data: Command


class InvalidCommand(NamedTuple):
    """A command that can be answered, not carried out; `errors` are (path, message, product)."""

    order_id: str | None
    cause: Cause
    code: Code
    message: str
    errors: tuple[tuple[str | None, str | None, str | None], ...] = ()


class RequestReference(NamedTuple):
    """The request that a reply names: what was asked, at which version, for which time."""

    order_id: str
    type: RequestType
    since: int
    attempt: int


class ReplyMessage(NamedTuple):
    """A reply to one of our requests, or a deadline of ours."""

    request: RequestReference
    cause: Cause
    data: Reply

    @property
    def order_id(self) -> str:
        """The order that the request was about."""
        return self.request.order_id


Message = CommandMessage | InvalidCommand | ReplyMessage
