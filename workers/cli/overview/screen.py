"""An overview as people see it: tables and bars, for a terminal of 80 columns and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.columns import Columns
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from schemas.status import Status
from workers.stream.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

    from workers.cli.overview.reading import Overview, Waiting

_BAR: Final = 12
_MOST_LANES: Final = 16
_MILLISECONDS: Final = 1000
_GREY: Final = "dim"


def drawn(found: Overview) -> RenderableType:
    """The whole screen."""
    left = Group(_topics(found), Text(), _workers(found))
    right = Group(_statuses(found.statuses), Text(), _waits(found.waiting))
    return Group(
        Text.from_markup(f"[bold]oms top[/bold]  [{_GREY}]{rfc3339(found.now)}[/{_GREY}]"),
        Text(),
        Columns([left, _lanes(found.lanes), right], padding=(0, 4)),
        *_oldest(found.waiting, found.now),
    )


def _topics(found: Overview) -> Table:
    table = Table("topic", box=None, pad_edge=False, header_style=_GREY)
    table.add_column("records/s", justify="right")
    table.add_column("behind", justify="right")
    for row in found.topics:
        behind = "" if row.behind is None else _marked(row.behind, many=1000)
        table.add_row(row.topic, f"{row.per_second:,.1f}", behind)
    dead = _marked(found.dead_letters, many=0)
    table.add_row("dead letters, in all", "", dead)
    return table


def _workers(found: Overview) -> Table:
    table = Table("workers", box=None, pad_edge=False, header_style=_GREY)
    table.add_column("running", justify="right")
    for name, members in found.members.items():
        table.add_row(name, f"[red]{members}[/red]" if members == 0 else str(members))
    return table


def _lanes(lanes: Mapping[int, int]) -> Table:
    """The lanes with the most to do; a bar is as long as its share of the longest."""
    table = Table("lane", box=None, pad_edge=False, header_style=_GREY)
    table.add_column("behind", justify="right")
    table.add_column("", width=_BAR)
    longest = max(lanes.values(), default=0)
    busiest = sorted(lanes, key=lambda lane: (-lanes[lane], lane))[:_MOST_LANES]
    for lane in sorted(busiest):
        share = round(_BAR * lanes[lane] / longest) if longest else 0
        table.add_row(str(lane), f"{lanes[lane]:,}", f"[cyan]{'█' * share}[/cyan]")
    if len(lanes) > len(busiest):
        table.add_row("…", "", f"[{_GREY}]and {len(lanes) - len(busiest)} with less[/{_GREY}]")
    return table


def _statuses(statuses: Mapping[str, int] | None) -> Table:
    table = Table("status", box=None, pad_edge=False, header_style=_GREY)
    table.add_column("orders", justify="right")
    if statuses is None:
        table.add_row("too many to count in time", "")
        return table
    for status in Status:
        if status in statuses:
            table.add_row(str(status), f"{statuses[status]:,}")
    table.add_row("[bold]all[/bold]", f"[bold]{sum(statuses.values()):,}[/bold]")
    return table


def _waits(waiting: Waiting) -> Table:
    table = Table("waits for", box=None, pad_edge=False, header_style=_GREY)
    table.add_column("orders", justify="right")
    for purpose, orders in sorted(waiting.purposes.items()):
        table.add_row(purpose, f"{orders:,}")
    table.add_row("overdue", _marked(waiting.overdue, many=0))
    return table


def _oldest(waiting: Waiting, now: int) -> Iterator[RenderableType]:
    """The order to ask `oms order explain` about, if any waits."""
    if waiting.oldest is not None:
        order, created_at = waiting.oldest
        age = max(0, now - created_at) / _MILLISECONDS
        yield Text()
        yield Text.from_markup(
            f"[{_GREY}]the oldest that waits:[/{_GREY}] {escape(order)}, {age:,.1f} s"
        )


def _marked(number: int, many: int) -> str:
    """The number; yellow if it is more than `many`."""
    return f"[yellow]{number:,}[/yellow]" if number > many else f"{number:,}"
