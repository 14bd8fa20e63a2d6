"""`oms asyncapi` tells the contract of this deployment, and writes it where it is asked to."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import CommandLine


@pytest.fixture(name="oms_elsewhere")
def with_other_settings(oms_alone: CommandLine) -> CommandLine:
    """`oms` of a deployment of two brokers and 48 partitions."""
    brokers = {"OMS_KAFKA_BOOTSTRAP": "one.example:9092,two.example:9092"}
    login = {
        "OMS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "OMS_KAFKA_USERNAME": "shop",
        "OMS_KAFKA_PASSWORD": "hush-hush",
    }
    return oms_alone.where(**brokers, **login, OMS_PARTITIONS="48", OMS_REPLICATION_FACTOR="3")


def test_people_are_told_topics_and_messages(oms_alone: CommandLine) -> None:
    """Without options a table says what is received and sent on which topic."""
    ended = oms_alone("asyncapi")
    assert ended.exit_code == 0
    for word in ("orders.commands", "receives", "order.create.v1", "inventory.reserved.v1"):
        assert word in ended.stdout


def test_the_document_is_that_of_the_deployment(oms_elsewhere: CommandLine) -> None:
    """Brokers, partitions and replicas come from the settings."""
    document = oms_elsewhere("asyncapi", "--json").json
    assert document["asyncapi"] == "3.0.0"
    hosts = [server["host"] for server in document["servers"].values()]
    assert hosts == ["one.example:9092", "two.example:9092"]
    kafka = document["channels"]["orders.commands"]["bindings"]["kafka"]
    assert (kafka["partitions"], kafka["replicas"]) == (48, 3)


def test_the_login_is_told_and_no_secret(oms_elsewhere: CommandLine) -> None:
    """That there is TLS and how to log in, but neither who does nor with which password."""
    ended = oms_elsewhere("asyncapi", "--json")
    assert all(server["protocol"] == "kafka-secure" for server in ended.json["servers"].values())
    assert '"scramSha512"' in ended.stdout
    assert "hush-hush" not in ended.stdout


def test_a_file_holds_what_is_printed(oms_alone: CommandLine, tmp_path: Path) -> None:
    """`--output` writes the document, and nothing else is printed."""
    file = tmp_path / "asyncapi.json"
    ended = oms_alone("asyncapi", "--output", str(file))
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert json.loads(file.read_text()) == oms_alone("asyncapi", "--json").json


def test_the_page_is_written(oms_elsewhere: CommandLine, tmp_path: Path) -> None:
    """`--html` writes one page that holds the document of this deployment."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    file = tmp_path / "asyncapi.html"
    assert oms_elsewhere("asyncapi", "--html", str(file)).exit_code == 0
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "two.example:9092" in page


def test_a_missing_npm_is_told(oms_alone: CommandLine, tmp_path: Path) -> None:
    """Without npm there is no page, but a sentence that says what is left."""
    ended = oms_alone.where(PATH=str(tmp_path))("asyncapi", "--html", str(tmp_path / "page.html"))
    assert ended.exit_code == 1
    assert ended.stderr.strip().endswith("npm, and it is not installed. Without it: --output FILE")


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("echo not a viewer > $FOLDER/other.tgz", "is not the one that was checked: sha512-"),
        ("echo no network >&2; exit 1", "npm cannot fetch @asyncapi/react-component@"),
        ("true", "it does not say why"),
    ],
    ids=["another package", "no network", "nothing"],
)
def test_no_page_is_made_of_anything_else(
    oms_alone: CommandLine, tmp_path: Path, does: str, told: str
) -> None:
    """What npm brings must be the very package that was checked; otherwise a sentence says so."""
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\nfor FOLDER; do :; done\n{does}\n")
    npm.chmod(0o755)
    page = tmp_path / "page.html"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ended = oms_alone.where(PATH=path)("asyncapi", "--html", str(page))
    assert ended.exit_code == 1
    assert told in ended.stderr
    assert not page.exists()


def test_a_file_that_cannot_be_written_is_told(oms_alone: CommandLine, tmp_path: Path) -> None:
    """It is named, with the reason."""
    file = tmp_path / "nowhere" / "asyncapi.json"
    ended = oms_alone("asyncapi", "--output", str(file))
    assert ended.exit_code == 1
    assert ended.stderr.strip() == f"{file} cannot be written: No such file or directory"
