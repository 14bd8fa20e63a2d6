"""Update-status: every status that may be asked for, in every status that an order may have."""

from __future__ import annotations

import pytest

from schemas.status import Status
from tests.spec.messages import ask_for
from tests.spec.story import HISTORIES, PROCESSING, given

NO = "rejected INVALID_TRANSITION"


@pytest.mark.parametrize(
    ("status", "wanted", "answer"),
    [
        ("nothing", "processing", "rejected ORDER_NOT_FOUND"),
        ("nothing", "shipped", "rejected ORDER_NOT_FOUND"),
        ("nothing", "delivered", "rejected ORDER_NOT_FOUND"),
        ("nothing", "canceled", "rejected ORDER_NOT_FOUND"),
        ("pending", "processing", f"{NO}, pending v1, allowed canceled"),
        ("pending", "shipped", f"{NO}, pending v1, allowed canceled"),
        ("pending", "delivered", f"{NO}, pending v1, allowed canceled"),
        ("processing", "processing", "unchanged, processing v2, with order"),
        ("shipped", "processing", f"{NO}, shipped v3, allowed delivered"),
        ("shipped", "shipped", "unchanged, shipped v3, with order"),
        ("shipped", "canceled", f"{NO}, shipped v3, allowed delivered"),
        ("delivered", "processing", f"{NO}, delivered v4, allowed deleted"),
        ("delivered", "shipped", f"{NO}, delivered v4, allowed deleted"),
        ("delivered", "delivered", "unchanged, delivered v4, with order"),
        ("delivered", "canceled", f"{NO}, delivered v4, allowed deleted"),
        ("canceling", "processing", f"{NO}, canceling v3, allowed nothing"),
        ("canceling", "shipped", f"{NO}, canceling v3, allowed nothing"),
        ("canceling", "delivered", f"{NO}, canceling v3, allowed nothing"),
        ("canceling", "canceled", "unchanged, canceling v3, with order"),
        ("canceled", "processing", f"{NO}, canceled v4, allowed deleted"),
        ("canceled", "shipped", f"{NO}, canceled v4, allowed deleted"),
        ("canceled", "delivered", f"{NO}, canceled v4, allowed deleted"),
        ("canceled", "canceled", "unchanged, canceled v4, with order"),
        ("rejected", "processing", f"{NO}, rejected v2, allowed deleted"),
        ("rejected", "shipped", f"{NO}, rejected v2, allowed deleted"),
        ("rejected", "delivered", f"{NO}, rejected v2, allowed deleted"),
        ("rejected", "canceled", f"{NO}, rejected v2, allowed deleted"),
        ("expired", "processing", f"{NO}, expired v2, allowed deleted"),
        ("expired", "shipped", f"{NO}, expired v2, allowed deleted"),
        ("expired", "delivered", f"{NO}, expired v2, allowed deleted"),
        ("expired", "canceled", f"{NO}, expired v2, allowed deleted"),
        ("deleted", "processing", "rejected ORDER_DELETED, deleted v3"),
        ("deleted", "shipped", "rejected ORDER_DELETED, deleted v3"),
        ("deleted", "delivered", "rejected ORDER_DELETED, deleted v3"),
        ("deleted", "canceled", "rejected ORDER_DELETED, deleted v3"),
    ],
)
def test_what_cannot_be_asked_for(status: str, wanted: str, answer: str) -> None:
    """The answer says why not, and what may be asked for instead; nothing changes."""
    outcome = given(*HISTORIES[status]).when(ask_for(wanted))
    outcome.then(f"answer update-status-9: {answer}")
    assert not outcome.batch.is_written


def test_a_processing_order_is_shipped() -> None:
    """The answer comes at once, and inventory is asked to take the pieces off its books."""
    outcome = given(*PROCESSING).when(ask_for(Status.SHIPPED))
    outcome.then(
        "event 3 shipped: processing -> shipped",
        "ask inventory.fulfill 3:1",
        "answer update-status-9: accepted, shipped v3, with order",
    )
    assert outcome.waits_for == "fulfillment 3:1, 5 s"


def test_a_processing_order_is_delivered_without_being_shipped() -> None:
    """The pieces leave the books then."""
    outcome = given(*PROCESSING).when(ask_for(Status.DELIVERED))
    outcome.then(
        "event 3 delivered: processing -> delivered",
        "ask inventory.fulfill 3:1",
        "answer update-status-9: accepted, delivered v3, with order",
    )
    assert outcome.waits_for == "fulfillment 3:1, 5 s"


@pytest.mark.parametrize(
    ("happened", "waits"),
    [
        (("created", "processing", "shipped"), "fulfillment 3:1, 2 s"),
        (("created", "processing", "shipped", "fulfilled"), "nothing"),
    ],
)
def test_a_shipped_order_is_delivered(happened: tuple[str, ...], waits: str) -> None:
    """Inventory is not asked once more; if it is still asked, that goes on."""
    outcome = given(*happened).at(5).when(ask_for(Status.DELIVERED))
    outcome.then(
        "event 4 delivered: shipped -> delivered",
        "answer update-status-9: accepted, delivered v4, with order",
    )
    assert outcome.waits_for == waits


@pytest.mark.parametrize(("status", "version"), [("pending", 2), ("processing", 3)])
def test_canceling_by_update_status_is_a_cancel(status: str, version: int) -> None:
    """Stock is released first; the answer waits for it."""
    outcome = given(*HISTORIES[status]).when(ask_for(Status.CANCELED, reason="too slow"))
    outcome.then(
        f"event {version} cancel-requested: {status} -> canceling",
        f"ask inventory.release {version}:1",
    )
    assert outcome.order.reason == "too slow"


def test_a_reason_is_told_with_the_event_and_kept_on_the_order() -> None:
    """Any status may be asked for with a reason."""
    outcome = given(*PROCESSING).when(ask_for(Status.SHIPPED, reason="picked up"))
    assert outcome.events[0].order.history[-1].reason == "picked up"
    assert outcome.result["order"]["reason"] == "picked up"


@pytest.mark.parametrize(
    ("happened", "wanted", "status"),
    [
        (("created", "processing"), "shipped", "shipped"),
        (("created", "processing"), "delivered", "delivered"),
        (("created", "processing"), "canceled", "canceling"),
        (("created", "processing", "shipped"), "delivered", "delivered"),
        (("created",), "canceled", "canceling"),
    ],
)
def test_an_order_with_1000_versions_can_still_be_finished(
    happened: tuple[str, ...], wanted: str, status: str
) -> None:
    """Only shipping cannot be changed any more."""
    outcome = given(*happened).with_version(1000).when(ask_for(wanted))
    assert (outcome.order.status, outcome.order.version) == (status, 1001)
