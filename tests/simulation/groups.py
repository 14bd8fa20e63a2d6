"""Consumer groups: who is a member, who has which partitions, and how far they have committed.

A rebalance takes its steps as Kafka's does: every member is told, gives up what it has and joins
again; whoever does not is thrown out; then all get their share. The scheduler takes the steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from faust.types import TP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from tests.simulation.broker import Broker
    from tests.simulation.consumer import Consumer


@dataclass(slots=True, eq=False)
class Group:
    """One consumer group, as its coordinator sees it."""

    topics: frozenset[str]
    committed: dict[TP, int] = field(default_factory=dict)
    generation: int = 0
    members: list[Consumer] = field(default_factory=list)
    rebalancing: bool = False
    joined: list[Consumer] = field(default_factory=list)
    told: list[Consumer] = field(default_factory=list)
    shares: list[tuple[Consumer, list[TP]]] = field(default_factory=list)
    """What has been given out in this generation, and is still on its way."""
    is_quiet: bool = False
    """Whether nothing is to be done until something happens to a member."""

    def join(self, consumer: Consumer) -> None:
        """A member joins, for the first time or again."""
        self.is_quiet = False
        if consumer not in self.members:
            self.members.append(consumer)
        if not self.rebalancing:
            self.rebalance()
        if consumer not in self.joined:
            self.joined.append(consumer)
        if consumer not in self.told:
            self.told.append(consumer)

    def rebalance(self) -> None:
        """Everybody is to join again."""
        self.is_quiet = False
        self.rebalancing = bool(self.members)
        self.joined.clear()
        self.told.clear()
        self.shares.clear()

    def remove(self, consumer: Consumer) -> None:
        """A member leaves, or has been silent for too long."""
        self.is_quiet = False
        if consumer in self.members:
            self.members.remove(consumer)
            consumer.has_lease = False
            for seen in (self.joined, self.told):
                if consumer in seen:
                    seen.remove(consumer)
            if not self.rebalancing:
                self.rebalance()
            self.rebalancing = bool(self.members)

    @property
    def untold(self) -> list[Consumer]:
        """Members that do not know yet that they are to join again."""
        return (
            [found for found in self.members if found not in self.told] if self.rebalancing else []
        )

    @property
    def can_be_shared_out(self) -> bool:
        """Whether every member has joined."""
        return self.rebalancing and len(self.joined) == len(self.members) > 0

    def share_out(self, partitions: int, random: Random) -> None:
        """Begin a new generation: each partition number goes to one member, with all topics."""
        self.generation += 1
        self.rebalancing = False
        owners = [random.choice(self.members) for _ in range(partitions)]
        self.shares = [
            (
                member,
                [
                    TP(topic, number)
                    for topic in sorted(self.topics)
                    for number, owner in enumerate(owners)
                    if owner is member
                ],
            )
            for member in self.members
        ]

    def commit(self, consumer: Consumer, generation: int, offsets: Mapping[TP, int]) -> bool:
        """Whether the commit counts: not if it is of an earlier generation, or of no member."""
        if consumer not in self.members or generation != self.generation:
            return False
        self.committed.update(offsets)
        return True

    def lag(self, broker: Broker) -> Iterable[tuple[TP, int, int]]:
        """Partitions with records that are not acknowledged: where it stands, where it ends."""
        for topic in self.topics:
            for number, log in enumerate(broker.topics[topic]):
                committed = self.committed.get(TP(topic, number), 0)
                if committed != len(log):
                    yield TP(topic, number), committed, len(log)


def names_of(partitions: Iterable[TP]) -> str:
    """The partitions, for people."""
    return ", ".join(f"{tp.topic} {tp.partition}" for tp in partitions) or "nothing"
