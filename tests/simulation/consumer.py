"""How a process reads: what Faust and our transport do, around the real lanes and bookkeeping.

`Progress`, `RecordBatch` and `Lanes` are the product's. The order of the steps at an assignment,
a revocation and a commit is that of `workers.stream.transport.batches`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.network import Question, Server
from workers.stream.ports import OutsideAwayError
from workers.stream.transport.batches import Progress, RecordBatch

if TYPE_CHECKING:
    from random import Random

    from faust.types import TP

    from tests.simulation.broker import Broker
    from tests.simulation.groups import Group
    from tests.simulation.network import Network
    from tests.simulation.processes import Process
    from workers.stream.lanes.lanes import Lanes

_COMMIT_SECONDS = 0.5
_JOIN_SECONDS = 0.1


class Consumer:
    """One member of a group."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a consumer works with
        self,
        process: Process,
        network: Network,
        broker: Broker,
        group: Group,
        lanes: Lanes,
        progress: Progress,
    ) -> None:
        """Be no member yet."""
        self.process = process
        self.group = group
        self.lanes = lanes
        self._network = network
        self._broker = broker
        self._progress = progress
        self.generation = -1
        self.has_lease = True
        self.positions: dict[TP, int] = {}
        self._flow_active = False
        self._leaving_lanes = False
        self._joining = 0
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Join, then commit what is done, again and again."""
        await self._ask_to_join()
        while True:
            await asyncio.sleep(_COMMIT_SECONDS)
            if self._flow_active:
                await self.commit()

    async def _ask_to_join(self) -> None:
        self._joining += 1
        while not await self._has_joined():  # noqa: ASYNC110 - it tries again, and waits for nobody
            await asyncio.sleep(_JOIN_SECONDS)
        self._joining -= 1

    async def _has_joined(self) -> bool:
        try:
            await self._network.ask(
                self.process, Question(Server.BROKER, "join"), lambda: self.group.join(self)
            )
        except OutsideAwayError:
            return False
        return True

    def rejoin(self) -> None:
        """It has learned of a rebalance, or that it is no member any more."""
        if not self._leaving_lanes:
            self._leaving_lanes = True
            self.process.spawn(self._give_up_and_join())

    async def _give_up_and_join(self) -> None:
        await self._wait_empty()
        self._leaving_lanes = False
        await self._ask_to_join()

    async def leave(self) -> None:
        """SIGTERM: finish what has begun, commit it, and be gone."""
        await self._wait_empty()
        self.group.remove(self)
        self.process.ends("asked to end")

    async def _wait_empty(self) -> None:
        self._flow_active = False
        await self.lanes.finish()
        await self.commit()

    def assigned(self, partitions: list[TP]) -> None:
        """These partitions are ours from now on, from the committed offsets."""
        self._progress.clear()
        self.lanes.close()
        self.generation = self.group.generation
        self.has_lease = True
        self.positions = {tp: self.group.committed.get(tp, 0) for tp in partitions}
        self.lanes.open(dict(self.positions))
        self._flow_active = True

    @property
    def is_settled(self) -> bool:
        """Whether it is a member of the newest generation, and knows its share."""
        return (
            not (self._joining or self._leaving_lanes)
            and self in self.group.members
            and self.generation == self.group.generation
        )

    @property
    def is_outdated(self) -> bool:
        """Whether it works for a generation that is over, and does not know it."""
        group = self.group
        if self._joining or self._leaving_lanes:
            return False
        if self not in group.members:
            return True
        is_given_a_share = any(member is self for member, _ in group.shares)
        return (
            not group.rebalancing and self.generation != group.generation and not is_given_a_share
        )

    async def commit(self) -> None:
        """Commit what is done; one commit at a time."""
        async with self._lock:
            offsets = {
                tp: offset
                for tp, offset in self._progress.to_commit().items()
                if tp in self.positions
            }
            if not offsets:
                return
            generation = self.generation
            try:
                is_taken = await self._network.ask(
                    self.process,
                    Question(Server.BROKER, "commit"),
                    lambda: self.group.commit(self, generation, offsets),
                )
            except OutsideAwayError:
                return
            if is_taken:
                self._progress.committed(offsets)

    @property
    def wanted(self) -> list[TP]:
        """Partitions that have something to read, and for which there is room."""
        if not self._flow_active:
            return []
        topics = self._broker.topics
        return [
            tp
            for tp, position in self.positions.items()
            if position < len(topics[tp.topic][tp.partition]) and not self.lanes.full(tp)
        ]

    def fetch(self, random: Random) -> None:
        """Read some of what there is in some of the partitions."""
        for tp in self.wanted:
            if random.random() < 0.7:
                position = self.positions[tp]
                log = self._broker.topics[tp.topic][tp.partition]
                count = len(log) - position
                if count > 1 and random.random() < 0.4:
                    count = 1 + int(random.random() * count)
                self._hand_out(tp, position, count)

    def _hand_out(self, tp: TP, position: int, count: int) -> None:
        records = self._broker.topics[tp.topic][tp.partition][position : position + count]
        self.positions[tp] = position + count
        batch = RecordBatch(tp.topic, tp.partition, records)
        self._progress.add(tp, batch)
        self.lanes.reserve(batch)
        self.lanes.put(batch)
