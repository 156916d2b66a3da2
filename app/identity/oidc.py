"""OpenID Connect with one issuer: discovery and the authorization code flow with PKCE, state and nonce.

The claims are trusted only after the id token is verified: signature by a key of the issuer, issuer, audience, time and
nonce.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.core.settings import Settings
from app.identity.people import Grants, Person
from app.network import outgoing
from app.network.addresses import AddressRefusedError, Policies
from app.tables.identity import Source

log = structlog.get_logger()

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures with the issuer's private key only: neither with the shared secret nor without a signature."""
_ANSWER_SECONDS = 10.0
_KEPT_SECONDS = 3600.0  # lifetime of cached discovery documents and keys
_ASKED_AGAIN_SECONDS = 60.0  # minimum age of cached keys before they are fetched again for an unknown key
_LEEWAY_SECONDS = 60  # tolerated clock difference


class OidcError(Exception):
    """The issuer gave an invalid answer, or its claims cannot be verified. The message is for the log."""


@dataclass(frozen=True)
class Attempt:
    """One browser's attempt to sign in. Only that browser can finish it."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str

    @classmethod
    def new(cls, redirect_uri: str) -> "Attempt":
        return cls(secrets.token_urlsafe(), secrets.token_urlsafe(), secrets.token_urlsafe(48), redirect_uri)


class Issuer:
    """The issuer that the settings name."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer is not None
        self.name = settings.oidc_issuer
        self._settings = settings
        self._policy = Policies(settings.allowed).operator
        self._fetching = asyncio.Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._failed: dict[str, tuple[float, OidcError]] = {}

    @property
    def grants(self) -> Grants:
        return Grants(self._settings.oidc_roles, frozenset(self._settings.oidc_admins))

    async def address(self, attempt: Attempt) -> str:
        """Returns the address that a browser opens to sign in.

        Raises:
            OidcError: The issuer does not answer correctly.
        """
        endpoint = (await self._metadata())["authorization_endpoint"]
        async with self._client(attempt.redirect_uri) as client:
            address: str
            address, _ = client.create_authorization_url(
                endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return address

    async def person(self, attempt: Attempt, code: str) -> Person:
        """Exchanges the code that the issuer gave to the browser for the person.

        Raises:
            OidcError: The answer cannot be verified.
        """
        metadata = await self._metadata()
        async with self._client(attempt.redirect_uri) as client:
            token = await client.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=attempt.verifier,
                redirect_uri=attempt.redirect_uri,
            )
            claims = await self._token_claims(token, attempt)
            if self._settings.oidc_groups_claim not in claims and "userinfo_endpoint" in metadata:
                more = _json(await client.get(metadata["userinfo_endpoint"]))
                if more.get("sub") != claims["sub"]:
                    raise OidcError("the userinfo endpoint returned another subject")
                claims = {**more, **claims}
        return self._person(claims)

    def _person(self, claims: Mapping[str, Any]) -> Person:
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise OidcError("there is no subject")
        name = claims.get(self._settings.oidc_name_claim)
        if not isinstance(name, str):
            raise OidcError(f"there is no claim {self._settings.oidc_name_claim!r} to take a name from")
        groups = claims.get(self._settings.oidc_groups_claim, [])
        groups = [groups] if isinstance(groups, str) else groups
        if not isinstance(groups, list):
            raise OidcError(f"the claim {self._settings.oidc_groups_claim!r} is not a list")
        named = frozenset(group for group in groups if isinstance(group, str))
        return Person(Source.OIDC, self.name, claims["sub"], name, named)

    async def _token_claims(self, token: Mapping[str, Any], attempt: Attempt) -> Mapping[str, Any]:
        if not isinstance(token.get("id_token"), str):
            raise OidcError("there is no id token")
        decoded = await self._decoded(token["id_token"])
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": self.name},
                "aud": {"essential": True, "value": self._settings.oidc_client_id},
            },
            {
                "nonce": attempt.nonce,
                "client_id": self._settings.oidc_client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=_LEEWAY_SECONDS)
        return dict(claims)

    async def _decoded(self, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, await self._keys(), ALGORITHMS)
        except InvalidKeyIdError:  # the issuer may have a new key
            return jwt.decode(id_token, await self._keys(younger_than=_ASKED_AGAIN_SECONDS), ALGORITHMS)

    async def _metadata(self) -> dict[str, Any]:
        url = self.name.rstrip("/") + "/.well-known/openid-configuration"
        metadata = await self._fetched(url)
        if problem := self._problem(metadata):
            self._kept.pop(url, None)  # the next answer may be valid
            raise OidcError(f"discovery {problem}")
        return metadata

    def _problem(self, metadata: Mapping[str, Any]) -> str | None:
        if metadata.get("issuer") != self.name:
            return f"returned the issuer {metadata.get('issuer')!r}"
        scheme = urlsplit(self.name).scheme
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if urlsplit(str(metadata.get(name))).scheme not in ("https", scheme):
                return f"has no usable {name}"
        return None

    async def _keys(self, *, younger_than: float = _KEPT_SECONDS) -> KeySet:
        keys = await self._fetched((await self._metadata())["jwks_uri"], younger_than=younger_than)
        return KeySet.import_key_set(keys)  # type: ignore[arg-type]

    async def _fetched(self, url: str, *, younger_than: float = _KEPT_SECONDS) -> dict[str, Any]:
        """Returns the document at an address from the cache, or fetches it. Concurrent callers share one request."""
        began = time.monotonic()
        async with self._fetching:
            at, kept = self._kept.get(url, (0.0, None))
            if kept is not None and time.monotonic() - at <= younger_than:
                return kept
            at, failure = self._failed.get(url, (0.0, None))
            if failure is not None and at >= began:
                raise OidcError(str(failure)) from failure
            try:
                async with _as_oidc_errors(), outgoing.client(self._policy, timeout=_ANSWER_SECONDS) as client:
                    kept = _json(await client.get(url))
            except OidcError as error:
                self._failed[url] = (time.monotonic(), error)
                raise
            self._kept[url] = (time.monotonic(), kept)
            return kept

    @asynccontextmanager
    async def _client(self, redirect_uri: str) -> AsyncIterator[Any]:
        secret = self._settings.oidc_client_secret
        async with (
            _as_oidc_errors(),
            AsyncOAuth2Client(
                self._settings.oidc_client_id,
                secret.get_secret_value() if secret else None,
                scope=self._settings.oidc_scopes,
                redirect_uri=redirect_uri,
                code_challenge_method="S256",
                timeout=_ANSWER_SECONDS,
                transport=outgoing.Transport(self._policy),
                trust_env=False,
            ) as client,
        ):
            yield client


def _json(response: httpx2.Response) -> dict[str, Any]:
    response.raise_for_status()
    answer = response.json()
    if not isinstance(answer, dict):
        raise OidcError(f"{response.url} is not a JSON object")
    return answer


@asynccontextmanager
async def _as_oidc_errors() -> AsyncIterator[None]:
    try:
        yield
    except (AuthlibBaseError, JoseError, httpx2.HTTPError, AddressRefusedError, ValueError) as error:
        raise OidcError(f"{type(error).__name__}: {error}") from error
