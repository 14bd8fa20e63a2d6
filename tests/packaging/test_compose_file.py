"""`docker compose up` brings a stack that works: who waits for whom, and who is reachable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from workers.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())[
    "services"
]
WORKERS = ["orders", "customers", "inventory"]
ONE_SHOTS = ["topics", "seed"]
OURS = WORKERS + ONE_SHOTS


def conditions(service: str) -> dict[str, str]:
    """What a service waits for, by the name of the other service."""
    waits = SERVICES[service].get("depends_on", {})
    return {other: wait["condition"] for other, wait in waits.items()}


def test_the_stack_is_complete() -> None:
    """Without a profile come Kafka, MongoDB, topics, samples and the three workers."""
    default = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert default == {"kafka", "mongo", *OURS}


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_starts_when_all_it_needs_is_there(worker: str) -> None:
    """A worker waits for healthy Kafka and MongoDB and for topics, and not for samples."""
    assert SERVICES[worker]["command"] == ["worker", worker]
    assert conditions(worker) == {
        "kafka": "service_healthy",
        "mongo": "service_healthy",
        "topics": "service_completed_successfully",
    }


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_is_started_again_and_has_time_to_stop(worker: str) -> None:
    """A worker that exits is started again, and is killed only after its own time to stop."""
    assert SERVICES[worker]["restart"] == "unless-stopped"
    seconds = int(SERVICES[worker]["stop_grace_period"].removesuffix("s"))
    assert seconds > Settings.model_fields["shutdown_timeout"].default


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_is_healthy_when_it_is_ready(worker: str) -> None:
    """Its health check is the readiness probe, run in its own container."""
    assert SERVICES[worker]["healthcheck"]["test"] == ["CMD", "oms", "health", "--ready"]


@pytest.mark.parametrize("service", ONE_SHOTS)
def test_a_one_shot_is_not_started_again(service: str) -> None:
    """Topics and samples are made once."""
    assert SERVICES[service]["restart"] == "no"


@pytest.mark.parametrize("service", SERVICES)
def test_whoever_is_waited_for_can_be_waited_for(service: str) -> None:
    """A wait for health names a service with a health check, one for completion a one-shot."""
    for other, condition in conditions(service).items():
        if condition == "service_healthy":
            assert SERVICES[other]["healthcheck"]["test"]
        else:
            assert condition == "service_completed_successfully"
            assert other in ONE_SHOTS


@pytest.mark.parametrize("service", OURS)
def test_settings_of_the_compose_file_exist(service: str) -> None:
    """Every setting that the Compose file gives is one that the service reads."""
    known = {f"OMS_{name.upper()}" for name in Settings.model_fields}
    assert set(SERVICES[service]["environment"]) <= known


def test_defaults_of_the_compose_file_are_the_settings_own() -> None:
    """Where the Compose file has a default for a setting, it is the one that `oms` has."""
    for name, value in SERVICES["orders"]["environment"].items():
        found = re.fullmatch(r"\$\{(\w+):-(.*)\}", value)
        if found:
            assert found[1] == name
            field = Settings.model_fields[name.removeprefix("OMS_").lower()]
            assert found[2] == str(field.default)


def test_this_machine_reaches_kafka_and_mongodb_by_default() -> None:
    """`oms` without settings finds the Compose file's Kafka and MongoDB from this machine."""
    defaults = Settings.model_construct()
    listeners = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert f"HOST://{defaults.kafka_bootstrap}" in listeners
    assert "127.0.0.1:9092:9092" in SERVICES["kafka"]["ports"]
    member = re.search(r'host: "([^"]+)"', SERVICES["mongo"]["healthcheck"]["test"][-1])
    assert member
    assert f"//{member[1]}/" in defaults.mongo_uri
    assert "127.0.0.1:27017:27017" in SERVICES["mongo"]["ports"]


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_open_to_this_machine_only(service: str) -> None:
    """Nothing has a password, so no port is open to other machines."""
    ports = SERVICES[service].get("ports", [])
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_foreign_images_have_a_version(service: str) -> None:
    """An image from elsewhere is the same tomorrow: it has a tag, and not the moving one."""
    if service not in OURS:
        assert re.search(r":v?\d[\w.-]*$", SERVICES[service]["image"])
