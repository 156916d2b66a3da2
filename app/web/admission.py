"""How often somebody may ask anything at all."""

import math

from starlette.requests import HTTPConnection

from app.identity.viewer import Viewer
from app.rates import Bucket, key_of_address
from app.services import Services
from app.web.refusal import Refusal


async def admit(services: Services, viewer: Viewer | None, connection: HTTPConnection) -> None:
    """Counts one request of a user, or of an address where nobody is signed in.

    Raises:
        Refusal: where it is one too many.
    """
    settings = services.settings
    if viewer is not None:
        bucket = Bucket(f"user:{viewer.user_id}", settings.rate, settings.rate_burst)
    else:
        address = key_of_address(connection.client.host if connection.client else None)
        bucket = Bucket(f"address:{address}", settings.anonymous_rate, settings.anonymous_rate_burst)
    wait = await services.rates.take(bucket)
    if wait:
        seconds = math.ceil(wait)
        message = f"You ask too often: ask again in {seconds} s. You may ask {bucket.per_minute:g} times a minute."
        raise Refusal(429, "rate_limited", message, {"Retry-After": str(seconds)})
