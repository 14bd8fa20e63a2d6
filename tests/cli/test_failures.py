"""Whatever is wrong outside ends in one sentence and exit code 1, never in a stack trace."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.cli.command_line import CommandLine, Ended

ROOT: Final = Path(__file__).parents[2]
CREATE = ("send", "create", "--customer", "12345", "--product", "98765=1")


def assert_one_sentence(ended: Ended, *words: str) -> None:
    """It failed with one line that has these words, and printed nothing else."""
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    for word in words:
        assert word in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("topics", "create"),
        ("topics", "check"),
        CREATE,
        (*CREATE, "--wait"),
        ("watch",),
        ("dlq", "list"),
        ("dlq", "replay", "--all"),
        ("snapshots", "rebuild"),
    ],
    ids=" ".join,
)
def test_kafka_is_away(oms_alone: CommandLine, arguments: tuple[str, ...]) -> None:
    """Every verb that needs Kafka says where it looked for it and how to start one."""
    address = oms_alone.environment["OMS_KAFKA_BOOTSTRAP"]
    assert_one_sentence(
        oms_alone(*arguments),
        f"Kafka does not answer at {address}. Is it running? Start one with: oms dev",
    )


@pytest.mark.parametrize(
    "arguments",
    [("seed",), ("order", "show", "o1"), ("snapshots", "rebuild", "--dry-run")],
    ids=" ".join,
)
def test_mongodb_is_away(oms_alone: CommandLine, arguments: tuple[str, ...]) -> None:
    """Every verb that needs MongoDB says where it looked for it, and never tells the password."""
    host = oms_alone.environment["OMS_MONGO_URI"].split("/")[2]
    ended = oms_alone.where(OMS_MONGO_URI=f"mongodb://me:secret@{host}/?replicaSet=rs0")(*arguments)
    assert_one_sentence(ended, f"MongoDB does not answer at {host}", "Start one with: oms dev")
    assert "secret" not in ended.stderr


def test_a_connection_string_that_is_none(oms_alone: CommandLine) -> None:
    """The setting is named and shown without its password."""
    ended = oms_alone.where(OMS_MONGO_URI="mngodb://me:secret@localhost")("seed")
    assert_one_sentence(ended, "OMS_MONGO_URI=mngodb://me:***@localhost", "URI scheme")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OMS_PARTITIONS", "many"),
        ("OMS_PARTITIONS", "0"),
        ("OMS_LOG_LEVEL", "loud"),
        ("OMS_KAFKA_BOOTSTRAP", "localhost"),
    ],
)
@pytest.mark.parametrize("verb", ["config", "doctor", "seed"])
def test_a_setting_that_cannot_be_used(
    oms_alone: CommandLine, verb: str, name: str, value: str
) -> None:
    """The setting is named, with the value it has and what it should be."""
    assert_one_sentence(oms_alone.where(**{name: value})(verb), f"{name} is '{value}'", "should")


def test_a_worker_with_a_bad_setting(oms_alone: CommandLine) -> None:
    """A worker as well ends with the sentence."""
    ended = oms_alone.where(OMS_REPLY_TIMEOUT="-1")("worker", "orders")
    assert_one_sentence(ended, "OMS_REPLY_TIMEOUT is '-1'")


def test_a_worker_that_does_not_exist(oms_alone: CommandLine) -> None:
    """The names that there are are told, as wrong usage."""
    ended = oms_alone("worker", "billing")
    assert ended.exit_code == 2
    assert "orders" in ended.stderr


def test_a_worker_whose_port_for_metrics_is_taken(oms_alone: CommandLine) -> None:
    """It does not start, names the port, and says which settings to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "workers", "worker", "orders"],
            env={**os.environ, **oms_alone.environment, "OMS_METRICS_PORT": str(port)},
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "OMS_METRICS_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
