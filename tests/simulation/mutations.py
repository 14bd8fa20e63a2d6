"""The product, broken on purpose in one place: the simulation must see each of these."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.simulation.broker import SimulatedPublisher
from tests.simulation.database import SimulatedOrderStore
from tests.simulation.world import Variant
from workers.orders.flow import OrdersFlow
from workers.stream.ports import OutsideAwayError
from workers.stream.transport.batches import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from faust.types import TP

    from workers.orders.ports import Refusal, RefusalKey, Write
    from workers.stream.ports import OutboundRecord
    from workers.stream.transport.batches import RecordBatch

_BEYOND_ALL = 10**9


class UnguardedStore(SimulatedOrderStore):
    """Writes whatever it is given, whoever has written since."""

    def fits(self, write: Write) -> bool:  # noqa: ARG002 - that is the fault
        """Always."""
        return True


class ForgetfulStore(SimulatedOrderStore):
    """Remembers no refusal."""

    async def remember(self, refusals: Sequence[Refusal]) -> dict[RefusalKey, Refusal]:  # noqa: ARG002 - that is the fault
        """Nothing."""
        return {}


class HastyPublisher(SimulatedPublisher):
    """Does not wait until what it writes is written, so that it is acknowledged before."""

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Return at once."""
        self._process.spawn(self._publish_later(records))

    async def _publish_later(self, records: Sequence[OutboundRecord]) -> None:
        with contextlib.suppress(OutsideAwayError):
            await super().publish(records)


class HastyProgress(Progress):
    """Commits what has been handed out, done or not."""

    def add(self, tp: TP, batch: RecordBatch) -> None:
        """Take it for done."""
        batch.done = True
        super().add(tp, batch)


class FlowWithoutThePublishedRule(OrdersFlow):
    """Takes everything that is stored for published when a lane opens."""

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """As if all offsets were acknowledged."""
        await super().open(lane, dict.fromkeys(acknowledged, _BEYOND_ALL))


class FlowThatForgetsWhatItTold(OrdersFlow):
    """Tells again with each round what is not acknowledged."""

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """Forget it."""
        super().acknowledged(lane, positions)
        if lane in self._lanes:
            self._lanes[lane].told.clear()


MUTATIONS = {
    "without the guard on the revision": Variant(order_store=UnguardedStore),
    "without the memory of refusals": Variant(order_store=ForgetfulStore),
    "acknowledged before it is published": Variant(publisher=HastyPublisher),
    "committed before it is done": Variant(progress=HastyProgress),
    "without the rule of what is published": Variant(flow=FlowWithoutThePublishedRule),
    "without the lease on heartbeats": Variant(has_lease=False),
    "without the memory of what was told": Variant(flow=FlowThatForgetsWhatItTold),
}
