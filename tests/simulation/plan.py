"""What a history is made of: drawn from its seed before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

from workers.orders.deadlines import Patience
from workers.orders.flow import Rules
from workers.stream.writing.misbehaving import Misbehaviour

if TYPE_CHECKING:
    from collections.abc import Collection

_FIRST_PAUSE = 5_000


class Fault(StrEnum):
    """What may go wrong in a history."""

    KILL = "kill"
    END = "end"
    PAUSE = "pause"
    MOVE = "move"
    DATABASE_AWAY = "database-away"
    KAFKA_AWAY = "kafka-away"
    LOST_ANSWER = "lost-answer"
    PARTIAL = "partial"
    REFUSE = "refuse"
    CLOCK = "clock"
    PARTITION = "partition"
    REPEAT = "repeat"
    FOREIGN_LANE = "foreign-lane"
    POISON = "poison"
    FORGED = "forged"
    LATE_REPLIES = "late-replies"
    LOST_REPLIES = "lost-replies"
    CUSTOMER_CHANGES = "customer-changes"
    ZOMBIE = "zombie"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Plan:
    """One history: how many of everything, and which faults.

    `steps` is how many the scheduler takes before everything heals, and `fault_rate` the share of
    them, and of answers, in which something goes wrong.
    """

    seed: int
    faults: frozenset[Fault]
    fault_rate: float
    steps: int
    commands: int
    orders: int
    partitions: int
    workers: dict[str, int]
    batch_records: int
    rules: Rules
    misbehaviour: Misbehaviour


def draw(seed: int, without: Collection[Fault] = (), most_commands: int | None = None) -> Plan:
    """The plan of a seed; `without` and `most_commands` make it smaller, to find a cause."""
    random = Random(f"plan {seed}")  # noqa: S311 - it is to be the same again
    share = random.choice((0.0, 0.2, 0.4, 0.7, 1.0))
    faults = frozenset(fault for fault in Fault if random.random() < share)
    # A customer who is valid, and is not when the same request comes again, and a lost word of the
    # stock that was reserved in between: that stock would stay reserved. Only simulated services
    # lose replies, when told to, or those that they keep back when they are killed.
    lossy = frozenset({Fault.LOST_REPLIES, Fault.LATE_REPLIES})
    faults -= random.choice((lossy, frozenset({Fault.CUSTOMER_CHANGES})))
    faults -= set(without)
    plan = Plan(
        seed=seed,
        faults=faults,
        fault_rate=random.choice((0.02, 0.05, 0.12)),
        steps=random.choice((60, 120, 240)),
        commands=random.randint(3, 12),
        orders=random.randint(1, 3),
        partitions=random.choice((1, 1, 2, 3)),
        workers={
            "orders": random.choice((1, 2, 2, 3)),
            "customers": 1,
            "inventory": random.choice((1, 1, 2)),
        },
        batch_records=random.choice((1, 3, 10, 100)),
        rules=Rules(
            Patience(_FIRST_PAUSE, attempts=random.choice((1, 2, 3))),
            most_open_orders=random.choice((1, 2, 100)),
        ),
        misbehaviour=_misbehaviour(random, faults, seed),
    )
    if most_commands is not None:
        plan = replace(plan, commands=min(plan.commands, most_commands))
    return plan


def _misbehaviour(random: Random, faults: Collection[Fault], seed: int) -> Misbehaviour:
    is_late = Fault.LATE_REPLIES in faults
    is_lost = Fault.LOST_REPLIES in faults
    some = random.choice((0.1, 0.3, 0.6))
    return Misbehaviour(
        drop_rate=some if is_lost else 0.0,
        delay_rate=some if is_late else 0.0,
        repeat_rate=some if is_late else 0.0,
        reorder_rate=some if is_late and is_lost else 0.0,
        delay_seconds=random.choice((0.5, 4.0, 30.0)),
        seed=seed,
    )
