"""Secrets that come from files, as Docker and Kubernetes hand them over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRETS: Final = ("kafka_password", "kafka_key_password", "mongo_uri", "mongo_password")
"""The settings that may come from a file: that of `kafka_password` is `kafka_password_file`."""


class SecretFileError(Exception):
    """A secret cannot be had; the text names the setting and says why."""


def with_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with each secret whose file is named.

    Raises:
        SecretFileError: a file cannot be read or is empty, or the secret itself is given as well.
    """
    found = dict(given)
    for name in SECRETS:
        file = found.get(f"{name}_file")
        if not file:
            continue
        setting = f"OMS_{name}".upper()
        if found.get(name):
            message = f"{setting} and {setting}_FILE are both given: leave one out"
            raise SecretFileError(message)
        found[name] = _secret_in(f"{setting}_FILE", str(file))
    return found


def _secret_in(setting: str, file: str) -> str:
    """What the file holds, without the line's end that editors add."""
    try:
        secret = Path(file).read_text().rstrip("\r\n")
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise SecretFileError(f"{setting} is {file!r}: {reason}") from error
    except UnicodeDecodeError as error:
        raise SecretFileError(f"{setting} is {file!r}: it holds no text in UTF-8") from error
    if not secret:
        raise SecretFileError(f"{setting} is {file!r}: the file is empty")
    return secret
