"""What Kafka tells of its brokers and of the service's topics, and what this user may do there.

Metadata is asked for in a later version than the driver knows, which also tells what the one who
asks may do with each topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from schemas.topics import TOPICS
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from workers.settings import Settings

_TOPIC_DENIED: Final = 29
_NOT_TOLD: Final = -(2**31)
_OPERATIONS: Final = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Delete": 6,
    "Alter": 7,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
"""Operations by their code, which is the number of their bit as well.

Source: org.apache.kafka.common.acl.AclOperation; KIP-430.
"""


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
    rights: frozenset[str] = frozenset(_OPERATIONS)


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
        answer = await client._send_request(_MetadataRequest(names))  # noqa: SLF001 - the driver's own asks less
        told = answer.to_object()
        there = {topic["topic"]: topic for topic in told["topics"] if topic["error_code"] == 0}
        configs = await _configs(client, list(there))
    return Cluster(
        tuple(sorted(broker["node_id"] for broker in told["brokers"])),
        {name: _found(topic, configs.get(name)) for name, topic in there.items()},
        frozenset(t["topic"] for t in told["topics"] if t["error_code"] == _TOPIC_DENIED),
    )


def _found(topic: Mapping[str, Any], config: Mapping[str, str] | None) -> TopicFound:
    partitions = sorted(topic["partitions"], key=lambda partition: partition["partition"])
    return TopicFound(
        tuple(map(_partition, partitions)), config, _rights(topic["topic_authorized_operations"])
    )


def _partition(told: Mapping[str, Any]) -> Partition:
    leader = told["leader"] if told["leader"] >= 0 else None
    return Partition(told["partition"], leader, tuple(told["replicas"]), tuple(told["isr"]))


def _rights(bits: int) -> frozenset[str]:
    """The operations whose bits are set; all of them where the broker does not tell."""
    if bits == _NOT_TOLD:
        return frozenset(_OPERATIONS)
    return frozenset(name for name, code in _OPERATIONS.items() if bits >> code & 1)


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


_KEY: Final = 3
_VERSION: Final = 8
_PARTITION: Final = Array(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", Array(Int32)),
    ("isr", Array(Int32)),
    ("offline_replicas", Array(Int32)),
)


class _MetadataResponseStruct(Response):  # type: ignore[misc]  # the driver has no types
    """Source: https://kafka.apache.org/protocol.html#The_Messages_Metadata, version 8."""

    API_KEY = _KEY
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(
                ("node_id", Int32),
                ("host", String("utf-8")),
                ("port", Int32),
                ("rack", String("utf-8")),
            ),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                ("partitions", _PARTITION),
                ("topic_authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _MetadataRequestStruct(RequestStruct):  # type: ignore[misc]  # the driver has no types
    """Source: as above."""

    API_KEY = _KEY
    API_VERSION = _VERSION
    RESPONSE_TYPE = _MetadataResponseStruct
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _MetadataRequest(Request[_MetadataRequestStruct]):  # type: ignore[misc]  # as above
    """Asks for these topics, which are not made by that, and for the rights on them."""

    API_KEY = _KEY

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = list(topics)

    def build(self, request_struct_class: type[_MetadataRequestStruct]) -> _MetadataRequestStruct:
        return request_struct_class(self._topics, False, False, True)  # noqa: FBT003 - the protocol's
