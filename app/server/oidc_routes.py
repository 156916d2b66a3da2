"""The routes that redirect browsers to an OpenID Connect issuer, and that receive them afterwards."""

import base64
import hmac
import time
from dataclasses import asdict
from urllib.parse import urlencode

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.admission import requests as admission
from app.admission.refusal import Refusal
from app.core.encryption import KeyRing, KeyRingError, Sealed
from app.core.errors import UserError
from app.core.origin import plain, set_sign_in_method
from app.fleet.services import AllServices
from app.identity import cookies
from app.identity.attempts import count_unnamed_attempt
from app.identity.codes import IdentityCode
from app.identity.external import adopt
from app.identity.oidc import Attempt, Issuer, OidcError
from app.identity.sign_in import admit
from app.registers.register import ErrorCode
from app.tables.identity import Method

log = structlog.get_logger()

START, BACK = "/auth/oidc/start", "/auth/oidc/back"
_ATTEMPT_SECONDS = 600
_BOUND_TO = "oidc:attempt"


def oidc_routes(services: AllServices) -> list[BaseRoute]:
    """Returns no routes if the settings name no issuer."""
    if services.settings.oidc_issuer is None:
        return []
    routes = _Routes(services, Issuer(services.settings))
    return [Route(START, routes.start), Route(BACK, routes.back)]


class _Routes:
    def __init__(self, services: AllServices, issuer: Issuer) -> None:
        self._services = services
        self._settings = services.settings
        self._issuer = issuer

    async def start(self, request: Request) -> Response:
        """Redirects to the issuer, with the attempt in a cookie."""
        attempt = Attempt.new(cookies.own_address(self._settings, request) + BACK)
        to = local_path(request.query_params.get("to", "/"))
        try:
            await admission.admit(self._services, None, request)
            response = RedirectResponse(await self._issuer.address(attempt), 303)
        except Refusal as refusal:
            return self._failed(request, to, refusal.code, refusal.reason)
        except OidcError as error:
            return self._failed(request, to, IdentityCode.OIDC_UNREACHABLE, error)
        sealed = _seal(self._services.key_ring, attempt, to)
        cookies.set_attempt(self._settings, request, response, sealed, _ATTEMPT_SECONDS)
        return response

    async def back(self, request: Request) -> Response:
        """Ends the attempt in any case: its cookie is valid for one callback."""
        response = await self._finish(request)
        cookies.clear_attempt(self._settings, request, response)
        return response

    async def _finish(self, request: Request) -> Response:
        try:
            await count_unnamed_attempt(self._services, cookies.browser_of(self._settings, request).address)
        except UserError as error:
            return self._failed(request, "/", error.code, error)
        kept = _opened(self._services.key_ring, cookies.attempt_of(self._settings, request))
        given = request.query_params
        if kept is None or not hmac.compare_digest(given.get("state", "").encode(), kept[0].state.encode()):
            reason = "the browser has started no such attempt, or too long ago"
            return self._failed(request, "/", IdentityCode.OIDC_EXPIRED, reason)
        attempt, to = kept
        if "error" in given or "code" not in given:
            return self._failed(request, to, IdentityCode.OIDC_REFUSED, given.get("error", "no code"))
        if given.get("iss", self._issuer.name) != self._issuer.name:
            return self._failed(request, to, IdentityCode.OIDC_FAILED, "the answer is from another issuer")
        return await self._sign_in(request, attempt, to, given["code"])

    async def _sign_in(self, request: Request, attempt: Attempt, to: str, code: str) -> Response:
        """Signs in the person that the issuer names in exchange for the code."""
        try:
            person = await self._issuer.person(attempt, code)
            set_sign_in_method(Method.OIDC)
            user = await adopt(self._services, person, self._issuer.grants)
            browser = cookies.browser_of(self._settings, request)
            signed_in = await admit(self._services, user, Method.OIDC, browser)
        except OidcError as error:
            return self._failed(request, to, IdentityCode.OIDC_FAILED, error)
        except UserError as error:
            return self._failed(request, to, error.code, error)
        response = RedirectResponse(to, 303)
        cookies.set_session(self._settings, request, response, signed_in.secret, self._settings.session_lifetime)
        return response

    def _failed(self, request: Request, to: str, code: ErrorCode, error: object) -> Response:
        """Redirects to the page that explains the code."""
        log.warning("oidc.failed", code=code, error=plain(str(error)))
        address = cookies.browser_of(self._settings, request).address
        self._services.anonymous_attempts.note("sign-in with OpenID Connect", code, address)
        return RedirectResponse(f"/?{urlencode({'problem': code, 'to': to})}", 303)


def local_path(to: str) -> str:
    """Returns a path of Polyhelm's pages as it is given, or `/` for any other input."""
    is_path = to.startswith("/") and not to.startswith("//")
    # Browsers treat a backslash as a slash, and ignore characters that are not printable.
    is_plain = to.isascii() and to.isprintable() and "\\" not in to
    return to if is_path and is_plain else "/"


def _seal(ring: KeyRing, attempt: Attempt, to: str) -> str:
    sealed = ring.seal(orjson.dumps([asdict(attempt), to, time.time()]), _BOUND_TO)
    return f"{sealed.key_id}.{base64.urlsafe_b64encode(sealed.data).decode()}"


def _opened(ring: KeyRing, cookie: str | None) -> tuple[Attempt, str] | None:
    """Returns the sealed data, or None if it is too old or not valid."""
    key_id, _, data = (cookie or "").rpartition(".")
    try:
        opened = ring.open(Sealed(key_id, base64.urlsafe_b64decode(data)), _BOUND_TO)
    except (KeyRingError, ValueError):
        return None
    attempt, to, at = orjson.loads(opened)
    return (Attempt(**attempt), to) if time.time() - at < _ATTEMPT_SECONDS else None
