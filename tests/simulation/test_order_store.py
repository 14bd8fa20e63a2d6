"""The simulated order store does what the real one does: both pass the same tests."""

from __future__ import annotations

import pytest

from tests.orders.test_store import (  # noqa: F401 - pytest collects them here as well
    test_a_change_is_stored,
    test_a_change_of_an_order_that_does_not_exist_is_lost,
    test_a_change_of_an_order_that_somebody_else_changed_is_lost,
    test_a_deletion_leaves_nothing_personal_behind,
    test_a_refusal_belongs_to_its_order_source_and_id,
    test_a_refusal_is_remembered_as_it_was_told_first,
    test_an_order_is_due_when_its_wait_is_over,
    test_an_order_is_inserted_once,
    test_an_order_is_loaded_as_it_was_saved,
    test_everything_that_an_order_can_hold_is_kept,
    test_of_two_that_write_the_same_one_loses,
    test_only_orders_of_the_lanes_that_are_asked_for_are_due,
    test_only_orders_that_exist_are_loaded,
    test_pending_orders_of_a_lane_are_loaded,
    test_saving_nothing_is_fine,
)
from tests.simulation.calm import CalmNetwork, calm_process
from tests.simulation.database import Database, SimulatedOrderStore


@pytest.fixture
def store() -> SimulatedOrderStore:
    """An empty store."""
    return SimulatedOrderStore(calm_process(), CalmNetwork(), Database())
