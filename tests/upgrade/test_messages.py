"""Every message that a release wrote is read today, and one of a newer release as well."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from schemas.commands import CommandType
from schemas.events import SNAPSHOT_TYPE, EventType, OrderEvent
from schemas.headers import TYPE
from schemas.orders import Order
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.results import RESULT_TYPE, Result
from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
    dead_letter_topic,
)
from workers.customers import worker as customers
from workers.inventory import worker as inventory
from workers.orders.messages import CommandMessage, InvalidCommand, ReplyMessage
from workers.orders.read import read
from workers.stream.codec import decode
from workers.stream.json_text import UnreadableError
from workers.stream.requests import read_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.base import Message
    from tests.upgrade.release import KeptRecord, Release

# What no run of one service on a quiet machine brings about.
_RARE = {
    EventType.CANCEL_REFUSED,
    ReplyType.RELEASE_REFUSED,
    ReplyType.FULFILL_REFUSED,
}


def _type(record: KeptRecord) -> str:
    return dict(record.headers).get(TYPE, b"").decode()


def _with_more(record: KeptRecord) -> KeptRecord:
    """The same as a newer release may write it: with a field and a header that nobody knows."""
    data = json.loads(record.value or b"{}")
    more = json.dumps({**data, "addedLater": {"anything": [1, 2, 3]}}).encode()
    return replace(record, value=more, headers=[*record.headers, ("ce_addedlater", b"1")])


def test_every_kind_of_message_is_kept(release: Release) -> None:
    """What a release wrote has each type that there was, so that none is forgotten here."""
    topics = (COMMANDS, REPLIES, EVENTS, RESULTS, SNAPSHOTS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS)
    kept = {_type(record) for topic in topics for record in release.records(topic)}
    wanted = {*CommandType, *ReplyType, *EventType, *RequestType, RESULT_TYPE, SNAPSHOT_TYPE}
    assert wanted - _RARE <= kept


def test_commands_are_read_as_they_were(release: Release) -> None:
    """A command that was understood is understood, and one that was not is answered as before."""
    found: Counter[type] = Counter()
    for record in release.records(COMMANDS):
        try:
            found[type(read(record))] += 1
        except UnreadableError:
            assert record.value in {letter.value for letter in _dead_letters(release)}
    assert (found[CommandMessage], found[InvalidCommand]) == (35, 2)


def _dead_letters(release: Release) -> list[KeptRecord]:
    return release.records(dead_letter_topic(COMMANDS))


@pytest.mark.parametrize("newer", [False, True], ids=["as written", "with more"])
def test_replies_and_deadlines_are_read(release: Release, *, newer: bool) -> None:
    """Each is a reply to a request that the release sent; what is unknown in it is ignored."""
    for record in release.records(REPLIES):
        found = read(_with_more(record) if newer else record)
        assert isinstance(found, ReplyMessage)
        plain = read(record)
        assert isinstance(plain, ReplyMessage)
        assert (found.request, found.data) == (plain.request, plain.data)


@pytest.mark.parametrize("newer", [False, True], ids=["as written", "with more"])
@pytest.mark.parametrize(
    ("topic", "models"),
    [(CUSTOMER_REQUESTS, customers.MODELS), (INVENTORY_REQUESTS, inventory.MODELS)],
)
def test_requests_are_read(
    release: Release,
    topic: str,
    models: Mapping[str, type[Message]],
    *,
    newer: bool,
) -> None:
    """Both simulated services understand them; what is unknown in them is ignored."""
    for record in release.records(topic):
        found = read_request(_with_more(record) if newer else record, models)
        assert found.data == read_request(record, models).data
        assert found.partition == record.partition


@pytest.mark.parametrize("newer", [False, True], ids=["as written", "with more"])
@pytest.mark.parametrize(
    ("topic", "model"), [(RESULTS, Result), (EVENTS, OrderEvent), (SNAPSHOTS, Order)]
)
def test_what_goes_out_fits_its_schema(
    release: Release, topic: str, model: type[Result | OrderEvent | Order], *, newer: bool
) -> None:
    """Results, events and snapshots are envelopes and data that today's schemas describe."""
    for record in release.records(topic):
        decode(record)
        if record.value is None:
            assert topic == SNAPSHOTS
            continue
        plain = model.model_validate_json(record.value)
        found = _with_more(record) if newer else record
        assert model.model_validate_json(found.value or b"") == plain
        known = plain.model_dump(by_alias=True, exclude_unset=True)
        assert known.keys() == json.loads(record.value).keys()
