"""When credentials expire, read from themselves: nobody has to be asked, and no signature matters for it."""

import base64
import binascii
from datetime import UTC, datetime

import orjson
from cryptography import x509

from app.clusters.kubeconfig import Access


def expires_at(access: Access) -> datetime | None:
    """When a token (a JWT) or a client certificate expires; None where it never does, or does not say."""
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
