"""Create: the order is made at once, its result waits for the checks."""

from __future__ import annotations

import pytest

from tests.spec.messages import cancel, create, update_shipping
from tests.spec.story import HISTORIES, given


def test_a_create_makes_a_pending_order_and_asks_for_the_customer() -> None:
    """There is an event and a question, but no result yet."""
    outcome = given().when(create())
    outcome.then("event 1 created: pending", "ask customer.validate 1:1")
    assert outcome.order.status == "pending"
    assert outcome.waits_for == "checks 1:1, 5 s"


def test_a_created_order_holds_what_the_command_said() -> None:
    """Customer, products, shipping and the lane are kept, and the storefront has a default."""
    order = given().when(create(("apple", 3))).order
    assert (order.customer_id, order.storefront_id) == ("customer-1", "default")
    assert [(line.product_id, line.quantity) for line in order.products or ()] == [("apple", 3)]
    assert order.shipping is not None
    assert (order.shipping.company, order.shipping.tracking_number) == ("DHL", "1")
    assert (order.lane, order.version) == (3, 1)
    assert order.created_at == order.updated_at == 1_700_000_060_000


def test_a_storefront_that_is_named_is_kept() -> None:
    """The default is only for commands that name none."""
    assert given().when(create(storefront="nord")).order.storefront_id == "nord"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("pending", "pending v1"),
        ("processing", "processing v2"),
        ("shipped", "shipped v3"),
        ("delivered", "delivered v4"),
        ("canceling", "canceling v3"),
        ("canceled", "canceled v4"),
        ("rejected", "rejected v2"),
        ("expired", "expired v2"),
        ("deleted", "deleted v3"),
    ],
)
def test_an_order_is_created_once(status: str, answer: str) -> None:
    """Another create of the same order is refused in every status, also when it is deleted."""
    outcome = given(*HISTORIES[status]).when(create(id="another"))
    outcome.then(f"answer another: rejected ORDER_EXISTS, {answer}")
    assert not outcome.batch.is_written


def test_a_refused_create_does_not_show_the_order_of_somebody_else() -> None:
    """The result tells status and version, but nothing of what the other one ordered."""
    result = given("created").when(create(id="another")).result
    assert result == {
        "command": {"id": "another", "source": "/shop", "type": "order.create.v1"},
        "orderId": "order-1",
        "outcome": "rejected",
        "code": "ORDER_EXISTS",
        "message": "Another create command made this order",
        "status": "pending",
        "version": 1,
    }


def test_commands_of_one_batch_see_each_other() -> None:
    """What comes after a create in the same batch finds the order that it made."""
    outcome = given().when(create(), update_shipping(), cancel(reason="too late"))
    outcome.then(
        "event 1 created: pending",
        "ask customer.validate 1:1",
        "event 2 shipping-updated: pending -> pending",
        "answer update-shipping-9: accepted, pending v2, with order",
        "event 3 cancel-requested: pending -> canceling",
        "ask inventory.release 3:1",
    )
    assert outcome.order.revision == 1
