"""`oms demo` as a user runs it: nothing there before, the orders' lives, nothing left after."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.interrupting import ctrl_c_leaves_nothing
from workers.dev.demo import STORIES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.slow]
OMS_DEMO = (sys.executable, "-m", "workers", "demo")
DEADLINE_SECONDS = 180.0


def test_the_demo_shows_every_order_and_ends_well(tmp_path: Path) -> None:
    """Every message that the script expects is shown, the end is told, and nothing is left."""
    done = subprocess.run(
        OMS_DEMO,
        text=True,
        capture_output=True,
        check=False,
        timeout=DEADLINE_SECONDS,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every order ended as it should" in done.stdout
    for story in STORIES:
        shown = done.stdout.partition(story.title)[2]
        for step in story.steps:
            assert all(name in shown for name in (step.sends, *step.then))
    assert "available 1000000 → 999998, reserved 0, fulfilled 0 → 2" in done.stdout
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_demo_and_all_it_has_started(tmp_path: Path) -> None:
    """Interrupted in the middle of its start, it leaves neither a process nor a file."""
    ctrl_c_leaves_nothing("demo", once_it_says="Creating topics", folder=tmp_path)
