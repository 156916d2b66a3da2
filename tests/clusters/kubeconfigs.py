"""Kubeconfigs for tests, made as an administrator would."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKEN = "s3cr3t-token-of-the-tests"


def _pair() -> tuple[str, str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )

    def pem(encryption: serialization.KeySerializationEncryption) -> str:
        encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        return encoded.decode()

    return (
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        pem(serialization.NoEncryption()),
        pem(serialization.BestAvailableEncryption(b"word")),
    )


CERTIFICATE, KEY, ENCRYPTED_KEY = _pair()


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def document(cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> dict[str, Any]:
    """A good one, in which the cluster or the user can be another."""
    good = {"server": "https://paris.example:6443", "certificate-authority-data": b64(CERTIFICATE)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "paris", "cluster": good if cluster is None else cluster}],
        "users": [{"name": "admin", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": "main", "context": {"cluster": "paris", "user": "admin"}}],
        "current-context": "main",
    }


def text(changed: Callable[[dict[str, Any]], object] | None = None) -> str:
    """A good one as YAML, once `changed` was done to it."""
    made = document()
    if changed:
        changed(made)
    return yaml.safe_dump(made)


def with_cluster(**fields: Any) -> str:
    """A good one with more or other fields in its cluster; `_` stands for `-`, None takes a field away."""
    return text(lambda made: _change(made["clusters"][0]["cluster"], fields))


def with_user(**fields: Any) -> str:
    """The same for its user."""
    return text(lambda made: _change(made["users"][0]["user"], fields))


def _change(entry: dict[str, Any], fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        name = name.strip("_").replace("_", "-")
        if value is None:
            entry.pop(name, None)
        else:
            entry[name] = value
