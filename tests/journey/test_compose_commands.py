"""The commands and the environment that docker-compose.yml names, run against the real stack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import yaml

from tests.journey.worker_processes import WorkerProcess
from workers.dev.ports import free_ports

if TYPE_CHECKING:
    from tests.journey.storefront import Reader, Storefront
    from workers.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
WORKERS = ("orders", "customers", "inventory")


def environment_of(service: str, settings: Settings) -> dict[str, str]:
    """What the Compose file sets, with defaults filled in and the stack's addresses for its own."""
    found = {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
        for name, value in SERVICES[service]["environment"].items()
    }
    found["OMS_KAFKA_BOOTSTRAP"] = _at(
        found["OMS_KAFKA_BOOTSTRAP"], "kafka:19092", settings.kafka_bootstrap
    )
    found["OMS_MONGO_URI"] = settings.mongo_uri
    if "OMS_METRICS_PORT" in found:
        # Containers have an address each; here there is one for all.
        found["OMS_METRICS_PORT"] = str(free_ports(1)[0])
        found["OMS_METRICS_ADDRESS"] = _at(found["OMS_METRICS_ADDRESS"], "0.0.0.0", "127.0.0.1")  # noqa: S104 - what the file says
    return found


def _at(text: str, own: str, real: str) -> str:
    assert own in text
    return text.replace(own, real)


def run_once(service: str, settings: Settings) -> None:
    """Run a service that ends by itself."""
    command = [sys.executable, "-m", "workers", *SERVICES[service]["command"]]
    environment = {"PATH": os.environ["PATH"], **environment_of(service, settings)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


async def test_what_compose_runs_takes_an_order(
    settings: Settings, storefront: Storefront, results: Reader, tmp_path: Path
) -> None:
    """Topics, seed and the three workers, as the Compose file runs them, accept an order."""
    run_once("topics", settings)
    run_once("seed", settings)
    assert [SERVICES[name]["command"] for name in WORKERS] == [["worker", name] for name in WORKERS]
    running = [
        WorkerProcess(name, settings, tmp_path, **environment_of(name, settings))
        for name in WORKERS
    ]
    try:
        for worker in running:
            worker.wait_until_ready()
        data = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 2}]}
        command_id = storefront.send("order.create.v1", data, order_id=str(uuid4()))
        assert results.result_of(command_id)["status"] == "processing"
    finally:
        assert [worker.end() for worker in running] == [0, 0, 0]
