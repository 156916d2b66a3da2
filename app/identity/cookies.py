"""The session cookie of the app, and whether a request that carries it comes from one of Polyhelm's pages."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response
from strawberry.http.websocket_origin import is_same_origin

from app.core.settings import Settings
from app.identity.sessions import Browser

_SESSION, _ATTEMPT = "polyhelm", "polyhelm-sign-in"


def is_secure(settings: Settings, connection: HTTPConnection) -> bool:
    """Returns whether the browser uses TLS."""
    scheme = urlsplit(settings.public_url).scheme if settings.public_url else connection.url.scheme
    return scheme in ("https", "wss")


def browser_of(settings: Settings, connection: HTTPConnection) -> Browser:
    return Browser(
        user_agent=connection.headers.get("user-agent", ""),
        address=connection.client.host if connection.client else None,
        secret=connection.cookies.get(_name(is_secure(settings, connection))) or None,
    )


def set_session(
    settings: Settings, connection: HTTPConnection, response: Response, secret: str, seconds: float
) -> None:
    """Makes the browser send the secret with every request of Polyhelm's pages and hide it from scripts."""
    secure = is_secure(settings, connection)
    response.set_cookie(
        _name(secure), secret, max_age=int(seconds), path="/", secure=secure, httponly=True, samesite="strict"
    )


def clear_session(settings: Settings, connection: HTTPConnection, response: Response) -> None:
    secure = is_secure(settings, connection)
    response.delete_cookie(_name(secure), path="/", secure=secure, httponly=True, samesite="strict")


def own_address(settings: Settings, connection: HTTPConnection) -> str:
    """Returns the origin that the browser uses, without a path."""
    return (settings.public_url or str(connection.base_url)).rstrip("/")


def attempt_of(settings: Settings, connection: HTTPConnection) -> str | None:
    """Returns what was stored in the browser before it went to the issuer."""
    return connection.cookies.get(_name(is_secure(settings, connection), _ATTEMPT))


def set_attempt(
    settings: Settings, connection: HTTPConnection, response: Response, sealed: str, seconds: float
) -> None:
    """The cookie is Lax, because the browser sends it when another site redirects back to Polyhelm."""
    secure = is_secure(settings, connection)
    name = _name(secure, _ATTEMPT)
    response.set_cookie(name, sealed, max_age=int(seconds), path="/", secure=secure, httponly=True, samesite="lax")


def clear_attempt(settings: Settings, connection: HTTPConnection, response: Response) -> None:
    secure = is_secure(settings, connection)
    response.delete_cookie(_name(secure, _ATTEMPT), path="/", secure=secure, httponly=True, samesite="lax")


def is_foreign(settings: Settings, connection: HTTPConnection) -> bool:
    """Returns whether a page of another site sent the request. Requests without an Origin header do not come from a web
    page."""
    headers = connection.headers
    if (site := headers.get("sec-fetch-site")) is not None:  # a page cannot set it
        return site not in ("same-origin", "none")
    if (origin := headers.get("origin")) is None:
        return False
    if is_secure(settings, connection) and not origin.lower().startswith("https://"):
        return True  # a network attacker can forge pages that are loaded without TLS
    host = urlsplit(settings.public_url).netloc if settings.public_url else headers.get("host")
    return not is_same_origin(origin, host)


def is_own(settings: Settings, connection: HTTPConnection) -> bool:
    """Returns whether one of Polyhelm's pages sent the request, according to the browser. Missing headers are not
    enough."""
    says_so = "sec-fetch-site" in connection.headers or "origin" in connection.headers
    return says_so and not is_foreign(settings, connection)


def _name(secure: bool, name: str = _SESSION) -> str:
    """Returns the name of the cookie. Browsers accept the prefix only over TLS and for this host, so other hosts cannot
    set the cookie."""
    return f"__Host-{name}" if secure else name
