"""What each release kept, for the tests that run it through today's code."""

from __future__ import annotations

import pytest

from tests.upgrade.release import RELEASES, Release


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name, scope="session")
def release(request: pytest.FixtureRequest) -> Release:
    """One release after the other."""
    return Release(request.param)
