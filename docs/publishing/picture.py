"""A picture of the page, taken by Chromium."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from docs.publishing.browser import chromium, tab_of

if TYPE_CHECKING:
    from pathlib import Path

_WIDTH, _HEIGHT = 1600, 1000
_SHOW: Final = """
  document.getElementById('operation-reply-takeCommand').scrollIntoView();
  scrollBy(0, 420);
"""
DRAWN: Final = "document.getElementById('message-order.result.v1') !== null"
"""True on the page, as JavaScript, once the viewer has drawn the document."""


def draw_picture(page: Path, picture: Path) -> None:
    """Write what the page looks like at its first operation, as PNG."""
    browser = chromium()
    if browser is None:
        sys.exit(f"{picture.name} needs Chromium, and it is not installed")
    with tab_of(browser, _WIDTH, _HEIGHT) as tab:
        tab.open(page.as_uri())
        tab.wait_until(DRAWN)
        tab.evaluate(_SHOW)
        picture.write_bytes(tab.picture())
