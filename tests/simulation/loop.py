"""The event loop of one simulated process: its time is the world's, and it runs when it is told.

A process can therefore be paused, or stopped for ever, between any two things that it waits for.
Within a process callbacks run in the order in which they were made ready, as asyncio's own do.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_MOST_CALLBACKS: int = 100_000


class Handle:
    """A callback that is to run, unless it is cancelled before."""

    __slots__ = ("_args", "_callback", "_context", "cancelled_already", "when")

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[object, ...],
        context: Context | None,
        when: float,
    ) -> None:
        """Run `callback` with `args`, not before `when`."""
        self._callback = callback
        self._args = args
        self._context = copy_context() if context is None else context
        self.cancelled_already = False
        self.when = when

    def cancel(self) -> None:
        """Do not run."""
        self.cancelled_already = True

    def cancelled(self) -> bool:
        """Whether it will not run."""
        return self.cancelled_already

    def run(self) -> None:
        """Run, unless cancelled."""
        if not self.cancelled_already:
            self._context.run(self._callback, *self._args)


class ProcessLoop:
    """What asyncio asks of a loop, and no more: nothing here waits for the real world."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """Tell the time by `seconds`."""
        self._seconds = seconds
        self._ready: deque[Handle] = deque()
        self._timers: list[tuple[float, int, Handle]] = []
        self._made = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._itself = cast("asyncio.AbstractEventLoop", self)

    # What asyncio calls.

    def time(self) -> float:
        """Seconds of the simulated, monotonic clock."""
        return self._seconds()

    def get_debug(self) -> bool:
        """Never."""
        return False

    def is_running(self) -> bool:
        """Whoever asks is run by it."""
        return True

    def is_closed(self) -> bool:
        """There is nothing to close."""
        return False

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self._itself)

    def create_task(
        self,
        coro: Coroutine[Any, Any, Any],
        **kwargs: Any,  # noqa: ANN401 - whatever asyncio hands on
    ) -> asyncio.Task[Any]:
        """A task that is stopped with the process."""
        task = asyncio.Task(coro, loop=self._itself, **kwargs)
        self._tasks.append(task)
        return task

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> Handle:
        """Run when the process runs next."""
        handle = Handle(callback, args, context, 0.0)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: object,
        context: Context | None = None,
    ) -> Handle:
        """Run once the delay, in seconds, is over."""
        return self.call_at(self._seconds() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: object,
        context: Context | None = None,
    ) -> Handle:
        """Run once the clock says `when`."""
        handle = Handle(callback, args, context, when)
        self._made += 1
        heapq.heappush(self._timers, (when, self._made, handle))
        return handle

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Nothing: tasks of a process that was killed are never waited for."""

    # What the simulation calls.

    @property
    def next_timer(self) -> float | None:
        """When the earliest timer ends."""
        while self._timers and self._timers[0][2].cancelled_already:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run(self) -> None:
        """Run everything that is due, and all that comes of it, until it waits for others."""
        now = self._seconds()
        while self._timers and self._timers[0][0] <= now:
            self._ready.append(heapq.heappop(self._timers)[2])
        left = _MOST_CALLBACKS
        asyncio._set_running_loop(self._itself)  # noqa: SLF001 - made for loops
        try:
            while self._ready:
                self._ready.popleft().run()
                left -= 1
                if not left:
                    raise RuntimeError("a process runs without end, and waits for nobody")
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - made for loops

    def kill(self) -> None:
        """Stop all tasks where they are; nothing of them runs ever again."""
        for task in self._tasks:
            if not task.done():
                task.get_coro().close()
        self._tasks.clear()
        self._ready.clear()
        self._timers.clear()
