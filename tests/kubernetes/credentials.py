"""What an API server and its clients need to trust one another: certificates, tokens, kubeconfigs."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .process import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VALIDITY = datetime.timedelta(days=3650)


def _token() -> str:
    return secrets.token_urlsafe(24)


@dataclass
class Tokens:
    """Who may do what on a member: one token each, kept in the file the API server reads when it starts."""

    admin: str = field(default_factory=_token)
    viewer: str = field(default_factory=_token)
    harness: str = field(default_factory=_token)
    """For what belongs to the member itself, so that it goes on when the administrator's token is revoked."""

    def write(self, folder: Path) -> None:
        lines = [
            f'{self.admin},admin,admin,"system:masters"',
            f"{self.viewer},viewer,viewer",
            f'{self.harness},harness,harness,"system:masters"',
        ]
        write_private(folder / "tokens.csv", "\n".join(lines) + "\n")
        write_private(folder / "tokens.json", json.dumps(vars(self)))

    @classmethod
    def kept(cls, folder: Path) -> Tokens:
        """Those in the folder, or new ones."""
        path = folder / "tokens.json"
        if path.exists():
            return cls(**json.loads(path.read_text()))
        tokens = cls()
        tokens.write(folder)
        return tokens


def certify(folder: Path, name: str) -> str:
    """Make a certificate authority and the API server's certificate and keys, unless they are there; returns the CA.

    We make them rather than let the API server do so: elliptic keys take no time, and the server's own certificate
    names no key identifiers, which strict verifiers (Python 3.13's default) refuse.
    """
    authority = folder / "ca.crt"
    if not authority.exists():
        ca_key, server_key, service_account_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        ca_name = _name(f"polyhelm test CA of {name}")
        ca = _certificate(ca_name, ca_key.public_key(), ca_name, ca_key, _authority_extensions())
        server = _certificate(_name("kube-apiserver"), server_key.public_key(), ca_name, ca_key, _server_extensions())
        write_private(folder / "apiserver.crt", _pem(server))
        write_private(folder / "apiserver.key", _key_pem(server_key))
        write_private(folder / "service-account.key", _key_pem(service_account_key))
        write_private(authority, _pem(ca))
    return authority.read_text()


def kubeconfig(name: str, server: str, ca: str, user: str, token: str) -> str:
    """A kubeconfig that names no file."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(ca.encode()).decode()}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _authority_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_key_usage(digital_signature=False, key_cert_sign=True), True),
    ]


def _server_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    names = [x509.IPAddress(ipaddress.ip_address(HOST)), x509.DNSName("localhost")]
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(digital_signature=True, key_cert_sign=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(names), False),
    ]


def _key_usage(*, digital_signature: bool, key_cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """In the older of two formats: of elliptic keys the API server reads only that for service accounts."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def write_private(path: Path, text: str) -> None:
    """Write for the owner's eyes only, and whole or not at all."""
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    scratch.rename(path)
