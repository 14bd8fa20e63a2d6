"""A command that is delivered again: the same answer, at the address that this delivery names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from schemas.topics import REPLIES
from tests.spec.messages import (
    DESK,
    SHOP,
    ask_for,
    cancel,
    create,
    customer_invalid,
    delete,
    invalid,
    refused,
    released,
    reserved,
    update_shipping,
)
from tests.spec.story import DELIVERED, PROCESSING, SHIPPED, Story, given
from workers.orders.answers import version_of_command

if TYPE_CHECKING:
    from workers.orders.messages import CommandMessage, Message


def _again(command: CommandMessage, offset: int = 2_000) -> CommandMessage:
    """The same command once more, in another record and with another reply address."""
    return command._replace(cause=command.cause._replace(offset=offset, reply=DESK))


@pytest.mark.parametrize(
    ("happened", "command", "answer"),
    [
        (PROCESSING, update_shipping(), "accepted, processing v3, with order"),
        (PROCESSING, ask_for("shipped"), "accepted, shipped v3, with order"),
        (PROCESSING, ask_for("delivered"), "accepted, delivered v3, with order"),
        (SHIPPED, ask_for("delivered"), "accepted, delivered v4, with order"),
        (DELIVERED, delete(), "accepted, deleted v5, with order"),
    ],
)
def test_an_accepted_command_is_accepted_once_more(
    happened: tuple[str, ...], command: CommandMessage, answer: str
) -> None:
    """No event and no version: only its answer, with a copy where it is wanted now."""
    first = given(*happened).when(command)
    second = first.afterwards().at(500).when(_again(command))
    second.then(f"answer {command.cause.id}: {answer}, copy to desk.replies")
    assert second.result == first.result
    assert not second.batch.is_written


def test_an_answer_stays_when_the_order_moves_on() -> None:
    """The order is shown as the command left it, not as it is now."""
    first = given(*PROCESSING).when(update_shipping())
    later = first.afterwards().when(ask_for("shipped")).afterwards()
    assert later.when(_again(update_shipping())).result == first.result


@pytest.mark.parametrize(
    ("happened", "command"),
    [
        ((), cancel()),
        (PROCESSING, ask_for("processing")),
        (SHIPPED, cancel()),
        (PROCESSING, update_shipping(expected_version=7)),
        (PROCESSING, create(id="another")),
    ],
)
def test_what_changed_nothing_is_answered_from_memory(
    happened: tuple[str, ...], command: CommandMessage
) -> None:
    """The answer is the same although it would be another one now."""
    story = given(*happened).when(command).afterwards()
    moved_on = replace(story, order=given(*SHIPPED, "delivered").order)
    second = moved_on.when(_again(command))
    second.then(f"answer again {command.cause.id}, copy to desk.replies")


def test_an_invalid_command_is_answered_from_memory_too() -> None:
    """It does not matter that there is no order."""
    story = given().when(invalid()).afterwards()
    story.when(invalid(offset=2_000)).then("answer again invalid-9")


def test_a_command_twice_in_one_batch_is_answered_once() -> None:
    """One result for everybody, and a copy for each address."""
    first = cancel(reply=SHOP)
    given(*SHIPPED).when(first, _again(first)).then(
        "answer cancel-9: rejected INVALID_TRANSITION, shipped v3, allowed delivered"
        ", copy to shop.replies, copy to desk.replies"
    )


def test_the_answer_goes_where_the_command_wanted_it() -> None:
    """The first delivery's address gets the first answer."""
    outcome = given(*PROCESSING).when(ask_for("shipped", reply=SHOP))
    assert outcome.told[-1].endswith("with order, copy to shop.replies")


def test_a_create_that_is_repeated_while_it_is_pending_is_answered_to_both() -> None:
    """The new address is remembered; both get their copy when the outcome is known."""
    pending = given().when(create(reply=SHOP)).afterwards()
    repeated = pending.when(_again(create()))
    repeated.then()
    assert repeated.batch.is_written
    assert repeated.order.version == 1
    repeated.afterwards().when(reserved(to="1:1", offset=2_001)).then(
        "event 2 processing: pending -> processing",
        "answer create-9: accepted, processing v2, with order"
        ", copy to shop.replies, copy to desk.replies",
    )


def test_a_cancel_that_is_repeated_while_it_is_undecided_is_answered_to_both() -> None:
    """As a create is, and a create that it ends gets its own copies."""
    pending = given().when(create(reply=SHOP)).afterwards()
    canceling = pending.when(cancel(offset=1_001)).afterwards()
    asked = canceling.when(_again(create()), _again(cancel(reply=DESK), offset=2_001))
    asked.then()
    asked.afterwards().when(released(to="2:1", offset=2_002)).then(
        "event 3 canceled: canceling -> canceled",
        "answer cancel-9: accepted, canceled v3, with order, copy to desk.replies",
        "answer create-9: rejected CANCELED, canceled v3, with order"
        ", copy to shop.replies, copy to desk.replies",
    )


def test_an_address_is_remembered_once() -> None:
    """A third delivery with an address that is known writes nothing."""
    pending = given().when(create(reply=SHOP)).afterwards().when(_again(create())).afterwards()
    third = pending.when(_again(create(), offset=2_002))
    assert third.changes_nothing
    again_from_the_shop = create(reply=SHOP)._replace(cause=create(reply=SHOP, offset=9).cause)
    assert pending.when(again_from_the_shop).changes_nothing


def test_a_repetition_without_an_address_writes_nothing() -> None:
    """Nobody new wants to know."""
    pending = given().when(create()).afterwards()
    assert pending.when(create(offset=2_000)).changes_nothing


def test_a_create_is_answered_again_as_it_was_decided() -> None:
    """Although the order has moved on since."""
    decided = given().when(create()).afterwards().when(reserved(to="1:1", offset=1_001))
    later = decided.afterwards().when(ask_for("shipped", offset=1_002)).afterwards()
    assert later.when(_again(create())).result == decided.result


@pytest.mark.parametrize(
    "no",
    [
        customer_invalid(to="1:1", offset=1_001),
        refused(to="1:1", products=("apple", "pear"), offset=1_001),
    ],
)
def test_once_deleted_repeated_results_leave_the_order_out(no: Message) -> None:
    """All else of the answer is the same."""
    decided = given().when(create()).afterwards().when(no)
    deleted = decided.afterwards().when(delete(offset=1_002)).afterwards()
    expected = {name: value for name, value in decided.result.items() if name != "order"}
    assert deleted.when(_again(create())).result == expected


def test_the_text_of_a_service_is_personal_and_goes_with_the_order() -> None:
    """It may name the customer; what is told instead is the code's own text, if it has one."""
    blocked = customer_invalid(to="1:1", message="customer-1 owes money", offset=1_001)
    decided = given().when(create()).afterwards().when(blocked)
    deleted = decided.afterwards().when(delete(offset=1_002)).afterwards()
    result = deleted.when(_again(create())).result
    assert result["message"] == "The customer may not order"


def test_a_command_is_known_by_source_and_id_together() -> None:
    """The same id of somebody else is another command."""
    story = given(*PROCESSING).when(update_shipping()).afterwards()
    other = update_shipping("GLS", "9", source="/desk")
    assert story.when(other).order.version == 4


@pytest.mark.parametrize(
    ("happened", "reply", "identity"),
    [(PROCESSING, "processing-2", "processing-2"), (("created", "rejected"), "rejected-2", "x")],
)
def test_the_id_of_a_reply_is_never_a_repeated_command(
    happened: tuple[str, ...], reply: str, identity: str
) -> None:
    """Whoever takes a reply's source and id for a command is decided on like anybody else."""
    story = given(*happened)
    assert story.order is not None
    assert story.order.history[-1].cause.topic == REPLIES
    assert version_of_command(story.order, "/services", reply) is None
    outcome = story.when(cancel(id=identity, source="/services"))
    assert not any("accepted" in text for text in outcome.told)


def test_the_record_itself_delivered_again_is_told_by_the_publishing_rule_alone() -> None:
    """Same command, same offset: a redelivery after a crash, not a client's repetition."""
    stored = given(*PROCESSING).when(ask_for("shipped"))
    before_acknowledging = Story(stored.order)
    assert before_acknowledging.when(ask_for("shipped")).told == stored.told
