"""The signs of a worker's progress: for how long each thing that should move has not moved.

Looked at once a second in the event loop, read by the watchdog's thread. While Kafka or MongoDB
is waited for nothing counts, and all counts begin anew when the wait is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.stream.watching.watchdog import seconds_now

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from faust.types import TP

    from workers.state_file import Phase


class Unchanged:
    """For how long a value has been the same."""

    def __init__(self) -> None:
        """Nothing has been seen."""
        self._value: Hashable | None = None
        self._since: float | None = None

    def look(self, value: Hashable | None) -> None:
        """See the value of now; with `None` there is nothing that should change."""
        if value is None:
            self._since = None
        elif self._since is None or value != self._value:
            self._since = seconds_now()
        self._value = value

    @property
    def seconds(self) -> float:
        """Seconds since the value changed, or came; 0 if there is none."""
        since = self._since
        return 0.0 if since is None else seconds_now() - since


class UnchangedEach:
    """The same for several values, of which the oldest counts."""

    def __init__(self) -> None:
        """Nothing has been seen."""
        self._values: dict[TP, Unchanged] = {}

    def look(self, values: Mapping[TP, int]) -> None:
        """See all values of now; those that are not there any more are forgotten."""
        self._values = {tp: self._values.get(tp) or Unchanged() for tp in values}
        for tp, value in values.items():
            self._values[tp].look(value)

    @property
    def seconds(self) -> float:
        """Of the value that has been the same for longest."""
        return max((value.seconds for value in self._values.values()), default=0.0)


@dataclass(frozen=True, slots=True)
class Sight:
    """What can be seen of a worker at one moment.

    `phase` is `None` while it waits for the outside, or ends: then nothing need move.
    `unfinished` has the committed offset of each partition of which records are taken and not
    acknowledged; `not_fetched` the position of each of which records wait in Kafka.
    """

    phase: Phase | None
    fetches: int = 0
    round_seconds: float = 0.0
    unfinished: Mapping[TP, int] = field(default_factory=dict)
    not_fetched: Mapping[TP, int] = field(default_factory=dict)


class Signs:
    """How long each kind of silence has lasted, by the names of the watchdog's `Limits`."""

    def __init__(self) -> None:
        """Everything is well."""
        self._starting = Unchanged()
        self._rebalancing = Unchanged()
        self._fetching = Unchanged()
        self._unfinished = UnchangedEach()
        self._not_fetched = UnchangedEach()
        self._round_seconds = 0.0

    def look(self, sight: Sight) -> None:
        """See what is to be seen now."""
        works = sight.phase == "working"
        self._starting.look(sight.phase if sight.phase == "starting" else None)
        self._rebalancing.look(sight.phase if sight.phase == "joining" else None)
        self._fetching.look(sight.fetches if works else None)
        self._unfinished.look(sight.unfinished if works else {})
        self._not_fetched.look(sight.not_fetched if works else {})
        self._round_seconds = sight.round_seconds

    def seconds(self) -> dict[str, float]:
        """The seconds of each sign."""
        return {
            "starting": self._starting.seconds,
            "rebalancing": self._rebalancing.seconds,
            "round_stuck": self._round_seconds,
            "fetching_stuck": self._fetching.seconds,
            "work_stuck": self._unfinished.seconds,
            "not_fetched": self._not_fetched.seconds,
        }
