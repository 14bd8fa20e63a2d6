"""How much is fetched before it is handled."""

from __future__ import annotations

import pytest

from tests.stream.records import Record
from workers.stream.lanes.room import MOST_BYTES, Room
from workers.stream.transport.batches import RecordBatch

LANE = 3
OTHER_LANE = 4


def _batch(topic: str, records: int, value: bytes = b"v") -> RecordBatch:
    return RecordBatch(topic, LANE, [Record(value, offset=offset) for offset in range(records)])


@pytest.fixture
def room() -> Room:
    """Room for ten records of each topic in each lane."""
    return Room(lane_records=10)


def test_a_lane_has_room_for_so_many_records_of_each_topic(room: Room) -> None:
    """A full topic keeps neither the lane's other topic nor another lane from being fetched."""
    room.take(LANE, _batch("commands", 10))
    assert room.is_full(LANE, "commands")
    assert not room.is_full(LANE, "replies")
    assert not room.is_full(OTHER_LANE, "commands")


def test_what_was_handled_makes_room(room: Room) -> None:
    """As much as was taken is given back."""
    batch = _batch("commands", 10)
    room.take(LANE, batch)
    room.give_back(LANE, batch)
    assert not room.is_full(LANE, "commands")


def test_large_records_fill_the_room_of_all_lanes(room: Room) -> None:
    """A few records of a megabyte are as much as many small ones; replies come in all the same."""
    large = _batch("commands", 8, b"x" * (MOST_BYTES // 8))
    room.take(LANE, large)
    room.take(OTHER_LANE, _batch("commands", 1))
    assert room.is_full(LANE, "commands")
    assert room.is_full(OTHER_LANE, "commands")
    assert not room.is_full(OTHER_LANE, "replies")
    room.give_back(LANE, large)
    assert not room.is_full(OTHER_LANE, "commands")


def test_a_lane_without_records_gets_some_however_much_waits_elsewhere(room: Room) -> None:
    """One lane full of large commands that are paused keeps no other lane from its own."""
    room.take(LANE, _batch("commands", 8, b"x" * (MOST_BYTES // 8)))
    assert not room.is_full(OTHER_LANE, "commands")
