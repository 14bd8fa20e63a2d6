"""The operations of the AsyncAPI document: what the orders worker takes, asks, tells and gives up.

`receive` and `send` are the service's own: a client sends what it receives, and the reverse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schemas import headers as names
from schemas.commands import CommandType
from schemas.events import SNAPSHOT_TYPE, EventType
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.results import RESULT_TYPE
from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
    dead_letter_topic,
)
from workers.contract.channels import REPLY_TOPIC
from workers.contract.components import reference
from workers.contract.dead_letter_messages import DEAD_LETTER
from workers.contract.kafka_bindings import KAFKA_BINDING
from workers.contract.messages import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ORDERS_GROUP: Final = "oms-orders"
_ASKING: Final[Mapping[RequestType, tuple[str, str, str]]] = {
    RequestType.VALIDATE: (
        "checkCustomer",
        CUSTOMER_REQUESTS,
        "Ask the customer service whether the customer may order.",
    ),
    RequestType.RESERVE: (
        "reserveStock",
        INVENTORY_REQUESTS,
        "Ask the inventory service to set all pieces aside, or none.",
    ),
    RequestType.RELEASE: (
        "releaseStock",
        INVENTORY_REQUESTS,
        "Ask the inventory service to take back what an order holds.",
    ),
    RequestType.FULFILL: (
        "fulfillStock",
        INVENTORY_REQUESTS,
        "Tell the inventory service that what an order holds has left.",
    ),
}
_SETTING_ASIDE: Final[Mapping[str, str]] = {
    "setCommandAside": COMMANDS,
    "setReplyAside": REPLIES,
    "setCustomerRequestAside": CUSTOMER_REQUESTS,
    "setInventoryRequestAside": INVENTORY_REQUESTS,
}
_HOW_TO_ANSWER: Final = (
    f"Answer to the topic in `{names.REPLY_TOPIC}` and the partition in `{names.REPLY_PARTITION}`, "
    f"with the bytes of `{names.REPLY_CORRELATION}`. A request may come again: answer the same."
)


def operations() -> dict[str, Any]:
    """All operations, in the order of an order's life."""
    return {
        "takeCommand": _take_command(),
        "tellResult": _send(RESULTS, [RESULT_TYPE], "Tell the one result of a command."),
        "tellEvent": _send(EVENTS, EventType, "Tell a change of an order."),
        "tellSnapshot": _send(SNAPSHOTS, [SNAPSHOT_TYPE], "Tell the newest state of an order."),
        **dict(_ask(request, *how) for request, how in _ASKING.items()),
        "setDeadline": _send(
            REPLIES, [ReplyType.DEADLINE], "Remind itself that nobody has answered a request."
        ),
        "forwardCommand": _send(
            COMMANDS, CommandType, "Hand on, unchanged, what arrived in another partition."
        ),
        **{name: _set_aside(topic) for name, topic in _SETTING_ASIDE.items()},
    }


def _operation(action: str, channel: str, types: Iterable[str], summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": reference("channels", channel),
        "summary": summary,
        "messages": [_message(channel, name) for name in types],
    }


def _message(channel: str, name: str) -> dict[str, str]:
    return reference("channels", channel, "messages", name)


def _send(channel: str, types: Iterable[str], summary: str) -> dict[str, Any]:
    return _operation("send", channel, types, summary)


def _take_command() -> dict[str, Any]:
    summary = "Take a command, and give it exactly one result."
    group = {"type": "string", "enum": [_ORDERS_GROUP]}
    return {
        **_operation("receive", COMMANDS, CommandType, summary),
        "description": (
            f"Every command gets one result on `{RESULTS}`, and a copy at `{names.REPLY_TOPIC}` if "
            "it names one. A command that comes again, with the same source and id, changes "
            "nothing and gets the same result again."
        ),
        "bindings": {"kafka": {"groupId": group, "bindingVersion": KAFKA_BINDING}},
        "reply": {
            "address": {
                "location": f"$message.header#/{names.REPLY_TOPIC}",
                "description": "The topic that the command names; without one there is no copy.",
            },
            "channel": reference("channels", REPLY_TOPIC),
            "messages": [_message(REPLY_TOPIC, RESULT_TYPE)],
        },
    }


def _ask(request: RequestType, name: str, topic: str, summary: str) -> tuple[str, dict[str, Any]]:
    return name, {
        **_send(topic, [request], summary),
        "description": _HOW_TO_ANSWER,
        "reply": {
            "channel": reference("channels", REPLIES),
            "messages": [_message(REPLIES, reply) for reply in ANSWERS[request]],
        },
    }


def _set_aside(topic: str) -> dict[str, Any]:
    summary = f"Set aside what could not be handled of `{topic}`."
    return _send(dead_letter_topic(topic), [DEAD_LETTER], summary)
