"""Decides, from one seed, who goes on next; and lets go wrong what the plan allows.

A step is one of: an operation takes effect or is answered, a process reads, a group goes on, a
client writes, time passes, a fault strikes. Between two steps no process has anything to do.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.clients import Clients
from tests.simulation.coordinator import Coordinator
from tests.simulation.faults import Faults
from tests.simulation.groups import Group, names_of
from tests.simulation.network import away
from tests.simulation.plan import Fault
from tests.simulation.processes import KINDS, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.network import Operation
    from tests.simulation.processes import Worker
    from tests.simulation.world import World

_STEPS_BETWEEN_TIMERS = 10
_PAUSES = (1, 10, 200, 600, 1_000, 6_000, 16_000)
_COMMITS_MILLISECONDS = 500
_LONGEST_WAIT_MILLISECONDS = 310_000


class Scheduler:
    """One history's chance, and all that it can do."""

    def __init__(self, world: World, tell: Callable[[str], None] | None) -> None:
        """Start all workers; `tell` is called with every step, for people."""
        self.world = world
        self.random = Random(world.plan.seed)  # noqa: S311 - it is to be the same again
        self.happened: Counter[str] = Counter()
        self.is_healed = False
        self.dead: list[Worker] = []
        self.clients = Clients(world, self.random)
        self._tell = tell
        self._steps = 0
        for kind in KINDS:
            world.groups[kind.name] = Group(kind.plan.topics)
            for _ in range(world.plan.workers[kind.name]):
                world.workers.append(start(kind, world))
        self.faults = Faults(self)
        self._coordinator = Coordinator(self)
        for worker in list(world.workers):
            self.run(worker)

    def say(self, text: str, *values: object) -> None:
        """Tell a step, if somebody listens; `values` go where `text` has braces."""
        if self._tell is not None:
            self._tell(f"{self.world.time.seconds():9.3f}  {text.format(*values)}")

    # One step.

    def step(self) -> bool:
        """Do something; whether there was anything to be done without waiting."""
        self.world.time.milliseconds += 1
        self._steps += 1
        if self._steps % _STEPS_BETWEEN_TIMERS == 0:
            self._run_who_is_due()
        if not self.is_healed:
            if self.random.random() < self.world.plan.fault_rate:
                self.faults.strike()
                return True
            if self.random.random() < 0.08:
                self._write_or_wait()
                return True
        chance = self.random.random()
        if chance < 0.12 and self._fetch():
            return True
        if chance > 0.9 and self._coordinator.step():
            return True
        return self._operate() or self._fetch() or self._coordinator.step()

    def _write_or_wait(self) -> None:
        if self.clients.left:
            self.let_a_client_write()
        else:
            self.pass_time(self.random.choice(_PAUSES))

    def wait(self) -> None:
        """Nothing is to be done now: a client writes, or time passes."""
        if self.clients.left and self.random.random() < 0.5:
            self.let_a_client_write()
        else:
            self.pass_time(self.random.choice(_PAUSES))

    def let_a_client_write(self) -> None:
        """The next command arrives."""
        self.say("{}", self.clients.send())

    def pass_time(self, milliseconds: int) -> None:
        """Time passes, and whoever is not paused does what is due."""
        self.world.time.milliseconds += milliseconds
        self.say("{} ms pass", milliseconds)
        self._run_who_is_due()

    def _run_who_is_due(self) -> None:
        now = self.world.time.seconds()
        for worker in list(self.world.workers):
            timer = worker.process.loop.next_timer
            if timer is not None and timer <= now and not worker.process.is_paused:
                self.run(worker)

    # The end.

    def heal(self) -> None:
        """From now on nothing goes wrong."""
        self.is_healed = True
        self.faults.heal()

    @property
    def is_at_rest(self) -> bool:
        """Whether all is read and acknowledged, and nobody waits for anybody."""
        orders = self.world.database.orders.values()
        return not self._lags and all(order.waiting is None for order in orders)

    @property
    def _lags(self) -> bool:
        groups = self.world.groups.values()
        return any(True for group in groups for _ in group.lag(self.world.broker))

    def time_to_the_next_event(self) -> int:
        """Milliseconds: until the next commit, or if all is committed, the next deadline."""
        orders = self.world.database.orders.values()
        due = [order.waiting.due_at for order in orders if order.waiting is not None]
        if self._lags or not due:
            return _COMMITS_MILLISECONDS
        left = min(due) - self.world.time.milliseconds + 1
        return max(2 * _COMMITS_MILLISECONDS, min(left, _LONGEST_WAIT_MILLISECONDS))

    # Operations.

    def _operate(self) -> bool:
        under_way = self.world.network.under_way
        count = len(under_way)
        first = int(self.random.random() * count)
        for index in range(first, first + count):
            operation = under_way[index % count]
            if not (operation.answered and operation.process.is_paused):
                self._go_on_with(operation, index % count)
                return True
        return False

    def _go_on_with(self, operation: Operation, index: int) -> None:
        if not operation.process.is_alive:
            self.world.network.remove(index)
            self.settle(operation)
            return
        if not operation.answered:
            self._take_effect(operation)
            if operation.process.is_paused or self.random.random() < 0.4:
                return
        if operation.answered:
            self.world.network.remove(index)
            self._answer(operation)

    def _take_effect(self, operation: Operation) -> None:
        error = self.faults.error_for(operation)
        if error is not None:
            self.say("{} fails: {}", operation, error)
            operation.fail(error)
        elif operation.queues and self.faults.happens(Fault.PARTIAL):
            index = self.random.randrange(len(operation.queues))
            operation.apply_some(index, self.random.randint(1, len(operation.queues[index])))
            self.happened["writes done in part"] += 1
            self.say("{} has a partial effect", operation)
            if self.random.random() < 0.6:
                operation.fail(away(operation.server))
        else:
            operation.apply_all()
            self.say("{} takes effect", operation)

    def _answer(self, operation: Operation) -> None:
        if operation.failed is None and self.faults.happens(Fault.LOST_ANSWER):
            self.happened["answers lost"] += 1
            operation.failed = away(operation.server)
        self.say("{} is answered{}", operation, "" if operation.failed is None else ": away")
        operation.deliver()
        for worker in self.world.workers:
            if worker.process is operation.process:
                self.run(worker)
                return

    def settle(self, operation: Operation) -> None:
        """What somebody asked who is gone arrives, or does not."""
        if not operation.answered and self.random.random() < 0.5:
            self.happened["late effects"] += 1
            self.say("{} takes effect after all", operation)
            operation.apply_all()

    # Processes.

    def run(self, worker: Worker) -> None:
        """Let it do what it can; then see whether it has ended itself."""
        process = worker.process
        process.loop.run()
        if process.end_reason is not None and process.is_alive:
            self.say("{} ends itself: {}", process, process.end_reason)
            self.kill(worker)

    def call(self, worker: Worker, function: Callable[..., None], *arguments: object) -> None:
        """Have the process call this now."""
        worker.process.loop.call_soon(function, *arguments)
        self.run(worker)

    def kill(self, worker: Worker) -> None:
        """It is gone at once, and its memory with it."""
        worker.process.is_alive = False
        worker.process.loop.kill()
        worker.consumer.group.is_quiet = False
        self.world.workers.remove(worker)
        self.dead.append(worker)

    def replace(self, worker: Worker) -> None:
        """The supervisor starts a new one."""
        self.dead.remove(worker)
        new = start(worker.kind, self.world)
        self.say("{} starts in place of {}", new.process, worker.process)
        self.world.workers.append(new)
        self.run(new)

    def _fetch(self) -> bool:
        workers = self.world.workers
        count = len(workers)
        first = int(self.random.random() * count)
        for index in range(first, first + count):
            worker = workers[index % count]
            wanted = [] if worker.process.is_paused else worker.consumer.wanted
            if wanted:
                self.say("{} reads from {}", worker.process, names_of(wanted))
                self.call(worker, worker.consumer.fetch, self.random)
                return True
        return False
