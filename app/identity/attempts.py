"""How often somebody may try to be somebody: so that no account, and not all accounts from one address, can be guessed
at, and nobody is kept out by what others try in their name.

An address from which somebody has signed in before counts its attempts under that name on its own: whoever uses up
those of the name elsewhere does not take them away from there."""

import hashlib
import math

from app.errors import RateLimited
from app.rates import Bucket, key_of_address
from app.services import Services

_KNOWN_SECONDS = 30 * 24 * 3600
_MORE_FROM_AN_ADDRESS = 5
"""As people share addresses."""


async def count_attempt(services: Services, name: str, address: str | None) -> None:
    """Counts one attempt under a name, before anything is looked up.

    Raises:
        RateLimited: where it is one too many. It is not counted then, so that whoever waits gets in.
    """
    settings, where = services.settings, key_of_address(address)
    rate, burst = settings.sign_in_rate, settings.sign_in_burst
    pair = _pair(name, where)
    under = pair if await services.rates.remembers(pair) else _digest(name)
    wait = await services.rates.take(
        Bucket(f"sign-in:{where}", rate * _MORE_FROM_AN_ADDRESS, burst * _MORE_FROM_AN_ADDRESS),
        Bucket(f"sign-in:as:{under}", rate, burst),
    )
    if wait:
        seconds = math.ceil(wait)
        raise RateLimited("too_many_attempts", f"Too many attempts: try again in {seconds} s.", retry_after=seconds)


async def remember_success(services: Services, name: str, address: str | None) -> None:
    await services.rates.remember(_pair(name, key_of_address(address)), _KNOWN_SECONDS)


def _pair(name: str, where: str) -> str:
    return f"known:{_digest(name)}:{where}"


def _digest(name: str) -> str:
    """Names are as long as whoever asks has made them."""
    return hashlib.sha256(name.casefold().encode()).hexdigest()
