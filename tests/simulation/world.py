"""Everything there is in a history: servers, network, groups, processes, time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.broker import Broker, SimulatedPublisher
from tests.simulation.database import Database, SimulatedOrderStore
from tests.simulation.network import Network
from workers.inventory.books import StockChange
from workers.orders.flow import OrdersFlow
from workers.stream.transport.batches import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.groups import Group
    from tests.simulation.plan import Plan
    from tests.simulation.processes import Process, Worker
    from workers.orders.ports import OrderStore
    from workers.stream.ports import Publisher
    from workers.stream.writing.misbehaving import Misbehaviour

_BEGIN = 1_700_000_000_000
STOCK = {"apple": 6, "pear": 2}
CUSTOMERS = {"ann": "active", "bob": "blocked"}


class Time:
    """The one time that all processes live in."""

    def __init__(self) -> None:
        """Begin some day."""
        self.milliseconds = _BEGIN

    def seconds(self) -> float:
        """Seconds since the beginning of the history."""
        return (self.milliseconds - _BEGIN) / 1000


@dataclass(frozen=True, slots=True)
class Variant:
    """What the workers are built with; anything but the default breaks the product on purpose."""

    order_store: Callable[[Process, Network, Database], OrderStore] = SimulatedOrderStore
    publisher: Callable[[Process, Network, Broker], Publisher] = SimulatedPublisher
    progress: Callable[[], Progress] = Progress
    flow: type[OrdersFlow] = OrdersFlow
    has_lease: bool = True


PRODUCT = Variant()


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that Kafka has acknowledged to its client."""

    order_id: str
    source: str
    id: str


@dataclass
class World:
    """All that a history happens to, and the ledger of what clients and chance have put in.

    `poison` has topic, partition and offset of what can only be set aside; `forged` the ids of
    replies that no service sent; `surprises` are errors that no task may end with.
    """

    plan: Plan
    variant: Variant
    time: Time = field(default_factory=Time)
    network: Network = field(default_factory=Network)
    started: int = 0
    workers: list[Worker] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    ledger: dict[Sent, None] = field(default_factory=dict)
    poison: list[tuple[str, int, int]] = field(default_factory=list)
    forged: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Have topics and samples, and nobody who works."""
        self.broker = Broker(self.plan.partitions, lambda: self.time.milliseconds)
        self.database = Database(
            customers=dict(CUSTOMERS),
            stock={name: StockChange(available=pieces) for name, pieces in STOCK.items()},
        )
        self.groups: dict[str, Group] = {}

    @property
    def misbehaviour(self) -> Misbehaviour:
        """How unreliable the simulated services are."""
        return self.plan.misbehaviour
