"""Kafka's own programs as ready commands: what mends a topic, or gives a right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workers.security.connection_settings import SecurityProtocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.cli.checks.cluster import Partition
    from workers.settings import Settings


def add_partitions(settings: Settings, topic: str, partitions: int) -> str:
    """Give a topic so many partitions in all."""
    start = _start("kafka-topics.sh", settings)
    return f"{start} --alter --topic {topic} --partitions {partitions}"


def set_config(settings: Settings, topic: str, name: str, value: str) -> str:
    """Give one setting of a topic another value."""
    start = _start("kafka-configs.sh", settings)
    entity = f"--alter --entity-type topics --entity-name {topic}"
    return f"{start} {entity} --add-config {name}={value}"


def add_replicas(
    settings: Settings, topic: str, partitions: Sequence[Partition], brokers: Sequence[int]
) -> str:
    """Give each partition of a topic so many replicas as the settings say, on these brokers."""
    plan = json.dumps(reassignment(topic, partitions, brokers, settings.replication_factor))
    start = _start("kafka-reassign-partitions.sh", settings)
    return f"{start} --execute --reassignment-json-file <(echo '{plan}')"


def reassignment(
    topic: str, partitions: Sequence[Partition], brokers: Sequence[int], replicas: int
) -> dict[str, Any]:
    """Where each partition is to lie: where it does now, and on further brokers in turn."""
    return {
        "version": 1,
        "partitions": [
            {
                "topic": topic,
                "partition": partition.number,
                "replicas": _more(partition, brokers, replicas),
            }
            for partition in partitions
        ],
    }


def _more(partition: Partition, brokers: Sequence[int], replicas: int) -> list[int]:
    first = partition.number % len(brokers)
    turn = (*brokers[first:], *brokers[:first])
    found = [*partition.replicas, *(b for b in turn if b not in partition.replicas)]
    return found[: max(replicas, len(partition.replicas))]


def allow(settings: Settings, operation: str, resource: str) -> str:
    """Give this user a right on a resource such as `--topic orders.commands`."""
    start = _start("kafka-acls.sh", settings)
    user = settings.kafka_username or "ANONYMOUS"
    return f"{start} --add --allow-principal User:{user} --operation {operation} {resource}"


def _start(program: str, settings: Settings) -> str:
    """The program and its brokers; a login or TLS is in a file of whoever administers Kafka."""
    is_plain = settings.kafka_security_protocol is SecurityProtocol.PLAINTEXT
    login = "" if is_plain else " --command-config admin.properties"
    return f"{program} --bootstrap-server {settings.kafka_bootstrap}{login}"
