"""Cancel: always by way of a release, so that it is known what became of the stock."""

from __future__ import annotations

import pytest

from tests.spec.messages import cancel
from tests.spec.story import HISTORIES, PROCESSING, given

NO = "rejected INVALID_TRANSITION"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("nothing", "rejected ORDER_NOT_FOUND"),
        ("shipped", f"{NO}, shipped v3, allowed delivered"),
        ("delivered", f"{NO}, delivered v4, allowed deleted"),
        ("canceling", "unchanged, canceling v3, with order"),
        ("canceled", "unchanged, canceled v4, with order"),
        ("rejected", f"{NO}, rejected v2, allowed deleted"),
        ("expired", f"{NO}, expired v2, allowed deleted"),
        ("deleted", "rejected ORDER_DELETED, deleted v3"),
    ],
)
def test_what_cannot_be_canceled(status: str, answer: str) -> None:
    """What is gone or finished stays; what is canceled, or about to be, is so already."""
    outcome = given(*HISTORIES[status]).when(cancel())
    outcome.then(f"answer cancel-9: {answer}")
    assert not outcome.batch.is_written


@pytest.mark.parametrize(("status", "version"), [("pending", 2), ("processing", 3)])
def test_a_cancel_asks_for_the_release_first(status: str, version: int) -> None:
    """The order is `canceling` and the command has no answer, until the stock is free."""
    outcome = given(*HISTORIES[status]).when(cancel(reason="by mistake"))
    outcome.then(
        f"event {version} cancel-requested: {status} -> canceling",
        f"ask inventory.release {version}:1",
    )
    assert outcome.order.reason == "by mistake"
    assert outcome.waits_for == f"release {version}:1, 5 s"


def test_a_cancel_ends_the_wait_for_the_checks() -> None:
    """However often the checks were asked: the release begins to count anew."""
    outcome = given("created", "silence", "silence").when(cancel())
    assert outcome.waits_for == "release 2:1, 5 s"


def test_an_order_with_1000_versions_can_be_canceled() -> None:
    """Only shipping cannot be changed any more."""
    outcome = given(*PROCESSING).with_version(1000).when(cancel())
    assert outcome.order.status == "canceling"
