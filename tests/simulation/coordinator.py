"""Takes the steps of the groups: who is told, who is thrown out, who gets which partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.groups import names_of
from tests.simulation.network import away

if TYPE_CHECKING:
    from tests.simulation.consumer import Consumer
    from tests.simulation.groups import Group
    from tests.simulation.processes import Worker
    from tests.simulation.scheduler import Scheduler


class Coordinator:
    """The broker's side of all groups, and the supervisor who starts what has died."""

    def __init__(self, scheduler: Scheduler) -> None:
        """Do something when the scheduler says so."""
        self._scheduler = scheduler
        self._world = scheduler.world
        self._random = scheduler.random

    def step(self) -> bool:
        """Something that is to be done, if there is anything."""
        for worker in list(self._scheduler.dead):
            if self._happens(0.3):
                self._scheduler.replace(worker)
                return True
        return any(self._go_on_with(group) for group in self._world.groups.values())

    def _happens(self, chance: float) -> bool:
        """Now, or later; once all is healed, now."""
        return self._scheduler.is_healed or self._random.random() < chance

    def _go_on_with(self, group: Group) -> bool:
        if group.is_quiet:
            return False
        if (
            self._tell(group)
            or self._throw_out(group)
            or self._share_out(group)
            or self._give(group)
            or self._let_know(group)
        ):
            return True
        group.is_quiet = not group.rebalancing and all(
            member.process.is_alive for member in group.members
        )
        group.is_quiet &= all(worker.consumer.is_settled for worker in self._in(group))
        return False

    def _tell(self, group: Group) -> bool:
        """A member learns that it is to join again."""
        for consumer in group.untold:
            worker = self._worker_of(consumer)
            if worker is not None and not worker.process.is_paused:
                group.told.append(consumer)
                self._scheduler.call(worker, consumer.rejoin)
                return True
        return False

    def _throw_out(self, group: Group) -> bool:
        """A member that has been silent for as long as its session is none any more."""
        for consumer in group.members:
            process = consumer.process
            if not process.is_alive or process.is_paused:
                if not self._happens(0.3):
                    return False
                self._scheduler.say("{} is thrown out of its group", process)
                group.remove(consumer)
                return True
        return False

    def _share_out(self, group: Group) -> bool:
        if not group.can_be_shared_out:
            return False
        group.share_out(self._world.broker.partitions, self._random)
        self._scheduler.happened["rebalances"] += 1
        self._scheduler.say("generation {} of {}", group.generation, min(group.topics))
        self._settle_what_outsiders_began(group)
        return True

    def _settle_what_outsiders_began(self, group: Group) -> None:
        """Networks are slow, but not as slow as a group is to give up a member."""
        members = [consumer.process for consumer in group.members]
        own = [worker.process for worker in self._in(group)]
        for operation in self._world.network.under_way:
            process = operation.process
            is_foreign = process.is_alive and process not in own
            if not (is_foreign or process in members or operation.answered):
                self._scheduler.settle(operation)
                if not operation.answered:
                    operation.fail(away(operation.server))

    def _give(self, group: Group) -> bool:
        """A member gets its share of the new generation."""
        for consumer, partitions in group.shares:
            worker = self._worker_of(consumer)
            if worker is not None and not worker.process.is_paused:
                group.shares.remove((consumer, partitions))
                self._scheduler.say("{} is given {}", worker.process, names_of(partitions))
                self._scheduler.call(worker, consumer.assigned, partitions)
                return True
        return False

    def _let_know(self, group: Group) -> bool:
        """Who was thrown out and is alive finds out, sooner or later."""
        for worker in self._in(group):
            if worker.process.is_paused or not worker.consumer.is_outdated:
                continue
            if self._happens(0.1):
                self._scheduler.say("{} finds that it is no member any more", worker.process)
                self._scheduler.call(worker, worker.consumer.rejoin)
                return True
        return False

    def _in(self, group: Group) -> list[Worker]:
        return [worker for worker in self._world.workers if worker.consumer.group is group]

    def _worker_of(self, consumer: Consumer) -> Worker | None:
        for worker in self._world.workers:
            if worker.consumer is consumer:
                return worker
        return None
