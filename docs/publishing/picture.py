"""A picture of the page, taken by Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SIZE: Final = "1600,1000"
_DRAWING_MILLISECONDS: Final = 20_000
_PATIENCE_SECONDS: Final = 120


def chromium() -> str | None:
    """The browser of this machine, under whichever name it has."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def draw_picture(page: Path, picture: Path) -> None:
    """Write what the page looks like at first sight, as PNG."""
    browser = chromium()
    if browser is None:
        sys.exit(f"{picture.name} needs Chromium, and it is not installed")
    subprocess.run(  # noqa: S603 - the browser that was found, and our own page
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--disable-background-networking",
            f"--window-size={_SIZE}",
            f"--virtual-time-budget={_DRAWING_MILLISECONDS}",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
    )
