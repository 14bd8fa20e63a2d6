"""Faust's consumer thread without a thread: the Kafka consumer runs in the worker's own loop.

The driver hands every fetch and commit to a loop in another thread and back. At low rates these
handovers, and the wait for the interpreter's lock, cost more than the fetch itself; at high rates
there is nothing to be had of a second thread, for decoding holds the lock as well.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, cast

from faust.transport.drivers import aiokafka as driver
from mode.services import Service
from mode.utils.futures import maybe_async

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiokafka import AIOKafkaConsumer
    from faust.transport.consumer import RecordMap
    from faust.types import TP

    from workers.stream.watching.lease import Lease

# A fetch asks for every partition but those whose records nobody has taken for a tenth of a second:
# whatever arrives ends the wait. Shorter waits cost more than all orders of a quiet hour.
_FETCH_WAIT_MILLISECONDS = 500


class LeasedApp(Protocol):
    """An app whose worker holds a lease on its lanes."""

    lease: Lease


class BatchConsumerThread(driver.AIOKafkaConsumerThread):
    """A plain service, with a bounded wait in each fetch and transactions respected."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the driver's
        """Take what the driver takes; the thread's loop is the one that runs already."""
        loop = asyncio.get_event_loop()
        super().__init__(*args, **{**kwargs, "loop": loop, "thread_loop": loop})

    async def on_start(self) -> None:
        """Connect; every answered heartbeat renews the worker's lease."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 - no other way to see heartbeats
        lease = cast("LeasedApp", self.app).lease
        coordinator._do_heartbeat = lease.renewing(coordinator._do_heartbeat)  # noqa: SLF001 - as above

    async def start(self) -> None:
        """Start as any service does."""
        self._thread_started.set()
        await Service.start(self)

    async def stop(self) -> None:
        """Stop as any service does."""
        await Service.stop(self)

    async def on_stop(self) -> None:
        """Leave the group and disconnect."""
        await self.on_thread_stop()
        self.set_shutdown()

    async def _stop_children(self) -> None:
        await self._default_stop_children()

    async def _stop_futures(self) -> None:
        await self._default_stop_futures()

    async def _stop_exit_stacks(self) -> None:
        await self._default_stop_exit_stacks()

    async def call_thread(
        self,
        fun: Callable[..., Any],
        *args: Any,  # noqa: ANN401 - the driver's
        **kwargs: Any,  # noqa: ANN401 - the driver's
    ) -> Any:  # noqa: ANN401 - whatever `fun` returns
        """Call it here and now."""
        return await maybe_async(fun(*args, **kwargs))

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MILLISECONDS  # noqa: SLF001 - fixed at 1500 there
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - no setting leads there
        return consumer

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the driver's
        max_records: int | None = None,
    ) -> RecordMap:
        """Take what is there; a fetch that a rebalance went through takes nothing.

        Its records are of the new assignment already, whose lanes are not open: they would be
        thrown away, and the position would have moved past them.
        """
        subscriptions = consumer._subscription  # noqa: SLF001 - the assignment has no other name
        begun_in = subscriptions.subscription.assignment
        found = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        if subscriptions.subscription.assignment is begun_in:
            return found
        for tp, records in found.items():
            consumer.seek(tp, records[0].offset)
        return {}
