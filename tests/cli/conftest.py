"""The command line as a user calls it, against the Kafka and MongoDB of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.command_line import CommandLine
from tests.journey.worker_processes import Workers
from workers.dev.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.settings import Settings


@pytest.fixture(scope="session")
def oms(settings: Settings) -> CommandLine:
    """`oms` with the addresses of the tests' Kafka and MongoDB in its environment."""
    return CommandLine.with_settings(settings)


@pytest.fixture(scope="session")
def oms_alone() -> CommandLine:
    """`oms` where nobody listens at the addresses of Kafka and MongoDB."""
    kafka, mongo = free_ports(2)
    return CommandLine(
        {
            "OMS_KAFKA_BOOTSTRAP": f"127.0.0.1:{kafka}",
            "OMS_MONGO_URI": f"mongodb://127.0.0.1:{mongo}/?replicaSet=rs0",
        }
    )


@pytest.fixture(scope="module")
def service(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """All three workers are running, for all tests of a module."""
    workers = Workers(settings, tmp_path_factory.mktemp("workers"))
    workers.start("orders", "customers", "inventory")
    yield workers
    workers.end_all()
