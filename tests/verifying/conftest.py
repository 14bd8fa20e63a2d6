"""The command line where nobody is there to answer."""

from __future__ import annotations

import pytest

from tests.cli.command_line import CommandLine
from workers.dev.ports import free_ports


@pytest.fixture
def oms_alone() -> CommandLine:
    """`oms` where nobody listens at the addresses of Kafka and MongoDB."""
    kafka, mongo = free_ports(2)
    return CommandLine(
        {
            "OMS_KAFKA_BOOTSTRAP": f"127.0.0.1:{kafka}",
            "OMS_MONGO_URI": f"mongodb://127.0.0.1:{mongo}/?replicaSet=rs0",
        }
    )
