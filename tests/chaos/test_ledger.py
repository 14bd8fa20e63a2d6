"""The ledger: what was acknowledged, what of it is answered, whichever is heard of first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workers.dev.chaos.ledger import Entry, Ledger
from workers.dev.verifying.ledger import read_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CREATE = Entry("/shop", "c1", "o1", "order.create.v1", 3, 17)
POISON = Entry("/shop", None, "o2", "order.create.v1", 3, 18, poison=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A new ledger."""
    found = Ledger(tmp_path / "ledger.jsonl")
    yield found
    found.close()


def test_what_has_no_outcome_is_waited_for(ledger: Ledger) -> None:
    """A command waits for its result, poison for its dead letter."""
    ledger.add(CREATE)
    ledger.add(POISON)
    assert ledger.unanswered == [CREATE, POISON]
    ledger.answered("c1")
    ledger.set_aside(3, 18, is_poison=True)
    assert ledger.unanswered == []
    assert (ledger.acknowledged, ledger.results, ledger.dead_letters) == (2, 1, 1)


def test_an_outcome_may_come_before_the_acknowledgement(ledger: Ledger) -> None:
    """What was answered before it was written down waits for nothing."""
    ledger.answered("c1")
    ledger.set_aside(3, 18, is_poison=True)
    ledger.add(CREATE)
    ledger.add(POISON)
    assert ledger.waiting == 0


def test_a_dead_letter_is_no_answer_to_a_good_command(ledger: Ledger) -> None:
    """A good command that was set aside goes on waiting: its dead letter is a violation."""
    ledger.add(CREATE)
    ledger.set_aside(CREATE.partition, CREATE.offset, is_poison=False)
    assert ledger.unanswered == [CREATE]


def test_poison_that_nobody_acknowledged_is_owned_up_to(ledger: Ledger) -> None:
    """Its dead letter shows that it was written; what is no poison is not excused."""
    ledger.set_aside(3, 18, is_poison=True)
    ledger.set_aside(3, 19, is_poison=False)
    ledger.own_up("/shop")
    assert [entry.place for entry in read_ledger(ledger.file)] == [("orders.commands", 3, 18)]


def test_oms_verify_reads_it(ledger: Ledger) -> None:
    """Both kinds of lines are as the verification wants them."""
    ledger.add(CREATE)
    ledger.add(POISON)
    entries = list(read_ledger(ledger.file))
    assert [(entry.is_poison, entry.place) for entry in entries] == [
        (False, ("orders.commands", 3, 17)),
        (True, ("orders.commands", 3, 18)),
    ]
