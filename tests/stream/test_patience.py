"""Waiting for the outside: tried again until it is there, and told once for each reason."""

from __future__ import annotations

from collections import deque

import pytest
from structlog.testing import capture_logs

from workers.stream.patience import patiently
from workers.stream.ports import OutsideAwayError, OutsideRefusesError


async def test_each_reason_is_told_once_and_the_end_as_well() -> None:
    """Three failures for two reasons are two warnings, and success is told with its wait."""
    outcomes = deque(["Kafka is away", "Kafka is away", "topics are missing"])

    async def attempt() -> str:
        if outcomes:
            raise OutsideAwayError(outcomes.popleft())
        return "done"

    with capture_logs() as lines:
        assert await patiently(attempt, lane=3) == "done"
    assert [line["event"] for line in lines] == [
        "waiting_for_outside",
        "waiting_for_outside",
        "outside_is_back",
    ]
    assert [line.get("reason") for line in lines[:2]] == ["Kafka is away", "topics are missing"]
    assert all(line["lane"] == 3 for line in lines)


async def test_nothing_is_told_when_there_was_no_wait() -> None:
    """The usual case leaves no line in the log."""

    async def attempt() -> int:
        return 1

    with capture_logs() as lines:
        assert await patiently(attempt) == 1
    assert lines == []


@pytest.mark.parametrize("error", [OutsideRefusesError("no"), ValueError("broken")])
async def test_other_errors_are_not_waited_out(error: Exception) -> None:
    """A refusal or a fault of our own ends the wait at once."""
    calls = []

    async def attempt() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        await patiently(attempt)
    assert len(calls) == 1
