"""What mutations say to a browser: the cookie of a session, set and taken back."""

from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import Forbidden, RateLimited
from app.identity import attempts, cookies, sessions
from app.identity import sign_in as signing
from app.registers.requests import RequestCode
from schema.context import Context


async def sign_in(context: Context, name: str, password: str) -> signing.SignedIn:
    """Signs in, and has the answer set the cookie."""
    request, response = _exchange(context)
    settings = context.services.settings
    browser = cookies.browser_of(settings, request)
    await count_attempt(context, name)
    signed_in = await signing.sign_in(context.services, name, password, browser)
    await attempts.remember_success(context.services, name, browser.address)
    cookies.set_session(settings, request, response, signed_in.secret, settings.session_lifetime)
    return signed_in


async def count_attempt(context: Context, name: str) -> None:
    """Counts an attempt to sign in with this name.

    Raises:
        RateLimited: if there are too many; the answer's status and headers also say so.
    """
    client = context.request.client
    try:
        await attempts.count_attempt(context.services, name, client.host if client else None)
    except RateLimited as error:
        if isinstance(context.response, Response):
            context.response.status_code = 429
            context.response.headers["Retry-After"] = str(error.retry_after)
        raise


async def sign_out(context: Context, *, everywhere: bool) -> None:
    """Signs out, and has the answer take the cookie back."""
    request, response = _exchange(context)
    await sessions.sign_out(context.services, context.viewer, everywhere=everywhere)
    cookies.clear_session(context.services.settings, request, response)


def _exchange(context: Context) -> tuple[Request, Response]:
    """The request and the answer to it, which has headers of its own.

    Raises:
        Forbidden: the request came over a WebSocket, or from a page of another origin.
    """
    if not isinstance(context.request, Request):
        raise Forbidden(RequestCode.NEEDS_HTTP, "Send this over HTTP: cookies cannot be set over a WebSocket.")
    if cookies.is_foreign(context.services.settings, context.request):
        raise Forbidden(RequestCode.FOREIGN_ORIGIN, "Only Polyhelm's own pages may send this request.")
    return context.request, context.response
