"""Which refusal comes first where several apply, and what a refusal tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.results import Code
from tests.spec.messages import (
    ask_for,
    cancel,
    create,
    delete,
    invalid,
    update_shipping,
)
from tests.spec.story import DELETED, DELIVERED, PROCESSING, SHIPPED, given

if TYPE_CHECKING:
    from workers.orders.messages import Message


@pytest.mark.parametrize("status", [(), PROCESSING, DELETED])
@pytest.mark.parametrize("code", [Code.UNKNOWN_TYPE, Code.INVALID_DATA])
def test_what_breaks_the_schema_is_refused_whatever_the_order_is(
    status: tuple[str, ...], code: Code
) -> None:
    """Before anything is asked about the order, and without telling anything about it."""
    given(*status).when(invalid(code)).then(f"answer invalid-9: rejected {code}")


@pytest.mark.parametrize(
    ("happened", "command", "code"),
    [
        ((), update_shipping(expected_version=1), "ORDER_NOT_FOUND"),
        ((), ask_for("shipped", expected_version=1), "ORDER_NOT_FOUND"),
        ((), cancel(expected_version=1), "ORDER_NOT_FOUND"),
        ((), delete(expected_version=1), "ORDER_NOT_FOUND"),
        (DELETED, update_shipping(expected_version=1), "ORDER_DELETED"),
        (DELETED, ask_for("shipped", expected_version=1), "ORDER_DELETED"),
        (DELETED, cancel(expected_version=1), "ORDER_DELETED"),
        (DELETED, delete(expected_version=1), "ORDER_DELETED"),
        (DELETED, create(id="another"), "ORDER_EXISTS"),
        (PROCESSING, update_shipping("DHL", "1", expected_version=1), "VERSION_CONFLICT"),
        (PROCESSING, ask_for("processing", expected_version=1), "VERSION_CONFLICT"),
        (DELIVERED, update_shipping(expected_version=1), "VERSION_CONFLICT"),
        (DELIVERED, cancel(expected_version=1), "VERSION_CONFLICT"),
        (PROCESSING, delete(expected_version=9), "VERSION_CONFLICT"),
        (SHIPPED, cancel(expected_version=4), "VERSION_CONFLICT"),
        (DELIVERED, update_shipping(), "INVALID_TRANSITION"),
    ],
)
def test_the_first_refusal_of_the_list_is_told(
    happened: tuple[str, ...], command: Message, code: str
) -> None:
    """Each of these commands breaks at least this rule and one that comes after it."""
    assert given(*happened).when(command).result["code"] == code


def test_unchanged_comes_before_a_transition_that_is_not_allowed() -> None:
    """A delivered order's shipping cannot be changed, but it already is what is asked for."""
    result = given(*DELIVERED).when(update_shipping("DHL", "1")).result
    assert result["outcome"] == "unchanged"
    assert "code" not in result


def test_too_many_changes_comes_last() -> None:
    """A delivered order with 1,000 versions cannot be changed because it is delivered."""
    outcome = given(*DELIVERED).with_version(1000).when(update_shipping())
    assert outcome.result["code"] == "INVALID_TRANSITION"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (update_shipping(expected_version=2), "processing"),
        (ask_for("shipped", expected_version=2), "shipped"),
        (cancel(expected_version=2), "canceling"),
    ],
)
def test_the_version_that_was_expected_lets_a_command_through(
    command: Message, status: str
) -> None:
    """It is compared with the order's version as it is now."""
    outcome = given(*PROCESSING).when(command)
    assert (outcome.order.status, outcome.order.version) == (status, 3)


def test_a_delete_of_the_version_that_was_expected_is_let_through() -> None:
    """All commands but create may name one."""
    assert given(*DELIVERED).when(delete(expected_version=4)).order.status == "deleted"


def test_the_expected_version_counts_within_a_batch_too() -> None:
    """The second of two commands that expect the same version loses."""
    first = update_shipping(expected_version=2)
    second = ask_for("shipped", expected_version=2)
    given(*PROCESSING).when(first, second).then(
        "event 3 shipping-updated: processing -> processing",
        "answer update-shipping-9: accepted, processing v3, with order",
        "answer update-status-9: rejected VERSION_CONFLICT, processing v3",
    )


def test_a_transition_refused_tells_what_may_be_asked_for() -> None:
    """Status and version are those it had, `allowed` lists statuses, the order is not told."""
    assert given(*SHIPPED).when(cancel()).result == {
        "command": {"id": "cancel-9", "source": "/shop", "type": "order.cancel.v1"},
        "orderId": "order-1",
        "outcome": "rejected",
        "code": "INVALID_TRANSITION",
        "message": "An order that is shipped cannot become canceled by a command",
        "allowed": ["delivered"],
        "status": "shipped",
        "version": 3,
    }


def test_where_nothing_may_be_asked_for_allowed_is_an_empty_list() -> None:
    """It is there, and empty."""
    result = given("created", "cancel-requested").when(delete()).result
    assert result["allowed"] == []


def test_an_order_that_does_not_exist_has_neither_status_nor_version() -> None:
    """The result tells what was asked for, and that there is no such order."""
    assert given().when(cancel()).result == {
        "command": {"id": "cancel-9", "source": "/shop", "type": "order.cancel.v1"},
        "orderId": "order-1",
        "outcome": "rejected",
        "code": "ORDER_NOT_FOUND",
        "message": "There is no such order",
    }


def test_invalid_data_tells_where() -> None:
    """`errors` has the path and what is wrong there."""
    result = given().when(invalid()).result
    assert (result["code"], result["orderId"]) == ("INVALID_DATA", "order-1")
    assert result["errors"] == [
        {"path": "products.0.quantity", "message": "Input should be greater than 0"}
    ]


def test_unchanged_shows_the_order_as_it_is() -> None:
    """Nothing is wrong with it, so there is neither code nor message."""
    result = given(*PROCESSING).when(ask_for("processing")).result
    assert set(result) == {"command", "orderId", "outcome", "status", "version", "order"}
    assert result["order"]["version"] == result["version"] == 2


def test_a_version_conflict_tells_the_version() -> None:
    """Whoever sent it can try again with that one."""
    result = given(*PROCESSING).when(update_shipping(expected_version=1)).result
    assert (result["status"], result["version"]) == ("processing", 2)
    assert result["message"] == "The order's version is 2, not 1"
