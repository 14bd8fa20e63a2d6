"""What Faust and the transport know of the work of a worker, read without asking anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from faust.types import TP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.stream.app import WorkerApp
    from workers.stream.transport.batches import BatchConsumer


def unfinished(app: WorkerApp) -> dict[TP, int]:
    """The committed offset of each partition of which records are taken and not acknowledged."""
    progress = _consumer(app).progress
    behind = progress.to_commit().keys()
    waiting = {tp for tp, batches in progress._batches.items() if batches}  # noqa: SLF001 - it is only looked at
    return {tp: progress._committed.get(tp, -1) for tp in waiting.union(behind)}  # noqa: SLF001 - it is only looked at


def progress_of(app: WorkerApp) -> Mapping[TP, int]:
    """How far each partition has been acknowledged since it was assigned."""
    return dict(_consumer(app).progress._committed)  # noqa: SLF001 - it is only looked at


def acknowledged(app: WorkerApp) -> dict[TP, int]:
    """The committed offset of each partition; 0 where nothing was ever committed."""
    return {tp: offset or 0 for tp, offset in dict(_consumer(app)._committed_offset).items()}  # noqa: SLF001 - it is only looked at


def positions(app: WorkerApp) -> dict[TP, int]:
    """The next offset to be fetched of each partition that is assigned; -1 where it is unknown."""
    inner = _consumer(app)._thread._consumer  # noqa: SLF001 - it has no public way in
    subscription = None if inner is None else inner._subscription.subscription  # noqa: SLF001 - the same
    assignment = None if subscription is None else subscription.assignment
    if assignment is None:
        return {}
    states = {tp: assignment.state_value(tp) for tp in assignment.tps}
    return {
        TP(tp.topic, tp.partition): state.position if state.has_valid_position else -1
        for tp, state in states.items()
        if state is not None
    }


def _consumer(app: WorkerApp) -> BatchConsumer:
    return cast("BatchConsumer", app.consumer)
