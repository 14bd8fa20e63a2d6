"""Where Kafka and MongoDB are, and how this program shows them who it is.

No secret is ever printed.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.security.secret_files import SecretFileError, with_secrets
from workers.security.tls import TlsFiles

_NO_SECRET: Final = SecretStr("")


class SecurityProtocol(StrEnum):
    """How a connection to Kafka is secured, in the words of Kafka's own `security.protocol`."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self in {SecurityProtocol.SSL, SecurityProtocol.SASL_SSL}

    @property
    def has_login(self) -> bool:
        """Whether there are a user name and a password."""
        return self in {SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL}


class SaslMechanism(StrEnum):
    """How a password is proven, in the words of Kafka's own `sasl.mechanism`."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


def _readable(name: str) -> str:
    if not name:
        return name
    try:
        with Path(name).open("rb"):
            return name
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise PydanticCustomError("unreadable_file", "{reason}", {"reason": reason}) from error


ReadableFile = Annotated[str, AfterValidator(_readable)]
"""The name of a file that can be read; empty for none."""


class ConnectionSettings(BaseSettings):
    """Addresses, TLS and logins. A text that is empty is as if it were not given."""

    model_config = SettingsConfigDict(
        env_prefix="OMS_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    kafka_bootstrap: Annotated[
        str, Field(description="Kafka brokers, host:port, separated by commas.")
    ] = "localhost:9092"
    kafka_security_protocol: Annotated[
        SecurityProtocol,
        Field(description="PLAINTEXT, SSL (encrypted), SASL_PLAINTEXT (login) or SASL_SSL (both)."),
    ] = SecurityProtocol.PLAINTEXT
    kafka_sasl_mechanism: Annotated[
        SaslMechanism, Field(description="How to log in: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN.")
    ] = SaslMechanism.SCRAM_SHA_512
    kafka_username: Annotated[str, Field(description="User name at Kafka.")] = ""
    kafka_password: Annotated[SecretStr, Field(description="Password at Kafka.")] = _NO_SECRET
    kafka_password_file: Annotated[str, Field(description="A file that holds it, instead.")] = ""
    kafka_ca_file: Annotated[
        ReadableFile,
        Field(description="Certificates of who signs those of the brokers; else the machine's."),
    ] = ""
    kafka_certificate_file: Annotated[
        ReadableFile, Field(description="Certificate that is shown to brokers that ask for one.")
    ] = ""
    kafka_key_file: Annotated[
        ReadableFile, Field(description="Its key, if the certificate's file does not hold it.")
    ] = ""
    kafka_key_password: Annotated[
        SecretStr, Field(description="Password of that key, if it is encrypted.")
    ] = _NO_SECRET
    kafka_key_password_file: Annotated[str, Field(description="A file that holds it, instead.")] = (
        ""
    )
    mongo_uri: Annotated[
        str,
        Field(
            description="MongoDB connection string; must name a replica set.",
            repr=False,  # it may hold a password
        ),
    ] = "mongodb://localhost:27017/?replicaSet=rs0"
    mongo_uri_file: Annotated[str, Field(description="A file that holds it, instead.")] = ""
    mongo_username: Annotated[
        str, Field(description="User name at MongoDB, if the connection string has none.")
    ] = ""
    mongo_password: Annotated[SecretStr, Field(description="Password at MongoDB.")] = _NO_SECRET
    mongo_password_file: Annotated[str, Field(description="A file that holds it, instead.")] = ""
    mongo_ca_file: Annotated[
        ReadableFile,
        Field(description="Certificates of who signs those of MongoDB. Turns TLS on."),
    ] = ""
    mongo_certificate_file: Annotated[
        ReadableFile,
        Field(description="Certificate and key that are shown to MongoDB. Turns TLS on."),
    ] = ""
    mongo_database: Annotated[str, Field(description="MongoDB database.", min_length=1)] = "oms"

    @model_validator(mode="before")
    @classmethod
    def _take_secrets(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take secrets from the files that are named."""
        try:
            return with_secrets(given)
        except SecretFileError as error:
            raise refusal(str(error)) from error

    @property
    def kafka_tls(self) -> TlsFiles:
        """The files for TLS to Kafka."""
        return TlsFiles(
            self.kafka_ca_file,
            self.kafka_certificate_file,
            self.kafka_key_file,
            self.kafka_key_password.get_secret_value(),
        )


def refusal(sentence: str) -> PydanticCustomError:
    """What a validator raises to refuse the settings with this sentence."""
    return PydanticCustomError("settings", "{sentence}", {"sentence": sentence})
