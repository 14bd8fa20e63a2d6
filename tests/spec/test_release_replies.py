"""The answers to a release: the order is canceled, or goes back to where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.spec.messages import release_refused, released
from tests.spec.story import CANCELING, CANCELING_UNDECIDED, HISTORIES, given

if TYPE_CHECKING:
    from workers.orders.messages import ReplyMessage


def test_released_stock_cancels_the_order() -> None:
    """The cancel gets its result; the create had its own when the order was processing."""
    outcome = given(*CANCELING).when(released(to="3:1"))
    outcome.then(
        "event 4 canceled: canceling -> canceled",
        "answer cancel-requested-3: accepted, canceled v4, with order",
    )
    assert outcome.order.reason == "changed my mind"
    assert outcome.events[0].order.history[-1].reason == "changed my mind"
    assert outcome.waits_for == "nothing"


def test_a_create_that_is_canceled_before_it_is_decided_is_answered_then() -> None:
    """Both commands get their result, and the create's has the order."""
    outcome = given(*CANCELING_UNDECIDED).when(released(to="2:1"))
    outcome.then(
        "event 3 canceled: canceling -> canceled",
        "answer cancel-requested-2: accepted, canceled v3, with order",
        "answer created-1: rejected CANCELED, canceled v3, with order",
    )


@pytest.mark.parametrize(
    ("happened", "back", "told"),
    [
        (CANCELING, "processing", ()),
        (CANCELING_UNDECIDED, "pending", ("ask customer.validate 3:1",)),
    ],
)
def test_a_refused_release_leads_back(
    happened: tuple[str, ...], back: str, told: tuple[str, ...]
) -> None:
    """The cancel is refused; a pending order's check is asked for again."""
    version = len(happened)
    outcome = given(*happened).when(release_refused(to=f"{version}:1"))
    outcome.then(
        f"event {version + 1} cancel-refused: canceling -> {back}",
        *told,
        f"answer cancel-requested-{version}: rejected RELEASE_REFUSED, {back} v{version + 1}",
    )


def test_what_an_order_waits_for_after_a_refused_cancel() -> None:
    """A pending order waits for its checks anew, a processing one for nobody."""
    undecided = given(*CANCELING_UNDECIDED).when(release_refused(to="2:1"))
    assert undecided.waits_for == "checks 3:1, 5 s"
    assert given(*CANCELING).when(release_refused(to="3:1")).waits_for == "nothing"


def test_a_refused_cancel_takes_its_reason_with_it() -> None:
    """The order goes on, and nothing about it was ever a reason to cancel."""
    outcome = given(*CANCELING).when(release_refused(to="3:1"))
    assert outcome.order.reason is None


def test_a_cancel_that_was_refused_can_be_asked_for_again() -> None:
    """The second cancel gets an answer of its own; the first keeps the one it had."""
    story = given(*CANCELING, "cancel-refused", "cancel-requested")
    story.when(released(to="5:1")).then(
        "event 6 canceled: canceling -> canceled",
        "answer cancel-requested-5: accepted, canceled v6, with order",
    )


@pytest.mark.parametrize("happened", [("created", "expired"), ("created", "expired", "deleted")])
@pytest.mark.parametrize("reply", [released(to="2:1"), release_refused(to="2:1")])
def test_the_release_after_an_expiry_ends_silently(
    happened: tuple[str, ...], reply: ReplyMessage
) -> None:
    """No version and no event; the order only stops waiting."""
    outcome = given(*happened).when(reply)
    outcome.then()
    assert outcome.waits_for == "nothing"
    assert outcome.order.version == len(happened)


@pytest.mark.parametrize(
    "status",
    ["pending", "processing", "shipped", "delivered", "canceled", "rejected", "deleted"],
)
@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_release_that_nobody_waits_for_changes_nothing(status: str, version: int) -> None:
    """Neither answer, whatever version it claims to be about."""
    story = given(*HISTORIES[status])
    assert story.when(released(to=f"{version}:1")).changes_nothing
    assert story.when(release_refused(to=f"{version}:1")).changes_nothing


def test_an_answer_to_an_earlier_cancel_does_not_answer_this_one() -> None:
    """It names the version of the first cancel, and that wait is over."""
    story = given(*CANCELING, "cancel-refused", "cancel-requested")
    assert story.when(released(to="3:1")).changes_nothing


def test_an_answer_that_comes_twice_is_one() -> None:
    """The second finds the order canceled."""
    outcome = given(*CANCELING).when(released(to="3:1"), released(to="3:1", id="once-more"))
    assert outcome.order.version == 4
    assert outcome.batch.ignored == 1
