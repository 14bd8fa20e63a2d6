"""Failpoints: the process fails at the point and the time that were asked for, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from signal import SIGKILL, SIGSTOP, Signals
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from workers.settings import Settings
from workers.stream.failpoints import Failpoints, Point
from workers.stream.ports import OutboundRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORDS = [OutboundRecord("topic", 0, b"key", b"%d" % number, []) for number in range(5)]


class FailedHereError(Exception):
    """What a test's failpoint does instead of ending the process; `args` has the signal."""


def fail_here(number: Signals) -> None:
    """Go no further."""
    raise FailedHereError(number)


@dataclass
class Written:
    """A publisher and a store that remember what they were given."""

    records: list[OutboundRecord] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Remember the records."""
        self.records.extend(records)

    async def save(self, names: list[str]) -> int:
        """Remember the names."""
        self.saved.extend(names)
        return len(names)


@pytest.mark.parametrize(
    ("point", "written"),
    [
        (Point.BEFORE_PUBLISH, RECORDS),
        (Point.MID_PUBLISH, [*RECORDS, *RECORDS[:2]]),
        (Point.AFTER_PUBLISH, [*RECORDS, *RECORDS]),
    ],
)
async def test_it_fails_at_its_point_the_second_time(
    point: Point, written: list[OutboundRecord]
) -> None:
    """The first publish goes well; of the second only what comes before the point is written."""
    found = Written()
    publisher = Failpoints(f"orders:{point}:2", "orders", fail_here).publisher(found)
    await publisher.publish(RECORDS)
    with pytest.raises(FailedHereError) as failure:
        await publisher.publish(RECORDS)
    assert failure.value.args == (SIGKILL,)
    assert found.records == written


async def test_what_publishes_nothing_does_not_count() -> None:
    """An empty publish, or a single record for the middle, comes to no point."""
    found = Written()
    for point in (Point.BEFORE_PUBLISH, Point.MID_PUBLISH):
        await Failpoints(f"orders:{point}:1", "orders", fail_here).publisher(found).publish([])
    middle = Failpoints(f"orders:{Point.MID_PUBLISH}:1", "orders", fail_here)
    await middle.publisher(found).publish(RECORDS[:1])
    assert found.records == RECORDS[:1]


async def test_a_store_fails_after_it_has_stored() -> None:
    """What was to be saved is saved, nothing does not count, and SIGSTOP may be asked for."""
    found = Written()
    store = Failpoints("orders:after-store:2:stop", "orders", fail_here).store(found, "save")
    assert await store.save(["one"]) == 1
    assert await store.save([]) == 0
    with pytest.raises(FailedHereError) as failure:
        await store.save(["two"])
    assert failure.value.args == (SIGSTOP,)
    assert found.saved == ["one", "two"]


@pytest.mark.parametrize("setting", ["none", "customers:before-publish:1"])
def test_nothing_is_wrapped_without_need(setting: str) -> None:
    """Without the setting, or in another worker, the store and the publisher are what they were."""
    found = Written()
    failpoints = Failpoints(setting, "orders", fail_here)
    assert failpoints.publisher(found) is found
    assert failpoints.store(found, "save") is found


@pytest.mark.parametrize("point", Point)
def test_the_setting_knows_every_point(point: Point) -> None:
    """A point that exists is taken, one that does not is refused."""
    name = f"inventory:{point}:12"
    assert Settings(failpoint=name).failpoint == name
    with pytest.raises(ValidationError):
        Settings(failpoint=f"inventory:{point}-not:1")
