"""The publishing rule: what was stored but may not have been told is told first, oldest first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from schemas.replies import ReplyType
from tests.spec.messages import (
    DESK,
    SHOP,
    ask_for,
    cancel,
    create,
    customer_valid,
    delete,
    fulfilled,
    invalid,
    refused,
    released,
    reserved,
    update_shipping,
)
from tests.spec.story import (
    CANCELED,
    CANCELING,
    CANCELING_UNDECIDED,
    DELETED,
    DELIVERED,
    EXPIRED,
    LANE,
    PENDING,
    PROCESSING,
    REJECTED,
    SHIPPED,
    Outcome,
    Story,
    given,
)
from workers.orders.outgoing import Outgoing, encode_batch, refusal_record

if TYPE_CHECKING:
    from workers.orders.messages import Message
    from workers.stream.ports import OutboundRecord


def _bytes_of(outcome: Outcome) -> Outgoing:
    return encode_batch(outcome.batch, outcome.story.refusals, outcome.story.lane)


def test_versions_below_the_acknowledged_offset_are_told() -> None:
    """Nothing of them is told again, whatever arrives."""
    given(*SHIPPED).when(customer_valid(to="1:1")).then()


def test_versions_from_the_acknowledged_offset_on_are_told_again_oldest_first() -> None:
    """Event, request and result of each, as they were."""
    given(*SHIPPED).not_acknowledged_from(2).when(customer_valid(to="1:1")).then(
        "event 2 processing: pending -> processing",
        "answer created-1: accepted, processing v2, with order",
        "event 3 shipped: processing -> shipped",
        "ask inventory.fulfill 3:1",
        "answer shipped-3: accepted, shipped v3, with order",
    )


def test_each_topic_has_its_own_offsets() -> None:
    """A reply may be acknowledged when a command before it is not, and the other way round."""
    story = given(*SHIPPED)
    command_lost = Story(story.order, acknowledged={"orders.commands": 3, "orders.replies": 100})
    assert command_lost.when().told[0] == "event 3 shipped: processing -> shipped"
    reply_lost = Story(story.order, acknowledged={"orders.commands": 100, "orders.replies": 2})
    assert reply_lost.when().told[0] == "event 2 processing: pending -> processing"
    assert len(reply_lost.when().told) == 2


def test_nothing_acknowledged_at_all_means_everything_is_told() -> None:
    """A lane that never acknowledged anything has no offset."""
    events = Story(given(*DELIVERED).order, acknowledged={}).when().events
    assert [event.order.version for event in events] == [1, 2, 3, 4]


def test_what_was_not_told_comes_before_anything_new() -> None:
    """So that a subscriber sees 1 2 3, and never 1 3 2."""
    given(*PROCESSING).not_acknowledged_from(2).when(ask_for("shipped")).then(
        "event 2 processing: pending -> processing",
        "answer created-1: accepted, processing v2, with order",
        "event 3 shipped: processing -> shipped",
        "ask inventory.fulfill 3:1",
        "answer update-status-9: accepted, shipped v3, with order",
    )


@pytest.mark.parametrize(
    ("before", "messages"),
    [
        ((), [create(reply=SHOP)]),
        ((), [create(), update_shipping(offset=101), cancel(offset=102)]),
        (PENDING, [reserved(to="1:1")]),
        (PENDING, [refused(to="1:1", message="only one apple is left")]),
        (PENDING, [update_shipping(), reserved(to="1:1"), ask_for("delivered", offset=101)]),
        (PENDING, [cancel(reason="no"), released(to="2:1"), update_shipping(offset=101)]),
        (PROCESSING, [ask_for("shipped", reply=SHOP), ask_for("delivered", offset=101)]),
        (CANCELING, [released(to="3:1")]),
        (CANCELING_UNDECIDED, [released(to="2:1")]),
        (REJECTED, [delete(reply=DESK)]),
        (EXPIRED, [delete()]),
    ],
)
def test_what_is_told_again_is_equal_to_the_byte(
    before: tuple[str, ...], messages: list[Message]
) -> None:
    """A crash after the store, and the whole batch comes again, an hour later."""
    first = given(*before).when(*messages)
    second = Story(first.order, first.afterwards().refusals).at(3_660).when(*messages)
    assert _bytes_of(second).records == _published(first)
    assert not second.batch.is_written


def _published(outcome: Outcome) -> list[OutboundRecord]:
    """All that was told, and after it the refusals, which are remembered first."""
    made = _bytes_of(outcome)
    refused = [refusal_record(new.refusal, outcome.batch.order, LANE) for new in made.refusals]
    return [*made.records, *refused]


@pytest.mark.parametrize(
    "happened",
    [PENDING, PROCESSING, SHIPPED, DELIVERED, CANCELING, CANCELED, REJECTED, EXPIRED, DELETED],
)
def test_every_version_can_be_told_again_from_the_newest_order(happened: tuple[str, ...]) -> None:
    """What was told when each version was made is told by the history of the last."""
    told = happened[-1:] if "deleted" in happened else happened
    again = Story(given(*happened).order, acknowledged={}).when()
    names = [event.order.history[-1].type for event in again.events]
    assert names == [f"order.{name}.v1" for name in told]
    assert [event.order.status for event in again.events][-1] == again.order.status


def test_a_deleted_order_tells_its_deletion_only() -> None:
    """What led to it was told before it was decided, and cannot be made again."""
    Story(given(*DELETED).order, acknowledged={}).when().then(
        "event 3 deleted: rejected -> deleted",
        "answer deleted-3: accepted, deleted v3, with order",
    )


def test_a_refusal_is_told_again_from_memory() -> None:
    """A crash after it was remembered: the same bytes, although the order has changed since."""
    first = given(*PROCESSING).when(ask_for("processing"), ask_for("shipped", id="s", offset=101))
    second = Story(first.order, first.afterwards().refusals).at(99).when(ask_for("processing"))
    result = json.loads(_bytes_of(second).records[-1].value or b"")
    assert result == json.loads(_published(first)[-1].value or b"")
    assert (result["outcome"], result["order"]["version"]) == ("unchanged", 2)


def test_what_is_remembered_holds_no_order() -> None:
    """Nothing personal may outlive a deletion in the memory of refusals."""
    outcome = given(*PROCESSING).when(ask_for("processing"))
    (remembered,) = _bytes_of(outcome).refusals
    assert b"customer-1" not in remembered.refusal.value
    assert remembered.refusal.shown_version == 2


def test_an_unchanged_result_of_a_deleted_order_leaves_the_order_out() -> None:
    """All else of it is the same."""
    story = given(*DELIVERED).when(ask_for("delivered")).afterwards()
    deleted = story.when(delete(offset=1_001)).afterwards()
    (record,) = _bytes_of(deleted.when(ask_for("delivered", offset=1_002))).records
    result = json.loads(record.value or b"")
    assert result == {
        "command": {"id": "update-status-9", "source": "/shop", "type": "order.update-status.v1"},
        "orderId": "order-1",
        "outcome": "unchanged",
        "status": "delivered",
        "version": 4,
    }


def test_a_message_in_another_lane_than_its_orders_is_forwarded_unchanged() -> None:
    """Commands and replies alike; nothing is decided here."""
    messages = (ask_for("shipped"), invalid(), released(to="3:1"))
    outcome = given(*PROCESSING).in_lane(7).when(*messages)
    assert outcome.told == ()
    assert not outcome.batch.is_written
    records = _bytes_of(outcome).records
    assert [(record.topic, record.partition) for record in records] == [
        ("orders.commands", LANE),
        ("orders.commands", LANE),
        ("orders.replies", LANE),
    ]
    came = outcome.batch.forwarded[0]
    went = records[0]
    assert (went.key, went.value, went.headers, went.timestamp) == (
        came.key,
        came.value,
        came.headers,
        came.timestamp,
    )


def test_an_order_that_is_new_lives_in_the_lane_its_create_arrived_in() -> None:
    """All that is told about it goes to that partition."""
    outcome = given().in_lane(7).when(create())
    assert outcome.order.lane == 7
    assert {record.partition for record in _bytes_of(outcome).records} == {7}


def test_one_snapshot_for_each_order_and_batch() -> None:
    """It shows the newest version, however many there were."""
    outgoing = _bytes_of(given().when(create(), update_shipping(), cancel()))
    (snapshot,) = [record for record in outgoing.records if record.topic == "orders.snapshots"]
    assert dict(snapshot.headers)["ce_orderversion"] == b"3"


def test_no_version_no_snapshot() -> None:
    """A refusal, a repeated request or a remembered address changes nothing that it shows."""
    outgoing = _bytes_of(given(*PENDING).when(customer_valid(to="1:1"), create(id="another")))
    assert [record.topic for record in outgoing.records] == ["inventory.requests"]


def test_a_reserve_that_is_caused_twice_is_equal_to_the_byte() -> None:
    """The customer's answer came twice, in two records."""
    first, second = (
        _bytes_of(given(*PENDING).at(at).when(customer_valid(to="1:1", offset=offset))).records
        for at, offset in ((3, 100), (4, 101))
    )
    assert first == second


def test_every_write_raises_the_revision_by_one() -> None:
    """However many versions a batch made, also by what makes none."""
    pending = given(*PENDING)
    assert pending.order is not None
    several = pending.when(update_shipping(), reserved(to="1:1"), ask_for("shipped", offset=101))
    assert (several.order.version, several.order.revision) == (4, pending.order.revision + 1)
    silent = given("created", "processing", "shipped")
    assert silent.order is not None
    assert silent.when(fulfilled(to="3:1")).order.revision == silent.order.revision + 1


def test_replies_are_no_commands() -> None:
    """The topic of each given cause is what the offsets are compared by."""
    order = given(*CANCELED).order
    assert order is not None
    assert [change.cause.topic for change in order.history] == [
        "orders.commands",
        "orders.replies",
        "orders.commands",
        "orders.replies",
    ]
    assert order.history[1].cause.type == ReplyType.RESERVED
