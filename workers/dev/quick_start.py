"""Halves the time that Kafka needs to come up, by Java's ahead-of-time cache.

A broker that starts does little but load and compile classes. Once for each version, a broker is
started on throw-away data to record them; every later start gets the recording. Where that fails,
an empty file remembers it and brokers start the slow way.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from workers.dev import kafka
from workers.dev.errors import StackError
from workers.dev.ports import free_ports
from workers.dev.processes import Launcher, Part, end_all, wait_for_end

if TYPE_CHECKING:
    from workers.dev.kafka import Programs

# The cache may also hold generated code; that part warns in the log, and classes are what counts.
_CLASSES_ONLY = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching", "-XX:-AOTStubCaching")
_WRITING_PATIENCE = 120.0


def quicker(programs: Programs, folder: Path) -> Programs:
    """The programs with the cache in `folder`, which is made now if it is missing."""
    archive = folder / f"kafka-{_fingerprint(programs)}.aot"
    if not archive.exists():
        with Console(stderr=True).status("Kafka: preparing a quick start (only this time)"):
            _record(programs, archive)
    if archive.stat().st_size == 0:
        return programs
    return replace(programs, flags=(*_CLASSES_ONLY, f"-XX:AOTCache={archive}"))


def _fingerprint(programs: Programs) -> str:
    """Changes with each of the files that Java compares before it takes the cache."""
    files = [programs.java.resolve(), *programs.jars]
    facts = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _record(programs: Programs, archive: Path) -> None:
    new = archive.with_suffix(".new")
    recording = replace(programs, flags=(*_CLASSES_ONLY, f"-XX:AOTCacheOutput={new}"))
    with tempfile.TemporaryDirectory(prefix="oms-quick-start-") as folder:
        try:
            _run_once(recording, programs, Path(folder))
            new.replace(archive)
        except (StackError, OSError):
            archive.touch()
        finally:
            new.unlink(missing_ok=True)


def _run_once(recording: Programs, programs: Programs, folder: Path) -> None:
    """Start a broker on its own data, and end it in order: the cache is written at its end."""
    port, controller_port = free_ports(2)
    broker = kafka.Broker(1, port, controller_port, folder)
    kafka.prepare(broker, [broker], kafka.new_cluster_id(), programs)
    launcher = Launcher()
    part = Part("kafka", kafka.command(broker, recording), folder / "kafka.log", launcher)
    try:
        part.start()
        kafka.wait_ready(part, broker)
        part.terminate()
        wait_for_end(part, _WRITING_PATIENCE)
    finally:
        end_all([part], patience=0.0)
        launcher.close()
