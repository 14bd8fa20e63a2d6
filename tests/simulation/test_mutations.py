"""The simulation can see: with any one of the safeguards taken out it finds a violation."""

from __future__ import annotations

import pytest

from tests.simulation.history import run
from tests.simulation.mutations import MUTATIONS
from tests.simulation.plan import draw

_SEEDS = range(900, 1_500)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_safeguard_that_is_taken_out_is_missed(name: str) -> None:
    """Within some hundred histories something does not hold any more."""
    variant = MUTATIONS[name]
    assert any(run(draw(seed), variant).violations for seed in _SEEDS)
