"""An example of every message's headers: those that must be there, and those worth showing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas import headers as names
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.topics import REPLIES
from workers.contract.envelope import ENVELOPES, SERVICE_SOURCE
from workers.contract.examples import CHANGED_AT, CLIENT, COMMAND_ID, ORDER_ID, order_version
from workers.contract.messages import ANSWERS, Kind, PublishedMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MESSAGE_ID: Final = "0b6d3c52-9d0a-5f44-8a1e-3f6f3f0c9a21"
_CLIENTS_TOPIC: Final = "shop.replies"
_WORTH_SHOWING: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.COMMAND: (
        names.SUBJECT,
        names.CONTENT_TYPE,
        names.REPLY_TOPIC,
        names.REPLY_CORRELATION,
    ),
    Kind.RESULT: (names.SUBJECT,),
    Kind.REPLY: (names.SUBJECT, names.CONTENT_TYPE),
}
_COMMON: Final[Mapping[str, str]] = {
    names.SPEC_VERSION: names.CLOUD_EVENTS_VERSION,
    names.TIME: CHANGED_AT,
    names.CONTENT_TYPE: names.JSON_CONTENT.decode(),
    names.SUBJECT: ORDER_ID,
    names.CORRELATION_ID: COMMAND_ID,
    names.CAUSATION_ID: COMMAND_ID,
    names.REPLY_PARTITION: "3",
}
_ASKED_BY: Final[Mapping[str, RequestType]] = {
    **{reply: request for request, replies in ANSWERS.items() for reply in replies},
    ReplyType.DEADLINE: RequestType.VALIDATE,
}


def header_example(message: PublishedMessage) -> dict[str, str]:
    """The headers of a message."""
    wanted = (*ENVELOPES[message.kind].required, *_WORTH_SHOWING.get(message.kind, ()))
    return {name: _value(name, message) for name in wanted}


def _value(name: str, message: PublishedMessage) -> str:
    make = _OWN.get(name)
    return _COMMON[name] if make is None else make(message)


def _reply_topic(message: PublishedMessage) -> str:
    return _CLIENTS_TOPIC if message.kind is Kind.COMMAND else REPLIES


def _identity(message: PublishedMessage) -> str:
    match message.kind:
        case Kind.COMMAND:
            return COMMAND_ID
        case Kind.REQUEST:
            return _request_id(message.name)
        case _:
            return _MESSAGE_ID


def _source(message: PublishedMessage) -> str:
    match message.kind:
        case Kind.COMMAND:
            return CLIENT
        case Kind.REPLY:
            return "/customers" if message.name.startswith("customer.") else "/inventory"
        case _:
            return SERVICE_SOURCE


def _correlation(message: PublishedMessage) -> str:
    match message.kind:
        case Kind.COMMAND:
            return COMMAND_ID
        case Kind.REQUEST:
            return _request_id(message.name)
        case _:
            return _request_id(_ASKED_BY[message.name])


def _request_id(request: str) -> str:
    """As the service makes them; to whom it is sent they are mere bytes."""
    return f"{ORDER_ID}:{request}:1:1"


_OWN: Final[Mapping[str, Callable[[PublishedMessage], str]]] = {
    names.TYPE: lambda message: message.name,
    names.ID: _identity,
    names.SOURCE: _source,
    names.ORDER_VERSION: lambda message: str(order_version(message)),
    names.REPLY_TOPIC: _reply_topic,
    names.REPLY_CORRELATION: _correlation,
}
"""The headers that are not the same in all examples."""
