"""Makes a failing history smaller: fewer faults and commands, as long as it goes on failing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.history import run
from tests.simulation.plan import Fault, draw
from tests.simulation.world import PRODUCT, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable


def shrink(seed: int, variant: Variant = PRODUCT) -> tuple[tuple[Fault, ...], int | None]:
    """The faults that the failure does not need, and how many commands it needs at most."""
    without: tuple[Fault, ...] = ()
    for fault in sorted(draw(seed).faults):
        if _fails(seed, (*without, fault), None, variant):
            without = (*without, fault)
    for commands in range(1, draw(seed).commands):
        if _fails(seed, without, commands, variant):
            return without, commands
    return without, None


def _fails(seed: int, without: Iterable[Fault], commands: int | None, variant: Variant) -> bool:
    return bool(run(draw(seed, tuple(without), commands), variant).violations)


def describe(
    seed: int, without: tuple[Fault, ...], commands: int | None, variant: Variant = PRODUCT
) -> str:
    """The history of a seed for people: its plan, its steps, what does not hold, how to replay."""
    plan = draw(seed, without, commands)
    steps: list[str] = []
    told = run(plan, variant, steps.append)
    options = "".join(f" --without {fault}" for fault in without)
    options += "" if commands is None else f" --commands {commands}"
    title = (
        f"Seed {seed}: {', '.join(sorted(plan.faults)) or 'no faults'}; {plan.commands} commands "
        f"for {plan.orders} orders in {plan.partitions} lanes; workers {plan.workers}"
    )
    return "\n".join(
        (
            title,
            *steps,
            "",
            *(told.violations or ["Everything holds."]),
            "",
            f"Replay it with: python -m tests.simulation replay {seed}{options}",
        )
    )
