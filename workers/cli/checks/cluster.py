"""What Kafka tells of its brokers, topics and groups, and what this user may do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from schemas.topics import TOPICS
from workers.cli.checks.group_question import GROUP_DENIED, TOPIC_DENIED, GroupQuestion
from workers.stream.allowed_operations import OPERATIONS, AllowedOperationsRequest, rights_of
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class Partition:
    """Where one partition lies, by numbers of brokers; `leader` is None if nobody has it."""

    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopicFound:
    """A topic as the brokers have it.

    `config` is in the broker's own names; it is None where this user may not see it. `rights` are
    Kafka's names of what this user may do.
    """

    partitions: tuple[Partition, ...]
    config: Mapping[str, str] | None
    rights: frozenset[str] = frozenset(OPERATIONS)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of workers: how many are in it, and Kafka's names of what this user may do with it.

    `members` is None where this user may not see it.
    """

    members: int | None
    rights: frozenset[str] = frozenset(OPERATIONS)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The numbers of the brokers that are there, and the topics of the service by name.

    Topics that are missing are not in `topics`, nor those of `hidden`, which this user may not see.
    """

    brokers: tuple[int, ...]
    topics: Mapping[str, TopicFound]
    hidden: frozenset[str] = frozenset()


async def look_at_cluster(settings: Settings) -> Cluster:
    """Ask for the brokers and for all topics of the service.

    Raises:
        OutsideAwayError: no broker answers.
        KafkaError, NotImplementedError: the broker does not tell, or is older than Kafka 2.3.
    """
    names = [topic.name for topic in TOPICS]
    async with admin_client(settings) as client:
        answer = await client._send_request(AllowedOperationsRequest(names))  # noqa: SLF001 - the driver's own asks less
        told = answer.to_object()
        there = {topic["topic"]: topic for topic in told["topics"] if topic["error_code"] == 0}
        configs = await _configs(client, list(there))
    return Cluster(
        tuple(sorted(broker["node_id"] for broker in told["brokers"])),
        {name: _found(topic, configs.get(name)) for name, topic in there.items()},
        frozenset(t["topic"] for t in told["topics"] if t["error_code"] == TOPIC_DENIED),
    )


def _found(topic: Mapping[str, Any], config: Mapping[str, str] | None) -> TopicFound:
    partitions = sorted(topic["partitions"], key=lambda partition: partition["partition"])
    return TopicFound(
        tuple(map(_partition, partitions)), config, rights_of(topic["authorized_operations"])
    )


def _partition(told: Mapping[str, Any]) -> Partition:
    leader = told["leader"] if told["leader"] >= 0 else None
    return Partition(told["partition"], leader, tuple(told["replicas"]), tuple(told["isr"]))


async def _configs(client: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The configuration of each of these topics that this user may see."""
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    responses: Iterable[Any] = await client.describe_configs(resources)
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for code, _message, _type, name, entries in response.resources
        if code == 0
    }


async def look_at_group(settings: Settings, name: str) -> Group:
    """Ask for a group; one that nobody has ever joined has no members.

    Raises:
        OutsideAwayError: no broker answers.
        KafkaError, NotImplementedError: the broker does not tell, or is older than Kafka 2.3.
    """
    async with admin_client(settings) as client:
        try:
            node = await client.find_coordinator(name)
        except GroupAuthorizationFailedError:
            return Group(None, frozenset())
        except KafkaError as error:
            if error.retriable:  # nobody coordinates any group yet
                return Group(0)
            raise
        answer = await client._send_request(GroupQuestion(name), node)  # noqa: SLF001 - as above
    [told] = answer.to_object()["groups"]
    if told["error_code"] == GROUP_DENIED:
        return Group(None, frozenset())
    return Group(len(told["members"]), rights_of(told["authorized_operations"]))
