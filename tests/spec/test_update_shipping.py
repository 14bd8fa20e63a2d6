"""Update-shipping: while the order may still be on its way, and only if it is a change."""

from __future__ import annotations

import pytest

from tests.spec.messages import update_shipping
from tests.spec.story import HISTORIES, PENDING, PROCESSING, given

ANOTHER = "answer update-shipping-9:"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("nothing", "rejected ORDER_NOT_FOUND"),
        ("delivered", "rejected INVALID_TRANSITION, delivered v4, allowed deleted"),
        ("canceling", "rejected INVALID_TRANSITION, canceling v3, allowed nothing"),
        ("canceled", "rejected INVALID_TRANSITION, canceled v4, allowed deleted"),
        ("rejected", "rejected INVALID_TRANSITION, rejected v2, allowed deleted"),
        ("expired", "rejected INVALID_TRANSITION, expired v2, allowed deleted"),
        ("deleted", "rejected ORDER_DELETED, deleted v3"),
    ],
)
def test_shipping_can_no_longer_be_changed(status: str, answer: str) -> None:
    """Once an order is finished, being canceled or gone, its shipping stays."""
    given(*HISTORIES[status]).when(update_shipping("UPS", "2")).then(f"{ANOTHER} {answer}")


@pytest.mark.parametrize(("status", "version"), [("pending", 2), ("processing", 3), ("shipped", 4)])
def test_shipping_can_be_changed(status: str, version: int) -> None:
    """The order gets a new version with the new shipping, and keeps its status."""
    outcome = given(*HISTORIES[status]).when(update_shipping("UPS", "2"))
    outcome.then(
        f"event {version} shipping-updated: {status} -> {status}",
        f"{ANOTHER} accepted, {status} v{version}, with order",
    )
    assert outcome.result["order"]["shipping"] == {"company": "UPS", "trackingNumber": "2"}


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("pending", "unchanged, pending v1, with order"),
        ("processing", "unchanged, processing v2, with order"),
        ("shipped", "unchanged, shipped v3, with order"),
        ("delivered", "unchanged, delivered v4, with order"),
        ("canceling", "unchanged, canceling v3, with order"),
        ("canceled", "unchanged, canceled v4, with order"),
        ("rejected", "unchanged, rejected v2, with order"),
        ("expired", "unchanged, expired v2, with order"),
        ("deleted", "rejected ORDER_DELETED, deleted v3"),
    ],
)
def test_the_shipping_it_has_changes_nothing(status: str, answer: str) -> None:
    """`unchanged` comes before `INVALID_TRANSITION`: what is asked for is so already."""
    outcome = given(*HISTORIES[status]).when(update_shipping("DHL", "1"))
    outcome.then(f"{ANOTHER} {answer}")
    assert not outcome.batch.is_written


@pytest.mark.parametrize(("company", "number"), [("DHL", "2"), ("UPS", "1")])
def test_either_half_of_the_shipping_is_a_change(company: str, number: str) -> None:
    """Another company or another tracking number is another shipping."""
    assert given(*PENDING).when(update_shipping(company, number)).order.version == 2


def test_a_change_of_shipping_goes_on_waiting_as_before() -> None:
    """The checks that were asked for are neither asked again nor forgotten."""
    outcome = given(*PENDING).at(2).when(update_shipping())
    assert outcome.waits_for == "checks 1:1, 3 s"


def test_an_order_has_at_most_1000_versions_by_its_shipping() -> None:
    """The 1,000th change is made, the next is refused: `TOO_MANY_CHANGES`."""
    last = given(*PROCESSING).with_version(999).when(update_shipping())
    assert last.order.version == 1000
    over = given(*PROCESSING).with_version(1000).when(update_shipping())
    over.then(f"{ANOTHER} rejected TOO_MANY_CHANGES, processing v1000")


def test_with_1000_versions_the_same_shipping_is_still_unchanged() -> None:
    """`TOO_MANY_CHANGES` is the last of all refusals."""
    outcome = given(*PROCESSING).with_version(1000).when(update_shipping("DHL", "1"))
    assert outcome.result["outcome"] == "unchanged"
