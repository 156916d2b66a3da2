"""An issuer of OpenID Connect, on authlib's server side: discovery, keys, codes with PKCE, id tokens, userinfo.

It conforms, unless a test has it do otherwise: `spoilt` has other claims for id tokens, `signs_with` another key.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeGrant, AuthorizationCodeMixin, ClientMixin
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "polyhelm", "a-secret-shared-with-the-issuer"
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})

logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs each request


@dataclass
class Client(ClientMixin):  # type: ignore[misc]
    redirect_uri: str

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    code: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    user: dict[str, Any]

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class Issuer:
    """`user` has the claims of whoever signs in next: nobody has to type anything."""

    url: str = ""
    client: Client = field(default_factory=lambda: Client("http://polyhelm/auth/oidc/back"))
    user: dict[str, Any] = field(default_factory=lambda: {"sub": "1", "preferred_username": "Carol"})
    userinfo: dict[str, Any] = field(default_factory=dict)
    spoilt: dict[str, Any] = field(default_factory=dict)
    signs_with: RSAKey = field(default_factory=lambda: KEY)
    publishes: list[RSAKey] = field(default_factory=lambda: [KEY])
    discovered: dict[str, Any] = field(default_factory=dict)
    refuses: bool = False
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def app_of(issuer: Issuer) -> Flask:
    app = Flask("issuer")

    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, asked: Any) -> None:
            data = asked.payload.data
            issuer.codes[code] = Code(
                code,
                asked.payload.redirect_uri,
                asked.payload.scope,
                data.get("nonce"),
                data["code_challenge"],
                data["code_challenge_method"],
                dict(issuer.user),
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return issuer.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del issuer.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
            return authorization_code.user

    class OpenId(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, asked: Any) -> bool:
            return False

        def get_client_algorithm(self, client: Client) -> str:
            return "RS256"

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            return {"iss": issuer.url, "aud": [CLIENT_ID]}

        def resolve_client_private_key(self, client: Client) -> RSAKey:
            return issuer.signs_with

        def get_encode_header(self, client: Client) -> dict[str, Any]:
            return {"alg": "RS256", "kid": issuer.signs_with.kid}

        def generate_user_info(self, user: dict[str, Any], scope: str) -> dict[str, Any]:
            return user | issuer.spoilt

    def save_token(token: dict[str, Any], asked: Any) -> None:
        issuer.tokens[token["access_token"]] = asked.user

    server = AuthorizationServer(app, lambda client_id: issuer.client if client_id == CLIENT_ID else None, save_token)
    server.register_grant(Grant, [OpenId(require_nonce=True), CodeChallenge(required=True)])

    @app.before_request
    def note() -> None:
        issuer.asked.append(request.path)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(
            {
                "issuer": issuer.url,
                "authorization_endpoint": f"{issuer.url}/authorize",
                "token_endpoint": f"{issuer.url}/token",
                "jwks_uri": f"{issuer.url}/keys",
                "userinfo_endpoint": f"{issuer.url}/userinfo",
                **issuer.discovered,
            }
        )

    @app.get("/keys")
    def keys() -> Response:
        return jsonify({"keys": [key.as_dict(private=False) for key in issuer.publishes]})

    @app.get("/authorize")
    def authorize() -> Response:
        grant = server.get_consent_grant(end_user=issuer.user)
        answer: Response = server.create_authorization_response(
            grant_user=None if issuer.refuses else issuer.user, grant=grant
        )
        return answer

    @app.post("/token")
    def token() -> Response:
        answer: Response = server.create_token_response()
        return answer

    @app.get("/userinfo")
    def userinfo() -> Response:
        user = issuer.tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        return jsonify({"sub": user["sub"], **issuer.userinfo})

    return app


@contextmanager
def issuing() -> Iterator[Issuer]:
    issuer = Issuer()
    server = make_server("127.0.0.1", 0, app_of(issuer), threaded=True)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
