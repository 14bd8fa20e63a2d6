"""A reader's terminal, and the workers behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.shell import Shell
from tests.journey.worker_processes import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.settings import Settings


@pytest.fixture(name="shell")
def open_shell(settings: Settings, tmp_path: Path) -> Shell:
    """A terminal of a reader."""
    return Shell(settings, tmp_path)


@pytest.fixture(name="workers", scope="module")
def begin_workers(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workers]:
    """No worker runs yet; all that a module starts are ended after it."""
    found = Workers(settings, tmp_path_factory.mktemp("workers"))
    yield found
    found.end_all()
