"""All rules for one order, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.dev.verifying.outcomes import check_dead_letters, check_ledger, check_outcomes
from workers.dev.verifying.replies import check_replies
from workers.dev.verifying.rest import check_waiting
from workers.dev.verifying.sequences import check_sequences
from workers.dev.verifying.steps import check_steps
from workers.dev.verifying.stock import NO_INVENTORY, check_reservation

if TYPE_CHECKING:
    from workers.dev.verifying.bounds import Bounds
    from workers.dev.verifying.case import Case
    from workers.dev.verifying.report import Tally
    from workers.dev.verifying.stock import Books


def judge(case: Case, bounds: Bounds, books: Books, tally: Tally) -> None:
    """Check all that is known of one order."""
    check_outcomes(case, bounds, tally)
    check_ledger(case, bounds, tally)
    check_sequences(case, bounds, tally)
    check_steps(case, bounds, tally)
    check_replies(case, bounds, tally)
    check_dead_letters(case, bounds, tally)
    check_waiting(case, bounds, tally)
    if books.are_kept:
        check_reservation(case, tally)
    elif case.document is not None:
        tally.unchecked(10, NO_INVENTORY)
