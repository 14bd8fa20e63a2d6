"""Facts that were put aside in files come back as the cases that they would have made in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.topics import EVENTS, RESULTS
from tests.verifying.breaking import acknowledge, both, lose, tell_again
from tests.verifying.found import everything_well
from workers.dev.verifying.cases import FACTS_OF_A_FILE, CasesInMemory, CasesOnDisk
from workers.dev.verifying.facts import Unreadable

if TYPE_CHECKING:
    from tests.verifying.breaking import Break
    from workers.dev.verifying.report import Verification


def told(verification: Verification) -> object:
    """All that a verification says, but for how long it took."""
    counts = {number: str(count) for number, count in verification.counts.items()}
    return counts, sorted(map(str, verification.violations)), verification.records


@pytest.mark.parametrize("files", [1, 5])
@pytest.mark.parametrize("at_once", [1, 7, 1_000])
@pytest.mark.parametrize(
    "spoil",
    [
        both(),
        lose(EVENTS, "there", 1),
        tell_again(RESULTS, "dropped", 1, time="2026-01-01T00:00:00.000Z"),
        acknowledge("kept", "create-lost"),
        tell_again(EVENTS, "there", 1, orderversion="one"),
    ],
    ids=["well", "lost", "doubled", "not there", "unreadable"],
)
def test_a_verification_says_the_same_by_way_of_files(
    spoil: Break, files: int, at_once: int
) -> None:
    """However many files there are, and however many facts are written at once."""
    found = everything_well()
    spoil(found)
    in_memory = found.verified(CasesInMemory())
    with CasesOnDisk((files - 1) * FACTS_OF_A_FILE, at_once) as cases:
        assert told(found.verified(cases)) == told(in_memory)


def test_all_facts_of_one_name_come_in_one_case_and_in_their_order() -> None:
    """Names are dealt out over all files, and none comes twice."""
    names = [f"order-{number}" for number in range(100)]
    with CasesOnDisk(10 * FACTS_OF_A_FILE, at_once=17) as cases:
        for offset in range(5):
            for name in names:
                cases.add(name, Unreadable("t", 0, offset, "x"))
        parts = list(cases.all())
    assert len(parts) > 5
    assert sorted(case.name for part in parts for case in part) == sorted(names)
    for part in parts:
        for case in part:
            assert [fact.offset for fact in case.unreadable] == [0, 1, 2, 3, 4]
