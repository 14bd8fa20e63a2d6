"""The timer of deadlines: it writes what the lane will read, and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.topics import REPLIES
from tests.orders.records import as_read
from tests.spec.story import LANE, given
from workers.orders.messages import ReplyMessage
from workers.orders.read import read
from workers.orders.reminders import deadline_id, deadline_record

if TYPE_CHECKING:
    from workers.orders.order import Order


def _waiting(*happened: str) -> Order:
    order = given(*happened).order
    assert order is not None
    assert order.waiting is not None
    return order


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (("created",), "ask customer.validate 1:2"),
        (("created", "silence"), "ask customer.validate 1:3"),
        (("created", "cancel-requested"), "ask inventory.release 2:2"),
        (("created", "expired"), "ask inventory.release 2:2"),
        (("created", "processing", "shipped"), "ask inventory.fulfill 3:2"),
    ],
)
def test_a_deadline_is_read_as_what_it_was_written_for(
    happened: tuple[str, ...], told: str
) -> None:
    """It names the wait that is open, so the order asks again."""
    order = _waiting(*happened)
    assert order.waiting is not None
    record = deadline_record(order, order.waiting)
    assert (record.topic, record.partition, record.key) == (REPLIES, LANE, b"order-1")
    message = read(as_read(record, offset=7))
    assert isinstance(message, ReplyMessage)
    given(*happened).when(message).then(told)


def test_a_deadline_is_the_same_however_often_it_is_written() -> None:
    """Two workers, or one that starts again, write equal bytes."""
    order = _waiting("created")
    assert order.waiting is not None
    moved_on = order._replace(revision=9)
    assert deadline_record(order, order.waiting) == deadline_record(moved_on, order.waiting)


def test_each_attempt_and_each_wait_has_its_own_deadline() -> None:
    """So that an old one can be told from a new one."""
    waits = [
        _waiting("created"),
        _waiting("created", "silence"),
        _waiting("created", "expired"),
        _waiting("created", "cancel-requested", "cancel-refused"),
    ]
    identities = {deadline_id(order, order.waiting) for order in waits if order.waiting}
    assert len(identities) == len(waits)
