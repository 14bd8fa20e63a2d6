"""Addresses are shown without passwords, and a list of brokers is judged before it is used."""

from __future__ import annotations

import pytest

from workers.cli.addresses import bootstrap_fault, hidden_secrets, mongo_hosts


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://localhost:27017/?replicaSet=rs0", "mongodb://localhost:27017/?replicaSet=rs0"),
        ("mongodb://me:secret@a:1,b:2/db", "mongodb://me:***@a:1,b:2/db"),
        ("mongodb+srv://me:s%40cret@a.example/", "mongodb+srv://me:***@a.example/"),
        ("mongodb://me:se@cr/et:x@a/", "mongodb://me:***@a/"),
        ("mongodb://me@a/", "mongodb://me@a/"),
        ("mongodb://a/?tls=true&tlsCertificateKeyFilePassword=p&w=1", None),
        ("mongodb://a/?authMechanismProperties=AWS_SESSION_TOKEN:p", None),
        ("mngodb://me:secret@a", "mngodb://me:***@a"),
    ],
)
def test_no_secret_is_shown(uri: str, shown: str | None) -> None:
    """A password, wherever it stands and however it is written, becomes asterisks."""
    hidden = hidden_secrets(uri)
    assert "secret" not in hidden
    assert "cr" not in hidden.replace("secret", "")
    assert shown in {None, hidden}
    if shown is None:
        assert "***" in hidden
        assert "=p" not in hidden
        assert ":p" not in hidden


@pytest.mark.parametrize(
    ("uri", "hosts"),
    [
        ("mongodb://localhost:27017/?replicaSet=rs0", "localhost:27017"),
        ("mongodb://me:p@ss@a:1,b:2/db", "a:1,b:2"),
        ("mongodb://a", "a"),
        ("nonsense", "nonsense"),
    ],
)
def test_the_hosts_of_a_connection_string(uri: str, hosts: str) -> None:
    """Only hosts and ports are left of a connection string."""
    assert mongo_hosts(uri) == hosts


@pytest.mark.parametrize(
    "bootstrap", ["localhost:9092", "a:1, b:2", "[::1]:9092", "10.0.0.1:65535"]
)
def test_a_list_of_brokers(bootstrap: str) -> None:
    """host:port, one or several, IPv6 in brackets."""
    assert bootstrap_fault(bootstrap) is None


@pytest.mark.parametrize("bootstrap", ["", "localhost", "a:1,", "a:b", "http://a:1", "a:1 b:2"])
def test_what_is_no_list_of_brokers(bootstrap: str) -> None:
    """Anything else is told what it should be."""
    assert "host:port" in (bootstrap_fault(bootstrap) or "")
