"""`oms topics` makes what is missing, and says what differs and how to mend it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from schemas.topics import TOPICS
from workers.cli.checks.cluster import Cluster, Partition, TopicFound
from workers.cli.kafka_commands import reassignment
from workers.cli.topic_check import Kind, differences
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cli.command_line import CommandLine

NAMES = {topic.name for topic in TOPICS}
EVENTS = "orders.events"


@pytest.mark.stack
def test_creating_again_changes_nothing(oms: CommandLine) -> None:
    """Topics that are there are counted and left alone."""
    report = oms("topics", "create", "--json").json
    assert report["created"] == []
    assert set(report["existing"]) == NAMES


@pytest.mark.stack
def test_topics_that_were_made_are_as_they_should_be(oms: CommandLine) -> None:
    """What `create` makes passes `check`."""
    ended = oms("topics", "check")
    assert (ended.exit_code, ended.stdout) == (0, "All topics are as they should be\n")


@pytest.mark.stack
def test_a_difference_ends_with_1_and_the_remedy(oms: CommandLine) -> None:
    """Every topic with too few partitions is named, with the command that adds them."""
    differing = oms.where(OMS_PARTITIONS="100")
    ended = differing("topics", "check")
    assert ended.exit_code == 1
    for name in NAMES:
        assert f"--topic {name} --partitions 100" in ended.stdout
    found = differing("topics", "check", "--json")
    assert found.exit_code == 1
    assert {difference["topic"] for difference in found.json} == NAMES


def found(
    partitions: int = 12, replicas: int = 1, config: Mapping[str, str] | None = None
) -> TopicFound:
    """The topic of events, with this in its configuration."""
    [topic] = [topic for topic in TOPICS if topic.name == EVENTS]
    brokers = tuple(range(1, replicas + 1))
    safe = {"min.insync.replicas": "2" if replicas > 2 else "1"}
    always = {"retention.bytes": "-1", "unclean.leader.election.enable": "false"}
    return TopicFound(
        tuple(Partition(number, 1, brokers, brokers) for number in range(partitions)),
        {**topic.config, **safe, **always, **(config or {})},
    )


def cluster(events: TopicFound | None, brokers: tuple[int, ...] = (1, 2, 3)) -> Cluster:
    """All topics as they should be, but for that of events."""
    events_here = {} if events is None else {EVENTS: events}
    others = {
        topic.name: replace(found(), config={**(found().config or {}), **topic.config})
        for topic in TOPICS
        if topic.name != EVENTS
    }
    return Cluster(brokers, {**others, **events_here})


def test_nothing_differs() -> None:
    """Topics as the table has them are fine, and so is more than is needed."""
    assert differences(Settings(), cluster(found())) == []
    assert differences(Settings(), cluster(found(replicas=3))) == []
    roomy = found(config={"max.message.bytes": "99999999"})
    assert differences(Settings(), cluster(roomy)) == []


def test_a_missing_topic() -> None:
    """A topic that is not there is to be created."""
    [difference] = differences(Settings(), cluster(None))
    assert (difference.topic, difference.kind) == (EVENTS, Kind.MISSING)
    assert difference.remedy == "oms topics create"
    assert difference.stops


def test_a_topic_that_may_not_be_seen() -> None:
    """It is told from one that is missing, with the right that its user needs."""
    [difference] = differences(Settings(), replace(cluster(None), hidden=frozenset({EVENTS})))
    assert difference.kind is Kind.HIDDEN
    assert difference.remedy.startswith("kafka-acls.sh --bootstrap-server localhost:9092 --add")
    assert difference.remedy.endswith(f"--operation Describe --topic {EVENTS}")


def test_a_configuration_that_may_not_be_seen() -> None:
    """What could not be looked at is told, and is not taken for good."""
    [difference] = differences(Settings(), cluster(replace(found(), config=None)))
    assert "does not show its configuration" in difference.problem
    assert "--operation DescribeConfigs" in difference.remedy
    assert not difference.stops


def test_more_partitions_than_the_setting() -> None:
    """Partitions cannot be taken away: the setting has to follow."""
    [difference] = differences(Settings(), cluster(found(partitions=24)))
    assert difference.kind is Kind.PARTITIONS
    assert difference.remedy == "export OMS_PARTITIONS=24"


def test_too_few_replicas() -> None:
    """With brokers enough they are added; else both ways out are told."""
    settings = Settings(replication_factor=3)
    differing = differences(settings, cluster(found()))
    [difference] = [one for one in differing if one.topic == EVENTS]
    assert difference.problem == "has 1 replicas, OMS_REPLICATION_FACTOR is 3"
    assert difference.remedy.startswith("kafka-reassign-partitions.sh --bootstrap-server")
    assert f'"topic": "{EVENTS}", "partition": 11, "replicas": [1, ' in difference.remedy
    [difference, *_] = differences(settings, cluster(found(), brokers=(1,)))
    assert difference.remedy == (
        "Run 3 brokers, of which 1 are there; or export OMS_REPLICATION_FACTOR=1"
    )


def test_replicas_are_added_in_turn() -> None:
    """What is there stays first, and the brokers share what comes."""
    partitions = [Partition(number, 1, (1,), (1,)) for number in range(4)]
    plan = reassignment(EVENTS, partitions, (1, 2, 3), 2)
    assert [one["replicas"] for one in plan["partitions"]] == [[1, 2], [1, 2], [1, 3], [1, 2]]
    kept = [Partition(0, 1, (3, 1, 2), (3, 1, 2))]
    assert reassignment(EVENTS, kept, (1, 2, 3), 2)["partitions"][0]["replicas"] == [3, 1, 2]


def test_a_partition_that_nobody_leads() -> None:
    """Its number and the brokers that hold it are told."""
    broken = found(replicas=2)
    lost = replace(broken.partitions[7], leader=None, in_sync=())
    partitions = (*broken.partitions[:7], lost, *broken.partitions[8:])
    [difference] = differences(Settings(), cluster(replace(broken, partitions=partitions)))
    assert difference.problem == ("cannot be read or written in partition 7: no broker leads it")
    assert (difference.remedy, difference.stops) == ("Start broker 1, 2", True)


def test_a_replica_that_is_behind() -> None:
    """The broker that does not follow is told; the service works meanwhile."""
    broken = found(replicas=3)
    partitions = tuple(replace(partition, in_sync=(1, 2)) for partition in broken.partitions)
    [difference] = differences(Settings(), cluster(replace(broken, partitions=partitions)))
    assert difference.problem == "has replicas that are behind, on broker 3"
    assert not difference.stops


@pytest.mark.parametrize(
    ("replicas", "in_sync", "words", "wanted", "stops"),
    [
        (1, 2, "takes no writes: min.insync.replicas is 2 of 1 replicas", 1, True),
        (3, 1, "may lose what it has acknowledged with one broker", 2, False),
        (3, 3, "takes no writes while one of its brokers is away", 2, False),
        (2, 2, "takes no writes while one of its brokers is away", 1, False),
    ],
)
def test_how_many_replicas_must_have_what_is_acknowledged(
    replicas: int,
    in_sync: int,
    words: str,
    wanted: int,
    stops: bool,  # noqa: FBT001 - a table's column
) -> None:
    """One broker may be away, and what was acknowledged is then on another, where that can be."""
    differing = found(replicas=replicas, config={"min.insync.replicas": str(in_sync)})
    [difference] = differences(Settings(), cluster(differing))
    assert difference.problem.startswith(words)
    assert difference.remedy.endswith(f"--add-config min.insync.replicas={wanted}")
    assert difference.stops == stops


@pytest.mark.parametrize(
    ("name", "value", "wanted", "kind"),
    [
        ("retention.ms", "1000", "-1", Kind.CONFIG),
        ("retention.bytes", "1000000", "-1", Kind.CONFIG),
        ("cleanup.policy", "compact", "delete", Kind.CONFIG),
        ("unclean.leader.election.enable", "true", "false", Kind.CONFIG),
        ("max.message.bytes", "1000", "2097152", Kind.SIZE),
    ],
)
def test_another_configuration(name: str, value: str, wanted: str, kind: Kind) -> None:
    """A configuration that differs is named with both values and the command that sets it."""
    differing = found(config={name: value})
    [difference] = differences(Settings(), cluster(differing))
    assert difference.kind is kind
    assert difference.problem == f"has {name}={value}, it should be {wanted}"
    assert f"--entity-name {EVENTS} --add-config {name}={wanted}" in difference.remedy
    assert difference.stops == (kind is Kind.SIZE)
