"""What the repository promises apart from its code: its files are there, and name no machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Written with brackets, so that this file does not hold what it looks for.
PLACES = {
    "a registry": (
        r"pythonhosted[.]org|pypi[.]org|registry[.]npmjs|maven[.](apache[.])?org|proxy[.]golang"
        r"|crates[.]io|deb[.]debian|ghcr[.]io|docker[.]io|quay[.]io"
    ),
    "a machine": r"(?<![\w.*-])/([r]oot|home/\w+|Users/\w+|[w]ork)/",
}


def tracked_files() -> list[Path]:
    """Every text file that git knows and that is there."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no clone: git cannot say which files belong to it")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


@pytest.mark.parametrize("place", PLACES)
def test_no_file_names_a_place(place: str) -> None:
    """No file of the repository names a registry's host or a folder of somebody's machine."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked_files()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(PLACES[place], line)
    ]
    assert found == []


@pytest.mark.parametrize("name", ["LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_the_usual_files_are_there(name: str) -> None:
    """Licence, README, changelog and contributing guide exist and say something."""
    assert (ROOT / name).read_text().strip()


def test_the_licence_is_the_one_that_is_declared() -> None:
    """The project declares MIT, and LICENSE is MIT's text."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_the_changelog_has_a_place_for_what_is_next() -> None:
    """A change that users notice has somewhere to be written down."""
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_ci_script_can_be_run() -> None:
    """`.ci/run` is executable and is bash that can be read."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    bash = shutil.which("bash")
    assert bash is not None
    subprocess.run([bash, "-n", script], check=True)


@pytest.mark.parametrize(
    ("ignored", "code"),
    re.findall(
        r'^    ("[A-Z]+\d+",)(.*)$',
        (ROOT / "pyproject.toml").read_text(),
        re.MULTILINE,
    ),
)
def test_an_ignored_rule_has_its_reason(ignored: str, code: str) -> None:
    """Each lint rule that is switched off in the configuration says why on its line."""
    assert re.search(r"# \w+", code), ignored
