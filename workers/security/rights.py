"""The least rights of everybody who takes part, at Kafka and at MongoDB.

`docs/security.md` tells them as commands. The tests hold the service against a Kafka and a MongoDB
that allow these and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from schemas import topics
from schemas.topics import dead_letter_topic

if TYPE_CHECKING:
    from collections.abc import Mapping


class Operation(StrEnum):
    """What Kafka's rights are about, in its own words; Read and Write bring Describe with them."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"


@dataclass(frozen=True, slots=True)
class Rights:
    """What one user may do.

    `topics` and `groups` are Kafka's, by operation; a name that ends with `*` stands for all that
    begin so. `collections` are MongoDB's actions by collection.
    """

    user: str
    purpose: str
    topics: Mapping[Operation, tuple[str, ...]]
    groups: Mapping[Operation, tuple[str, ...]]
    collections: Mapping[str, tuple[str, ...]]


_ALL: Final = tuple(topic.name for topic in topics.TOPICS)
_DEAD_LETTERS: Final = tuple(dead_letter_topic(name) for name in topics.CONSUMED)
_REPLY_TOPICS: Final = "shop.*"
_CLI_REPLY_TOPIC: Final = "oms.cli.replies"

WORKERS: Final = (
    Rights(
        "oms-orders",
        "the orders worker",
        {
            Operation.READ: (topics.COMMANDS, topics.REPLIES),
            Operation.WRITE: (
                topics.COMMANDS,
                topics.RESULTS,
                topics.EVENTS,
                topics.SNAPSHOTS,
                topics.REPLIES,
                topics.CUSTOMER_REQUESTS,
                topics.INVENTORY_REQUESTS,
                dead_letter_topic(topics.COMMANDS),
                dead_letter_topic(topics.REPLIES),
                _REPLY_TOPICS,
                _CLI_REPLY_TOPIC,
            ),
        },
        {Operation.READ: ("oms-orders",)},
        {
            "orders": ("find", "insert", "update", "createIndex"),
            "refusals": ("find", "insert", "update", "createIndex"),
        },
    ),
    Rights(
        "oms-customers",
        "the customers worker",
        {
            Operation.READ: (topics.CUSTOMER_REQUESTS,),
            Operation.WRITE: (topics.REPLIES, dead_letter_topic(topics.CUSTOMER_REQUESTS)),
        },
        {Operation.READ: ("oms-customers",)},
        {"customers": ("find",)},
    ),
    Rights(
        "oms-inventory",
        "the inventory worker",
        {
            Operation.READ: (topics.INVENTORY_REQUESTS,),
            Operation.WRITE: (topics.REPLIES, dead_letter_topic(topics.INVENTORY_REQUESTS)),
        },
        {Operation.READ: ("oms-inventory",)},
        {"stock": ("find", "update"), "reservations": ("find", "insert", "update")},
    ),
)
"""The workers, each as a user of its own."""

STOREFRONT: Final = Rights(
    "shop",
    "a storefront, with reply topics and groups whose names begin with its own",
    {
        Operation.READ: (topics.RESULTS, topics.EVENTS, topics.SNAPSHOTS, _REPLY_TOPICS),
        Operation.WRITE: (topics.COMMANDS,),
        Operation.CREATE: (_REPLY_TOPICS,),
    },
    {Operation.READ: ("shop*",)},
    {},
)

OPERATOR: Final = Rights(
    "oms-operator",
    "whoever runs the other verbs of `oms`",
    {
        Operation.READ: (*_ALL, _CLI_REPLY_TOPIC),
        Operation.WRITE: (*topics.CONSUMED, *_DEAD_LETTERS, topics.SNAPSHOTS),
        Operation.CREATE: (*_ALL, _CLI_REPLY_TOPIC),
        Operation.DESCRIBE_CONFIGS: _ALL,
    },
    {Operation.DESCRIBE: tuple(rights.user for rights in WORKERS)},
    {
        "orders": ("find", "update"),
        "refusals": ("find",),
        "customers": ("find", "insert", "update"),
        "stock": ("find", "insert", "update"),
        "reservations": ("find",),
    },
)

EVERYBODY: Final = (*WORKERS, STOREFRONT, OPERATOR)
