"""What the customer service says: given, when, then."""

from __future__ import annotations

import pytest

from schemas.replies import ReplyType
from schemas.requests import ValidateCustomer
from workers.customers.decide import ACTIVE, BLOCKED, VALID, Verdict, decide

STATUSES = {"ann": ACTIVE, "bob": BLOCKED, "eve": "something new"}


def validate(customer_id: str) -> ValidateCustomer:
    """Ask whether the customer may order."""
    return ValidateCustomer(order_id="o", customer_id=customer_id, storefront_id="default")


def test_an_active_customer_may_order() -> None:
    """A customer that is there and active is valid."""
    assert decide([validate("ann")], STATUSES) == [VALID]


@pytest.mark.parametrize(
    ("customer_id", "code"),
    [("nobody", "CUSTOMER_UNKNOWN"), ("bob", "CUSTOMER_BLOCKED"), ("eve", "CUSTOMER_BLOCKED")],
)
def test_everybody_else_may_not(customer_id: str, code: str) -> None:
    """Who is missing, or is anything but active, is refused with a code that says why."""
    [verdict] = decide([validate(customer_id)], STATUSES)
    assert (verdict.type, verdict.code) == (ReplyType.CUSTOMER_INVALID, code)
    assert verdict.message


def test_verdicts_are_in_the_order_of_the_requests() -> None:
    """Every request of a batch gets its own verdict, also when one customer asks twice."""
    verdicts: list[Verdict] = decide(
        [validate("bob"), validate("ann"), validate("bob"), validate("ann")], STATUSES
    )
    assert [verdict.type for verdict in verdicts] == [
        ReplyType.CUSTOMER_INVALID,
        ReplyType.CUSTOMER_VALID,
    ] * 2
