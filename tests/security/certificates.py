"""Certificates for tests: an authority, the servers' certificate, and one for each user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from pathlib import Path

KEY_PASSWORD: Final = "secret-of-the-key"  # noqa: S105 - of a key that lives as long as a test


@dataclass(frozen=True, slots=True)
class UserFiles:
    """The certificate of a user, and its key, which `KEY_PASSWORD` opens."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM form, all signed by one authority."""

    folder: Path
    authority: trustme.CA

    @classmethod
    def in_folder(cls, folder: Path) -> Certificates:
        """With an authority of its own."""
        made = cls(folder, trustme.CA())
        made.authority.cert_pem.write_to_path(made.authorities)
        return made

    @property
    def authorities(self) -> Path:
        """The authority's own certificate."""
        return self.folder / "authorities.pem"

    def server(self) -> Path:
        """Certificate and key, as PKCS #8, of servers on this machine."""
        made = self.authority.issue_cert("127.0.0.1", "localhost")
        file = self.folder / "server.pem"
        chain = b"".join(blob.bytes() for blob in made.cert_chain_pems)
        file.write_bytes(_pkcs8(made, None) + chain)
        return file

    def user(self, name: str) -> UserFiles:
        """Certificate and encrypted key of a user of this name."""
        made = self.authority.issue_cert(f"{name}.example", common_name=name)
        files = UserFiles(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        made.cert_chain_pems[0].write_to_path(files.certificate)
        files.key.write_bytes(_pkcs8(made, KEY_PASSWORD))
        return files


def _pkcs8(made: trustme.LeafCert, password: str | None) -> bytes:
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    protection = NoEncryption() if password is None else BestAvailableEncryption(password.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
