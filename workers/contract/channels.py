"""The channels of the AsyncAPI document: every topic, how it is kept, and what is on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from schemas.results import RESULT_TYPE
from schemas.topics import (
    COMMANDS,
    CONSUMED,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
    TOPICS,
    Topic,
    dead_letter_topic,
)
from workers.contract.components import reference
from workers.contract.dead_letter_messages import DEAD_LETTER, SETTLED_LETTER
from workers.contract.kafka_bindings import KAFKA_BINDING
from workers.contract.messages import messages_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPLY_TOPIC: Final = "reply-topic"
"""The channel that a client names in its command."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is not the same everywhere: the brokers (host:port), and how topics are created.

    `encrypted` is whether brokers are spoken to over TLS; `login` is how clients log in, by the
    name that Kafka has for it, such as SCRAM-SHA-512, or None.
    """

    brokers: Sequence[str]
    partitions: int
    replicas: int
    encrypted: bool = False
    login: str | None = None


_ON_A_DEAD_LETTER_TOPIC: Final = [DEAD_LETTER, SETTLED_LETTER]
_LOGINS: Final[Mapping[str, str]] = {
    "PLAIN": "plain",
    "SCRAM-SHA-256": "scramSha256",
    "SCRAM-SHA-512": "scramSha512",
}
"""Kafka's names of logins, and those of AsyncAPI's security schemes."""


_MEANINGS: Final[Mapping[str, str]] = {
    COMMANDS: "Commands, from anybody. The key is the order id.",
    RESULTS: "The result of every command, for everybody; the same at every delivery.",
    EVENTS: (
        "Every version of every order, in order and without gaps. An event may come again after a "
        "failure (1 2 3 2), equal to the byte; a later one never comes first (1 3 2)."
    ),
    SNAPSHOTS: (
        "The newest version of every order, compacted; a null value once it is deleted. Keep the "
        "highest `ce_orderversion` of each order."
    ),
    REPLIES: "Answers to the orders worker's requests, and its own deadlines.",
    CUSTOMER_REQUESTS: "Questions about customers. Whoever answers them is the customer service.",
    INVENTORY_REQUESTS: (
        "Reservations, releases and fulfillments. Whoever answers them is the inventory service."
    ),
    **{
        dead_letter_topic(topic): f"What could not be handled of `{topic}`, as it was."
        for topic in CONSUMED
    },
}


def servers(deployment: Deployment) -> dict[str, Any]:
    """The brokers."""
    many = len(deployment.brokers) > 1
    return {
        f"kafka-{number}" if many else "kafka": _server(broker, deployment)
        for number, broker in enumerate(deployment.brokers, start=1)
    }


def _server(broker: str, deployment: Deployment) -> dict[str, Any]:
    server: dict[str, Any] = {
        "host": broker,
        "protocol": "kafka-secure" if deployment.encrypted else "kafka",
        "description": "A Kafka broker.",
    }
    if deployment.login is not None:
        server["security"] = [{"type": _LOGINS[deployment.login]}]
    return server


def channels(deployment: Deployment) -> dict[str, Any]:
    """All topics, and the reply topic that is a client's own."""
    return {
        **{topic.name: _channel(topic, deployment) for topic in TOPICS},
        REPLY_TOPIC: {
            "address": None,
            "title": "your reply topic",
            "description": (
                "Where a command names a reply topic, a copy of its result goes there, with the "
                "bytes of its correlation, keyed by the order id. None of the service's own topics "
                "can be one. A copy may be missing; the result on `orders.results` is not."
            ),
            "messages": {RESULT_TYPE: reference("components", "messages", RESULT_TYPE)},
        },
    }


def _channel(topic: Topic, deployment: Deployment) -> dict[str, Any]:
    types = [message.name for message in messages_on(topic.name)] or _ON_A_DEAD_LETTER_TOPIC
    return {
        "address": topic.name,
        "title": topic.name,
        "description": _MEANINGS[topic.name],
        "messages": {name: reference("components", "messages", name) for name in types},
        "bindings": {"kafka": _kafka(topic, deployment)},
    }


def _kafka(topic: Topic, deployment: Deployment) -> dict[str, Any]:
    config = topic.config
    numbers = {name: int(value) for name, value in config.items() if name != "cleanup.policy"}
    return {
        "topic": topic.name,
        "partitions": deployment.partitions,
        "replicas": deployment.replicas,
        "topicConfiguration": {"cleanup.policy": [config["cleanup.policy"]], **numbers},
        "bindingVersion": KAFKA_BINDING,
    }
