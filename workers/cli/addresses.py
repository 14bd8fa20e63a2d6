"""Addresses for people to read: without passwords."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"
"""What stands for a secret."""

_PASSWORD: Final = re.compile(r"(?<=://)([^:@]*):.*@")
_SECRET_OPTIONS: Final = re.compile(
    r"((?:^|[?&])(?:tlsCertificateKeyFilePassword|authMechanismProperties)=)[^&]*", re.IGNORECASE
)
_BROKER: Final = re.compile(r"\s*(?:[^\s:/,\[\]]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}\s*")
_HOSTS: Final = re.compile(r"^mongodb(?:\+srv)?://(?:.*@)?([^/?]+)")


def hidden_secrets(uri: str) -> str:
    """The connection string with its passwords replaced by asterisks."""
    return _SECRET_OPTIONS.sub(rf"\1{HIDDEN}", _PASSWORD.sub(rf"\1:{HIDDEN}@", uri))


def mongo_hosts(uri: str) -> str:
    """The hosts of a MongoDB connection string; the string without secrets if there are none."""
    found = _HOSTS.match(uri)
    return found[1] if found else hidden_secrets(uri)


def bootstrap_fault(bootstrap: str) -> str | None:
    """What is wrong with a list of brokers; None if it can be used."""
    if all(_BROKER.fullmatch(broker) for broker in bootstrap.split(",")):
        return None
    return "it should be host:port, or several of them separated by commas"
