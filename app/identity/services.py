"""What signing in needs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.services import Services
from app.identity.passwords import Passwords
from app.redis.rates import Rates

if TYPE_CHECKING:
    from app.identity.directory import Directory  # ldap3 takes a while to load


@dataclass(frozen=True, kw_only=True)
class IdentityServices(Services):
    """`directory` is there where an LDAP server is configured."""

    passwords: Passwords
    directory: "Directory | None"
    rates: Rates
