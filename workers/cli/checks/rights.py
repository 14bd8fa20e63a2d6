"""Whether this user may do at Kafka what the workers do, and which commands would allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.cli.checks.finding import Finding, fail, ok, warn
from workers.cli.kafka_commands import allow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from workers.cli.checks.cluster import Cluster, Group
    from workers.settings import Settings

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Needs:
    """What a worker reads, where it writes, and the group that it joins."""

    worker: str
    group: str
    reads: Collection[str]
    writes: Collection[str]


@dataclass(frozen=True, slots=True)
class Lack:
    """A right that this user has not: Kafka's operation, and on what, as its programs want it."""

    operation: str
    resource: str

    def __str__(self) -> str:
        """`Read on topic orders.commands`."""
        return f"{self.operation} on {self.resource.removeprefix('--')}"


def check_rights(
    settings: Settings, needs: Collection[Needs], cluster: Cluster, groups: Mapping[str, Group]
) -> list[Finding]:
    """One finding for all rights if nothing is lacking, else one for each worker that lacks some.

    A user who may join a worker's group is taken to be that worker's, who must not lack anything;
    others, such as an operator's, need not be able to do its work.
    """
    findings = []
    for need in needs:
        lacks = list(lacking(need, cluster, groups[need.group]))
        if lacks:
            is_its_user = "Read" in groups[need.group].rights
            judge = fail if is_its_user else warn
            findings.append(judge(*_told(settings, need, lacks)))
    return findings or [ok("Kafka rights", "this user may do what the workers do")]


def lacking(need: Needs, cluster: Cluster, group: Group) -> Iterator[Lack]:
    """The rights that a worker needs and this user has not; missing topics are left out."""
    for operation, names in (("Read", need.reads), ("Write", need.writes)):
        for name in sorted(names):
            topic = cluster.topics.get(name)
            if name in cluster.hidden or (topic is not None and operation not in topic.rights):
                yield Lack(operation, f"--topic {name}")
    if "Read" not in group.rights:
        yield Lack("Read", f"--group {need.group}")


def _told(settings: Settings, need: Needs, lacks: list[Lack]) -> tuple[str, str, str]:
    """The parts of a finding."""
    listed = ", ".join(map(str, lacks[:_NAMED]))
    rest = f" and {len(lacks) - _NAMED} more" if len(lacks) > _NAMED else ""
    commands = "\n".join(allow(settings, lack.operation, lack.resource) for lack in lacks)
    found = f"this user lacks for the {need.worker} worker: {listed}{rest}"
    return "Kafka rights", found, commands
