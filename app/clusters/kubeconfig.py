"""Reads kubeconfigs from users: only allowed fields are used.

A kubeconfig can run programs (`exec`), read files (`tokenFile`, `client-key`) and send requests elsewhere
(`proxy-url`). A server must not do any of that on behalf of a user, so the kubeconfig itself is not used: Polyhelm
reads an https server, its CA, and a token or a client certificate with its key, all of them inline, and stores these.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.clusters.codes import ClusterCode
from app.core.errors import ValidationFailed, invalid
from app.yaml.reading import YamlError, read

MAX_BYTES = 256 * 1024
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")

_REFUSED_USER_FIELDS = {
    "exec": (
        ClusterCode.KUBECONFIG_EXEC,
        "runs a program on the server to get credentials; use the token of a service account instead",
    ),
    "auth-provider": (
        ClusterCode.KUBECONFIG_AUTH_PROVIDER,
        "needs a plugin; use the token of a service account instead",
    ),
    "tokenFile": (ClusterCode.KUBECONFIG_TOKENFILE, "names a file; give the token itself as `token`"),
    "client-certificate": (
        ClusterCode.KUBECONFIG_CLIENT_CERTIFICATE,
        "names a file; give its content as `client-certificate-data`",
    ),
    "client-key": (ClusterCode.KUBECONFIG_CLIENT_KEY, "names a file; give its content as `client-key-data`"),
    "username": (
        ClusterCode.KUBECONFIG_USERNAME,
        "is basic authentication, which Kubernetes has removed; use a token",
    ),
    "password": (
        ClusterCode.KUBECONFIG_PASSWORD,
        "is basic authentication, which Kubernetes has removed; use a token",
    ),
    "as": (ClusterCode.KUBECONFIG_AS, "impersonates another user; give credentials of that user"),
    "as-uid": (ClusterCode.KUBECONFIG_AS_UID, "impersonates another user; give credentials of that user"),
    "as-groups": (ClusterCode.KUBECONFIG_AS_GROUPS, "impersonates another user; give credentials of that user"),
    "as-user-extra": (ClusterCode.KUBECONFIG_AS_USER_EXTRA, "impersonates another user; give credentials of that user"),
}
_REFUSED_CLUSTER_FIELDS = {
    "certificate-authority": (
        ClusterCode.KUBECONFIG_CERTIFICATE_AUTHORITY,
        "names a file; give its content as `certificate-authority-data`",
    ),
    "proxy-url": (ClusterCode.KUBECONFIG_PROXY_URL, "sends requests through a proxy; Polyhelm connects directly"),
    "tls-server-name": (
        ClusterCode.KUBECONFIG_TLS_SERVER_NAME,
        "is not supported; give a server name that the certificate is for",
    ),
    "insecure-skip-tls-verify": (
        ClusterCode.KUBECONFIG_INSECURE_SKIP_TLS_VERIFY,
        "turns off the check of the server's certificate; give `certificate-authority-data`",
    ),
}
_USER_FIELDS = {"token", "client-certificate-data", "client-key-data"}
_PEM_FIELDS = {
    "certificate-authority-data": ClusterCode.KUBECONFIG_CERTIFICATE_AUTHORITY_DATA,
    "client-certificate-data": ClusterCode.KUBECONFIG_CLIENT_CERTIFICATE_DATA,
    "client-key-data": ClusterCode.KUBECONFIG_CLIENT_KEY_DATA,
}
_CLUSTER_FIELDS = {"server", "certificate-authority-data", "extensions", "disable-compression"}


@dataclass(frozen=True)
class Access:
    """How a member is reached. `ca`, `certificate` and `key` are PEM; without a `ca` the system's are trusted."""

    server: str
    ca: str | None
    token: str | None
    certificate: str | None
    key: str | None

    def __repr__(self) -> str:
        return f"Access({self.server!r})"  # nothing else may end up in a log

    @property
    def port(self) -> int:
        """The TCP port of the API server."""
        return urlsplit(self.server).port or 443

    def to_json(self) -> bytes:
        return orjson.dumps(vars(self))

    @classmethod
    def from_json(cls, data: bytes) -> "Access":
        return cls(**orjson.loads(data))


def read_kubeconfig(text: str, context: str | None = None) -> Access:
    """Reads one context of a kubeconfig, the current one where none is named.

    Raises:
        ValidationFailed: says which field is wrong and what to give instead; no message quotes a credential.
    """
    document = _parse(text)
    name = context or document.get("current-context")
    if not name or not isinstance(name, str):
        message = "The kubeconfig has no `current-context`. Set it, or choose a `context` (--kube-context)."
        raise _wrong(ClusterCode.KUBECONFIG_CONTEXT, message)
    chosen = _entry(document, "contexts", name, "context", ClusterCode.KUBECONFIG_CONTEXT)
    cluster = _entry(document, "clusters", chosen.get("cluster"), "cluster", ClusterCode.KUBECONFIG_CLUSTER)
    user = _entry(document, "users", chosen.get("user"), "user", ClusterCode.KUBECONFIG_USER)
    _refuse(cluster, _REFUSED_CLUSTER_FIELDS, _CLUSTER_FIELDS, "cluster")
    _refuse(user, _REFUSED_USER_FIELDS, _USER_FIELDS, "user")
    return Access(
        server=_server(cluster.get("server")),
        ca=_certificates(cluster.get("certificate-authority-data"), "certificate-authority-data"),
        **_credentials(user),
    )


def _parse(text: str) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise _wrong(ClusterCode.KUBECONFIG_TOO_LARGE, f"A kubeconfig has at most {MAX_BYTES // 1024} KiB.")
    try:
        document = read(text, strict=True)
    except YamlError:
        message = "The kubeconfig is not valid YAML, or has aliases, or a key twice in one map."
        raise _wrong(ClusterCode.KUBECONFIG_MALFORMED, message) from None
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise _wrong(ClusterCode.KUBECONFIG_MALFORMED, "This is not a kubeconfig: its `kind` must be `Config`.")
    return document


def _entry(document: dict[str, Any], section: str, name: object, field: str, code: ClusterCode) -> dict[str, Any]:
    entries = document.get(section)
    found = [
        entry[field]
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(field), dict)
    ]
    if len(found) != 1:
        number = "more than one" if found else "no"
        message = f"The kubeconfig has {number} {field} named {str(name)[:100]!r} under `{section}`."
        raise _wrong(code, message)
    return dict(found[0])


def _refuse(entry: dict[str, Any], refused: dict[str, tuple[ClusterCode, str]], known: set[str], what: str) -> None:
    for field, value in entry.items():
        if field in refused:
            if value in (False, None, ""):  # as in `insecure-skip-tls-verify: false`
                continue
            code, words = refused[field]
            raise _wrong(code, f"`{field}` of the {what} {words}.")
        if field not in known:
            raise _wrong(
                ClusterCode.KUBECONFIG_UNKNOWN_FIELD, f"`{str(field)[:100]}` of the {what} is not supported: remove it."
            )


def _server(server: object) -> str:
    if not isinstance(server, str):
        raise _wrong(ClusterCode.KUBECONFIG_SERVER, "The cluster has no `server`.")
    try:
        url = urlsplit(server)
        port_is_valid = url.port is None or 0 < url.port < 65536
    except ValueError:
        raise _wrong(ClusterCode.KUBECONFIG_SERVER, "The cluster's `server` is not a URL.") from None
    if url.scheme != "https":
        raise _wrong(ClusterCode.KUBECONFIG_SERVER_NOT_HTTPS, "The cluster's `server` must be an https:// address.")
    if not url.hostname or not port_is_valid or url.username or url.password or url.query or url.fragment:
        raise _wrong(
            ClusterCode.KUBECONFIG_SERVER,
            "The cluster's `server` must be plain: https://host:port, and a path at most.",
        )
    if re.search(r"[\s\x00-\x1f\\@?#]", server):
        raise _wrong(
            ClusterCode.KUBECONFIG_SERVER, "The cluster's `server` contains characters that are not allowed in a URL."
        )
    return server.rstrip("/")


def _credentials(user: dict[str, Any]) -> dict[str, str | None]:
    token, certificate, key = (user.get(f) for f in ("token", "client-certificate-data", "client-key-data"))
    if token:
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise _wrong(ClusterCode.KUBECONFIG_TOKEN, "The user's `token` must be one line of printable ASCII.")
        return {"token": token, "certificate": None, "key": None}
    if not certificate or not key:
        raise _wrong(
            ClusterCode.KUBECONFIG_NO_CREDENTIALS,
            "The user has no inline credentials: give `token`, or `client-certificate-data` with `client-key-data`.",
        )
    pem = _decode(key, "client-key-data")
    try:
        load_pem_private_key(pem.encode(), password=None)
    except Exception:  # cryptography raises many kinds, and none of them may be quoted
        raise _wrong(
            ClusterCode.KUBECONFIG_CLIENT_KEY_DATA, "`client-key-data` must be an unencrypted PEM key in base64."
        ) from None
    return {"token": None, "certificate": _certificates(certificate, "client-certificate-data"), "key": pem}


def _certificates(encoded: object, field: str) -> str | None:
    if encoded in (None, ""):
        return None
    # As Go reads it: what stands around the certificates (a subject, a comment, in any encoding) is left out.
    pem = "".join(f"{block}\n" for block in _CERTIFICATE.findall(_decode(encoded, field, "latin-1")))
    try:
        x509.load_pem_x509_certificates(pem.encode("ascii"))
    except Exception:
        raise _wrong(_PEM_FIELDS[field], f"`{field}` must be a PEM certificate in base64.") from None
    return pem


def _decode(encoded: object, field: str, encoding: str = "ascii") -> str:
    try:
        if not isinstance(encoded, str):
            raise TypeError
        return base64.b64decode("".join(encoded.split()), validate=True).decode(encoding)
    except (TypeError, binascii.Error, UnicodeDecodeError):
        raise _wrong(_PEM_FIELDS[field], f"`{field}` must be PEM in base64.") from None


def _wrong(code: ClusterCode, message: str) -> ValidationFailed:
    return invalid(code, message, "kubeconfig")
