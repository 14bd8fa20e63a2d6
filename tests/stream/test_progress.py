"""How far a partition is done: only what lies before the first batch that is not."""

from __future__ import annotations

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from tests.stream.records import Record
from workers.stream.transport.batches import Progress, RecordBatch

_PARTITIONS = (TP("in", 0), TP("in", 1), TP("other", 0))


def _batch(tp: TP, first: int, length: int) -> RecordBatch:
    """A batch of `length` records, whose offsets leave gaps as transactions do."""
    records = [Record(b"", partition=tp.partition, offset=first + 2 * n) for n in range(length)]
    return RecordBatch(tp.topic, tp.partition, records)


def _handed_out(progress: Progress, sizes: list[tuple[int, int]]) -> list[tuple[TP, RecordBatch]]:
    """Batches for (index of the partition, length), one after the other in each partition."""
    following = dict.fromkeys(_PARTITIONS, 0)
    handed: list[tuple[TP, RecordBatch]] = []
    for index, length in sizes:
        tp = _PARTITIONS[index]
        batch = _batch(tp, following[tp], length)
        following[tp] = batch.next_offset
        progress.add(tp, batch)
        handed.append((tp, batch))
    return handed


def _done_prefix(handed: list[tuple[TP, RecordBatch]], tp: TP) -> int | None:
    """The next offset after the leading done batches of a partition."""
    position = None
    for batch in (batch for found, batch in handed if found == tp):
        if not batch.done:
            break
        position = batch.next_offset
    return position


_SIZES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=30)


@given(sizes=_SIZES, data=st.data())
def test_whatever_the_order_only_a_done_prefix_is_committed(
    sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Batches may get done in any order, commits may come at any time and may fail."""
    progress = Progress()
    handed = _handed_out(progress, sizes)
    committed: dict[TP, int] = {}
    for index in data.draw(st.permutations(range(len(handed)))):
        handed[index][1].done = True
        offsets = progress.to_commit()
        for tp in _PARTITIONS:
            known = offsets.get(tp, committed.get(tp))
            assert known == _done_prefix(handed, tp)
        if data.draw(st.booleans()):
            progress.committed(offsets)
            committed.update(offsets)
            assert progress.to_commit() == {}
    progress.committed(progress.to_commit())
    assert progress.to_commit() == {}


@given(sizes=_SIZES, old=st.lists(st.integers(0, 29), max_size=30))
def test_batches_of_an_earlier_assignment_have_no_effect(
    sizes: list[tuple[int, int]], old: list[int]
) -> None:
    """After a clear, marking what was handed out before it commits nothing."""
    progress = Progress()
    before = _handed_out(progress, sizes)
    progress.clear()
    after = _handed_out(progress, sizes)
    for index in old:
        before[index % len(before)][1].done = True
    assert progress.to_commit() == {}
    tp, batch = after[0]
    batch.done = True
    assert progress.to_commit() == {tp: batch.next_offset}


def test_nothing_is_committed_twice() -> None:
    """A committed offset is told again only when it has grown."""
    progress = Progress()
    tp = _PARTITIONS[0]
    first, second = _batch(tp, 0, 2), _batch(tp, 10, 1)
    progress.add(tp, first)
    progress.add(tp, second)
    first.done = True
    assert progress.to_commit() == {tp: 3}
    assert progress.to_commit() == {tp: 3}, "a commit that failed is tried again"
    progress.committed({tp: 3})
    assert progress.to_commit() == {}
    second.done = True
    assert progress.to_commit() == {tp: 11}
