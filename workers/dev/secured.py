"""A Kafka and a MongoDB that ask who is there: TLS, logins, and rights of each user.

Kafka keeps the listeners of any local stack, by which the stack itself sees to it: who comes there
may do anything. Beside them it listens once for each secured protocol; who comes there may do what
its user was given the right to, and at first nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workers.security.connection_settings import SaslMechanism, SecurityProtocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROTOCOLS: Final = tuple(
    protocol.value for protocol in SecurityProtocol if protocol is not SecurityProtocol.PLAINTEXT
)
"""The secured protocols of Kafka, which are the names of their listeners as well."""

_LOGIN_MODULES: Final = "org.apache.kafka.common.security"
_USER_OF_CERTIFICATE: Final = r"RULE:^.*CN=([^,]+).*$/$1/,DEFAULT"


@dataclass(frozen=True, slots=True)
class Secured:
    """What the servers show and ask for; the files are in PEM form.

    `certificate` holds the servers' certificate and its key, as PKCS #8; `authorities` who signs
    certificates, also those of clients; `shared_key` the text by which MongoDB's members know each
    other. `plain_users` are passwords by user name, for the mechanism PLAIN.
    """

    certificate: Path
    authorities: Path
    shared_key: Path
    plain_users: Mapping[str, str]


def broker_settings(secured: Secured) -> dict[str, object]:
    """What a broker's configuration gets for its secured listeners.

    The user of a connection with a certificate is the certificate's common name (CN).
    """
    return {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # only listeners without any login have it
        "sasl.enabled.mechanisms": ",".join(SaslMechanism),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": secured.certificate,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": secured.authorities,
        "ssl.principal.mapping.rules": _USER_OF_CERTIFICATE,
        "listener.name.ssl.ssl.client.auth": "required",
        **{
            f"listener.name.{listener}.{mechanism.lower()}.sasl.jaas.config": _login(
                mechanism, secured.plain_users
            )
            for listener in ("sasl_ssl", "sasl_plaintext")
            for mechanism in SaslMechanism
        },
    }


def _login(mechanism: SaslMechanism, plain_users: Mapping[str, str]) -> str:
    """A line of Java's own login configuration."""
    if mechanism is not SaslMechanism.PLAIN:
        return f"{_LOGIN_MODULES}.scram.ScramLoginModule required;"
    users = " ".join(f'user_{name}="{password}"' for name, password in plain_users.items())
    return f"{_LOGIN_MODULES}.plain.PlainLoginModule required {users};"


def member_options(secured: Secured) -> list[str]:
    """What the command line of a mongod gets: TLS only, and a login for everybody."""
    return [
        *("--tlsMode", "requireTLS"),
        *("--tlsCertificateKeyFile", str(secured.certificate)),
        *("--tlsCAFile", str(secured.authorities)),
        "--tlsAllowConnectionsWithoutCertificates",
        *("--keyFile", str(secured.shared_key)),
    ]


def member_login(secured: Secured) -> dict[str, Any]:
    """Options of a client that comes as a member of the replica set does, and may do anything."""
    return {
        "tlsCAFile": str(secured.authorities),
        "username": "__system",
        "password": secured.shared_key.read_text(),
        "authSource": "local",
    }
