"""What is to be measured, and how the processes of each variant are started."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from workers.dev.supervisor import ALL_WORKERS, worker_command

if TYPE_CHECKING:
    from collections.abc import Callable


class Variant(StrEnum):
    """Who does the work."""

    FLOOR = "floor"
    SERVICE = "service"
    FAUST = "faust"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; rates are orders a second.

    `faust_share` is the share of the orders that idiomatic Faust gets, which is far slower.
    """

    variants: tuple[Variant, ...] = (Variant.FLOOR, Variant.SERVICE, Variant.FAUST)
    orders: int = 20_000
    faust_share: float = 0.05
    warm_up_share: float = 0.25
    rates: tuple[float, ...] = (50.0, 300.0)
    seconds: float = 8.0
    warm_up_seconds: float = 2.0
    idle_seconds: float = 5.0
    orders_workers: int = 1
    stored: tuple[int, ...] = ()
    growth_orders: int = 5_000
    growth_warm_up: int = 20_000
    growth_rounds: int = 3
    changes: int = 900
    changes_rounds: int = 5
    changes_rate: float = 100.0
    seed: int = 1

    def backlog(self, variant: Variant) -> int:
        """How many orders the variant gets at once."""
        share = self.faust_share if variant is Variant.FAUST else 1.0
        return max(1, round(self.orders * share))

    def warm_up(self, variant: Variant) -> int:
        """How many orders go before them, unmeasured."""
        return max(1, round(self.backlog(variant) * self.warm_up_share))

    @property
    def workers(self) -> tuple[str, ...]:
        """The names of the workers: those after the first of a kind are numbered."""
        more = (f"orders-{number}" for number in range(2, self.orders_workers + 1))
        return (*ALL_WORKERS, *more)


class Screen(Protocol):
    """Who is told what is going on."""

    def tell(self, line: str) -> None:
        """Show one line."""

    def begin(self, what: str, total: int) -> Callable[[int], None]:
        """Show a new bar; the function takes how much more of `total` is done."""


def command_of(variant: Variant) -> Callable[[str], list[str]]:
    """How a worker of the variant is started, by its name."""
    if variant is Variant.SERVICE:
        return lambda name: worker_command(_kind(name))
    module = "floor" if variant is Variant.FLOOR else "idiomatic"
    return lambda name: [sys.executable, "-m", f"workers.dev.bench.{module}", _kind(name)]


def _kind(name: str) -> str:
    return name.partition("-")[0]
