"""What processes ask of Kafka and MongoDB: on its way there, done in parts, or on its way back.

An operation takes effect at one moment and is answered at another; in between, its process may
die or be paused. The scheduler decides when either happens, and whether.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from tests.simulation.processes import Process

Result = TypeVar("Result")
Part = tuple["Callable[[Any], None]", Any]
"""One indivisible effect: a function, and what it is called with."""


class Server(Enum):
    """Who is asked."""

    DATABASE = "MongoDB"
    BROKER = "Kafka"


class Question(NamedTuple):
    """What is asked of whom; `detail` is more of it, for people."""

    server: Server
    what: str
    detail: Callable[[], str] = str


class Operation:
    """One request of a process, of `queues` of effects; within a queue the order is kept."""

    __slots__ = (
        "answer",
        "answered",
        "failed",
        "finish",
        "future",
        "process",
        "question",
        "queues",
        "server",
    )

    def __init__(
        self,
        process: Process,
        question: Question,
        finish: Callable[[], Any],
        queues: Sequence[list[Part]],
    ) -> None:
        """Be on the way; `finish` makes the answer once all effects are there."""
        self.process = process
        self.question = question
        self.server = question.server
        self.finish = finish
        self.queues = [queue for queue in queues if queue]
        self.future: asyncio.Future[Any] = process.loop.create_future()
        self.answered = False
        self.failed: BaseException | None = None
        self.answer: Any = None

    def apply_all(self) -> None:
        """All effects that are left, and the answer."""
        for queue in self.queues:
            for effect, argument in queue:
                effect(argument)
        self.queues = []
        self.answered = True
        self.answer = self.finish()

    def apply_some(self, index: int, count: int) -> None:
        """The next `count` effects of one queue."""
        queue = self.queues[index]
        for effect, argument in queue[:count]:
            effect(argument)
        del queue[:count]
        if not queue:
            del self.queues[index]

    def fail(self, error: BaseException) -> None:
        """Answer with an error; what has no effect yet never has one."""
        self.queues = []
        self.answered = True
        self.failed = error

    def deliver(self) -> None:
        """Let the process have the answer, if it still waits for it."""
        if self.future.done():
            return
        if self.failed is not None:
            self.future.set_exception(self.failed)
        else:
            self.future.set_result(self.answer)

    def __str__(self) -> str:
        return f"{self.process}: {self.question.what}{self.question.detail()}"


class Network:
    """All operations that are under way."""

    def __init__(self) -> None:
        """Nothing is under way."""
        self.under_way: list[Operation] = []

    async def ask(
        self,
        process: Process,
        question: Question,
        finish: Callable[[], Result],
        queues: Sequence[list[Part]] = (),
    ) -> Result:
        """Ask a server, and wait for its answer.

        Raises:
            OutsideAwayError: there was none, and nobody knows what was done.
        """
        operation = Operation(process, question, finish, queues)
        self.under_way.append(operation)
        return cast("Result", await operation.future)

    def remove(self, index: int) -> Operation:
        """Take one out; the order of the others does not matter."""
        found = self.under_way[index]
        last = self.under_way.pop()
        if last is not found:
            self.under_way[index] = last
        return found


def away(server: Server) -> OutsideAwayError:
    """The error of a server that does not answer."""
    return OutsideAwayError(f"{server.value} is away")
