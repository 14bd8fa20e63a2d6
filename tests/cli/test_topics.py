"""`oms topics` makes what is missing, and says what differs and how to mend it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from schemas.topics import TOPICS
from workers.cli.topic_check import Kind, TopicFound, differences
from workers.settings import Settings

if TYPE_CHECKING:
    from tests.cli.command_line import CommandLine

AS_THEY_SHOULD_BE = {topic.name: TopicFound(12, topic.config) for topic in TOPICS}
NAMES = {topic.name for topic in TOPICS}


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


def test_nothing_differs() -> None:
    """Topics as the table has them are fine."""
    assert differences(Settings(), AS_THEY_SHOULD_BE) == []


def test_a_missing_topic() -> None:
    """A topic that is not there is to be created."""
    found = {name: topic for name, topic in AS_THEY_SHOULD_BE.items() if name != "orders.events"}
    [difference] = differences(Settings(), found)
    assert (difference.topic, difference.kind) == ("orders.events", Kind.MISSING)
    assert difference.remedy == "oms topics create"


def test_more_partitions_than_the_setting() -> None:
    """Partitions cannot be taken away: the setting has to follow."""
    found = {**AS_THEY_SHOULD_BE, "orders.events": TopicFound(24, _config("orders.events"))}
    [difference] = differences(Settings(), found)
    assert difference.kind is Kind.PARTITIONS
    assert difference.remedy == "export OMS_PARTITIONS=24"


def test_another_configuration() -> None:
    """A configuration that differs is named with both values and the command that sets it."""
    changed = {**_config("orders.events"), "retention.ms": "1000"}
    found = {
        **AS_THEY_SHOULD_BE,
        "orders.events": replace(AS_THEY_SHOULD_BE["orders.events"], config=changed),
    }
    [difference] = differences(Settings(), found)
    assert difference.kind is Kind.CONFIG
    assert difference.problem == "has retention.ms=1000, it should be -1"
    assert "--entity-name orders.events --add-config retention.ms=-1" in difference.remedy


def _config(name: str) -> dict[str, str]:
    return next(topic.config for topic in TOPICS if topic.name == name)
