"""Every message that crosses a topic, in one table: its type, kind, data, topic and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from schemas.commands import COMMAND_MODELS, CommandType
from schemas.events import SNAPSHOT_TYPE, EventType, OrderEvent
from schemas.orders import Order
from schemas.replies import REPLY_MODELS, ReplyType
from schemas.requests import REQUEST_MODELS, RequestType
from schemas.results import RESULT_TYPE, Result
from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.base import Message


class Kind(StrEnum):
    """What a message is for; all messages of a kind have the same headers."""

    COMMAND = "command"
    RESULT = "result"
    EVENT = "event"
    SNAPSHOT = "snapshot"
    REQUEST = "request"
    REPLY = "reply"
    DEADLINE = "deadline"


WRITTEN_BY_OTHERS: Final = frozenset({Kind.COMMAND, Kind.REPLY})
"""The kinds that the service reads: a newer release of it must accept what an older one did."""


@dataclass(frozen=True, slots=True)
class PublishedMessage:
    """A message as it is published: `name` is its `ce_type`, `model` its data."""

    name: str
    kind: Kind
    model: type[Message]
    topic: str
    summary: str


_COMMANDS: Final[Mapping[CommandType, str]] = {
    CommandType.CREATE: "Ask for a new order",
    CommandType.UPDATE_SHIPPING: "Set who carries the order, and its tracking number",
    CommandType.UPDATE_STATUS: "Ask for another status of the order",
    CommandType.CANCEL: "Cancel the order; its stock is given back",
    CommandType.DELETE: "Erase a finished order's personal data",
}
_EVENTS: Final[Mapping[EventType, str]] = {
    EventType.CREATED: "The order is there, and is being checked",
    EventType.PROCESSING: "The customer may order, and the stock is reserved",
    EventType.REJECTED: "The customer or the inventory service said no",
    EventType.EXPIRED: "The customer or the inventory service did not answer in time",
    EventType.SHIPPING_UPDATED: "The order has other shipping",
    EventType.SHIPPED: "The order has left",
    EventType.DELIVERED: "The order has arrived",
    EventType.CANCEL_REQUESTED: "The order is to be canceled, and its stock is being released",
    EventType.CANCEL_REFUSED: "The stock had left already: the order is back where it was",
    EventType.CANCELED: "The order is canceled, and its stock is free",
    EventType.DELETED: "The order's personal data is erased",
}
_REQUESTS: Final[Mapping[RequestType, str]] = {
    RequestType.VALIDATE: "May this customer order?",
    RequestType.RESERVE: "Set these pieces aside for the order, all or nothing",
    RequestType.RELEASE: "Give back what the order holds",
    RequestType.FULFILL: "What the order holds has left the house",
}
_REPLIES: Final[Mapping[ReplyType, str]] = {
    ReplyType.CUSTOMER_VALID: "The customer may order",
    ReplyType.CUSTOMER_INVALID: "The customer may not order",
    ReplyType.RESERVED: "All pieces are set aside",
    ReplyType.REFUSED: "Nothing is set aside",
    ReplyType.RELEASED: "The order holds nothing any more",
    ReplyType.RELEASE_REFUSED: "The pieces have already left",
    ReplyType.FULFILLED: "The pieces have left the books",
    ReplyType.FULFILL_REFUSED: "There was nothing reserved",
    ReplyType.DEADLINE: "Nobody answered in time: the orders worker's reminder to itself",
}


def _request_topic(request: RequestType) -> str:
    return CUSTOMER_REQUESTS if request is RequestType.VALIDATE else INVENTORY_REQUESTS


def _reply_kind(reply: ReplyType) -> Kind:
    return Kind.DEADLINE if reply is ReplyType.DEADLINE else Kind.REPLY


MESSAGES: Final[tuple[PublishedMessage, ...]] = (
    *(
        PublishedMessage(command.value, Kind.COMMAND, COMMAND_MODELS[command], COMMANDS, summary)
        for command, summary in _COMMANDS.items()
    ),
    PublishedMessage(RESULT_TYPE, Kind.RESULT, Result, RESULTS, "The one answer to a command"),
    *(
        PublishedMessage(event.value, Kind.EVENT, OrderEvent, EVENTS, summary)
        for event, summary in _EVENTS.items()
    ),
    PublishedMessage(
        SNAPSHOT_TYPE,
        Kind.SNAPSHOT,
        Order,
        SNAPSHOTS,
        "The newest state of an order; a null value once it is deleted",
    ),
    *(
        PublishedMessage(
            request.value, Kind.REQUEST, REQUEST_MODELS[request], _request_topic(request), summary
        )
        for request, summary in _REQUESTS.items()
    ),
    *(
        PublishedMessage(reply.value, _reply_kind(reply), REPLY_MODELS[reply], REPLIES, summary)
        for reply, summary in _REPLIES.items()
    ),
)
"""All of them, in the order in which the pages tell them."""

ANSWERS: Final[Mapping[RequestType, tuple[ReplyType, ReplyType]]] = {
    RequestType.VALIDATE: (ReplyType.CUSTOMER_VALID, ReplyType.CUSTOMER_INVALID),
    RequestType.RESERVE: (ReplyType.RESERVED, ReplyType.REFUSED),
    RequestType.RELEASE: (ReplyType.RELEASED, ReplyType.RELEASE_REFUSED),
    RequestType.FULFILL: (ReplyType.FULFILLED, ReplyType.FULFILL_REFUSED),
}
"""For each request, the replies that it may have."""


def messages_on(topic: str) -> list[PublishedMessage]:
    """The messages of a topic; none for dead letters, which are records as they were."""
    return [message for message in MESSAGES if message.topic == topic]
