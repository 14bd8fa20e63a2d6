"""Compares the topics that the brokers have with those that the service needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from schemas.topics import TOPICS
from workers.cli.checks.cluster import look_at_cluster
from workers.cli.kafka_commands import add_partitions, add_replicas, allow, set_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schemas.topics import Topic
    from workers.cli.checks.cluster import Cluster, TopicFound
    from workers.settings import Settings

_MAX_BYTES: Final = "max.message.bytes"
_MIN_IN_SYNC: Final = "min.insync.replicas"
_ALWAYS: Final = {"retention.bytes": "-1", "unclean.leader.election.enable": "false"}
"""What holds for every topic: it forgets by time alone, and never what was acknowledged."""


class Kind(StrEnum):
    """In what a topic differs."""

    MISSING = "missing"
    HIDDEN = "hidden"
    PARTITIONS = "partitions"
    LEADER = "leader"
    SIZE = "size"
    REPLICAS = "replicas"
    IN_SYNC = "in-sync"
    CONFIG = "config"


_STOPS: Final = frozenset({Kind.MISSING, Kind.HIDDEN, Kind.PARTITIONS, Kind.LEADER, Kind.SIZE})


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a topic is not as it should be, and what mends it.

    If it `stops`, the service cannot work with it; otherwise it works, but keeps less than it says.
    """

    topic: str
    kind: Kind
    problem: str
    remedy: str
    stops: bool


async def topic_differences(settings: Settings) -> list[Difference]:
    """Everything that is not as the contract and the settings have it.

    Raises:
        OutsideAwayError: no broker answers.
        KafkaError: the broker does not tell.
    """
    return differences(settings, await look_at_cluster(settings))


def differences(settings: Settings, cluster: Cluster) -> list[Difference]:
    """Compare what was found with the table of topics."""
    compared: list[Difference] = []
    for topic in TOPICS:
        if topic.name in cluster.topics:
            compared += _compare(settings, topic, cluster)
        elif topic.name in cluster.hidden:
            remedy = allow(settings, "Describe", f"--topic {topic.name}")
            compared.append(_difference(topic, Kind.HIDDEN, "may not be seen by this user", remedy))
        else:
            compared.append(_difference(topic, Kind.MISSING, "is missing", "oms topics create"))
    return compared


def _difference(topic: Topic, kind: Kind, problem: str, remedy: str) -> Difference:
    return Difference(topic.name, kind, problem, remedy, kind in _STOPS)


def _compare(settings: Settings, topic: Topic, cluster: Cluster) -> Iterator[Difference]:
    found = cluster.topics[topic.name]
    yield from _compare_partitions(settings, topic, found)
    yield from _compare_leaders(topic, found)
    yield from _compare_replicas(settings, topic, cluster)
    if found.config is None:
        problem = "does not show its configuration to this user"
        remedy = allow(settings, "DescribeConfigs", f"--topic {topic.name}")
        yield _difference(topic, Kind.CONFIG, problem, remedy)
        return
    yield from _compare_in_sync(settings, topic, found)
    yield from _compare_config(settings, topic, found.config)


def _compare_partitions(
    settings: Settings, topic: Topic, found: TopicFound
) -> Iterator[Difference]:
    there, wanted = len(found.partitions), settings.partitions
    if there == wanted:
        return
    remedy = (
        f"export OMS_PARTITIONS={there}"
        if there > wanted
        else add_partitions(settings, topic.name, wanted)
    )
    problem = f"has {there} partitions, OMS_PARTITIONS is {wanted}"
    yield _difference(topic, Kind.PARTITIONS, problem, remedy)


def _compare_leaders(topic: Topic, found: TopicFound) -> Iterator[Difference]:
    without = [partition for partition in found.partitions if partition.leader is None]
    if without:
        numbers = _listed(partition.number for partition in without)
        brokers = _listed({broker for partition in without for broker in partition.replicas})
        problem = f"cannot be read or written in partition {numbers}: no broker leads it"
        yield _difference(topic, Kind.LEADER, problem, f"Start broker {brokers}")
    behind = {
        broker
        for partition in found.partitions
        if partition.leader is not None
        for broker in {*partition.replicas} - {*partition.in_sync}
    }
    if behind:
        problem = f"has replicas that are behind, on broker {_listed(behind)}"
        remedy = f"Start broker {_listed(behind)}, or see its log"
        yield _difference(topic, Kind.IN_SYNC, problem, remedy)


def _compare_replicas(settings: Settings, topic: Topic, cluster: Cluster) -> Iterator[Difference]:
    partitions = cluster.topics[topic.name].partitions
    fewest = min((len(partition.replicas) for partition in partitions), default=0)
    wanted, brokers = settings.replication_factor, cluster.brokers
    if fewest >= wanted:
        return
    problem = f"has {fewest} replicas, OMS_REPLICATION_FACTOR is {wanted}"
    remedy = (
        add_replicas(settings, topic.name, partitions, brokers)
        if len(brokers) >= wanted
        else f"Run {wanted} brokers, of which {len(brokers)} are there; "
        f"or export OMS_REPLICATION_FACTOR={fewest}"
    )
    yield _difference(topic, Kind.REPLICAS, problem, remedy)


def _compare_in_sync(settings: Settings, topic: Topic, found: TopicFound) -> Iterator[Difference]:
    """With one replica fewer it must still take writes, and what it took must be on two."""
    replicas = min((len(partition.replicas) for partition in found.partitions), default=0)
    there = int((found.config or {}).get(_MIN_IN_SYNC, "1"))
    most = max(1, replicas - 1)
    wanted = min(2, most)
    if wanted <= there <= most:
        return
    if there > replicas:
        what = "takes no writes"
    elif there > most:
        what = "takes no writes while one of its brokers is away"
    else:
        what = "may lose what it has acknowledged with one broker"
    problem = f"{what}: {_MIN_IN_SYNC} is {there} of {replicas} replicas, it should be {wanted}"
    kind = Kind.LEADER if there > replicas else Kind.IN_SYNC
    remedy = set_config(settings, topic.name, _MIN_IN_SYNC, str(wanted))
    yield _difference(topic, kind, problem, remedy)


def _compare_config(
    settings: Settings, topic: Topic, config: Mapping[str, str]
) -> Iterator[Difference]:
    for name, wanted in {**topic.config, **_ALWAYS}.items():
        there = config.get(name, "")
        if there == wanted or (name == _MAX_BYTES and int(there or 0) > int(wanted)):
            continue
        kind = Kind.SIZE if name == _MAX_BYTES else Kind.CONFIG
        problem = f"has {name}={there}, it should be {wanted}"
        yield _difference(topic, kind, problem, set_config(settings, topic.name, name, wanted))


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
