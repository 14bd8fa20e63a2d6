"""Writes the contract for programs anew: `make contract`. Needs npm and Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from docs.publishing.files import PAGE, current_document, current_files
from docs.publishing.picture import draw_picture
from workers.cli.asyncapi_viewer import fetch_viewer
from workers.contract.page import page

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS: Final = Path(__file__).parents[1]


def main() -> None:
    """Write all files, take away those of messages that are gone, and draw the page."""
    console = Console(stderr=True, highlight=False)
    _write_schemas(current_files())
    with console.status("Fetching the viewer with npm"):
        viewer = fetch_viewer()
    (DOCS / PAGE).write_text(page(current_document(), viewer), encoding="utf-8")
    with console.status("Drawing its picture with Chromium"):
        draw_picture(DOCS / PAGE, DOCS / "pictures" / "asyncapi.png")
    console.print("schemas, asyncapi.json, asyncapi.html and its picture written")


def _write_schemas(files: Mapping[str, str]) -> None:
    (DOCS / "schemas").mkdir(exist_ok=True)
    for old in (DOCS / "schemas").glob("*.json"):
        if f"schemas/{old.name}" not in files:
            old.unlink()
    for name, text in files.items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
