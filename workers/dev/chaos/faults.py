"""Every fault that the rig can make: its name, what it is, and what a machine must have for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.dev.chaos import faults_of_clients as clients
from workers.dev.chaos import faults_of_connections as connections
from workers.dev.chaos import faults_of_servers as servers
from workers.dev.chaos.fault import Fault
from workers.dev.chaos.worker_faults import WORKER_FAULTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from random import Random

    from workers.dev.chaos.fault import Inject
    from workers.dev.chaos.proxy import Proxy


def _on_kafka(
    make: Callable[[Sequence[Proxy], Random], Awaitable[None]],
) -> Inject:
    return lambda world, chance: make(world.kafka_proxies, chance)


def _on_mongo(
    make: Callable[[Sequence[Proxy], Random], Awaitable[None]],
) -> Inject:
    return lambda world, chance: make(world.mongo_proxies, chance)


_SERVERS: Final = (
    Fault("kafka-kill", "kafka", 10, "kill -9 of a Kafka broker", servers.kill_broker),
    Fault("kafka-stop", "kafka", 6, "SIGSTOP of a Kafka broker", servers.stop_broker),
    Fault("kafka-restart", "kafka", 12, "all Kafka brokers end and start", servers.restart_brokers),
    Fault(
        "kafka-coordinator",
        "kafka",
        10,
        "kill -9 of the broker that coordinates a group, which moves to another",
        servers.kill_coordinator,
        brokers=3,
    ),
    Fault(
        "kafka-cut",
        "connections to Kafka",
        2,
        "workers' connections to a broker break off in the middle of what they write",
        _on_kafka(connections.cut),
    ),
    Fault(
        "kafka-refuse",
        "connections to Kafka",
        6,
        "workers cannot connect to Kafka",
        _on_kafka(connections.refuse),
    ),
    Fault(
        "kafka-stall",
        "connections to Kafka",
        7,
        "Kafka is silent to workers, on connections that stay",
        _on_kafka(connections.stall),
    ),
    Fault("mongo-kill", "mongodb", 6, "kill -9 of a member of MongoDB", servers.kill_member),
    Fault("mongo-stop", "mongodb", 6, "SIGSTOP of all of MongoDB", servers.stop_members),
    Fault(
        "mongo-away",
        "mongodb",
        servers.AWAY_SECONDS,
        "SIGSTOP of all of MongoDB for twenty minutes; only if it is named in full",
        servers.stop_members_for_long,
    ),
    Fault("mongo-step-down", "mongodb", 6, "the primary steps down", servers.step_down),
    Fault(
        "mongo-cut",
        "connections to MongoDB",
        2,
        "workers' connections to MongoDB break off in the middle of what they write",
        _on_mongo(connections.cut),
    ),
    Fault(
        "mongo-refuse",
        "connections to MongoDB",
        6,
        "nobody can connect to MongoDB",
        _on_mongo(connections.refuse),
    ),
    Fault(
        "mongo-slow",
        "connections to MongoDB",
        8,
        "MongoDB answers half a second late",
        _on_mongo(connections.slow),
    ),
)

_CLIENTS: Final = (
    Fault(
        "twice",
        "clients",
        3,
        "every command is sent twice for some seconds, and old ones once more",
        clients.send_twice,
    ),
    Fault(
        "poison",
        "clients",
        1,
        "records that are no command: not JSON, no id, 10 MB, nested too deep, and ten more",
        clients.feed_poison,
    ),
    Fault(
        "forged", "clients", 1, "replies to requests that were never sent", clients.forge_replies
    ),
    Fault("race", "clients", 1, "cancels that race the reservation's reply", clients.race),
    Fault("rush", "clients", 2, "many orders for what there is too little of", clients.rush),
    Fault(
        "partitioner",
        "clients",
        1,
        "commands in other partitions than their orders'",
        clients.use_another_partitioner,
    ),
    Fault(
        "partitions",
        "clients",
        2,
        "every topic gets more partitions while orders are open",
        clients.add_partitions,
    ),
)

FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault for fault in (*WORKER_FAULTS, *_SERVERS, *_CLIENTS)
}
"""All faults by name."""


GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "workers": frozenset(fault.name for fault in WORKER_FAULTS),
    "servers": frozenset(fault.name for fault in _SERVERS),
    "clients": frozenset(fault.name for fault in _CLIENTS),
}
"""Names for many faults at once."""


_LONGEST_UNNAMED_SECONDS: Final = 60.0


def possible(brokers: int, members: int) -> list[str]:
    """The names of the faults that so many brokers and members allow."""
    return [
        fault.name
        for fault in FAULTS.values()
        if fault.brokers <= brokers and fault.members <= members
    ]


def named(words: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Those of the known faults that the words stand for: a group, a name, or its beginning.

    No words stand for all but those that take very long. Raises KeyError with a word that stands
    for none.
    """
    for word in words:
        if not any(_stands_for(word, name) for name in known):
            raise KeyError(word)
    return tuple(name for name in known if any(_stands_for(word, name) for word in words or [""]))


def _stands_for(word: str, name: str) -> bool:
    if FAULTS[name].seconds > _LONGEST_UNNAMED_SECONDS:
        return name == word
    return name in GROUPS.get(word, ()) or name.startswith(word)
