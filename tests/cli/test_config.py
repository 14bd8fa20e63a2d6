"""`oms config` shows every setting and no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.settings import Settings

if TYPE_CHECKING:
    from tests.cli.command_line import CommandLine

SECRET = {"OMS_MONGO_URI": "mongodb://me:secret@mongo.example/?replicaSet=rs0"}


def test_every_setting_is_there(oms_alone: CommandLine) -> None:
    """Each setting comes with its variable, value, default and meaning, and whether it is given."""
    shown = {setting["name"]: setting for setting in oms_alone("config", "--json").json}
    assert set(shown) == {f"OMS_{name.upper()}" for name in Settings.model_fields}
    assert all(setting["description"] for setting in shown.values())
    assert shown["OMS_KAFKA_BOOTSTRAP"] == {
        "name": "OMS_KAFKA_BOOTSTRAP",
        "value": oms_alone.environment["OMS_KAFKA_BOOTSTRAP"],
        "default": "localhost:9092",
        "given": True,
        "description": "Kafka brokers, host:port, separated by commas.",
    }
    assert shown["OMS_PARTITIONS"]["value"] == shown["OMS_PARTITIONS"]["default"]
    assert not shown["OMS_PARTITIONS"]["given"]


def test_the_password_is_hidden(oms_alone: CommandLine) -> None:
    """Neither the table nor the JSON has the password; both have the rest of the address."""
    with_secret = oms_alone.where(**SECRET)
    for ended in (with_secret("config"), with_secret("config", "--json")):
        assert ended.exit_code == 0
        assert "secret" not in ended.stdout
        assert "mongodb://me:***@mongo.example/?replicaSet=rs0" in ended.stdout
