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
    """Returns None if the settings name no issuer."""
    settings = services.settings
    if settings.oidc_issuer is None:
        return []
    issuer = Issuer(settings)

    def failed(request: Request, to: str, code: ErrorCode, error: object) -> Response:
        """Redirects to the page that explains the code."""
        log.warning("oidc.failed", code=code, error=plain(str(error)))
        services.anonymous_attempts.note(
            "sign-in with OpenID Connect", code, cookies.browser_of(settings, request).address
        )
        return RedirectResponse(f"/?{urlencode({'problem': code, 'to': to})}", 303)

    async def start(request: Request) -> Response:
        attempt = Attempt.new(cookies.own_address(settings, request) + BACK)
        to = local_path(request.query_params.get("to", "/"))
        try:
            await admission.admit(services, None, request)
            response = RedirectResponse(await issuer.address(attempt), 303)
        except Refusal as refusal:
            return failed(request, to, refusal.code, refusal.reason)
        except OidcError as error:
            return failed(request, to, IdentityCode.OIDC_UNREACHABLE, error)
        cookies.set_attempt(settings, request, response, _seal(services.key_ring, attempt, to), _ATTEMPT_SECONDS)
        return response

    async def back(request: Request) -> Response:
        """Ends the attempt in any case: its cookie is valid for one callback."""
        response = await finish(request)
        cookies.clear_attempt(settings, request, response)
        return response

    async def finish(request: Request) -> Response:
        try:
            await count_unnamed_attempt(services, cookies.browser_of(settings, request).address)
        except UserError as error:
            return failed(request, "/", error.code, error)
        kept = _opened(services.key_ring, cookies.attempt_of(settings, request))
        given = request.query_params
        if kept is None or not hmac.compare_digest(given.get("state", "").encode(), kept[0].state.encode()):
            return failed(
                request, "/", IdentityCode.OIDC_EXPIRED, "the browser has started no such attempt, or too long ago"
            )
        attempt, to = kept
        if "error" in given or "code" not in given:
            return failed(request, to, IdentityCode.OIDC_REFUSED, given.get("error", "no code"))
        if given.get("iss", issuer.name) != issuer.name:
            return failed(request, to, IdentityCode.OIDC_FAILED, "the answer is from another issuer")
        try:
            person = await issuer.person(attempt, given["code"])
            set_sign_in_method(Method.OIDC)
            user = await adopt(services, person, issuer.grants)
            signed_in = await admit(services, user, Method.OIDC, cookies.browser_of(settings, request))
        except OidcError as error:
            return failed(request, to, IdentityCode.OIDC_FAILED, error)
        except UserError as error:
            return failed(request, to, error.code, error)
        response = RedirectResponse(to, 303)
        cookies.set_session(settings, request, response, signed_in.secret, settings.session_lifetime)
        return response

    return [Route(START, start), Route(BACK, back)]


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
