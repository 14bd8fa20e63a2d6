"""`oms doctor` finds what keeps the service from working, and says what to do about it."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from workers.cli.checks.cluster import Group
from workers.cli.checks.finding import State
from workers.cli.checks.kafka import check_advertised, group_finding
from workers.cli.checks.mongo import clock, version
from workers.cli.checks.mongo_transactions import lifetime
from workers.cli.checks.own_settings import check_settings
from workers.cli.checks.reach import host_and_port, unreachable
from workers.dev.downloads import mongod
from workers.dev.ports import free_ports
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.command_line import CommandLine, Ended

DEADLINE_SECONDS = 60.0


def found(ended: Ended, state: State) -> dict[str, dict[str, str]]:
    """The findings of this state, by the name of their check."""
    return {finding["check"]: finding for finding in ended.json if finding["state"] == state}


def test_nobody_is_there(oms_alone: CommandLine) -> None:
    """Both addresses fail, each with the setting to change; the checks behind are left out."""
    ended = oms_alone("doctor", "--json")
    assert ended.exit_code == 1
    failed = found(ended, State.FAIL)
    assert set(failed) == {"Kafka address", "MongoDB address"}
    assert "nobody listens there" in failed["Kafka address"]["found"]
    assert "OMS_KAFKA_BOOTSTRAP" in failed["Kafka address"]["remedy"]
    assert "OMS_MONGO_URI" in failed["MongoDB address"]["remedy"]
    assert len(ended.json) == 2


def test_the_remedies_are_printed(oms_alone: CommandLine) -> None:
    """People get a line for each finding and each remedy once."""
    lines = oms_alone("doctor").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["fail", "fail", "Remedy:", "Remedy:"]


@pytest.mark.stack
def test_an_address_that_is_not_kafkas(oms: CommandLine) -> None:
    """A program that listens but does not speak as Kafka does is told from Kafka."""
    mongo = oms.environment["OMS_MONGO_URI"].split("/")[2].split(",")[0]
    ended = oms.where(OMS_KAFKA_BOOTSTRAP=mongo)("doctor", "--json")
    assert ended.exit_code == 1
    assert "does not speak as Kafka" in found(ended, State.FAIL)["Kafka"]["found"]


@pytest.mark.stack
def test_one_address_of_two(oms: CommandLine) -> None:
    """Every address is looked at; one that answers is enough for the other checks."""
    [port] = free_ports(1)
    addresses = f"127.0.0.1:{port}, {oms.environment['OMS_KAFKA_BOOTSTRAP']}"
    ended = oms.where(OMS_KAFKA_BOOTSTRAP=addresses)("doctor", "--json")
    assert ended.exit_code == 1
    assert str(port) in found(ended, State.FAIL)["Kafka address"]["found"]
    assert "topics" in found(ended, State.OK)


@pytest.mark.stack
def test_topics_with_other_partitions(oms: CommandLine) -> None:
    """Topics that differ from the settings fail."""
    ended = oms.where(OMS_PARTITIONS="100")("doctor", "--json")
    assert ended.exit_code == 1
    assert "OMS_PARTITIONS is 100" in found(ended, State.FAIL)["topics"]["found"]


@pytest.mark.stack
def test_another_replica_set(oms: CommandLine) -> None:
    """The name that the connection string should have is told."""
    uri = oms.environment["OMS_MONGO_URI"].replace("replicaSet=rs0", "replicaSet=other")
    ended = oms.where(OMS_MONGO_URI=uri)("doctor", "--json")
    assert ended.exit_code == 1
    remedy = found(ended, State.FAIL)["MongoDB replica set"]["remedy"]
    assert remedy == "Add ?replicaSet=rs0 to OMS_MONGO_URI"


@pytest.mark.stack
def test_a_user_who_does_not_exist(oms: CommandLine) -> None:
    """A name and password that MongoDB does not know fail, and are not shown."""
    uri = oms.environment["OMS_MONGO_URI"].replace("://", "://me:secret@")
    ended = oms.where(OMS_MONGO_URI=uri)("doctor", "--json")
    assert ended.exit_code == 1
    assert "Authentication failed" in found(ended, State.FAIL)["MongoDB rights"]["found"]
    assert "secret" not in ended.stdout


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[str]:
    """The address of a MongoDB that is in no replica set."""
    yield from _mongod(tmp_path)


@pytest.fixture
def uninitiated(tmp_path: Path) -> Iterator[str]:
    """The address of a MongoDB that was started with --replSet, and nothing more."""
    yield from _mongod(tmp_path, "--replSet", "rs0")


def _mongod(folder: Path, *options: str) -> Iterator[str]:
    [port] = free_ports(1)
    command = [str(mongod()), "--dbpath", str(folder), "--port", str(port), *options]
    with subprocess.Popen(
        [*command, "--bind_ip", "127.0.0.1"], stdout=subprocess.DEVNULL
    ) as server:
        try:
            _wait_until_open(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.kill()


def _wait_until_open(port: int) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    address = f"mongodb://127.0.0.1:{port}/?directConnection=true&serverSelectionTimeoutMS=500"
    with MongoClient[dict[str, Any]](address) as client:
        while True:
            try:
                client.admin.command("hello")
            except PyMongoError:
                assert time.monotonic() < end, "mongod does not open its port"
            else:
                return


@pytest.mark.parametrize("query", ["?replicaSet=rs0", "", "?w=1&replicaSet=rs0&appName=x"])
def test_a_standalone_mongodb(oms_alone: CommandLine, standalone: str, query: str) -> None:
    """A MongoDB without a replica set is told from one that is away, with how to make it one."""
    uri = f"mongodb://{standalone}/{query}"
    ended = oms_alone.where(OMS_MONGO_URI=uri)("doctor", "--json")
    failed = found(ended, State.FAIL)["MongoDB replica set"]
    assert "standalone" in failed["found"]
    assert "--replSet rs0" in failed["remedy"]


def test_a_replica_set_that_was_never_initiated(oms_alone: CommandLine, uninitiated: str) -> None:
    """A replica set that nobody has initiated is told so."""
    uri = f"mongodb://{uninitiated}/?replicaSet=rs0"
    ended = oms_alone.where(OMS_MONGO_URI=uri)("doctor", "--json")
    assert found(ended, State.FAIL)["MongoDB replica set"]["remedy"] == (
        "Run rs.initiate() in mongosh once"
    )


async def test_an_advertised_address_that_cannot_be_reached() -> None:
    """Where Kafka sends its clients is told, with the broker's setting to change."""
    [port] = free_ports(1)
    finding = await check_advertised("127.0.0.1", port)
    assert finding.state is State.FAIL
    assert f"127.0.0.1:{port}" in finding.found
    assert "advertised.listeners" in finding.remedy


async def test_a_name_that_does_not_exist() -> None:
    """A host name that cannot be resolved, as of a container's inside, is told as such."""
    assert await unreachable("kafka.invalid", 9092) == "the name kafka.invalid is not known here"


def test_a_worker_that_does_not_run() -> None:
    """No member in a group is a warning with the command that starts one."""
    finding = group_finding("orders", Group(0))
    assert (finding.state, finding.remedy) == (State.WARN, "oms worker orders")
    assert group_finding("orders", Group(2)).state is State.OK


def test_an_old_mongodb() -> None:
    """A server older than 5.0 is a warning."""
    assert version(21).state is State.OK
    assert version(9).state is State.WARN


def test_transactions_that_live_long() -> None:
    """MongoDB's own default is told, with the command that changes it."""
    assert lifetime(15).state is State.OK
    long = lifetime(60)
    assert (long.state, "locked for 60 s" in long.found) == (State.WARN, True)
    assert "{setParameter: 1, transactionLifetimeLimitSeconds: 15}" in long.remedy


def test_refusals_that_are_forgotten_before_their_commands() -> None:
    """A command that outlives its remembered answer is a warning, and the default is none."""
    assert check_settings(Settings()) == []
    [finding] = check_settings(Settings(refusals_keep_days=7))
    assert (finding.state, finding.remedy) == (State.WARN, "export OMS_REFUSALS_KEEP_DAYS=14")


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (0.5, State.OK, "0.5 s"),
        (60, State.WARN, "60 s behind"),
        (-60, State.WARN, "60 s ahead of"),
    ],
)
def test_clocks_that_differ(seconds: float, state: State, words: str) -> None:
    """A difference of more than two seconds is told, with its direction."""
    here = 1_700_000_000.0
    there = datetime.fromtimestamp(here, UTC) + timedelta(seconds=seconds)
    finding = clock(there.replace(tzinfo=None), here)
    assert finding.state is state
    assert words in finding.found


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a:1", ("a", 1)),
        (" a ", ("a", 9)),
        ("[::1]:1", ("::1", 1)),
        ("[::1]", ("::1", 9)),
    ],
)
def test_the_parts_of_an_address(text: str, parts: tuple[str, int]) -> None:
    """Host and port, with a usual port where none is given."""
    assert host_and_port(text, 9) == parts
