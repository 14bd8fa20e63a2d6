"""How many orders a worker begins while others still wait for their first answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.topics import REPLIES
from tests.orders.records import LANE, Record, create_record
from tests.orders.test_flow import Worker
from workers.orders.admission import Admission
from workers.orders.deadlines import Patience
from workers.orders.flow import OrdersFlow, Rules
from workers.orders.reminders import deadline_record

if TYPE_CHECKING:
    from workers.orders.order import Order

PATIENCE = 5_000
NOW = 1_700_000_000_000


@pytest.fixture
def admission() -> Admission:
    """Nobody waits, and nobody has been answered."""
    return Admission(PATIENCE)


def test_a_thousand_may_always_wait(admission: Admission) -> None:
    """Also where no answer was ever seen, a worker begins some orders, but not all there are."""
    admission.waiting = 999
    assert not admission.is_full
    admission.waiting = 1_000
    assert admission.is_full


def test_as_many_may_wait_as_are_answered_in_good_time(admission: Admission) -> None:
    """Who answers five thousand in two seconds may be asked about five thousand."""
    for step in range(5):
        admission.note(NOW + step * 100, 1_000)
    admission.waiting = 4_999
    assert not admission.is_full
    admission.waiting = 5_000
    assert admission.is_full


@pytest.mark.parametrize("later", [2_001, 3_600_000, -1], ids=["late", "much later", "jumped back"])
def test_old_answers_do_not_count(admission: Admission, later: int) -> None:
    """What was answered long ago, or at another time of a clock that jumped, says nothing."""
    admission.note(NOW, 5_000)
    admission.note(NOW + later, 0)
    admission.waiting = 1_000
    assert admission.is_full


async def test_orders_asked_again_keep_no_commands_out() -> None:
    """A silent service pauses creates only until its first thousand are asked about again."""
    worker = Worker()
    rules = Rules(Patience(first_pause=PATIENCE, attempts=5), most_open_orders=100_000)
    worker.flow = OrdersFlow(
        worker.store, worker.published, worker.dead_letters, worker.clock, rules
    )
    await worker.flow.open(LANE, {})
    await worker.handle(*(create_record(f"order-{n}", offset=n) for n in range(1_000)))
    assert worker.flow.paused_topics(LANE)
    worker.clock.time += PATIENCE
    due = await worker.store.due([LANE], worker.clock.time, 10)
    await worker.handle(*(_deadline(order, n) for n, order in enumerate(due)))
    assert not worker.flow.paused_topics(LANE)


def _deadline(order: Order, offset: int) -> Record:
    assert order.waiting is not None
    written = deadline_record(order, order.waiting)
    return Record(
        REPLIES, LANE, offset, key=written.key, value=written.value, headers=written.headers
    )
