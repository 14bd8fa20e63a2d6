"""A network on which everything is done at once and nothing goes wrong: to test the fakes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.network import Network
from tests.simulation.plan import draw
from tests.simulation.processes import Process
from tests.simulation.world import PRODUCT, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.simulation.network import Part, Question, Result


class CalmNetwork(Network):
    """Answers at once."""

    async def ask(
        self,
        process: Process,  # noqa: ARG002 - as in a history
        question: Question,  # noqa: ARG002 - as in a history
        finish: Callable[[], Result],
        queues: Sequence[list[Part]] = (),
    ) -> Result:
        """Do it."""
        for queue in queues:
            for effect, argument in queue:
                effect(argument)
        return finish()


def calm_process() -> Process:
    """A process that nothing happens to."""
    return Process("calm", World(draw(0), PRODUCT))
