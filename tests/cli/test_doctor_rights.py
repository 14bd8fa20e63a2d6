"""`oms doctor` tells which rights a user lacks at Kafka, and for which worker they matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.cli.checks.cluster import Cluster, Group, Partition, TopicFound
from workers.cli.checks.finding import State
from workers.cli.checks.kafka import group_finding
from workers.cli.checks.rights import Needs, check_rights
from workers.settings import Settings
from workers.stream.allowed_operations import OPERATIONS, rights_of

if TYPE_CHECKING:
    from workers.cli.checks.finding import Finding

NEEDS = Needs("orders", "oms-orders", {"orders.commands"}, {"orders.events", "orders.results"})
ANYTHING = TopicFound((Partition(0, 1, (1,), (1,)),), {})
NOT_WRITTEN = TopicFound(ANYTHING.partitions, {}, frozenset({"Read", "Describe"}))
SEEN = Group(0, frozenset({"Describe"}))


def rights(topics: dict[str, TopicFound], group: Group, *hidden: str) -> list[Finding]:
    """What is found where Kafka tells this of the topics and the group of the orders worker."""
    cluster = Cluster((1,), topics, frozenset(hidden))
    return check_rights(Settings(kafka_bootstrap="k:1"), [NEEDS], cluster, {"oms-orders": group})


def test_a_user_who_may_do_everything() -> None:
    """All rights are one finding; a topic that is missing is not taken for one that is denied."""
    [finding] = rights({"orders.commands": ANYTHING, "orders.events": ANYTHING}, Group(0))
    assert finding.state is State.OK


def test_a_worker_s_user_who_lacks_rights() -> None:
    """Who may join the group must not lack anything: each right comes with its command."""
    topics = {"orders.commands": ANYTHING, "orders.events": NOT_WRITTEN}
    [finding] = rights(topics, Group(0), "orders.results")
    assert finding.state is State.FAIL
    assert finding.found == (
        "this user lacks for the orders worker: "
        "Write on topic orders.events, Write on topic orders.results"
    )
    assert finding.remedy.splitlines() == [
        "kafka-acls.sh --bootstrap-server k:1 --add --allow-principal User:ANONYMOUS "
        f"--operation Write --topic {topic}"
        for topic in ("orders.events", "orders.results")
    ]


def test_an_operator_need_not_do_the_work_of_workers() -> None:
    """Who may not join the group is warned, for the workers may have a user of their own."""
    [finding] = rights({"orders.commands": ANYTHING}, SEEN)
    assert (finding.state, finding.found) == (
        State.WARN,
        "this user lacks for the orders worker: Read on group oms-orders",
    )
    hidden = group_finding("orders", Group(None, frozenset()))
    assert hidden.state is State.WARN


def test_rights_as_kafka_tells_them() -> None:
    """Each is a bit; a broker that does not tell refuses nothing either."""
    assert rights_of(0b100001000) == {"Read", "Describe"}
    assert rights_of(-(2**31)) == set(OPERATIONS)
