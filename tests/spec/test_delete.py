"""Delete: finished orders only; what is personal is erased, the id stays taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.spec.messages import ask_for, create, delete, update_shipping
from tests.spec.story import EXPIRED, HISTORIES, PROCESSING, REJECTED, given

if TYPE_CHECKING:
    from workers.orders.messages import CommandMessage
    from workers.orders.order import Change, Order

NO = "rejected INVALID_TRANSITION"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("nothing", "rejected ORDER_NOT_FOUND"),
        ("pending", f"{NO}, pending v1, allowed canceled"),
        ("processing", f"{NO}, processing v2, allowed shipped delivered canceled"),
        ("shipped", f"{NO}, shipped v3, allowed delivered"),
        ("canceling", f"{NO}, canceling v3, allowed nothing"),
        ("deleted", "rejected ORDER_DELETED, deleted v3"),
    ],
)
def test_what_cannot_be_deleted(status: str, answer: str) -> None:
    """An order that is not finished stays, and what is deleted cannot be deleted again."""
    outcome = given(*HISTORIES[status]).when(delete())
    outcome.then(f"answer delete-9: {answer}")
    assert not outcome.batch.is_written


@pytest.mark.parametrize(
    ("status", "version"), [("delivered", 5), ("canceled", 5), ("rejected", 3), ("expired", 3)]
)
def test_a_finished_order_is_deleted(status: str, version: int) -> None:
    """The answer comes at once."""
    outcome = given(*HISTORIES[status]).when(delete())
    outcome.then(
        f"event {version} deleted: {status} -> deleted",
        f"answer delete-9: accepted, deleted v{version}, with order",
    )


def test_the_result_of_a_delete_holds_nothing_personal() -> None:
    """Of the order, only id, status, version and times are shown."""
    assert given(*REJECTED).when(delete()).result == {
        "command": {"id": "delete-9", "source": "/shop", "type": "order.delete.v1"},
        "orderId": "order-1",
        "outcome": "accepted",
        "message": "Order deleted successfully",
        "status": "deleted",
        "version": 3,
        "order": {
            "id": "order-1",
            "status": "deleted",
            "version": 3,
            "createdAt": "2023-11-14T22:13:20.000Z",
            "updatedAt": "2023-11-14T22:14:20.000Z",
        },
    }


def _personal_data(order: Order) -> list[object]:
    own = (order.customer_id, order.storefront_id, order.products, order.shipping, order.reason)
    return [*own, *(found for change in order.history for found in _of_change(change))]


def _of_change(change: Change) -> tuple[object, ...]:
    return (change.reason, change.shipping, change.message, change.copies or None)


def _what_stays(order: Order) -> list[tuple[object, ...]]:
    return [(change.version, change.type, change.at, change.cause) for change in order.history]


@pytest.mark.parametrize("status", ["delivered", "canceled", "rejected", "expired"])
def test_nothing_personal_stays_in_the_order_or_its_history(status: str) -> None:
    """Versions, types, times and causes stay, so that commands can still be answered."""
    story = given(*HISTORIES[status])
    assert story.order is not None
    after = story.when(delete()).order
    assert set(_personal_data(story.order)) > {None}
    assert set(_personal_data(after)) == {None}
    assert _what_stays(after)[:-1] == _what_stays(story.order)


def test_a_deletion_does_not_end_the_wait_for_stock_to_be_released() -> None:
    """An expired order may still hold stock; deleting it must not forget that."""
    outcome = given(*EXPIRED).at(2).when(delete())
    assert outcome.waits_for == "release 2:1, 4 s"


def test_a_deletion_does_not_end_the_wait_for_fulfillment() -> None:
    """The pieces of a delivered order must leave the books all the same."""
    outcome = given("created", "processing", "delivered").at(4).when(delete())
    assert outcome.waits_for == "fulfillment 3:1, 3 s"


def test_an_order_with_1000_versions_can_be_deleted() -> None:
    """Only shipping cannot be changed any more."""
    assert given(*REJECTED).with_version(1000).when(delete()).order.status == "deleted"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(ask_for("delivered"), id="after a change"),
        pytest.param(ask_for("processing"), id="after something unchanged"),
        pytest.param(update_shipping(expected_version=7), id="after a refusal"),
        pytest.param(create(id="another"), id="after a second create"),
    ],
)
def test_a_deletion_waits_until_what_came_before_it_is_told(command: CommandMessage) -> None:
    """It is decided in the next round, together with what comes after it."""
    again = update_shipping("GLS", "3", id="afterwards")
    batch = given(*PROCESSING).when(command, delete(), again).batch
    assert [arrival.message.cause.id for arrival in batch.postponed] == ["delete-9", "afterwards"]
    assert batch.order is not None
    assert batch.order.status != "deleted"


def test_a_deletion_waits_for_what_a_crash_left_untold() -> None:
    """What is erased cannot be told any more, so it is told first."""
    story = given(*REJECTED).not_acknowledged_from(2)
    outcome = story.when(delete(offset=3))
    outcome.then(
        "event 2 rejected: pending -> rejected",
        "answer created-1: rejected OUT_OF_STOCK, rejected v2, with order",
    )
    assert len(outcome.batch.postponed) == 1
