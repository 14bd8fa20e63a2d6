"""What has aged out is no violation: it is counted as not checked, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from tests.verifying.breaking import acknowledge, age, both, feed, forget_order, lose, lose_all
from tests.verifying.found import everything_well
from workers.dev.verifying.bounds import MARGIN_MILLISECONDS

if TYPE_CHECKING:
    from tests.verifying.breaking import Break

HOUR = 60 * 60 * 1000
ALL = 1_000

AGED: dict[str, tuple[Break, int, str]] = {
    "old results are gone": (age(RESULTS, 5), 1, "too old: their result"),
    "all results are gone": (age(RESULTS, ALL), 1, "too old: their result"),
    "old commands are gone": (age(COMMANDS, 5), 1, "results whose command"),
    "all commands are gone": (age(COMMANDS, ALL), 14, "the record that the dead letter names"),
    "commands of the ledger are gone": (
        both(acknowledge("kept", "create-kept", 0), age(COMMANDS, 5)),
        1,
        "of the ledger",
    ),
    "commands of the ledger without a place are gone": (
        both(acknowledge("lost", "create-lost"), age(COMMANDS, 5)),
        1,
        "of the ledger",
    ),
    "old events are gone": (age(EVENTS, 5), 3, "their events are no longer kept"),
    "all events are gone": (age(EVENTS, ALL), 8, "their events are no longer kept"),
    "old replies are gone": (age(REPLIES, 60), 11, "the reply that made the change"),
    "all questions about stock are gone": (
        age(INVENTORY_REQUESTS, ALL),
        11,
        "the request that was answered",
    ),
    "all questions about customers are gone": (
        age(CUSTOMER_REQUESTS, ALL),
        11,
        "the request that was answered",
    ),
    "the document of a deleted order is gone": (
        forget_order("erased"),
        8,
        "the document of a deleted order is gone",
    ),
}


@pytest.mark.parametrize("name", AGED)
def test_what_has_aged_out_is_no_violation(name: str) -> None:
    """It is told how much could not be checked, and why."""
    spoil, invariant, reason = AGED[name]
    found = everything_well()
    spoil(found)
    verification = found.verified()
    assert verification.violations == []
    told = verification.counts[invariant].unchecked
    assert any(text.startswith(reason) for text in told), told


def test_a_snapshot_of_a_deleted_order_is_forgotten_by_compaction() -> None:
    """The null value goes, too, in the end; and older snapshots have gone before."""
    found = everything_well()
    lose_all(SNAPSHOTS, "erased")(found)
    found.age(SNAPSHOTS, 3)
    found.append(found.topics[SNAPSHOTS][found.on(SNAPSHOTS, "kept")[-1]])
    assert found.verified().violations == []


def test_dead_letters_that_are_gone_are_not_missed() -> None:
    """Poison of the ledger whose dead letter may have aged out is not said to have none."""
    found = everything_well()
    feed(19)(found)
    found.age(COMMANDS, ALL)
    found.age(dead_letter_topic(COMMANDS), ALL)
    verification = found.verified()
    assert verification.violations == []
    assert verification.counts[14].unchecked == {
        "the dead letter of old poison may no longer be kept": 1
    }


def test_a_command_that_is_younger_than_the_oldest_results_is_missed() -> None:
    """Where old results are gone, the lost result of a new command is found all the same."""
    found = everything_well()
    lose(RESULTS, "late")(found)
    index = found.on(COMMANDS, "late")[0]
    sent = found.topics[COMMANDS][index].timestamp
    found.age(RESULTS, 1)
    assert found.verified().violations == []
    found.change(COMMANDS, index, timestamp=sent + MARGIN_MILLISECONDS + HOUR)
    assert {v.order_id for v in found.verified().violations} == {"late"}


def test_new_events_are_checked_where_old_ones_are_gone() -> None:
    """A gap behind the first version that is kept is found."""
    found = everything_well()
    first = found.on(EVENTS, "there")[1]
    found.age(EVENTS, found.topics[EVENTS][first].offset)
    assert found.verified().violations == []
    lose(EVENTS, "there", 1)(found)
    assert {v.invariant for v in found.verified().violations} >= {3, 8}


def test_books_of_somebody_else_are_not_checked() -> None:
    """Without stock and reservations, the inventory is not the simulated one."""
    found = everything_well()
    found.stock.clear()
    found.reservations.clear()
    verification = found.verified()
    assert verification.violations == []
    assert verification.counts[9].checked == verification.counts[10].checked == 0
    assert verification.counts[10].unchecked == {
        "the inventory is not the simulated one: it keeps no books here": 7
    }


def test_without_knowing_what_was_stocked_only_the_rest_is_checked() -> None:
    """Lost pieces are not found then, and that is told; pieces that nobody holds are."""
    found = everything_well()
    found.stocked = None
    found.stock["apple"]["available"] -= 1
    verification = found.verified()
    assert verification.violations == []
    assert sum(verification.counts[9].unchecked.values()) == 2
    found.stock["apple"]["reserved"] += 1
    assert not found.verified().holds
