"""The make targets that people are told about exist, and cost nothing when all is in place."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ["help", "demo", "dev", "test", "check", "docker-config", "format", "lock", "clean"]


@pytest.fixture(name="make")
def find_make() -> str:
    """Where make is."""
    found = shutil.which("make")
    if found is None:
        pytest.skip("make is not installed")
    return found


@pytest.fixture(name="installed")
def lay_out_installed_project(tmp_path: Path) -> Path:
    """A folder where make believes that everything is installed: stamps newer than sources."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "all.txt").touch()
    (tmp_path / ".venv").mkdir()
    for stamp in (".dependencies", ".project"):
        (tmp_path / ".venv" / stamp).touch()
    return tmp_path


def run(folder: Path, *command: str) -> str:
    """What a command says on its standard output; it must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_help_lists_every_target(make: str) -> None:
    """`make`, without more, tells what there is to make."""
    assert re.findall(r"^  make ([\w-]+)", run(ROOT, make), re.MULTILINE) == TARGETS


def test_the_demo_installs_first(make: str, installed: Path) -> None:
    """Where nothing is installed, `make demo` installs from the lock, checking hashes."""
    shutil.rmtree(installed / ".venv")
    plan = run(installed, make, "--dry-run", "demo")
    assert "--require-hashes --requirement requirements/all.txt" in plan
    assert plan.rstrip().endswith(".venv/bin/oms demo")


def test_a_warm_demo_installs_nothing(make: str, installed: Path) -> None:
    """Where everything is installed, `make demo` runs the demo and nothing else."""
    assert run(installed, make, "--dry-run", "demo").split() == [".venv/bin/oms", "demo"]


def test_a_new_lock_is_installed(make: str, installed: Path) -> None:
    """A lock that is newer than what is installed is installed before the tests run."""
    plan = run(installed, make, "--dry-run", "--what-if=requirements/all.txt", "test")
    assert "--require-hashes" in plan


def test_a_changed_project_keeps_its_dependencies(make: str, installed: Path) -> None:
    """A change of pyproject.toml alone installs the project again, but not its dependencies."""
    plan = run(installed, make, "--dry-run", "--what-if=pyproject.toml", "test")
    assert "--editable" in plan
    assert "--require-hashes" not in plan


def test_options_reach_the_tests(make: str, installed: Path) -> None:
    """`make test ARGS=...` hands the options to pytest."""
    plan = run(installed, make, "--dry-run", "test", "ARGS=-k cancel")
    assert plan.split()[-4:] == ["pytest", "-ra", "-k", "cancel"]


def test_an_old_python_is_told_apart(make: str, installed: Path) -> None:
    """A Python that is too old is refused with a sentence that says what to do."""
    shutil.rmtree(installed / ".venv")
    old = installed / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.6 && exit\nexit 1\n')
    old.chmod(0o755)
    done = subprocess.run(
        [make, "test", f"PYTHON={old}"], cwd=installed, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.6" in done.stderr
    assert not (installed / ".venv").exists()
