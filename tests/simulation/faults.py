"""What goes wrong, one fault at a time, as far as the plan of the history allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.network import Server, away
from tests.simulation.plan import Fault
from workers.inventory.ports import ConflictError
from workers.stream.ports import OutsideRefusesError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.network import Operation
    from tests.simulation.processes import Worker
    from tests.simulation.scheduler import Scheduler

_HOUR = 3_600_000
_MOST_PARTITIONS = 4


class Faults:
    """Strikes when the scheduler says so."""

    def __init__(self, scheduler: Scheduler) -> None:
        """Strike at what the scheduler schedules."""
        self._scheduler = scheduler
        self._world = scheduler.world
        self._random = scheduler.random
        self._away: set[Server] = set()
        possible = {
            Fault.KILL: self._kill,
            Fault.END: self._end,
            Fault.PAUSE: self._pause,
            Fault.MOVE: self._move,
            Fault.DATABASE_AWAY: lambda: self._toggle(Server.DATABASE),
            Fault.KAFKA_AWAY: lambda: self._toggle(Server.BROKER),
            Fault.CLOCK: self._move_a_clock,
            Fault.PARTITION: self._add_a_partition,
            Fault.POISON: lambda: self._write(scheduler.clients.write_poison),
            Fault.FORGED: lambda: self._write(scheduler.clients.write_forged_reply),
            Fault.CUSTOMER_CHANGES: self._change_a_customer,
            Fault.ZOMBIE: self._throw_out,
        }
        self._strikes = [found for found in possible.items() if self.allows(found[0])]

    def allows(self, fault: Fault) -> bool:
        """Whether it belongs to this history."""
        return fault in self._world.plan.faults

    def happens(self, fault: Fault) -> bool:
        """Whether it happens now, to one answer or one write."""
        if self._scheduler.is_healed or not self.allows(fault):
            return False
        return self._random.random() < self._world.plan.fault_rate

    def strike(self) -> None:
        """One fault, if there may be any."""
        if self._strikes:
            fault, strike = self._random.choice(self._strikes)
            self._scheduler.happened[f"fault {fault}"] += 1
            strike()

    def error_for(self, operation: Operation) -> BaseException | None:
        """What the server says instead of doing what it is asked, if anything."""
        if operation.server in self._away:
            return away(operation.server)
        if operation.question.what == "publish" and self.happens(Fault.REFUSE):
            return OutsideRefusesError("Kafka refuses")
        is_transaction = operation.question.what == "commit" and operation.server is Server.DATABASE
        if is_transaction and self.happens(Fault.LOST_ANSWER):
            return ConflictError("a conflict with nobody")
        return None

    def heal(self) -> None:
        """Everything works again, and everybody goes on."""
        self._away.clear()
        for worker in list(self._world.workers):
            worker.process.skew = 0
            if worker.process.is_paused:
                self._resume(worker)

    def _write(self, write: Callable[[], str]) -> None:
        self._scheduler.say("{}", write())

    def _some_worker(self) -> Worker | None:
        workers = self._world.workers
        return self._random.choice(workers) if workers else None

    def _kill(self) -> None:
        worker = self._some_worker()
        if worker is not None:
            self._scheduler.say("{} is killed", worker.process)
            self._scheduler.kill(worker)

    def _end(self) -> None:
        worker = self._some_worker()
        if worker is not None and not worker.process.is_paused:
            self._scheduler.say("{} is asked to end", worker.process)
            self._scheduler.call(worker, worker.process.spawn, worker.consumer.leave())

    def _pause(self) -> None:
        worker = self._some_worker()
        if worker is None:
            return
        if worker.process.is_paused:
            self._resume(worker)
        else:
            self._scheduler.say("{} is paused", worker.process)
            worker.process.is_paused = True
            worker.consumer.group.is_quiet = False

    def _resume(self, worker: Worker) -> None:
        worker.process.is_paused = False
        worker.consumer.group.is_quiet = False
        group = worker.consumer.group
        is_guarded = not self.allows(Fault.ZOMBIE)
        worker.process.must_end = is_guarded and worker.consumer not in group.members
        self._scheduler.say("{} wakes up", worker.process)
        self._scheduler.run(worker)

    def _move(self) -> None:
        group = self._random.choice(list(self._world.groups.values()))
        if not group.rebalancing:
            self._scheduler.say("the group of {} rebalances", min(group.topics))
            group.rebalance()

    def _throw_out(self) -> None:
        """Its heartbeats do not arrive; it goes on and knows nothing of it."""
        worker = self._some_worker()
        if worker is not None:
            self._scheduler.say("{} is thrown out of its group, and knows not", worker.process)
            worker.consumer.group.remove(worker.consumer)

    def _toggle(self, server: Server) -> None:
        self._scheduler.say(
            "{} {}", server.value, "comes back" if server in self._away else "goes away"
        )
        self._away ^= {server}

    def _move_a_clock(self) -> None:
        worker = self._some_worker()
        if worker is not None:
            worker.process.skew = self._random.choice((-_HOUR, 0, _HOUR))
            self._scheduler.say(
                "the clock of {} is off by {} ms", worker.process, worker.process.skew
            )

    def _add_a_partition(self) -> None:
        if self._world.broker.partitions < _MOST_PARTITIONS:
            self._world.broker.add_partition()
            self._scheduler.say("there are {} partitions now", self._world.broker.partitions)
            for group in self._world.groups.values():
                group.rebalance()

    def _change_a_customer(self) -> None:
        customers = self._world.database.customers
        customers["ann"] = "blocked" if customers["ann"] == "active" else "active"
        self._scheduler.say("ann is {} now", customers["ann"])
