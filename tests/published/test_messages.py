"""Real messages, and the examples, fit the published schemas: headers and data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from schemas.headers import TYPE
from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
)
from tests.published.files import DOCUMENT, data_faults, header_faults
from tests.spec.everything import EVERYTHING, records_of
from tests.spec.story import given
from tests.upgrade.release import RELEASES, Release
from workers.contract.dead_letter_messages import DEAD_LETTER
from workers.contract.envelope import ENVELOPES
from workers.contract.messages import MESSAGES, PublishedMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.orders.messages import Message

WRITTEN = (EVENTS, RESULTS, SNAPSHOTS, REPLIES, CUSTOMER_REQUESTS, INVENTORY_REQUESTS)


def faults(headers: Sequence[tuple[str, bytes]], value: bytes | None) -> list[str]:
    """What is wrong with a record, says the published contract."""
    told = {name: text.decode() for name, text in headers}
    found = header_faults(told[TYPE], told)
    return found if value is None else found + data_faults(told[TYPE], json.loads(value))


@pytest.mark.parametrize(
    "release", [Release(folder) for folder in RELEASES], ids=lambda r: r.folder.name
)
@pytest.mark.parametrize("topic", WRITTEN)
def test_what_a_release_wrote_fits(release: Release, topic: str) -> None:
    """Every record of a real run of all three workers is what today's contract says."""
    records = release.records(topic)
    assert records
    for record in records:
        assert faults(record.headers, record.value) == []


@pytest.mark.parametrize(
    "release", [Release(folder) for folder in RELEASES], ids=lambda r: r.folder.name
)
def test_commands_that_were_accepted_fit(release: Release) -> None:
    """A command whose result is not `INVALID_DATA` is valid, with and without a reply topic."""
    results = [json.loads(record.value or b"") for record in release.records(RESULTS)]
    good = {
        result["command"]["id"]
        for result in results
        if result.get("code") not in {"INVALID_DATA", "UNKNOWN_TYPE"}
    }
    checked = 0
    for record in release.records(COMMANDS):
        headers = [(name, text) for name, text in record.headers if name != "kafka_correlationId"]
        if dict(headers).get("ce_id", b"").decode() in good:
            assert faults(headers, record.value) == []
            checked += 1
    assert checked > len(good) / 2


@pytest.mark.parametrize(("happened", "message"), EVERYTHING)
def test_what_the_specification_tells_fits(happened: tuple[str, ...], message: Message) -> None:
    """Every output of every story of the specification is what the contract says."""
    for record in records_of(given(*happened).when(message)):
        assert faults(record.headers, record.value) == []


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_the_examples_fit(message: PublishedMessage) -> None:
    """What the document shows of a message is valid, and shows all headers that must be there."""
    examples: list[dict[str, Any]] = DOCUMENT["components"]["messages"][message.name]["examples"]
    assert examples
    for example in examples:
        assert data_faults(message.name, example["payload"]) == []
        assert header_faults(message.name, example["headers"]) == []
        assert set(ENVELOPES[message.kind].required) <= example["headers"].keys()


def test_the_example_of_a_dead_letter_has_its_headers() -> None:
    """All five that say why."""
    letter = DOCUMENT["components"]["messages"][DEAD_LETTER]
    assert letter["examples"][0]["headers"].keys() == set(letter["headers"]["required"])
