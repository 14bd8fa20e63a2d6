"""What is well is told to be well, and everything there is was looked at."""

from __future__ import annotations

import pytest

from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
    dead_letter_topic,
)
from tests.orders.records import as_read
from tests.verifying import test_broken_commands, test_broken_stock, test_broken_versions
from tests.verifying.breaking import acknowledge, answer_the_dead, bury, feed
from tests.verifying.found import everything_well
from workers.dev.verifying.report import INVARIANTS, MOST_KEPT
from workers.stream.writing.dead_letters import Settled, fault_of, mark


def test_what_is_well_holds() -> None:
    """All that the flow itself makes violates nothing, and all of it is checked."""
    verification = everything_well().verified()
    assert verification.violations == []
    assert verification.holds
    assert all(count.checked for count in verification.counts.values())
    assert not any(count.unchecked for count in verification.counts.values())


def test_every_invariant_is_broken_here() -> None:
    """No invariant is without a test that breaks it."""
    tables = (test_broken_commands, test_broken_versions, test_broken_stock)
    broken = [broken for table in tables for broken in table.BROKEN.values()]
    assert {one.invariant for one in broken} == set(INVARIANTS)


@pytest.mark.parametrize("topic", [EVENTS, SNAPSHOTS, RESULTS])
def test_what_is_told_twice_is_well(topic: str) -> None:
    """Duplicates that are equal to the byte violate nothing."""
    found = everything_well()
    for record in list(found.topics[topic]):
        found.append(record)
    assert found.verified().violations == []


def test_a_ledger_that_is_right_is_well() -> None:
    """Commands that are where they should be, and exactly the poison that was fed."""
    found = everything_well()
    acknowledge("kept", "create-kept", offset=0)(found)
    acknowledge("nobody", "delete-nobody")(found)
    feed(19)(found)
    assert found.verified().violations == []


@pytest.mark.parametrize("topic", [REPLIES, CUSTOMER_REQUESTS, INVENTORY_REQUESTS])
def test_a_dead_letter_of_a_record_that_led_to_nothing_is_well(topic: str) -> None:
    """It is equal to the record that it names, on whichever topic that was."""
    found = everything_well()
    found.append(found.topics[topic][0])
    bury(found, found.topics[topic][-1])
    verification = found.verified()
    assert verification.violations == []
    assert verification.counts[14].checked == 2


def test_a_dead_letter_that_was_settled_is_well() -> None:
    """What an operator did about it is no dead letter, and changes nothing."""
    found = everything_well()
    letter = found.topics[dead_letter_topic(COMMANDS)][0]
    done = mark(fault_of(letter)[1].place, Settled.DISCARDED, "a test")
    found.append(as_read(done, offset=0), offset=found.end_of(done.topic))
    verification = found.verified()
    assert verification.violations == []
    assert verification.counts[14].checked == 1


def test_violations_are_kept_up_to_a_number_and_all_counted() -> None:
    """What does not hold a thousand times is told a hundred times."""
    found = everything_well()
    many = 10 * MOST_KEPT
    for number in range(many):
        name = f"held-{number}"
        held = {"_id": name, "state": "reserved", "products": []}
        found.reservations[name] = held
    verification = found.verified()
    assert verification.counts[10].violated == many
    assert len(verification.violations) == MOST_KEPT


def test_a_command_that_was_dead_and_sent_again_is_well() -> None:
    """The record that could not be handled has its dead letter, the one sent again its result."""
    found = everything_well()
    answer_the_dead(found)
    record = found.topics[COMMANDS][found.on(COMMANDS, "kept")[2]]
    found.append(record)
    assert found.verified().violations == []


def test_the_story_has_an_order_in_every_status_of_rest() -> None:
    """What is broken elsewhere is really there."""
    found = everything_well()
    statuses = {name: document["status"] for name, document in found.orders.items()}
    assert statuses == {
        "kept": "processing",
        "gone": "shipped",
        "there": "delivered",
        "erased": "deleted",
        "dropped": "canceled",
        "blocked": "rejected",
        "late": "expired",
    }
