"""Compares the topics that the broker has with those of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import TOPICS
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.topics import Topic
    from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class TopicFound:
    """A topic as the broker has it; `config` in the broker's own names."""

    partitions: int
    config: Mapping[str, str]


class Kind(StrEnum):
    """In what a topic differs."""

    MISSING = "missing"
    PARTITIONS = "partitions"
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a topic is not as it should be, and what mends it."""

    topic: str
    kind: Kind
    problem: str
    remedy: str


async def topic_differences(settings: Settings) -> list[Difference]:
    """Everything that is not as the contract has it.

    Raises:
        OutsideAwayError: no broker answers.
        KafkaError: the broker does not tell.
    """
    return differences(settings, await _found(settings))


def differences(settings: Settings, found: Mapping[str, TopicFound]) -> list[Difference]:
    """Compare what was found, by topic name, with the table of topics."""
    compared: list[Difference] = []
    for topic in TOPICS:
        if topic.name in found:
            compared += _compare(settings, topic, found[topic.name])
        else:
            compared.append(_missing(topic))
    return compared


def _missing(topic: Topic) -> Difference:
    return Difference(topic.name, Kind.MISSING, "is missing", "oms topics create")


def _compare(settings: Settings, topic: Topic, found: TopicFound) -> Iterable[Difference]:
    kafka = f"--bootstrap-server {settings.kafka_bootstrap} --alter"
    if found.partitions != settings.partitions:
        yield Difference(
            topic.name,
            Kind.PARTITIONS,
            f"has {found.partitions} partitions, OMS_PARTITIONS is {settings.partitions}",
            f"export OMS_PARTITIONS={found.partitions}"
            if found.partitions > settings.partitions
            else f"kafka-topics.sh {kafka} --topic {topic.name} --partitions {settings.partitions}",
        )
    for name, wanted in topic.config.items():
        if found.config.get(name) != wanted:
            yield Difference(
                topic.name,
                Kind.CONFIG,
                f"has {name}={found.config.get(name, '')}, it should be {wanted}",
                f"kafka-configs.sh {kafka} --entity-type topics --entity-name {topic.name} "
                f"--add-config {name}={wanted}",
            )


async def _found(settings: Settings) -> dict[str, TopicFound]:
    async with admin_client(settings) as client:
        there = set(await client.list_topics())
        names = [topic.name for topic in TOPICS if topic.name in there]
        if not names:
            return {}
        described = await client.describe_topics(names)
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        configs = _configs(await client.describe_configs(resources))
    partitions = {topic["topic"]: len(topic["partitions"]) for topic in described}
    return {name: TopicFound(partitions[name], configs.get(name, {})) for name in names}


def _configs(responses: Iterable[Any]) -> dict[str, dict[str, str]]:
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for _code, _message, _type, name, entries in response.resources
    }
