"""The make targets that people are told about exist, and cost nothing when all is in place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What make hands down to the commands it runs, these tests perhaps among them.
INHERITED = {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "TEST_PROCESSES"}
TARGETS = [
    "help",
    "demo",
    "dev",
    "test",
    "simulate",
    "fuzz",
    "audit",
    "check",
    "docker-config",
    "format",
    "lock",
    "contract",
    "clean",
]


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


def run_make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder as if nobody's make had started these tests."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    return subprocess.run(
        [make, *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in INHERITED},
        capture_output=True,
        text=True,
        check=False,
    )


def output(folder: Path, *arguments: str) -> str:
    """What make says on its standard output; it must succeed."""
    done = run_make(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_lists_every_target() -> None:
    """`make`, without more, tells what there is to make."""
    assert re.findall(r"^  make ([\w-]+)", output(ROOT), re.MULTILINE) == TARGETS


def test_the_demo_installs_first(installed: Path) -> None:
    """Where nothing is installed, `make demo` installs from the lock, checking hashes."""
    shutil.rmtree(installed / ".venv")
    plan = output(installed, "--dry-run", "demo")
    assert "--require-hashes --requirement requirements/all.txt" in plan
    assert plan.rstrip().endswith(".venv/bin/oms demo")


def test_a_warm_demo_installs_nothing(installed: Path) -> None:
    """Where everything is installed, `make demo` runs the demo and nothing else."""
    assert output(installed, "--dry-run", "demo").split() == [".venv/bin/oms", "demo"]


def test_a_new_lock_is_installed(installed: Path) -> None:
    """A lock that is newer than what is installed is installed before the tests run."""
    plan = output(installed, "--dry-run", "--what-if=requirements/all.txt", "test")
    assert "--require-hashes" in plan


def test_a_changed_project_keeps_its_dependencies(installed: Path) -> None:
    """A change of pyproject.toml alone installs the project again, but not its dependencies."""
    plan = output(installed, "--dry-run", "--what-if=pyproject.toml", "test")
    assert "--editable" in plan
    assert "--require-hashes" not in plan


def test_options_reach_the_tests(installed: Path) -> None:
    """`make test ARGS=...` hands the options to pytest."""
    plan = output(installed, "--dry-run", "test", "ARGS=-k cancel")
    assert "pytest" in plan
    assert plan.split()[-2:] == ["-k", "cancel"]


def test_where_there_is_one_kafka_the_tests_are_run_in_one_process(installed: Path) -> None:
    """Two processes would be in each other's way; where they have one each they run two."""
    for backend, processes in (("external", "0"), ("embedded", "2")):
        plan = output(installed, "--dry-run", "test", f"OMS_TEST_BACKEND={backend}")
        assert f"--numprocesses {processes}" in plan


def test_an_old_python_is_told_apart(installed: Path) -> None:
    """A Python that is too old is refused with a sentence that says what to do."""
    shutil.rmtree(installed / ".venv")
    old = installed / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.6 && exit\nexit 1\n')
    old.chmod(0o755)
    done = run_make(installed, "test", f"PYTHON={old}")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.6" in done.stderr
    assert not (installed / ".venv").exists()
