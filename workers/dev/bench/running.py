"""One run of the benchmark: the variants one after the other, then growth."""

from __future__ import annotations

import asyncio
import os
import platform
from typing import TYPE_CHECKING

from workers.dev.bench.figures import BenchFigures
from workers.dev.bench.growth import measure_growth
from workers.dev.bench.plan import Variant
from workers.dev.bench.variant import measure

if TYPE_CHECKING:
    from workers.dev.bench.figures import Growth, VariantFigures
    from workers.dev.bench.ground import Place
    from workers.dev.bench.plan import Plan, Screen


def run_bench(plan: Plan, place: Place, screen: Screen) -> BenchFigures:
    """Measure everything that is planned, each variant in a place of its own.

    Raises:
        StackError: something cannot be started or measured; the text is for people.
        OutsideAwayError, KafkaError, PyMongoError: Kafka or MongoDB does not answer.
    """
    about = machine(plan)
    variants = tuple(_variant(plan, variant, place, screen) for variant in plan.variants)
    growth = _growth(plan, place, screen) if plan.stored else None
    return BenchFigures(about, variants, growth)


def machine(plan: Plan) -> dict[str, str]:
    """What the figures depend on."""
    return {
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "orders workers": str(plan.orders_workers),
        "load before": ", ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _variant(plan: Plan, variant: Variant, place: Place, screen: Screen) -> VariantFigures:
    screen.tell(f"— {variant} —")
    with place(plan, variant, screen) as ground:
        return asyncio.run(measure(ground, plan, variant, screen))


def _growth(plan: Plan, place: Place, screen: Screen) -> Growth:
    screen.tell("— growth —")
    with place(plan, Variant.SERVICE, screen) as ground:
        return asyncio.run(measure_growth(ground, plan, screen))
