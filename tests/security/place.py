"""A Kafka and a MongoDB that ask who is there, and the settings by which users come to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from tests.security.certificates import KEY_PASSWORD
from workers.dev.mongo import direct_client
from workers.security.connection_settings import SaslMechanism, SecurityProtocol
from workers.security.rights import EVERYBODY
from workers.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo import MongoClient

    from tests.security.certificates import Certificates
    from workers.dev.stack import Stack

PASSWORDS: Final = {rights.user: f"secret-of-{rights.user}" for rights in EVERYBODY}
"""Each user's password, at Kafka and at MongoDB alike."""

PARTITIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Place:
    """The secured stack, and who may come there."""

    stack: Stack
    certificates: Certificates
    folder: Path

    def _kafka_of(
        self, user: str, protocol: SecurityProtocol, mechanism: SaslMechanism
    ) -> dict[str, Any]:
        port = self.stack.layout.brokers[0].secured_ports[protocol]
        found: dict[str, Any] = {
            "kafka_bootstrap": f"127.0.0.1:{port}",
            "kafka_security_protocol": protocol,
        }
        if protocol.is_encrypted:
            found["kafka_ca_file"] = str(self.certificates.authorities)
        if protocol.has_login:
            login = {"kafka_username": user, "kafka_password": SecretStr(PASSWORDS[user])}
            return {**found, **login, "kafka_sasl_mechanism": mechanism}
        files = self.certificates.user(user)
        return {
            **found,
            "kafka_certificate_file": str(files.certificate),
            "kafka_key_file": str(files.key),
            "kafka_key_password": SecretStr(KEY_PASSWORD),
        }

    def _mongo_of(self, user: str) -> dict[str, Any]:
        return {
            "mongo_uri": self.stack.mongo_uri,
            "mongo_username": user,
            "mongo_password": SecretStr(PASSWORDS[user]),
            "mongo_ca_file": str(self.certificates.authorities),
        }

    def settings_of(
        self,
        user: str,
        protocol: SecurityProtocol = SecurityProtocol.SASL_SSL,
        mechanism: SaslMechanism = SaslMechanism.SCRAM_SHA_512,
    ) -> Settings:
        """All that a user needs."""
        given = {**self._kafka_of(user, protocol, mechanism), **self._mongo_of(user)}
        states = str(self.folder / "states")
        return Settings(state_directory=states, partitions=PARTITIONS, **given)

    def admin(self) -> AdminClient:
        """Who may do anything at Kafka."""
        return AdminClient({"bootstrap.servers": self.stack.kafka_bootstrap})

    def mongo(self) -> MongoClient[dict[str, Any]]:
        """Who may do anything at MongoDB."""
        return direct_client(self.stack.layout.members[0])
