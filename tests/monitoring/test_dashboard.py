"""The dashboard, asked of a real Prometheus that reads workers with something to do."""

from __future__ import annotations

import asyncio
import math
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from docs.drawing.prometheus import Prometheus, PrometheusMissingError, running_prometheus
from tests.journey.storefront import Storefront
from tests.monitoring.expressions import panels
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.monitoring.conftest import Measured
    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.slow]

INTERVAL = "15s"
CREATE = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 1}]}


@pytest.fixture(name="prometheus", scope="module")
def running(measured: Measured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It reads all workers."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    try:
        with running_prometheus(list(measured.ports.values()), folder) as found:
            yield found
    except PrometheusMissingError as error:
        pytest.skip(f"{error} (it is in Debian's package of that name)")


@pytest.fixture(name="busy", scope="module")
async def keep_busy(settings: Settings) -> AsyncIterator[None]:
    """Orders come in, one that is rejected for each that is not."""
    storefront = Storefront(settings.kafka_bootstrap)

    async def send() -> None:
        while True:
            storefront.send("order.create.v1", CREATE)
            storefront.send("order.create.v1", {**CREATE, "customerId": "blocked"})
            storefront.flush()
            await asyncio.sleep(0.5)

    sending = asyncio.create_task(send())
    yield
    sending.cancel()
    storefront.flush()


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
async def test_every_panel_shows_data(prometheus: Prometheus, panel: dict[str, Any]) -> None:
    """Each of its expressions comes to something, and to a number."""
    for target in panel["targets"]:
        shows = partial(_has_numbers, prometheus, target["expr"])
        await eventually(shows, f"data of {panel['title']}: {target['expr']}")


def _has_numbers(prometheus: Prometheus, expression: str) -> bool:
    try:
        found = prometheus.now(expression, INTERVAL)
    except OSError:  # it is still starting
        return False
    values = [value for series in found for _, value in series.points]
    return any(not math.isnan(value) for value in values)
