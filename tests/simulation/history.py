"""One history: chaos first, then everything heals, then everything must be in order."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from tests.simulation.invariants import broken
from tests.simulation.outcomes import (
    state,
    what_a_replay_changed,
    wrong_outcomes,
)
from tests.simulation.plan import Fault
from tests.simulation.scheduler import Scheduler
from tests.simulation.world import PRODUCT, Variant, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.simulation.plan import Plan

_MOST_STEPS_TO_REST = 6_000
_CRITICAL = 50


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a history: what does not hold, and how much happened, by kind."""

    violations: list[str]
    steps: int
    commands: int
    records: int
    happened: Mapping[str, int]


def run(plan: Plan, variant: Variant = PRODUCT, tell: Callable[[str], None] | None = None) -> Told:
    """Run the history of a plan; the same plan always gives the same history."""
    with _nothing_by_chance(plan.seed):
        return _run(plan, variant, tell)


@contextmanager
def _nothing_by_chance(seed: int) -> Iterator[None]:
    """The product's own chance, the jitter of its waits, comes from the seed as well."""
    before = random.getstate()
    configured = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_CRITICAL))
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
        structlog.configure(**configured)


def _run(plan: Plan, variant: Variant, tell: Callable[[str], None] | None) -> Told:
    world = World(plan, variant)
    scheduler = Scheduler(world, tell)
    for _ in range(plan.steps):
        if not scheduler.step():
            scheduler.wait()
    while scheduler.clients.left:
        scheduler.let_a_client_write()
    scheduler.say("everything heals")
    scheduler.heal()
    found, steps = _come_to_rest(scheduler)
    steps += plan.steps
    found = found or _violations(world)
    if not found and Fault.RESET in plan.faults:
        before = state(world)
        _reset(scheduler)
        found, more = _come_to_rest(scheduler)
        steps += more
        found = found or what_a_replay_changed(before, state(world)) or _violations(world)
    for worker in list(world.workers):
        scheduler.kill(worker)
    records = sum(len(log) for logs in world.broker.topics.values() for log in logs)
    return Told(found, steps, plan.commands, records, scheduler.happened)


def _violations(world: World) -> list[str]:
    return [*wrong_outcomes(world), *broken(world)]


def _come_to_rest(scheduler: Scheduler) -> tuple[list[str], int]:
    """Go on until nothing is in flight and nobody waits; how many steps it took."""
    for steps in range(1, _MOST_STEPS_TO_REST):
        if scheduler.step():
            continue
        if scheduler.is_at_rest:
            return [], steps
        scheduler.pass_time(scheduler.time_to_the_next_event())
    return ["12: it does not come to rest", *_violations(scheduler.world)], _MOST_STEPS_TO_REST


def _reset(scheduler: Scheduler) -> None:
    """The orders workers end, and start again from the beginning of all their topics."""
    world = scheduler.world
    scheduler.say("the group of the orders workers is set back to the beginning")
    for worker in list(world.workers):
        if worker.kind.name == "orders":
            scheduler.kill(worker)
    group = world.groups["orders"]
    group.committed.update(dict.fromkeys(group.committed, 0))
