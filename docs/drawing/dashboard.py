"""The dashboard with real data, drawn as its file lays it out: no Grafana is at hand here.

A real Prometheus reads the workers while orders come in, of which some are rejected, canceled or no
commands at all, and while a worker is killed.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from docs.drawing import canvas
from docs.drawing.charts import COLUMN, GAP, ROW, Line, panel_of
from docs.drawing.prometheus import running_prometheus
from schemas.commands import CommandType
from workers.dev.bench.load import OrderSource, begin_send, plain_producer
from workers.dev.client import new_id
from workers.dev.ports import free_ports
from workers.dev.running import run_service
from workers.dev.stack import StackOptions
from workers.dev.supervisor import ALL_WORKERS, worker_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from docs.drawing.prometheus import Prometheus, Series
    from workers.dev.running import RunningService
    from workers.settings import Settings

FILE: Final = Path(__file__).parents[2] / "monitoring" / "grafana" / "dashboards" / "oms.json"
_INTERVAL: Final = "10s"
_SECONDS: Final = 100
_KILLED_AFTER_SECONDS: Final = 55
_PAUSE_SECONDS: Final = 0.25
_SHARES: Final = {"blocked": 0.1, "canceled": 0.15, "poison": 0.03}
_COLUMNS: Final = 24


def dashboard_picture() -> str:
    """Run the service for two minutes, and draw what the dashboard shows of them.

    Raises:
        PrometheusMissingError: it is not installed.
    """
    ports = dict(zip(ALL_WORKERS, free_ports(len(ALL_WORKERS)), strict=True))
    command = partial(_measured_command, ports)
    panels: list[dict[str, Any]] = json.loads(FILE.read_text())["panels"]
    with (
        TemporaryDirectory() as folder,
        run_service(StackOptions(ephemeral=True), command=command) as service,
        running_prometheus(list(ports.values()), Path(folder)) as prometheus,
    ):
        begin = time.time()
        asyncio.run(_while_busy(service))
        end = time.time()
        drawn = [panel_of(panel, _lines(panel, prometheus, begin, end)) for panel in panels]
    lowest = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    title = "The dashboard, with what it shows of two busy minutes"
    return canvas.picture(_COLUMNS * COLUMN + 2 * GAP, lowest * ROW + 2 * GAP, title, drawn)


def _lines(
    panel: Mapping[str, Any], prometheus: Prometheus, begin: float, end: float
) -> Sequence[Line]:
    return [
        Line(_named(target.get("legendFormat", ""), series), series.points)
        for target in panel.get("targets", ())
        for series in prometheus.between(target["expr"], _INTERVAL, begin, end)
    ]


def _named(legend: str, series: Series) -> str:
    for label, value in series.labels.items():
        legend = legend.replace("{{" + label + "}}", value)
    return legend


def _measured_command(ports: Mapping[str, int], worker: str) -> Sequence[str]:
    return ("env", f"OMS_METRICS_PORT={ports[worker]}", *worker_command(worker))


async def _while_busy(service: RunningService) -> None:
    sending = asyncio.create_task(_send(service.settings))
    try:
        await asyncio.sleep(_KILLED_AFTER_SECONDS)
        service.supervisor.parts[0].kill()
        await asyncio.sleep(_SECONDS - _KILLED_AFTER_SECONDS)
    finally:
        sending.cancel()


async def _send(settings: Settings) -> None:
    chance = random.Random(1)  # noqa: S311 - the same orders each time
    source = OrderSource(chance)
    async with plain_producer(settings) as producer:
        while True:
            for order in source.creates(chance.randint(2, 8)):
                blocked = chance.random() < _SHARES["blocked"]
                data = {**order.data, "customerId": "blocked"} if blocked else order.data
                await begin_send(producer, replace(order, data=data))
                if chance.random() < _SHARES["canceled"]:
                    cancel = replace(order, type=CommandType.CANCEL, data={}, id=new_id())
                    await begin_send(producer, cancel)
                if chance.random() < _SHARES["poison"]:
                    await producer.send("orders.commands", key=b"poison", value=b"{")
            await asyncio.sleep(_PAUSE_SECONDS)
