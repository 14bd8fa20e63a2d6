"""The answers to a fulfillment: the order no longer waits, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.spec.messages import fulfill_refused, fulfilled
from tests.spec.story import HISTORIES, given

if TYPE_CHECKING:
    from workers.orders.messages import ReplyMessage

WAITING = [
    ("created", "processing", "shipped"),
    ("created", "processing", "delivered"),
    ("created", "processing", "shipped", "delivered"),
    ("created", "processing", "delivered", "deleted"),
]


@pytest.mark.parametrize("happened", WAITING)
@pytest.mark.parametrize("reply", [fulfilled(to="3:1"), fulfill_refused(to="3:1")])
def test_a_fulfillment_ends_silently(happened: tuple[str, ...], reply: ReplyMessage) -> None:
    """Fulfilled or refused: the order keeps version and status, and waits for nobody."""
    outcome = given(*happened).when(reply)
    outcome.then()
    assert outcome.waits_for == "nothing"
    assert outcome.order.version == len(happened)


@pytest.mark.parametrize("status", [name for name in HISTORIES if name != "nothing"])
@pytest.mark.parametrize("answered", ["1:1", "2:1", "3:2", "4:1"])
def test_a_fulfillment_that_was_not_asked_for_changes_nothing(status: str, answered: str) -> None:
    """It names another version or another attempt than the one that is waited for."""
    story = given(*HISTORIES[status])
    assert story.when(fulfilled(to=answered)).changes_nothing
    assert story.when(fulfill_refused(to=answered)).changes_nothing


def test_a_fulfillment_that_is_answered_twice_is_answered_once() -> None:
    """The second finds nobody waiting."""
    story = given("created", "processing", "shipped", "fulfilled")
    assert story.when(fulfilled(to="3:1")).changes_nothing
