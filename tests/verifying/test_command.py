"""`oms verify` on a real Kafka and MongoDB: what it reads, prints, and how it ends."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import COMMANDS, EVENTS, RESULTS, TOPICS
from tests.cli.command_line import CommandLine
from tests.orders.world import STOCK
from tests.verifying.breaking import lose
from tests.verifying.found import everything_well
from tests.verifying.placing import commit, commit_all, place
from workers.database import connect
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack
from workers.dev.verifying.report import INVARIANTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.slow]

LANES = 4
SECONDS = 30


@pytest.fixture(scope="module")
def stack() -> Iterator[Settings]:
    """A Kafka and a MongoDB of these tests' own."""
    with start_stack(StackOptions(ephemeral=True)) as started:
        yield started.settings.model_copy(update={"partitions": LANES})


@pytest.fixture
def settings(stack: Settings) -> Iterator[Settings]:
    """New topics and an empty database."""
    prepare(stack)
    yield stack
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    for deleted in admin.delete_topics([topic.name for topic in TOPICS]).values():
        deleted.result(SECONDS)
    asyncio.run(forget_documents(stack))


async def forget_documents(settings: Settings) -> None:
    """Empty the database."""
    database = connect(settings)
    await database.client.drop_database(settings.mongo_database)
    database.client.close()


@pytest.fixture
def oms(settings: Settings) -> CommandLine:
    """`oms` with these addresses."""
    return CommandLine.with_settings(settings)


@pytest.fixture
def stocked(tmp_path: Path) -> str:
    """A file that says how much was stocked."""
    file = tmp_path / "stocked.json"
    file.write_text(json.dumps(STOCK))
    return str(file)


def test_what_is_well_ends_with_0(settings: Settings, oms: CommandLine, stocked: str) -> None:
    """A table of what was checked, on a system whose workers do not run."""
    asyncio.run(place(settings, everything_well()))
    ended = oms("verify", "--stocked", stocked, "--wait", "0")
    assert ended.exit_code == 0, ended.stdout
    assert "All invariants hold: 202 records and 16 documents" in ended.stdout
    for name in INVARIANTS.values():
        assert name in ended.stdout
    assert "not checked" not in ended.stdout
    assert "Judging orders" in ended.stderr


@pytest.mark.parametrize("mode", ["--settled", "--live"])
def test_what_is_broken_ends_with_1(
    settings: Settings, oms: CommandLine, stocked: str, mode: str
) -> None:
    """The order, the number of the invariant and the evidence are told, to people and programs."""
    found = everything_well()
    lose(EVENTS, "there", 1)(found)
    found.reservations["kept"]["state"] = "released"
    asyncio.run(place(settings, found))
    ended = oms("verify", "--stocked", stocked, mode)
    assert ended.exit_code == 1
    assert "3 order there: the events tell the versions 1, 3, 4" in ended.stdout
    assert "10 order kept: the order is processing, and its reservation is released" in ended.stdout
    assert "Not all hold" in ended.stdout
    told = oms("verify", "--stocked", stocked, mode, "--json").json
    assert not told["holds"]
    assert {v["orderId"] for v in told["violations"]} == {"there", "kept", None}
    assert [i["number"] for i in told["invariants"] if i["violated"]] == [3, 5, 8, 9, 10]


def test_what_is_unread_is_waited_for_and_then_told(settings: Settings, oms: CommandLine) -> None:
    """A settled system has nothing left to read; on a live one that is fine."""
    asyncio.run(place(settings, everything_well()))
    asyncio.run(commit_all(settings, behind=1))
    told = oms("verify", "--wait", "0", "--json").json
    assert {v["invariant"] for v in told["violations"]} == {13}
    assert {v["orderId"] for v in told["violations"]} == {None}
    assert oms("verify", "--live").exit_code == 0


def test_marks_of_transactions_are_nothing_left_to_read(
    settings: Settings, oms: CommandLine
) -> None:
    """A client's transaction leaves a mark behind its commands that no worker reads."""
    found = everything_well()
    asyncio.run(place(settings, found))
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap, "transactional.id": "t"})
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    repeated = found.topics[COMMANDS][0]
    headers: dict[str, str | bytes | None] = dict(repeated.headers)
    producer.produce(COMMANDS, repeated.value, repeated.key, partition=3, headers=headers)
    producer.commit_transaction(SECONDS)
    asyncio.run(commit_all(settings))
    asyncio.run(commit(settings, COMMANDS, 3, len(found.topics[COMMANDS]) + 1))
    ended = oms("verify", "--wait", "0")
    assert ended.exit_code == 0, ended.stdout


def test_what_has_aged_out_is_told_and_no_violation(settings: Settings, oms: CommandLine) -> None:
    """The reasons say what could not be checked."""
    asyncio.run(place(settings, everything_well()))
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap})
    for deleted in admin.delete_records([TopicPartition(RESULTS, 3, 5)]).values():
        deleted.result(SECONDS)
    ended = oms("verify", "--wait", "0")
    assert ended.exit_code == 0, ended.stdout
    assert "1 not checked: " in ended.stdout
    assert "too old: their result may no longer be kept" in ended.stdout


def test_the_ledger_is_held_against_the_topics(
    settings: Settings, oms: CommandLine, tmp_path: Path
) -> None:
    """An acknowledged command that is not there is lost, and a dead letter must be poison."""
    asyncio.run(place(settings, everything_well()))
    lost = {"source": "/shop", "id": "lost", "orderId": "kept", "poison": False}
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_text(json.dumps(lost))
    told = oms("verify", "--ledger", str(ledger), "--json").json
    assert [v["invariant"] for v in told["violations"]] == [1, 14]
    assert "lost of /shop was acknowledged: it is not there" in told["violations"][0]["evidence"]


def test_files_that_cannot_be_read_are_wrong_usage(oms_alone: CommandLine, tmp_path: Path) -> None:
    """One line, and exit code 2, before Kafka is asked for anything."""
    bad = tmp_path / "stocked.json"
    bad.write_text("[]")
    for arguments in (("--stocked", "nowhere"), ("--stocked", str(bad)), ("--ledger", "nowhere")):
        ended = oms_alone("verify", *arguments)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert len(ended.stderr.splitlines()) == 1


def test_topics_that_are_missing_are_told(stack: Settings) -> None:
    """One line, with what creates them."""
    ended = CommandLine.with_settings(stack)("verify")
    assert ended.exit_code == 1
    assert "Topics are missing: customers.requests, " in ended.stderr
    assert "Create them with: oms topics create" in ended.stderr


def test_kafka_or_mongodb_is_away(stack: Settings, oms_alone: CommandLine) -> None:
    """One line, with where it was looked for."""
    ended = oms_alone("verify")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "Kafka does not answer at" in ended.stderr
    kafka = CommandLine.with_settings(stack)
    ended = kafka.where(OMS_MONGO_URI=oms_alone.environment["OMS_MONGO_URI"])("verify")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "MongoDB does not answer at" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
