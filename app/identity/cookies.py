"""The cookie that a session of the app is known by, and whether a request that carries it was made by our own pages."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response
from strawberry.http.websocket_origin import is_same_origin

from app.core.settings import Settings
from app.identity.sessions import Browser

_SESSION, _ATTEMPT = "polyhelm", "polyhelm-sign-in"


def is_secure(settings: Settings, connection: HTTPConnection) -> bool:
    """Whether the browser reaches us by TLS."""
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
    """Has the browser send the secret with every request of our own pages, and show it to no script."""
    secure = is_secure(settings, connection)
    response.set_cookie(
        _name(secure), secret, max_age=int(seconds), path="/", secure=secure, httponly=True, samesite="strict"
    )


def clear_session(settings: Settings, connection: HTTPConnection, response: Response) -> None:
    secure = is_secure(settings, connection)
    response.delete_cookie(_name(secure), path="/", secure=secure, httponly=True, samesite="strict")


def own_address(settings: Settings, connection: HTTPConnection) -> str:
    """Where the browser reaches us, without a path."""
    return (settings.public_url or str(connection.base_url)).rstrip("/")


def attempt_of(settings: Settings, connection: HTTPConnection) -> str | None:
    """What was kept with the browser when it went to sign in elsewhere."""
    return connection.cookies.get(_name(is_secure(settings, connection), _ATTEMPT))


def set_attempt(
    settings: Settings, connection: HTTPConnection, response: Response, sealed: str, seconds: float
) -> None:
    """Lax, as it is sent when another site leads the browser back to us."""
    secure = is_secure(settings, connection)
    name = _name(secure, _ATTEMPT)
    response.set_cookie(name, sealed, max_age=int(seconds), path="/", secure=secure, httponly=True, samesite="lax")


def clear_attempt(settings: Settings, connection: HTTPConnection, response: Response) -> None:
    secure = is_secure(settings, connection)
    response.delete_cookie(_name(secure, _ATTEMPT), path="/", secure=secure, httponly=True, samesite="lax")


def is_foreign(settings: Settings, connection: HTTPConnection) -> bool:
    """Whether a page of somebody else's made a browser send this. What no browser sends is nobody's page."""
    headers = connection.headers
    if (site := headers.get("sec-fetch-site")) is not None:  # no page can set it
        return site not in ("same-origin", "none")
    if (origin := headers.get("origin")) is None:
        return False
    if is_secure(settings, connection) and not origin.lower().startswith("https://"):
        return True  # whoever sits in between can make pages that come without TLS
    host = urlsplit(settings.public_url).netloc if settings.public_url else headers.get("host")
    return not is_same_origin(origin, host)


def is_own(settings: Settings, connection: HTTPConnection) -> bool:
    """Whether one of our own pages sent this, as far as the browser says so: silence is not enough."""
    says_so = "sec-fetch-site" in connection.headers or "origin" in connection.headers
    return says_so and not is_foreign(settings, connection)


def _name(secure: bool, name: str = _SESSION) -> str:
    """The prefix has browsers take it only over TLS, for this host alone: no neighbour can plant one of its own."""
    return f"__Host-{name}" if secure else name
