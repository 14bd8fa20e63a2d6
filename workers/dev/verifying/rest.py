"""Whether everything has come to rest: no order waits (invariant 12), nothing is unread (13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.dev.verifying.facts import at

if TYPE_CHECKING:
    from workers.dev.verifying.bounds import Bounds
    from workers.dev.verifying.case import Case
    from workers.dev.verifying.report import Tally

OPEN_STATUSES: Final = frozenset({"pending", "canceling"})
_WAITS: Final = "orders that wait for an answer, which they may on a live system"


def check_waiting(case: Case, bounds: Bounds, tally: Tally) -> None:
    """The order waits for nobody; on a live system it may, if it will be woken."""
    document = case.document
    if document is None:
        return
    tally.checked(12)
    is_open = document.status in OPEN_STATUSES
    if document.due_at is None and is_open:
        evidence = f"the order is {document.status}, and will never be asked for again"
        tally.violated(12, case.order_id, evidence)
    elif document.due_at is not None and bounds.is_settled:
        evidence = f"the order is {document.status} and waits, until {document.due_at} ms"
        tally.violated(12, case.order_id, evidence)
    elif document.due_at is not None:
        tally.unchecked(12, _WAITS)


def check_positions(bounds: Bounds, tally: Tally) -> None:
    """No group is behind once all is settled, and none is ahead of what there is."""
    for topic, partition in bounds.consumed():
        place = (topic, partition)
        tally.checked(13)
        start, end = bounds.starts.get(place, 0), bounds.ends[place]
        committed = bounds.done.get(place)
        if committed is not None and committed > end:
            evidence = f"{committed} is committed, and {at(topic, partition, end)} is the end"
            tally.violated(13, None, evidence)
        if committed is not None and committed < start:
            evidence = f"records from {at(topic, partition, committed)} to {start} are gone, unread"
            tally.violated(13, None, evidence)
        # The end may lie behind marks of transactions, which nobody reads.
        last = bounds.last_offsets.get(place, start - 1)
        if bounds.is_settled and last >= max(committed or 0, start):
            evidence = f"{at(topic, partition, committed or 0)} to {last} is not handled yet"
            tally.violated(13, None, evidence)
