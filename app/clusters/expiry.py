"""Reads the expiry of credentials from the credentials themselves, without a request or a check of signatures."""

import base64
import binascii
from datetime import UTC, datetime

import orjson
from cryptography import x509

from app.clusters.kubeconfig import Access


def expires_at(access: Access) -> datetime | None:
    """When a token (a JWT) or a client certificate expires; None if it never expires, or has no readable expiry."""
    if access.certificate:
        return min(found.not_valid_after_utc for found in x509.load_pem_x509_certificates(access.certificate.encode()))
    return _end_of(access.token or "")


def _end_of(token: str) -> datetime | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
