"""Silence: checks are asked again and then expire; releases and fulfillments never give up."""

from __future__ import annotations

from itertools import pairwise

import pytest

from schemas.requests import RequestType
from tests.spec.messages import customer_invalid, deadline, released
from tests.spec.story import BEGIN, HISTORIES, PENDING, Story, given


def _silences(story: Story, request: RequestType, times: int) -> list[float]:
    """Seconds from the beginning to each deadline, if every one is handled when it is due."""
    found: list[float] = []
    for _ in range(times):
        assert story.order is not None
        waiting = story.order.waiting
        assert waiting is not None
        seconds = (waiting.due_at - BEGIN) / 1000
        found.append(seconds)
        asked = deadline(of=f"{waiting.since}:{waiting.attempt}", request=request)
        story = story.at(seconds).when(asked).afterwards()
    return found


def test_the_customer_is_asked_again_after_5_10_20_and_40_seconds() -> None:
    """Each pause is twice the one before."""
    assert _silences(given(*PENDING), RequestType.VALIDATE, 4) == [5, 15, 35, 75]


def test_an_order_expires_155_seconds_after_its_first_check() -> None:
    """80 seconds after the fifth question, and then what it may hold is released."""
    story = given("created", "silence", "silence", "silence", "silence")
    assert story.order is not None
    assert story.order.waiting is not None
    assert story.order.waiting.due_at == BEGIN + 155_000
    outcome = story.at(155).when(deadline(of="1:5"))
    outcome.then(
        "event 2 expired: pending -> expired",
        "ask inventory.release 2:1",
        "answer created-1: rejected CHECKS_TIMEOUT, expired v2, with order",
    )
    assert outcome.waits_for == "release 2:1, 5 s"
    assert outcome.order.reason == "CHECKS_TIMEOUT"


@pytest.mark.parametrize(("asked", "pause"), [(1, 10), (2, 20), (3, 40), (4, 80)])
def test_before_that_the_checks_begin_anew_with_the_customer(asked: int, pause: int) -> None:
    """No event and no new version, but one more attempt."""
    story = given("created", *["silence"] * (asked - 1))
    assert story.order is not None
    assert story.order.waiting is not None
    due = (story.order.waiting.due_at - BEGIN) / 1000
    outcome = story.at(due).when(deadline(of=f"1:{asked}"))
    outcome.then(f"ask customer.validate 1:{asked + 1}")
    assert outcome.waits_for == f"checks 1:{asked + 1}, {pause} s"
    assert outcome.order.version == 1


def test_a_deadline_that_is_handled_late_does_not_put_off_the_next() -> None:
    """Small delays do not add up, so that an order expires on time."""
    outcome = given(*PENDING).at(5 + 1.5).when(deadline(of="1:1"))
    assert outcome.waits_for == "checks 1:2, 8.5 s"


@pytest.mark.parametrize("seconds", [-3600, 4, 11, 3600])
def test_after_an_outage_or_a_jump_of_the_clock_pauses_count_from_now(seconds: int) -> None:
    """Whether the deadline comes an hour late or an hour early."""
    outcome = given(*PENDING).at(seconds).when(deadline(of="1:1"))
    assert outcome.waits_for == "checks 1:2, 10 s"


@pytest.mark.parametrize(
    ("happened", "request_type", "told"),
    [
        (("created", "cancel-requested"), RequestType.RELEASE, "ask inventory.release 2:2"),
        (("created", "expired"), RequestType.RELEASE, "ask inventory.release 2:2"),
        (("created", "expired", "deleted"), RequestType.RELEASE, "ask inventory.release 2:2"),
        (("created", "processing", "shipped"), RequestType.FULFILL, "ask inventory.fulfill 3:2"),
        (
            ("created", "processing", "shipped", "delivered"),
            RequestType.FULFILL,
            "ask inventory.fulfill 3:2",
        ),
        (
            ("created", "processing", "delivered", "deleted"),
            RequestType.FULFILL,
            "ask inventory.fulfill 3:2",
        ),
    ],
)
def test_a_release_or_fulfillment_is_asked_again(
    happened: tuple[str, ...], request_type: RequestType, told: str
) -> None:
    """In every status in which one may be waited for, also for deleted orders."""
    since = told.rsplit(maxsplit=1)[-1].split(":", maxsplit=1)[0]
    outcome = given(*happened).when(deadline(of=f"{since}:1", request=request_type))
    outcome.then(told)
    assert outcome.order.version == len(happened)


@pytest.mark.parametrize(
    ("happened", "request_type"),
    [
        (("created", "cancel-requested"), RequestType.RELEASE),
        (("created", "processing", "shipped"), RequestType.FULFILL),
    ],
)
def test_they_are_asked_for_ever_at_most_five_minutes_apart(
    happened: tuple[str, ...], request_type: RequestType
) -> None:
    """After the sixth question every pause is five minutes."""
    times = _silences(given(*happened), request_type, 40)
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses == [10, 20, 40, 80, 160, *[300] * 34]


def test_a_release_that_was_put_off_is_sent_by_the_first_deadline() -> None:
    """After a no that followed a silence, the stock is released five seconds later."""
    rejected = given("created", "silence").when(customer_invalid(to="1:2"))
    outcome = rejected.afterwards().at(65).when(deadline(of="2:0", request=RequestType.RELEASE))
    outcome.then("ask inventory.release 2:1")
    assert outcome.waits_for == "release 2:1, 5 s"
    done = outcome.afterwards().when(released(to="2:1"))
    assert done.waits_for == "nothing"


@pytest.mark.parametrize("status", [name for name in HISTORIES if name != "nothing"])
@pytest.mark.parametrize("of", ["1:2", "2:2", "9:1", "0:0"])
def test_a_deadline_of_another_wait_or_attempt_has_passed(status: str, of: str) -> None:
    """A deadline counts only for the question that is open, at the attempt that is open."""
    assert given(*HISTORIES[status]).when(deadline(of=of)).changes_nothing


@pytest.mark.parametrize("status", ["processing", "canceled", "rejected"])
@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_an_order_that_waits_for_nobody_has_no_deadline(status: str, version: int) -> None:
    """Whatever deadline comes, it has passed."""
    assert given(*HISTORIES[status]).when(deadline(of=f"{version}:1")).changes_nothing


def test_a_deadline_that_comes_twice_counts_once() -> None:
    """The second names an attempt that is over."""
    outcome = given(*PENDING).when(deadline(of="1:1"), deadline(of="1:1"))
    outcome.then("ask customer.validate 1:2")


def test_two_workers_that_handle_one_deadline_ask_in_the_same_words() -> None:
    """Also when one of them is a moment later: what they store is the same, and so is its id."""
    story = given(*PENDING)
    first, second = (story.at(seconds).when(deadline(of="1:1")) for seconds in (5.1, 7.9))
    assert first.order == second.order
    assert first.batch.outputs == second.batch.outputs
