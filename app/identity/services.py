"""The services that sign-in needs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.services import Services
from app.identity.passwords import Passwords
from app.redis.rates import Rates

if TYPE_CHECKING:
    from app.identity.directory import Directory  # ldap3 is slow to import


@dataclass(frozen=True, kw_only=True)
class IdentityServices(Services):
    """`directory` is None if no LDAP server is configured."""

    passwords: Passwords
    directory: "Directory | None"
    rates: Rates
