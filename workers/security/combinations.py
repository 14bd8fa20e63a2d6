"""Which settings of a connection cannot work together, each told in a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from workers.security.tls import TlsFileError, TlsFiles, client_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.security.connection_settings import ConnectionSettings

_LOGIN_IN_URI: Final = re.compile(r"://(.*)@")
_ESCAPED_LOGIN: Final = re.compile(r"[^/?#@:\[\]]*(:[^/?#@:\[\]]*)?")
_NO_TLS_IN_URI: Final = re.compile(r"[?&](?:tls|ssl)=false", re.IGNORECASE)
_MECHANISM_IN_URI: Final = re.compile(r"[?&]authMechanism=", re.IGNORECASE)


def faults(settings: ConnectionSettings) -> Iterator[str]:
    """All that cannot work, without any secret in it."""
    yield from _kafka_login(settings)
    yield from _kafka_tls(settings)
    yield from _mongo_login(settings)
    yield from _mongo_tls(settings)


def _kafka_login(settings: ConnectionSettings) -> Iterator[str]:
    protocol = settings.kafka_security_protocol
    name, password = settings.kafka_username, settings.kafka_password.get_secret_value()
    if protocol.has_login and not (name and password):
        yield (
            f"OMS_KAFKA_SECURITY_PROTOCOL is {protocol}: it needs OMS_KAFKA_USERNAME, and "
            "OMS_KAFKA_PASSWORD or OMS_KAFKA_PASSWORD_FILE"
        )
    if not protocol.has_login and (name or password):
        yield (
            f"OMS_KAFKA_SECURITY_PROTOCOL is {protocol}, which has no login: choose SASL_SSL, "
            "or leave out OMS_KAFKA_USERNAME and OMS_KAFKA_PASSWORD"
        )


def _kafka_tls(settings: ConnectionSettings) -> Iterator[str]:
    protocol, files = settings.kafka_security_protocol, settings.kafka_tls
    if files != TlsFiles() and not protocol.is_encrypted:
        yield (
            f"OMS_KAFKA_SECURITY_PROTOCOL is {protocol}, which is not encrypted: choose SSL or "
            "SASL_SSL, or leave out OMS_KAFKA_CA_FILE, OMS_KAFKA_CERTIFICATE_FILE and their key"
        )
    elif (files.key or files.password) and not files.certificate:
        yield (
            "A key for Kafka is given without its certificate: set OMS_KAFKA_CERTIFICATE_FILE, "
            "or leave out OMS_KAFKA_KEY_FILE and OMS_KAFKA_KEY_PASSWORD"
        )
    elif protocol.is_encrypted and (fault := _unusable(files)):
        yield f"OMS_KAFKA_CA_FILE or OMS_KAFKA_CERTIFICATE_FILE cannot be used: {fault}"


def _mongo_login(settings: ConnectionSettings) -> Iterator[str]:
    name, password = settings.mongo_username, settings.mongo_password.get_secret_value()
    login = _LOGIN_IN_URI.search(settings.mongo_uri)
    if login is not None and not _ESCAPED_LOGIN.fullmatch(login[1]):
        # The driver would take pieces of the password for hosts or options, and tell them.
        yield (
            "OMS_MONGO_URI cannot be read: in a user name and a password, / ? # : @ [ and ] are "
            "written as %2F %3F %23 %3A %40 %5B and %5D, and @ has no other place"
        )
    elif login is not None and (name or password):
        yield (
            "OMS_MONGO_URI holds a user name already: leave it out there, "
            "or leave out OMS_MONGO_USERNAME and OMS_MONGO_PASSWORD"
        )
    elif password and not name:
        yield "OMS_MONGO_PASSWORD is given without OMS_MONGO_USERNAME"
    elif name and not password and not _MECHANISM_IN_URI.search(settings.mongo_uri):
        yield (
            "OMS_MONGO_USERNAME is given without OMS_MONGO_PASSWORD or OMS_MONGO_PASSWORD_FILE: "
            "only with an authMechanism in OMS_MONGO_URI is it enough"
        )


def _mongo_tls(settings: ConnectionSettings) -> Iterator[str]:
    has_files = settings.mongo_ca_file or settings.mongo_certificate_file
    if has_files and _NO_TLS_IN_URI.search(settings.mongo_uri):
        yield (
            "OMS_MONGO_URI turns TLS off: leave that out, "
            "or leave out OMS_MONGO_CA_FILE and OMS_MONGO_CERTIFICATE_FILE"
        )
    elif settings.mongo_ca_file and (fault := _unusable(TlsFiles(settings.mongo_ca_file))):
        yield f"OMS_MONGO_CA_FILE cannot be used: {fault}"


def _unusable(files: TlsFiles) -> str | None:
    try:
        client_context(files)
    except TlsFileError as error:
        return str(error)
    return None
