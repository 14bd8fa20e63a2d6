"""What is installed is what was locked: every dependency, with hashes, and from no named place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(lock: Path) -> dict[str, list[str]]:
    """The versions of every package in a lock, by its canonical name."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE):
        versions.setdefault(canonicalize_name(name), []).append(version)
    return versions


def unmet(requirements: list[str], lock: str) -> list[str]:
    """Those of the requirements that no version in the lock meets."""
    versions = locked(ROOT / "requirements" / lock)
    return [
        text
        for text in requirements
        for wanted in [Requirement(text)]
        if not any(
            wanted.specifier.contains(v) for v in versions.get(canonicalize_name(wanted.name), [])
        )
    ]


def test_locks_are_found() -> None:
    """There is a lock for whoever installs something by itself."""
    names = ["all.txt", "build.txt", "compose.txt", "hardening.txt", "runtime.txt"]
    assert [lock.name for lock in LOCKS] == names


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_a_hash(lock: Path) -> None:
    """Each package in a lock is followed by at least one hash."""
    entries = re.split(r"^(?=[\w.-]+==)", lock.read_text(), flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_place(lock: Path) -> None:
    """A lock holds neither addresses nor options that say where packages come from."""
    text = lock.read_text()
    assert "://" not in text
    assert re.findall(r"^\s*-(?!-hash=).*", text, re.MULTILINE) == []


def test_every_runtime_dependency_is_locked() -> None:
    """The image's lock has what the project needs, and what it needs to be traced."""
    assert unmet(PROJECT["project"]["dependencies"], "runtime.txt") == []
    assert unmet(PROJECT["project"]["optional-dependencies"]["tracing"], "runtime.txt") == []


def test_every_extra_is_locked() -> None:
    """The developers' lock has a version that fits for each dependency of each extra."""
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [text for extra in extras.values() for text in extra]
    assert unmet(wanted + PROJECT["project"]["dependencies"], "all.txt") == []


def test_the_build_backend_is_locked() -> None:
    """What builds the project comes from the lock as well, so that builds need no isolation."""
    wanted = PROJECT["build-system"]["requires"] + PROJECT["dependency-groups"]["build"]
    assert unmet(wanted, "build.txt") == []
    assert unmet(wanted, "all.txt") == []


def test_docker_compose_is_locked() -> None:
    """Docker Compose from PyPI is locked for every Python that has it."""
    assert unmet(PROJECT["dependency-groups"]["compose"], "compose.txt") == []


def test_the_tools_for_hardening_are_locked() -> None:
    """Fuzzer and audit are locked as well, though few install them."""
    assert unmet(PROJECT["dependency-groups"]["hardening"], "hardening.txt") == []


def test_the_locks_agree() -> None:
    """What the image runs is what the tests ran: no package differs between the locks."""
    everything = locked(ROOT / "requirements" / "all.txt")
    for name in ("runtime.txt", "build.txt"):
        part = locked(ROOT / "requirements" / name)
        assert part == {package: everything.get(package) for package in part}
