"""Limits attempts to sign in, by user name and by address, so that passwords cannot be guessed.

An address from which a user has signed in before has its own budget for that name. Attempts from elsewhere cannot lock
the user out there.
"""

import hashlib
import math

from app.core.errors import RateLimited
from app.core.services import Services
from app.identity.codes import IdentityCode
from app.identity.services import IdentityServices
from app.redis.rates import Bucket, key_of_address

_KNOWN_SECONDS = 30 * 24 * 3600
_MORE_FROM_AN_ADDRESS = 5
"""Several users can share an address."""


async def count_attempt(services: IdentityServices, name: str, address: str | None) -> None:
    """Counts one attempt under a name, before anything is looked up.

    Raises:
        RateLimited: The limit is exceeded. The attempt is not counted then, so the caller can sign in after waiting.
    """
    settings, pair = services.settings, _pair(name, key_of_address(address))
    under = pair if await services.rates.remembers(pair) else _digest(name)
    named = Bucket(f"sign-in:as:{under}", settings.sign_in_rate, settings.sign_in_burst)
    await _take(services, _of_address(services, address), named)


async def count_unnamed_attempt(services: IdentityServices, address: str | None) -> None:
    """Counts one attempt without a name, for a sign-in at another system.

    Raises:
        RateLimited: The limit for this address is exceeded.
    """
    await _take(services, _of_address(services, address))


def _of_address(services: Services, address: str | None) -> Bucket:
    rate, burst = services.settings.sign_in_rate, services.settings.sign_in_burst
    return Bucket(f"sign-in:{key_of_address(address)}", rate * _MORE_FROM_AN_ADDRESS, burst * _MORE_FROM_AN_ADDRESS)


async def _take(services: IdentityServices, *buckets: Bucket) -> None:
    wait = await services.rates.take(*buckets)
    if wait:
        seconds = math.ceil(wait)
        raise RateLimited(
            IdentityCode.TOO_MANY_ATTEMPTS, f"Too many attempts. Try again in {seconds} s.", retry_after=seconds
        )


async def remember_success(services: IdentityServices, name: str, address: str | None) -> None:
    await services.rates.remember(_pair(name, key_of_address(address)), _KNOWN_SECONDS)


def _pair(name: str, where: str) -> str:
    return f"known:{_digest(name)}:{where}"


def _digest(name: str) -> str:
    """Returns a key of fixed length: callers can send names of any length."""
    return hashlib.sha256(name.casefold().encode()).hexdigest()
