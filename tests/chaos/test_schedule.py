"""The schedule: the same seed gives the same faults at the same times."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from workers.dev.chaos.faults import FAULTS, possible
from workers.dev.chaos.schedule import Slot, plan

SLOTS = [
    Slot(f"{track}-{number}", track, 2.0) for track in ("left", "right") for number in range(5)
]
SECONDS = 200.0


def test_a_seed_gives_the_same_schedule_again() -> None:
    """Faults, times and what they draw from are the same; another seed gives another schedule."""
    assert plan(SLOTS, SECONDS, seed=7) == plan(SLOTS, SECONDS, seed=7)
    assert plan(SLOTS, SECONDS, seed=7) != plan(SLOTS, SECONDS, seed=8)


def test_one_track_does_not_disturb_another() -> None:
    """The faults of a track are the same whichever others are asked for."""
    alone = plan(SLOTS[:5], SECONDS, seed=7)
    assert alone == [due for due in plan(SLOTS, SECONDS, seed=7) if due.track == "left"]


def test_every_fault_comes_before_any_comes_again() -> None:
    """On each track all faults come about equally often."""
    planned = plan(SLOTS, SECONDS, seed=7)
    counts = Counter(due.name for due in planned)
    for track in ("left", "right"):
        of_track = [counts[slot.name] for slot in SLOTS if slot.track == track]
        assert min(of_track) > 1
        assert max(of_track) - min(of_track) <= 1


def test_the_faults_of_a_track_leave_each_other_time() -> None:
    """Each comes after the one before has had its seconds, and none after the end."""
    planned = [due for due in plan(SLOTS, SECONDS, seed=7) if due.track == "left"]
    assert all(later.at - earlier.at > SLOTS[0].seconds for earlier, later in pairwise(planned))
    assert planned[-1].at < SECONDS


def test_what_needs_more_servers_is_left_out() -> None:
    """With one broker no coordinator can move; with three all faults are possible."""
    assert set(possible(3, 3)) == set(FAULTS)
    assert set(FAULTS) - set(possible(1, 1)) == {"kafka-coordinator"}
