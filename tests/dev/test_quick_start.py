"""The cache that makes Kafka start quickly is a help, never a condition."""

from __future__ import annotations

import shutil
from pathlib import Path

from workers.dev.kafka import Programs
from workers.dev.quick_start import quicker


def test_a_java_that_cannot_make_the_cache_is_tried_only_once(tmp_path: Path) -> None:
    """Where the cache cannot be made, Kafka starts without it and nobody tries again."""
    java = Path(shutil.which("false") or "/usr/bin/false")
    programs = Programs(java, [])
    assert quicker(programs, tmp_path) == programs
    (marker,) = tmp_path.iterdir()
    made = marker.stat().st_mtime_ns
    assert quicker(programs, tmp_path) == programs
    assert marker.stat().st_mtime_ns == made


def test_another_java_or_jar_gets_a_cache_of_its_own(tmp_path: Path) -> None:
    """A cache is used only for the very files that it was made for."""
    java = Path(shutil.which("false") or "/usr/bin/false")
    jar = tmp_path / "kafka.jar"
    jar.write_text("one")
    folder = tmp_path / "cache"
    folder.mkdir()
    quicker(Programs(java, [jar]), folder)
    jar.write_text("another")
    quicker(Programs(java, [jar]), folder)
    assert len(list(folder.iterdir())) == 2
