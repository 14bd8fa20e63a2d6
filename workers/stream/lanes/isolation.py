"""One bad item must not fail its batch: what fails is handled again in ever smaller parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from workers.stream.ports import OutsideAwayError, OutsideRefusesError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

Item = TypeVar("Item")
Output = TypeVar("Output")


async def isolating_failures(
    items: Sequence[Item],
    handle: Callable[[Sequence[Item]], Awaitable[Sequence[Output]]],
    on_failure: Callable[[Item, Exception], Output],
) -> list[Output]:
    """Handle all items in order, and give each that fails by itself to `on_failure`.

    `handle` may see an item again after a failure further on: doing so must be harmless.

    Raises:
        OutsideAwayError, OutsideRefusesError: from `handle`; no item is to blame.
    """
    if not items:
        return []
    try:
        return list(await handle(items))
    except (OutsideAwayError, OutsideRefusesError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever one item brings about is its own fault
        if len(items) == 1:
            return [on_failure(items[0], error)]
    middle = len(items) // 2
    return [
        *await isolating_failures(items[:middle], handle, on_failure),
        *await isolating_failures(items[middle:], handle, on_failure),
    ]
