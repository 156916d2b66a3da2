"""Rate limits for requests."""

import math
import time

from cachetools import LRUCache
from starlette.requests import HTTPConnection

from app.admission.refusal import Refusal
from app.core.settings import Settings
from app.identity import cookies
from app.identity.services import IdentityServices
from app.identity.tokens import token_digest
from app.identity.viewer import Viewer
from app.redis.rates import Bucket, key_of_address
from app.registers.requests import RequestCode

_REMEMBERED = 10_000


class RateExceeded(Refusal):
    """`wait` is in seconds."""

    def __init__(self, wait: float, per_minute: float) -> None:
        seconds = math.ceil(wait)
        message = f"Too many requests. Try again in {seconds} s. The limit is {per_minute:g} requests per minute."
        super().__init__(429, RequestCode.RATE_LIMITED, message, {"Retry-After": str(seconds)})
        self.wait = wait
        self.per_minute = per_minute


def caller_of(viewer: Viewer | None, connection: HTTPConnection) -> str:
    """Returns the key by which a request is counted: a user, or an address without a signed-in user."""
    if viewer is not None:
        return f"user:{viewer.user_id}"
    return f"address:{key_of_address(connection.client.host if connection.client else None)}"


async def admit(services: IdentityServices, viewer: Viewer | None, connection: HTTPConnection) -> None:
    """Counts one request.

    Raises:
        RateExceeded: The limit is exceeded.
    """
    settings, caller = services.settings, caller_of(viewer, connection)
    if viewer is not None:
        bucket = Bucket(caller, settings.rate, settings.rate_burst)
    else:
        bucket = Bucket(caller, settings.anonymous_rate, settings.anonymous_rate_burst)
    if wait := await services.rates.take(bucket):
        raise RateExceeded(wait, bucket.per_minute)


class LimitedCallers:
    """The callers that must wait, by their credential or address. They are refused without identifying them; the bucket
    in Redis would give the same answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._by_key: LRUCache[bytes | str, tuple[float, float]] = LRUCache(_REMEMBERED)

    def check(self, connection: HTTPConnection) -> None:
        """Raises RateExceeded for a caller that must still wait."""
        until, per_minute = self._by_key.get(self._key(connection), (0.0, 0.0))
        wait = until - time.monotonic()
        if wait > 0:
            raise RateExceeded(wait, per_minute)

    def note(self, viewer: Viewer | None, connection: HTTPConnection, refusal: RateExceeded) -> None:
        key = self._key(connection)
        # A cookie that another site had sent is not counted for its user.
        if viewer is not None or "cookie" not in connection.headers or "authorization" in connection.headers:
            self._by_key[key] = (time.monotonic() + refusal.wait, refusal.per_minute)

    def _key(self, connection: HTTPConnection) -> bytes | str:
        if (authorization := connection.headers.get("authorization")) is not None:
            return token_digest(authorization)
        secret = cookies.browser_of(self._settings, connection).secret
        return token_digest(secret) if secret is not None else caller_of(None, connection)
