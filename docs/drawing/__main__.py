"""Draws every picture anew: `make pictures`. The last three run the service, up to two minutes.

That of the dashboard needs Prometheus, which Debian has in a package of that name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from docs.drawing.dashboard import dashboard_picture
from docs.drawing.demo import demo_picture
from docs.drawing.flow import flow_picture
from docs.drawing.status import status_picture
from docs.drawing.top import top_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER: Final = Path(__file__).parents[1] / "pictures"
DRAWN: Final[Mapping[str, Callable[[], str]]] = {
    "flow.svg": flow_picture,
    "status.svg": status_picture,
    "demo.svg": demo_picture,
    "top.svg": top_picture,
    "dashboard.svg": dashboard_picture,
}


def main() -> None:
    """Draw all pictures into their folder."""
    console = Console(stderr=True, highlight=False)
    FOLDER.mkdir(exist_ok=True)
    for name, draw in DRAWN.items():
        with console.status(f"Drawing {name}"):
            (FOLDER / name).write_text(draw(), encoding="utf-8")
        console.print(f"{name} drawn")


if __name__ == "__main__":
    main()
