"""TLS for connections to Kafka and MongoDB: what a server has to show, and what we show it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass


class TlsFileError(Exception):
    """A file holds no certificate or key that can be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Names of files in PEM form; an empty one is none.

    Without `authorities` those of this machine are trusted. `key` may be left out where
    `certificate` holds it as well. `password` opens an encrypted key.
    """

    authorities: str = ""
    certificate: str = ""
    key: str = ""
    password: str = ""


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 or newer; the server's certificate and host name are always verified.

    Raises:
        TlsFileError: a file holds nothing that can be used.
    """
    try:
        context = ssl.create_default_context(cafile=files.authorities or None)
    except OSError as error:
        message = f"{files.authorities} holds no certificate in PEM form"
        raise TlsFileError(message) from error
    if files.certificate:
        _show(context, files)
    return context


def _show(context: ssl.SSLContext, files: TlsFiles) -> None:
    """Show the client's certificate to servers that ask for one."""
    try:
        # With a password, and be it empty: without one an encrypted key would ask at a terminal.
        context.load_cert_chain(files.certificate, files.key or None, password=files.password)
    except OSError as error:
        key = f" and {files.key}" if files.key else ""
        message = (
            f"{files.certificate}{key} should hold a certificate and its key in PEM form, "
            f"and the password should fit: {_reason(error)}"
        )
        raise TlsFileError(message) from error


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return (error.strerror or "they cannot be read").lower()
