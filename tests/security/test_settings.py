"""Settings of connections: what cannot work together is refused, and no secret is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.command_line import CommandLine
from tests.security.certificates import KEY_PASSWORD, Certificates
from workers.security.connection_settings import SecurityProtocol
from workers.settings import Settings
from workers.stream.connection import client_arguments

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "tell-nobody"  # noqa: S105 - looked for in whatever is printed
LOGIN = {"OMS_KAFKA_USERNAME": "me", "OMS_KAFKA_PASSWORD": SECRET}
SASL = {**LOGIN, "OMS_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}
URI = "mongodb://localhost/?replicaSet=rs0"


@pytest.fixture(name="certificates", scope="module")
def make_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority."""
    return Certificates.in_folder(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(name="file")
def write_secret(tmp_path: Path) -> str:
    """A file that holds the secret, and a line's end as editors add it."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    return str(file)


REFUSED = {
    "a login that is not sent": (LOGIN, "PLAINTEXT, which has no login"),
    "TLS alone sends no login": (
        {**LOGIN, "OMS_KAFKA_SECURITY_PROTOCOL": "SSL"},
        "SSL, which has no login",
    ),
    "no password": (
        {**SASL, "OMS_KAFKA_PASSWORD": ""},
        "it needs OMS_KAFKA_USERNAME, and OMS_KAFKA_PASSWORD",
    ),
    "no user": ({**SASL, "OMS_KAFKA_USERNAME": ""}, "it needs OMS_KAFKA_USERNAME"),
    "a certificate without encryption": (
        {**SASL, "OMS_KAFKA_CA_FILE": __file__},
        "SASL_PLAINTEXT, which is not encrypted",
    ),
    "a key without its certificate": (
        {"OMS_KAFKA_SECURITY_PROTOCOL": "SSL", "OMS_KAFKA_KEY_FILE": __file__},
        "without its certificate: set OMS_KAFKA_CERTIFICATE_FILE",
    ),
    "no certificate in the file": (
        {"OMS_KAFKA_SECURITY_PROTOCOL": "SSL", "OMS_KAFKA_CA_FILE": __file__},
        "holds no certificate in PEM form",
    ),
    "no certificate of ours in the file": (
        {"OMS_KAFKA_SECURITY_PROTOCOL": "SSL", "OMS_KAFKA_CERTIFICATE_FILE": __file__},
        "should hold a certificate and its key",
    ),
    "a file that is not there": (
        {"OMS_KAFKA_SECURITY_PROTOCOL": "SSL", "OMS_KAFKA_CA_FILE": "/nowhere"},
        "OMS_KAFKA_CA_FILE is '/nowhere': no such file or directory",
    ),
    "a protocol that there is not": (
        {"OMS_KAFKA_SECURITY_PROTOCOL": "TLS"},
        "should be 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL'",
    ),
    "a mechanism that there is not": (
        {**SASL, "OMS_KAFKA_SASL_MECHANISM": "GSSAPI"},
        "should be 'PLAIN', 'SCRAM-SHA-256' or 'SCRAM-SHA-512'",
    ),
    "two users of MongoDB": (
        {
            "OMS_MONGO_URI": f"mongodb://me:{SECRET}@localhost/",
            "OMS_MONGO_USERNAME": "you",
            "OMS_MONGO_PASSWORD": SECRET,
        },
        "OMS_MONGO_URI holds a user name already",
    ),
    "a user of MongoDB without a password": (
        {"OMS_MONGO_URI": URI, "OMS_MONGO_USERNAME": "me"},
        "OMS_MONGO_USERNAME is given without OMS_MONGO_PASSWORD",
    ),
    "a password of MongoDB without a user": (
        {"OMS_MONGO_URI": URI, "OMS_MONGO_PASSWORD": SECRET},
        "OMS_MONGO_PASSWORD is given without OMS_MONGO_USERNAME",
    ),
    "TLS to MongoDB on and off": (
        {"OMS_MONGO_URI": f"{URI}&tls=false", "OMS_MONGO_CA_FILE": __file__},
        "OMS_MONGO_URI turns TLS off",
    ),
    "no certificate for MongoDB": (
        {"OMS_MONGO_URI": URI, "OMS_MONGO_CA_FILE": __file__},
        "OMS_MONGO_CA_FILE cannot be used",
    ),
}


@pytest.mark.parametrize(("given", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_together_is_refused(given: dict[str, str], words: str) -> None:
    """One sentence that names the settings, before anything connects, without the secret."""
    ended = CommandLine(given)("worker", "orders")
    assert ended.exit_code == 1
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert SECRET not in ended.stderr


def test_a_key_whose_password_is_wrong_is_refused(certificates: Certificates) -> None:
    """Nobody is asked at the terminal, and the password is not told."""
    files = certificates.user("me")
    given = {
        "OMS_KAFKA_SECURITY_PROTOCOL": "SSL",
        "OMS_KAFKA_CERTIFICATE_FILE": str(files.certificate),
        "OMS_KAFKA_KEY_FILE": str(files.key),
    }
    right = CommandLine({**given, "OMS_KAFKA_KEY_PASSWORD": KEY_PASSWORD})("config")
    assert right.exit_code == 0
    for password in ("", SECRET):
        ended = CommandLine({**given, "OMS_KAFKA_KEY_PASSWORD": password})("config")
        assert "the password should fit" in ended.stderr
        assert SECRET not in ended.stderr


@pytest.mark.parametrize(
    ("setting", "others"),
    [
        (
            "OMS_KAFKA_PASSWORD",
            {"OMS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "OMS_KAFKA_USERNAME": "me"},
        ),
        ("OMS_MONGO_PASSWORD", {"OMS_MONGO_USERNAME": "me"}),
        ("OMS_MONGO_URI", {}),
    ],
)
def test_a_secret_may_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, file: str, setting: str, others: dict[str, str]
) -> None:
    """Its value is what the file holds, without the end of the line."""
    for name, value in {**others, f"{setting}_FILE": file}.items():
        monkeypatch.setenv(name, value)
    found = getattr(Settings(), setting.removeprefix("OMS_").lower())
    assert (found if isinstance(found, str) else found.get_secret_value()) == SECRET


def test_a_secret_that_is_given_twice_is_refused(file: str) -> None:
    """Nobody has to guess which of the two holds."""
    ended = CommandLine({**SASL, "OMS_KAFKA_PASSWORD_FILE": file})("config")
    assert "OMS_KAFKA_PASSWORD and OMS_KAFKA_PASSWORD_FILE are both given" in ended.stderr
    assert SECRET not in ended.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "the file is empty"), (b"\n", "the file is empty"), (b"\xff", "no text in UTF-8")],
)
def test_a_file_without_a_secret_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """The setting, the file and what is wrong with it are told."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    ended = CommandLine({"OMS_MONGO_URI_FILE": str(file)})("config")
    assert f"OMS_MONGO_URI_FILE is '{file}'" in ended.stderr
    assert words in ended.stderr


def test_the_command_line_hides_every_secret(certificates: Certificates) -> None:
    """`oms config` shows that there is a secret, and not which; neither does a settings object."""
    files = certificates.user("me")
    given = {
        **SASL,
        "OMS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "OMS_KAFKA_CERTIFICATE_FILE": str(files.certificate),
        "OMS_KAFKA_KEY_FILE": str(files.key),
        "OMS_KAFKA_KEY_PASSWORD": KEY_PASSWORD,
        "OMS_MONGO_URI": URI,
        "OMS_MONGO_USERNAME": "me",
        "OMS_MONGO_PASSWORD": SECRET,
    }
    shown = CommandLine(given)("config", "--json")
    told = shown.stdout + CommandLine(given)("config").stdout
    assert SECRET not in told
    assert KEY_PASSWORD not in told
    hidden = {setting["name"] for setting in shown.json if setting["value"] == "***"}
    assert hidden == {"OMS_KAFKA_PASSWORD", "OMS_KAFKA_KEY_PASSWORD", "OMS_MONGO_PASSWORD"}


def test_settings_can_be_shown_without_their_secrets() -> None:
    """Whoever logs the settings, or an error about them, tells no secret."""
    settings = Settings(mongo_uri=f"mongodb://me:{SECRET}@localhost/?replicaSet=rs0")
    assert SECRET not in repr(settings)
    with pytest.raises(ValueError, match="holds a user name already") as refused:
        Settings(mongo_uri=settings.mongo_uri, mongo_username="you")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "uri",
    [
        f"mongodb://me:{SECRET}/x@localhost/",
        f"mongodb://me:{SECRET}:1@localhost/",
        f"mongodb://me:1/{SECRET}@localhost/",
        f"mongodb://me:1?{SECRET}=1@localhost/",
        f"mongodb://m/e:{SECRET}@localhost/",
        f"mngodb://me:{SECRET}@localhost/",
    ],
)
@pytest.mark.parametrize("verb", ["seed", "doctor", "config"])
def test_a_connection_string_that_is_not_escaped_tells_no_password(uri: str, verb: str) -> None:
    """What a driver takes for hosts or options may be a piece of a password."""
    ended = CommandLine({"OMS_MONGO_URI": uri, "OMS_KAFKA_BOOTSTRAP": "127.0.0.1:1"})(verb)
    assert SECRET not in ended.stdout + ended.stderr


@pytest.mark.parametrize("protocol", SecurityProtocol)
def test_a_connection_is_as_secure_as_its_protocol_says(protocol: SecurityProtocol) -> None:
    """TLS always verifies certificate and host name; a login is there where it belongs."""
    login = {"kafka_username": "me", "kafka_password": SECRET} if protocol.has_login else {}
    settings = Settings.model_validate({"kafka_security_protocol": protocol, **login})
    arguments = client_arguments(settings)
    assert arguments["security_protocol"] == protocol.value
    assert arguments.get("sasl_plain_password") == (SECRET if protocol.has_login else None)
    context = arguments.get("ssl_context")
    assert (context is not None) == protocol.is_encrypted
    if context is not None:
        assert context.check_hostname
        assert context.verify_mode.name == "CERT_REQUIRED"
