"""On a system that goes on working, what is one step behind is no violation; all else is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from schemas.topics import COMMANDS, EVENTS, REPLIES, RESULTS, SNAPSHOTS
from tests.verifying.breaking import commit, forget_order, forget_version, lose, lose_all, store
from tests.verifying.found import everything_well

if TYPE_CHECKING:
    from tests.verifying.found import Found

WAITING = {"purpose": "checks", "since": 1, "attempt": 1, "dueAt": 1}


def live() -> Found:
    """What was found while orders may be under way."""
    found = everything_well()
    found.is_settled = False
    return found


def test_lag_is_no_violation() -> None:
    """Commands that are not handled have no outcome yet."""
    found = live()
    first = found.topics[COMMANDS][found.on(COMMANDS, "gone")[1]].offset
    commit(COMMANDS, first)(found)
    lose(RESULTS, "gone", 1)(found)
    lose(RESULTS, "gone", 1)(found)
    verification = found.verified()
    assert verification.violations == []
    assert sum(verification.counts[1].unchecked.values()) == 2


def test_a_version_that_is_not_published_yet_is_no_violation() -> None:
    """As long as the message that made it is not acknowledged."""
    found = live()
    offset = found.orders["gone"]["history"][2]["cause"]["offset"]
    for topic, which in ((EVENTS, -1), (SNAPSHOTS, -1), (RESULTS, 1)):
        lose(topic, "gone", which)(found)
    commit(COMMANDS, offset)(found)
    assert found.verified().violations == []
    commit(COMMANDS, offset + 1)(found)
    assert {v.invariant for v in found.verified().violations} >= {3, 7, 8}


def test_an_order_that_waits_is_no_violation() -> None:
    """Its create has no result yet, and its stock may be reserved or not."""
    found = live()
    document = found.orders["late"]
    document["history"].pop()
    document |= {"version": 1, "status": "pending", "waiting": WAITING}
    document["updatedAt"] = document["createdAt"]
    del document["reason"]
    lose(EVENTS, "late", 1)(found)
    lose(SNAPSHOTS, "late", 1)(found)
    lose_all(RESULTS, "late")(found)
    verification = found.verified()
    assert verification.violations == []
    assert verification.counts[12].unchecked
    found.is_settled = True
    assert {v.invariant for v in found.verified().violations} == {1, 12, 13}


def test_an_order_that_nobody_will_wake_is_stuck_at_any_time() -> None:
    """It is open, and waits for nothing that would come."""
    found = live()
    store("kept", status="canceling")(found)
    assert 12 in {v.invariant for v in found.verified().violations}


@pytest.mark.parametrize("spoil", [forget_version("gone"), forget_order("late")])
def test_an_event_that_came_after_the_documents_were_read(spoil: object) -> None:
    """It may tell a version, or an order, that was not stored then; an older one may not."""
    found = live()
    assert callable(spoil)
    spoil(found)
    found.stock.clear()
    found.reservations.clear()
    bounds = found.bounds()
    before = dict.fromkeys(bounds.told, 0)
    now = replace(bounds, told=before)
    told = {v.invariant for v in found.verified(bounds=now).violations}
    assert 8 not in told
    assert 8 in {v.invariant for v in found.verified().violations}


def test_what_was_committed_has_its_outcome_at_any_time() -> None:
    """A lost result is found while other orders are under way."""
    found = live()
    lose(RESULTS, "gone", 1)(found)
    found.append(found.topics[REPLIES][0])
    commit(REPLIES, found.end_of(REPLIES) - 1)(found)
    assert {v.invariant for v in found.verified().violations} == {1, 13}
