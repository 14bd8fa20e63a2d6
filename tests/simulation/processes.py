"""The processes of the three workers: the product's own handlers, on simulated ports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.simulation.broker import SimulatedCopies, SimulatedPublisher
from tests.simulation.consumer import Consumer
from tests.simulation.database import SimulatedCustomerStore, SimulatedOrderStore
from tests.simulation.loop import ProcessLoop
from tests.simulation.network import Question, Server
from tests.simulation.transactions import SimulatedInventoryStore
from workers.customers import worker as customers
from workers.inventory import worker as inventory
from workers.orders import worker as orders
from workers.orders.reminders import remind
from workers.stream.answering import RequestAnswerer
from workers.stream.lanes.lanes import LanePlan, Lanes
from workers.stream.ports import OutsideAwayError, OutsideRefusesError
from workers.stream.writing.misbehaving import MisbehavingPublisher

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.simulation.world import World
    from workers.stream.ports import BatchHandler, Publisher
    from workers.stream.running import WorkerPlan

_FINISH_SECONDS = 20.0


class Process:
    """One process: its own loop, its own clock, and whether it lives."""

    def __init__(self, name: str, world: World) -> None:
        """Run nothing yet."""
        self.name = name
        self.loop = ProcessLoop(world.time.seconds)
        self._world = world
        self.skew = 0
        self.is_alive = True
        self.is_paused = False
        self.must_end = False
        self.has_lease: Callable[[], bool] = lambda: True
        self.end_reason: str | None = None

    def now(self) -> int:
        """Milliseconds since 1970, as this process sees it."""
        return self._world.time.milliseconds + self.skew

    async def guard(self) -> None:
        """Before each write: who was paused for too long ends here, as by the watchdog.

        Raises:
            OutsideAwayError: the group does not answer, for it has thrown this process out.
        """
        if self.must_end:
            self.ends("paused for longer than the session timeout")
            await self.loop.create_future()
        if not self.has_lease():
            raise OutsideAwayError("heartbeats are not answered")

    def ends(self, reason: str) -> None:
        """It ends itself as soon as nothing of it runs."""
        self.end_reason = self.end_reason or reason

    def failed(self, error: BaseException) -> None:
        """A task has failed: the process ends, and only a refusal from outside is no surprise."""
        self.ends(repr(error))
        if not isinstance(error, OutsideRefusesError):
            self._world.surprises.append(f"{self} failed: {error!r}")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task; without it the process would only seem to work."""
        task = self.loop.create_task(work)
        task.add_done_callback(
            lambda done: (
                None
                if done.cancelled() or done.exception() is None
                else self.failed(done.exception() or RuntimeError())
            )
        )

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of worker: its plan, and its handler on simulated ports."""

    name: str
    plan: WorkerPlan
    handler: Callable[[Process, World], BatchHandler]


@dataclass(frozen=True, slots=True, eq=False)
class Worker:
    """A process that is a worker."""

    kind: Kind
    process: Process
    consumer: Consumer


def start(kind: Kind, world: World) -> Worker:
    """A new worker, which is about to join its group."""
    world.started += 1
    process = Process(f"{kind.name}-{world.started}", world)
    handler = kind.handler(process, world)
    plan = LanePlan(kind.plan.topics, kind.plan.lane_of, world.plan.batch_records, _FINISH_SECONDS)
    copies = SimulatedCopies(process, world.network, world.broker)
    lanes = Lanes(handler, copies, plan, process.failed)
    progress = world.variant.progress()
    group = world.groups[kind.name]
    consumer = Consumer(process, world.network, world.broker, group, lanes, progress)
    if world.variant.has_lease:
        process.has_lease = lambda: consumer.has_lease
    process.spawn(consumer.run())
    if kind.name == "orders":
        store = SimulatedOrderStore(process, world.network, world.database)
        publisher = world.variant.publisher(process, world.network, world.broker)
        process.spawn(remind(store, publisher, process, lambda: lanes.numbers))
    return Worker(kind, process, consumer)


def _orders(process: Process, world: World) -> BatchHandler:
    store = world.variant.order_store(process, world.network, world.database)
    publisher = world.variant.publisher(process, world.network, world.broker)
    letters = SimulatedPublisher(process, world.network, world.broker)
    return world.variant.flow(store, publisher, letters, process, world.plan.rules)


def _customers(process: Process, world: World) -> BatchHandler:
    store = SimulatedCustomerStore(process, world.network, world.database)
    answer = partial(customers.answer, store)
    publisher, letters = _reply_publishers(process, world)
    return RequestAnswerer(
        customers.MODELS, answer, publisher, letters, partial(_count_partitions, process, world)
    )


def _inventory(process: Process, world: World) -> BatchHandler:
    store = SimulatedInventoryStore(process, world.network, world.database)
    answer = partial(inventory.answer, store)
    publisher, letters = _reply_publishers(process, world)
    return RequestAnswerer(
        inventory.MODELS, answer, publisher, letters, partial(_count_partitions, process, world)
    )


def _reply_publishers(process: Process, world: World) -> tuple[Publisher, Publisher]:
    publisher = SimulatedPublisher(process, world.network, world.broker)
    misbehaviour = world.misbehaviour
    if misbehaviour.is_off:
        return publisher, publisher
    return MisbehavingPublisher(publisher, misbehaviour), publisher


async def _count_partitions(process: Process, world: World) -> int:
    return await world.network.ask(
        process, Question(Server.BROKER, "count partitions"), lambda: world.broker.partitions
    )


KINDS = (
    Kind("orders", orders.plan(), _orders),
    Kind("customers", customers.plan(), _customers),
    Kind("inventory", inventory.plan(), _inventory),
)
