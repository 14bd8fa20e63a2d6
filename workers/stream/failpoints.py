"""Named points at which a worker kills or stops itself, for `oms chaos` and for nothing else.

`OMS_FAILPOINT=orders:after-store:5` has the orders worker send itself SIGKILL when it comes to that
point for the fifth time; with `:stop` behind it, SIGSTOP. Without the setting nothing is wrapped.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workers.settings import Settings
    from workers.stream.ports import OutboundRecord, Publisher

Store = TypeVar("Store")

_STOP = "stop"


class Point(StrEnum):
    """Where a worker can fail."""

    AFTER_STORE = "after-store"
    """What was decided is stored, and nothing of it is published."""
    BEFORE_PUBLISH = "before-publish"
    MID_PUBLISH = "mid-publish"
    """The first half of the records is written and acknowledged, the others are not written."""
    AFTER_PUBLISH = "after-publish"
    """All is written, and what brought it about is not acknowledged."""


class Failpoints:
    """Counts how often this worker comes to its failpoint, and acts when it is the time."""

    def __init__(self, setting: str, worker: str, act: Callable[[signal.Signals], None]) -> None:
        """Take `OMS_FAILPOINT`; it does nothing in another worker than the one that it names."""
        name, _, rest = setting.partition(":")
        self._point, _, rest = rest.partition(":") if name == worker else ("", "", "")
        count, _, way = rest.partition(":")
        self._left = int(count or 0)
        self._signal = signal.SIGSTOP if way == _STOP else signal.SIGKILL
        self._act = act

    def store(self, store: Store, *methods: str) -> Store:
        """The store, failing after these of its methods have stored something."""
        if self._point != Point.AFTER_STORE:
            return store
        return cast("Store", _FailingStore(store, methods, self))

    def publisher(self, publisher: Publisher) -> Publisher:
        """The publisher, failing around or within what it publishes."""
        if self._point in {"", Point.AFTER_STORE}:
            return publisher
        return _FailingPublisher(publisher, self)

    def comes_to(self, point: Point) -> None:
        """Count, and act if it is the time."""
        if self.is_next(point):
            self._left = 0
            self._act(self._signal)
        elif point == self._point:
            self._left -= 1

    def is_next(self, point: Point) -> bool:
        """Whether the worker fails when it comes to this point."""
        return point == self._point and self._left == 1


class _FailingPublisher:
    def __init__(self, publisher: Publisher, failpoints: Failpoints) -> None:
        self._publisher = publisher
        self._failpoints = failpoints

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        if not records:
            return
        self._failpoints.comes_to(Point.BEFORE_PUBLISH)
        half = len(records) // 2
        if half:
            if self._failpoints.is_next(Point.MID_PUBLISH):
                await self._publisher.publish(records[:half])
            self._failpoints.comes_to(Point.MID_PUBLISH)
        await self._publisher.publish(records)
        self._failpoints.comes_to(Point.AFTER_PUBLISH)


class _FailingStore:
    """Any store; a call of one of `methods` counts if its first argument is not empty."""

    def __init__(self, store: object, methods: Sequence[str], failpoints: Failpoints) -> None:
        self._store = store
        self._methods = methods
        self._failpoints = failpoints

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        found = getattr(self._store, name)
        if name not in self._methods:
            return found

        async def store_and_fail(what: Any) -> Any:  # noqa: ANN401 - whatever the store takes
            stored = await found(what)
            if what:
                self._failpoints.comes_to(Point.AFTER_STORE)
            return stored

        return store_and_fail


def failpoints_of(settings: Settings, worker: str) -> Failpoints:
    """What `OMS_FAILPOINT` asks of this worker."""
    return Failpoints(settings.failpoint, worker, _signal_itself)


def _signal_itself(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
