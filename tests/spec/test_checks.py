"""The checks: the customer first, then the stock; whoever says no ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.spec.messages import customer_invalid, customer_valid, refused, released, reserved
from tests.spec.story import HISTORIES, PENDING, given

if TYPE_CHECKING:
    from workers.orders.messages import ReplyMessage


def test_a_valid_customer_makes_the_order_ask_for_stock() -> None:
    """Nothing is stored for it: the order goes on waiting as before."""
    outcome = given(*PENDING).when(customer_valid(to="1:1"))
    outcome.then("ask inventory.reserve 1:1")
    assert not outcome.batch.is_written


def test_reserved_stock_makes_the_order_processing() -> None:
    """The create gets its result, and nobody is waited for."""
    outcome = given(*PENDING).when(reserved(to="1:1"))
    outcome.then(
        "event 2 processing: pending -> processing",
        "answer created-1: accepted, processing v2, with order",
    )
    assert outcome.waits_for == "nothing"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("CUSTOMER_UNKNOWN", "The customer is not known"),
        ("CUSTOMER_BLOCKED", "The customer may not order"),
    ],
)
def test_a_customer_who_may_not_order_rejects_it(code: str, message: str) -> None:
    """The create's result has the code, a text, and the order."""
    outcome = given(*PENDING).when(customer_invalid(to="1:1", code=code))
    outcome.then(
        "event 2 rejected: pending -> rejected",
        f"answer created-1: rejected {code}, rejected v2, with order",
    )
    assert outcome.result["message"] == message
    assert outcome.result["order"]["reason"] == code
    assert "errors" not in outcome.result
    assert outcome.waits_for == "nothing"


def test_a_code_of_the_customer_service_is_passed_through_with_its_text() -> None:
    """The service may have reasons that nobody here knows."""
    reply = customer_invalid(to="1:1", code="CREDIT_LIMIT", message="owes too much")
    result = given(*PENDING).when(reply).result
    assert (result["code"], result["message"]) == ("CREDIT_LIMIT", "owes too much")


def test_a_long_text_is_cut_to_what_a_reason_may_have() -> None:
    """What a service says at length must not make a result too large."""
    reply = customer_invalid(to="1:1", code="TALKATIVE", message="x" * 600)
    assert len(given(*PENDING).when(reply).result["message"]) == 512


def test_missing_stock_rejects_the_order_and_lists_the_products() -> None:
    """`errors` names every product that was refused."""
    outcome = given(*PENDING).when(refused(to="1:1", products=("apple", "pear")))
    outcome.then(
        "event 2 rejected: pending -> rejected",
        "answer created-1: rejected OUT_OF_STOCK, rejected v2, with order",
    )
    text = "There is not enough of a product"
    assert outcome.result["message"] == text
    assert outcome.result["errors"] == [
        {"message": text, "productId": "apple"},
        {"message": text, "productId": "pear"},
    ]


def test_a_code_of_the_inventory_service_is_passed_through() -> None:
    """Its text is told once, not for every product."""
    reply = refused(to="1:1", code="RECALLED", products=("apple",), message="glass in it")
    result = given(*PENDING).when(reply).result
    assert (result["code"], result["message"]) == ("RECALLED", "glass in it")
    assert result["errors"] == [{"productId": "apple"}]


def test_an_earlier_attempts_answer_counts() -> None:
    """Whoever answers late, but while it is still asked, has answered."""
    story = given("created", "silence", "silence")
    story.when(customer_valid(to="1:1")).then("ask inventory.reserve 1:1")
    story.when(customer_valid(to="1:3")).then("ask inventory.reserve 1:3")
    assert story.when(reserved(to="1:2")).order.status == "processing"


def test_the_checks_are_asked_again_after_a_refused_cancel() -> None:
    """They are a wait of their own: its replies count, those of the one before do not."""
    story = given("created", "cancel-requested", "cancel-refused")
    story.when(customer_valid(to="3:1")).then("ask inventory.reserve 3:1")
    assert story.when(reserved(to="3:1")).order.status == "processing"
    assert story.when(reserved(to="1:1")).changes_nothing
    assert story.when(customer_valid(to="1:1")).changes_nothing


def test_a_change_of_shipping_does_not_make_the_checks_answers_late() -> None:
    """The wait began with the first version, and still does."""
    outcome = given("created", "shipping-updated").when(reserved(to="1:1"))
    assert (outcome.order.status, outcome.order.version) == ("processing", 3)


def test_a_no_after_a_silence_releases_what_an_earlier_yes_may_have_reserved() -> None:
    """The customer may have changed in between, and the stock's answer may never come."""
    outcome = given("created", "silence").when(customer_invalid(to="1:2"))
    outcome.then(
        "event 2 rejected: pending -> rejected",
        "answer created-1: rejected CUSTOMER_BLOCKED, rejected v2, with order",
    )
    assert outcome.waits_for == "release 2:0, 5 s"


@pytest.mark.parametrize(
    "status",
    [
        "processing",
        "shipped",
        "delivered",
        "canceling",
        "canceled",
        "rejected",
        "expired",
        "deleted",
    ],
)
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(customer_valid(to="1:1"), id="valid"),
        pytest.param(customer_invalid(to="1:1"), id="invalid"),
        pytest.param(refused(to="1:1"), id="refused"),
    ],
)
def test_a_checks_answer_that_comes_too_late_changes_nothing(
    status: str, reply: ReplyMessage
) -> None:
    """Once the order has moved on, it does not matter what the checks have to say."""
    assert given(*HISTORIES[status]).when(reply).changes_nothing


@pytest.mark.parametrize("status", ["processing", "shipped", "delivered", "canceling"])
def test_stock_reserved_twice_changes_nothing(status: str) -> None:
    """The order has its stock, has shipped it, or is asking for its release already."""
    assert given(*HISTORIES[status]).when(reserved(to="1:1")).changes_nothing


@pytest.mark.parametrize("status", ["rejected", "canceled"])
def test_stock_that_is_granted_too_late_is_given_back(status: str) -> None:
    """The order stays as it is, but waits until the stock is released by a new request."""
    story = given(*HISTORIES[status])
    assert story.order is not None
    outcome = story.when(reserved(to="1:1"))
    outcome.then(f"ask inventory.release {story.order.version}:{story.order.revision}")
    assert (outcome.order.status, outcome.order.version) == (status, story.order.version)
    assert outcome.batch.is_written


@pytest.mark.parametrize(
    "happened", [("created", "expired", "released"), ("created", "expired", "released", "deleted")]
)
def test_an_expired_order_gives_back_what_is_granted_after_its_release(
    happened: tuple[str, ...],
) -> None:
    """Also when it is deleted already."""
    outcome = given(*happened).when(reserved(to="1:1"))
    assert [text.split()[:2] for text in outcome.told] == [["ask", "inventory.release"]]


def test_while_a_release_is_under_way_a_late_grant_needs_no_other() -> None:
    """The release was sent after the reserve, so it covers it."""
    assert given("created", "expired").when(reserved(to="1:1")).changes_nothing


def test_a_late_grant_that_comes_twice_in_a_batch_is_given_back_once() -> None:
    """The first one begins a wait, the second finds it."""
    outcome = given("created", "rejected").when(reserved(to="1:1"), reserved(to="1:1"))
    assert len(outcome.told) == 1


def test_two_late_grants_in_a_batch_are_given_back_by_two_different_requests() -> None:
    """Where the first was released meanwhile: what has one id must be one message."""
    story = given("created", "rejected")
    outcome = story.when(reserved(to="1:1"), released(to="2:2"), reserved(to="1:2"))
    outcome.then("ask inventory.release 2:2", "ask inventory.release 2:3")
    assert outcome.afterwards().when(released(to="2:3")).order.revision > outcome.order.revision


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (customer_valid(to="1:2"), "an attempt that was not made yet"),
        (customer_valid(to="1:0"), "an attempt that never is"),
        (customer_valid(to="2:1"), "a wait that has not begun"),
        (customer_valid(to="0:1"), "a version that never is"),
        (reserved(to="2:1"), "stock for a wait that has not begun"),
        (refused(to="1:9"), "a refusal of an attempt that was not made yet"),
    ],
)
def test_a_reply_to_a_request_that_was_never_sent_changes_nothing(
    reply: ReplyMessage, why: str
) -> None:
    """A forged id opens nothing."""
    assert given(*PENDING).when(reply).changes_nothing, why


@pytest.mark.parametrize("version", [0, 2, 3])
def test_a_forged_grant_is_not_given_back(version: int) -> None:
    """Only a version that began the checks can have reserved anything."""
    assert given("created", "rejected").when(reserved(to=f"{version}:1")).changes_nothing


def test_a_grant_of_an_attempt_before_the_first_is_not_given_back() -> None:
    """Attempts are counted from 1: nobody was asked for anything before."""
    assert given("created", "rejected").when(reserved(to="1:0")).changes_nothing


def test_a_reply_for_an_order_that_does_not_exist_changes_nothing() -> None:
    """It is dropped."""
    outcome = given().when(reserved(to="1:1"))
    assert outcome.told == ()
    assert outcome.batch.order is None
    assert outcome.batch.ignored == 1
