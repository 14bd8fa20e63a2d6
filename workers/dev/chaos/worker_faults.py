"""The faults of the workers, by name: what is made of `faults_of_workers`, and of whom."""

from __future__ import annotations

from functools import partial
from typing import Final

from workers.dev.chaos import faults_of_workers as workers
from workers.dev.chaos.fault import Fault
from workers.dev.chaos.faults_of_workers import INVENTORY, ORDERS, SIMULATORS


def _of_workers(name: str, kinds: frozenset[str]) -> tuple[Fault, ...]:
    """What happens to the orders workers, and to the simulated services alike."""
    track = f"{name}, in the group"
    return (
        Fault(
            f"kill-{name}",
            f"{name}, killed",
            3,
            "kill -9 of a worker at any moment, sometimes again while it starts",
            partial(workers.kill, kinds=kinds),
        ),
        Fault(
            f"pause-{name}",
            f"{name}, paused",
            12,
            "SIGSTOP of a worker for longer than its session, then SIGCONT: it must end itself",
            partial(workers.pause, kinds=kinds),
        ),
        Fault(
            f"end-{name}",
            track,
            12,
            "SIGTERM to one worker after the other: each must end with exit code 0",
            partial(workers.end_in_turn, kinds=kinds),
        ),
        Fault(
            f"join-{name}",
            track,
            6,
            "a further worker joins, and leaves seconds later, in order or killed",
            partial(workers.join_and_leave, kinds=kinds),
        ),
        Fault(
            f"reset-{name}",
            track,
            8,
            "a group is set back to the beginning of its topics and does all of it again",
            partial(workers.read_everything_again, kinds=kinds),
        ),
    )


def _at(point: str, name: str, kinds: frozenset[str], track: str, what: str) -> Fault:
    return Fault(name, track, 6, what, partial(workers.fail_at, kinds=kinds, point=point))


WORKER_FAULTS: Final = (
    *_of_workers("orders", ORDERS),
    *_of_workers("simulators", SIMULATORS),
    _at(
        "after-store",
        "kill-after-store",
        ORDERS,
        "orders, killed",
        "kill -9 of an orders worker: changes stored, nothing of them published",
    ),
    _at(
        "before-publish",
        "kill-before-publish",
        ORDERS,
        "orders, killed",
        "kill -9 of an orders worker right before it publishes",
    ),
    _at(
        "mid-publish",
        "kill-mid-publish",
        ORDERS,
        "orders, killed while publishing",
        "kill -9 of an orders worker: half of a round's records written, the others not",
    ),
    _at(
        "after-publish",
        "kill-after-publish",
        ORDERS,
        "orders, killed while publishing",
        "kill -9 of an orders worker: all is published, and nothing acknowledged",
    ),
    _at(
        "after-store",
        "kill-after-effect",
        INVENTORY,
        "simulators, killed",
        "kill -9 of an inventory worker between its effect and its replies",
    ),
    _at(
        "mid-publish",
        "kill-mid-reply",
        SIMULATORS,
        "simulators, killed while replying",
        "kill -9 of a simulated service: half of its replies written, the others not",
    ),
    _at(
        "after-publish",
        "kill-after-reply",
        SIMULATORS,
        "simulators, killed while replying",
        "kill -9 of a simulated service: replies written, requests not acknowledged",
    ),
    Fault(
        "pause-mid-batch",
        "orders, paused",
        14,
        "an orders worker stops itself between storing and publishing, for longer than its session",
        partial(workers.pause_at, kinds=ORDERS, point="after-store"),
    ),
    Fault(
        "misbehave",
        "simulators, in the group",
        12,
        "a simulated service drops, delays, repeats and reorders a fifth of its replies each",
        partial(workers.misbehave, kinds=SIMULATORS),
    ),
    Fault(
        "clock",
        "clock",
        4,
        "the clock of one orders worker jumps an hour forth or back, and later home again",
        partial(workers.jump, kinds=ORDERS),
    ),
)
"""All faults of the workers."""
