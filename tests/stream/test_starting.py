"""Kafka or MongoDB not there when a worker starts: said once, waited for, then work begins."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.waiting import eventually
from workers.dev.ports import free_ports
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]


class OrdersProcess:
    """The orders worker as a process, and its log."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    def lines(self) -> list[dict[str, Any]]:
        """Its log so far; every whole line must be JSON."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def reasons(self) -> list[str]:
        """What it has said that it waits for."""
        return [line["reason"] for line in self.lines() if line["event"] == "waiting_for_outside"]

    def is_ready(self) -> bool:
        """Whether it has joined."""
        return any(line["event"] == "ready" for line in self.lines())


@asynccontextmanager
async def _orders_worker(folder: Path, **addresses: str) -> AsyncIterator[OrdersProcess]:
    log = folder / "orders.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workers", "worker", "orders"),
            cwd=_ROOT,
            env={**os.environ, **addresses},
            stderr=file,
        )
    try:
        yield OrdersProcess(process, log)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ends_well(worker: OrdersProcess) -> None:
    worker.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(worker.process.wait(), 30) == 0


async def test_a_worker_waits_for_kafka(tmp_path: Path) -> None:
    """Started before Kafka, it names the address once, then the missing topics, then is ready."""
    kafka_port, mongo_port = free_ports(2)
    addresses = {
        "OMS_KAFKA_BOOTSTRAP": f"localhost:{kafka_port}",
        "OMS_MONGO_URI": f"mongodb://localhost:{mongo_port}/?replicaSet=rs0",
    }
    async with _orders_worker(tmp_path, **addresses) as worker:
        await eventually(worker.reasons, "the worker to wait")
        assert worker.reasons() == [f"Kafka does not answer at localhost:{kafka_port}"]
        options = StackOptions(ephemeral=True, kafka_port=kafka_port, mongo_port=mongo_port)
        with await asyncio.to_thread(_enter, options) as stack:
            await eventually(lambda: len(worker.reasons()) > 1, "the worker to miss the topics")
            assert "topics are missing" in worker.reasons()[1]
            assert "oms topics create" in worker.reasons()[1]
            await asyncio.to_thread(prepare, stack.settings)
            await eventually(worker.is_ready, "the worker to be ready")
            assert len(worker.reasons()) == 2
            await _ends_well(worker)


def _enter(options: StackOptions) -> Any:  # noqa: ANN401 - the context manager, entered below
    """Make the stack's context manager; it starts where it is entered."""
    return start_stack(options)


async def test_a_worker_waits_for_mongodb(settings: Settings, tmp_path: Path) -> None:
    """Started before MongoDB, it says so once; when MongoDB comes it begins, and is ready."""
    [port] = free_ports(1)
    async with _orders_worker(tmp_path, **_with_mongo_at(settings, port)) as worker:
        await eventually(worker.reasons, "the worker to wait")
        assert "MongoDB does not answer" in worker.reasons()[0]
        assert not worker.is_ready()
        async with _forwarding(port, settings.mongo_uri):
            await eventually(worker.is_ready, "the worker to be ready")
            assert len(worker.reasons()) == 1
            await _ends_well(worker)


@pytest.mark.parametrize("missing", ["Kafka", "MongoDB"])
async def test_a_worker_that_waits_can_be_ended(
    settings: Settings, tmp_path: Path, missing: str
) -> None:
    """SIGTERM ends a worker that has not begun at once, with 0 and without a trace."""
    [port] = free_ports(1)
    addresses = _with_mongo_at(settings, port)
    if missing == "Kafka":
        addresses["OMS_KAFKA_BOOTSTRAP"] = f"localhost:{port}"
    async with _orders_worker(tmp_path, **addresses) as worker:
        await eventually(worker.reasons, "the worker to wait")
        assert missing in worker.reasons()[0]
        await _ends_well(worker)
        assert "Traceback" not in worker.log.read_text(encoding="utf-8")


def _with_mongo_at(settings: Settings, port: int) -> dict[str, str]:
    return {
        "OMS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "OMS_MONGO_URI": f"mongodb://localhost:{port}/?directConnection=true",
        "OMS_MONGO_DATABASE": "starting",
    }


@asynccontextmanager
async def _forwarding(port: int, mongo_uri: str) -> AsyncIterator[None]:
    """Let the port lead to the MongoDB that runs already."""
    target = urlsplit(mongo_uri)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    async with await asyncio.start_server(forward, "localhost", port):
        yield


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()
