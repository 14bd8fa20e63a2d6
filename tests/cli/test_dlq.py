"""`oms dlq` finds dead letters, sends their records again once, and gives them up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from schemas.topics import COMMANDS, dead_letter_topic
from tests.journey.storefront import Storefront, data_of, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from confluent_kafka import Message

    from tests.cli.command_line import CommandLine
    from tests.journey.storefront import Reader
    from tests.journey.worker_processes import Workers
    from workers.settings import Settings

pytestmark = pytest.mark.stack
CREATE = "order.create.v1"
DATA = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 1}]}


@pytest.fixture(scope="module")
def storefront(settings: Settings) -> Storefront:
    """A client that also sends what no worker can read."""
    return Storefront(settings.kafka_bootstrap)


@pytest.fixture
def results(storefront: Storefront) -> Iterator[Reader]:
    """All results from now on."""
    reader = storefront.reader("orders.results")
    yield reader
    reader.close()


@pytest.fixture
def poison(storefront: Storefront, service: Workers) -> str:  # noqa: ARG001 - they must run
    """The order id of a create whose value is not JSON, once it is a dead letter."""
    order_id = f"dead-{uuid4()}"
    reader = storefront.reader(dead_letter_topic(COMMANDS))
    storefront.send(CREATE, b"{nope", order_id=order_id, command_id=f"create-{order_id}")
    storefront.flush()
    reader.first(lambda message: key_of(message) == order_id.encode())
    reader.close()
    return order_id


def listed(oms: CommandLine, *options: str) -> list[dict[str, Any]]:
    """The dead letters that are listed."""
    ended = oms("dlq", "list", *options, "--json")
    assert ended.exit_code == 0, ended.stderr
    found: list[dict[str, Any]] = ended.json
    return found


def letter(oms: CommandLine, order_id: str) -> str:
    """The name of the one open dead letter of an order."""
    [found] = listed(oms, "--order", order_id)
    return str(found["letter"])


def test_a_letter_is_listed_and_shown(oms: CommandLine, poison: str) -> None:
    """Its name, order, type and error are told, and its value and headers as they were."""
    [found] = listed(oms, "--order", poison)
    assert (found["orderId"], found["type"], found["state"]) == (poison, CREATE, "open")
    assert found["exception"] == "UnreadableError"
    table = oms("dlq", "list", "--order", poison).stdout
    assert found["letter"] in table
    assert "UnreadableError: not JSON" in table
    shown = oms("dlq", "show", found["letter"]).stdout
    assert "{nope" in shown
    assert f"create-{poison}" in shown
    assert "__dlq" not in shown
    full = oms("dlq", "show", found["letter"], "--json").json
    assert full["value"] == "{nope"
    assert {"name": "ce_id", "value": f"create-{poison}"} in full["headers"]
    assert oms("dlq", "show", found["letter"], "--bytes", "2", "--json").json["value"] == "{n"
    assert oms("dlq", "show", found["letter"], "--raw").stdout == "{nope"


def test_a_letter_is_chosen_by_what_it_is_about(oms: CommandLine, poison: str) -> None:
    """Each option leaves out what does not fit."""
    fitting = ("--order", poison, "--topic", COMMANDS, "--error", "unreadable", "--since", "1h")
    assert len(listed(oms, *fitting, "--text", "nope")) == 1
    assert listed(oms, *fitting, "--text", "something else") == []
    assert listed(oms, "--order", poison, "--until", "1h") == []
    assert listed(oms, "--order", poison, "--topic", "dlq.orders.replies") == []


def test_poison_that_goes_back_dies_again(
    oms: CommandLine, poison: str, storefront: Storefront
) -> None:
    """The record goes back as it was, to its partition; the old letter is settled."""
    before = letter(oms, poison)
    deaths = storefront.reader(dead_letter_topic(COMMANDS))
    ended = oms("dlq", "replay", before, "--yes")
    assert ended.exit_code == 0, ended.stderr
    assert "1 record replayed" in ended.stdout
    assert "1 record could not be read, and may well die again" in ended.stderr
    deaths.first(lambda message: key_of(message) == poison.encode())
    deaths.close()
    after = letter(oms, poison)
    assert after != before
    assert after.split(":")[:2] == before.split(":")[:2]
    old, new = (oms("dlq", "show", name, "--json").json for name in (before, after))
    as_it_was = ("key", "headers", "value", "partition")
    assert [new[name] for name in as_it_was] == [old[name] for name in as_it_was]
    states = {one["letter"]: one["state"] for one in listed(oms, "--order", poison, "--settled")}
    assert states == {before: "replayed", after: "open"}


def test_a_corrected_command_that_is_replayed_twice_is_one(
    oms: CommandLine, poison: str, results: Reader, tmp_path: Path
) -> None:
    """With a value that can be read it is carried out once, and answered the same both times."""
    name = letter(oms, poison)
    file = tmp_path / "value.json"
    file.write_text(json.dumps(DATA))
    mend = ("dlq", "replay", name, "--value", str(file), "--yes")
    assert oms(*mend).exit_code == 0
    assert oms(*mend, "--settled").exit_code == 0

    def is_mine(message: Message) -> bool:
        return key_of(message) == poison.encode()

    found = results.until(lambda messages: sum(map(is_mine, messages)) == 2)
    first, second = filter(is_mine, found)
    told = data_of(first)
    assert (told["outcome"], told["command"]["id"]) == ("accepted", f"create-{poison}")
    assert (first.value(), first.headers()) == (second.value(), second.headers())
    assert oms("order", "show", poison, "--json").json["version"] == 2
    assert listed(oms, "--order", poison) == []


def test_a_correction_that_is_none(oms: CommandLine, poison: str) -> None:
    """A value that would die again is refused, and the letter stays open."""
    name = letter(oms, poison)
    ended = oms("dlq", "replay", name, "--value", "-", "--yes", given=b"{still not")
    assert ended.exit_code == 1
    assert f"{name}: With this value it would be a dead letter again: not JSON" in ended.stderr
    assert letter(oms, poison) == name


def test_a_letter_is_discarded(oms: CommandLine, poison: str) -> None:
    """It is not listed any more; with --settled it is, with the reason. Nothing is sent again."""
    name = letter(oms, poison)
    ended = oms("dlq", "discard", name, "--reason", "a test", "--yes", "--json")
    assert ended.json == {"discarded": [name], "dryRun": False}
    assert listed(oms, "--order", poison) == []
    [found] = listed(oms, "--order", poison, "--settled")
    assert (found["state"], found["reason"], found["copies"]) == ("discarded", "a test", 1)
    shown = oms("dlq", "show", name).stdout
    assert "a test" in shown
    again = oms("dlq", "replay", name, "--yes")
    assert (again.exit_code, "0 records replayed" in again.stdout) == (0, True)
    assert f"{name} is discarded already" in again.stderr


@pytest.mark.parametrize("verb", ["replay", "discard"])
def test_nothing_is_done_unasked(oms: CommandLine, poison: str, verb: str) -> None:
    """--dry-run says what would be done, and whoever does not say yes changes nothing."""
    ended = oms("dlq", verb, "--order", poison, "--dry-run")
    assert ended.exit_code == 0, ended.stderr
    assert f"1 record would be {verb}ed" in ended.stdout
    for given in (b"n\n", b""):
        ended = oms("dlq", verb, "--order", poison, given=given)
        assert ended.exit_code == 1
        assert f"{verb.title()} 1 record? [y/N]" in ended.stderr
    assert len(listed(oms, "--order", poison)) == 1
    assert oms("dlq", verb, "--order", poison, given=b"y\n").exit_code == 0
    assert letter_states(oms, poison)[0] == f"{verb}ed"


def letter_states(oms: CommandLine, order_id: str) -> list[str]:
    """What became of the letters of an order, the oldest first."""
    return [one["state"] for one in listed(oms, "--order", order_id, "--settled")]


def test_what_is_too_large_is_left(
    oms: CommandLine,
    storefront: Storefront,
    service: Workers,  # noqa: ARG001 - they must run
) -> None:
    """A value over the limit would die again: it is told so, the others go back."""
    key = f"large-{uuid4()}".encode()
    deaths = storefront.reader(dead_letter_topic(COMMANDS))
    large = Producer({"bootstrap.servers": storefront.bootstrap, "message.max.bytes": 2_000_000})
    large.produce(COMMANDS, key=key, value=b"x" * 1_000_001)
    assert large.flush(60) == 0
    deaths.first(lambda message: key_of(message) == key)
    deaths.close()
    name = letter(oms, key.decode())
    ended = oms("dlq", "replay", name, "--yes")
    assert ended.exit_code == 1
    assert f"{name} cannot be replayed: its value has 1,000,001 bytes" in ended.stderr
    assert oms("dlq", "show", name).stdout.splitlines()[-1] == "(996,001 bytes more: see --bytes)"
    left = oms("dlq", "replay", name, "--json").json["left"]
    assert [one["letter"] for one in left] == [name]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("replay",), "Say which letters: by their names"),
        (("discard", "--yes"), "Say which letters: by their names"),
        (("show", "17"), "'17' names no dead letter: it should be as oms dlq list shows it"),
        (("list", "--since", "soon"), "'soon' is no time: give 30m, 2h or 7d"),
        (("list", "--topic", "orders.events"), "orders.events has no dead letters"),
        (("replay", "--all", "--value", "no/such/file"), "no/such/file cannot be read"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_wrong_usage(oms_alone: CommandLine, arguments: tuple[str, ...], sentence: str) -> None:
    """What cannot be understood is told before anything is read, with exit code 2."""
    ended = oms_alone("dlq", *arguments)
    assert ended.exit_code == 2
    assert ended.stderr.startswith(sentence)


def test_a_letter_that_is_not_there(oms: CommandLine) -> None:
    """Its name is told, and where to look."""
    ended = oms("dlq", "replay", "orders.commands:0:999999999", "--yes")
    assert ended.exit_code == 1
    assert ended.stderr.strip().endswith(
        "There is no dead letter orders.commands:0:999999999. See: oms dlq list --settled"
    )
