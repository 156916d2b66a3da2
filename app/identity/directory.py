"""Checks a name and password against an LDAP directory, and reads the user's groups.

ldap3 blocks while it waits, so it runs in threads (docs/decisions/ldap.md).
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import ldap3
import structlog
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from app.core.errors import Conflict
from app.core.settings import Settings
from app.identity.codes import IdentityCode
from app.identity.people import Grants, Person
from app.identity.threads import Threads
from app.tables.identity import Source

log = structlog.get_logger()

_ANSWER_SECONDS = 10
_LONGEST_NAME = 256
_MOST_GROUPS = 1000


class Directory:
    """The directory that the settings name."""

    def __init__(self, settings: Settings) -> None:
        assert settings.ldap_url is not None
        self._settings = settings
        self._threads = Threads("ldap", at_once=8, waiting=64)
        parts = urlsplit(settings.ldap_url)
        is_tls = parts.scheme == "ldaps"
        self._server = ldap3.Server(
            parts.hostname,
            parts.port or (636 if is_tls else 389),
            use_ssl=is_tls,
            tls=_Tls(str(settings.ldap_ca_file) if settings.ldap_ca_file else None),
            get_info=ldap3.NONE,
            connect_timeout=_ANSWER_SECONDS,
        )
        self._starts_tls = not is_tls and settings.ldap_start_tls

    @property
    def grants(self) -> Grants:
        return Grants(self._settings.ldap_roles, frozenset(self._settings.ldap_admins))

    async def person(self, name: str, password: str) -> Person | None:
        """Returns the person with this name and password, or None.

        Raises:
            Conflict: The directory cannot be reached, or too many sign-ins wait for it.
        """
        return await self._threads.run(lambda: self._person(name, password))

    def close(self) -> None:
        self._threads.close()

    def _person(self, name: str, password: str) -> Person | None:
        # A directory treats a bind without a password as anonymous and accepts it.
        if not password or not 0 < len(name) <= _LONGEST_NAME or not (name + password).isprintable():
            return None
        settings = self._settings
        bind_password = settings.ldap_bind_password.get_secret_value() if settings.ldap_bind_password else None
        try:
            with self._bound(settings.ldap_bind_dn, bind_password) as connection:
                if connection is None:
                    raise LDAPException("the directory refuses POLYHELM_LDAP_BIND_DN and its password")
                entry = self._entry(connection, name)
                # A missing entry is also tried, so that it takes the same time.
                with self._bound(entry["dn"] if entry else f"cn=nobody,{settings.ldap_user_base}", password) as own:
                    if entry is None or own is None:
                        return None
                groups = self._groups(connection, entry["dn"], name)
        except (LDAPException, OSError) as error:
            log.warning("directory.failed", error=str(error))
            raise Conflict(
                IdentityCode.DIRECTORY_UNREACHABLE, "The directory cannot be reached. Try again in a moment."
            ) from None
        called = _values(entry["attributes"].get(settings.ldap_name_attribute))
        return Person(Source.LDAP, "", entry["dn"], str(called[0]) if called else name, groups)

    def _entry(self, connection: Any, name: str) -> dict[str, Any] | None:
        """Returns the entry that the name leads to, if there is exactly one."""
        settings = self._settings
        query = settings.ldap_user_filter.replace("{name}", escape_filter_chars(name))
        found = self._search(connection, settings.ldap_user_base, query, settings.ldap_name_attribute, most=2)
        return found[0] if len(found) == 1 else None

    def _groups(self, connection: Any, dn: str, name: str) -> frozenset[str]:
        settings = self._settings
        if not settings.ldap_group_base:
            return frozenset()
        query = settings.ldap_group_filter.replace("{dn}", escape_filter_chars(dn))
        query = query.replace("{name}", escape_filter_chars(name))
        attribute = settings.ldap_group_attribute
        found = self._search(connection, settings.ldap_group_base, query, attribute, most=_MOST_GROUPS)
        return frozenset(str(value) for entry in found for value in _values(entry["attributes"].get(attribute)))

    def _search(self, connection: Any, base: str, query: str, attribute: str, *, most: int) -> list[dict[str, Any]]:
        connection.search(base, query, ldap3.SUBTREE, attributes=[attribute], size_limit=most)
        if connection.result["description"] not in ("success", "sizeLimitExceeded", "noSuchObject"):
            raise LDAPException(f"search below {base!r}: {connection.result['description']}")
        return [entry for entry in connection.response if entry["type"] == "searchResEntry"]

    @contextmanager
    def _bound(self, dn: str, password: str | None) -> Iterator[Any]:
        """Opens a connection that is bound with these credentials, or yields None if the directory refuses them."""
        connection = ldap3.Connection(
            self._server,
            dn or None,
            password,
            authentication=ldap3.SIMPLE if dn else ldap3.ANONYMOUS,
            read_only=True,
            auto_referrals=False,
            receive_timeout=_ANSWER_SECONDS,
        )
        try:
            connection.open()
            if self._starts_tls:
                connection.start_tls()
            yield connection if connection.bind() else None
        finally:
            connection.unbind()
            if connection.socket is not None:  # ldap3 does not close a socket that could not be opened
                connection.socket.close()


class _Tls(ldap3.Tls):  # type: ignore[misc]
    """Verifies certificates and host names with the standard library.

    ldap3's own verification uses a function that newer Python versions lack, and is off by default.
    """

    def __init__(self, ca_file: str | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = ssl.create_default_context(cafile=ca_file)

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=connection.server.host)


def _values(attribute: Any) -> list[Any]:
    return attribute if isinstance(attribute, list) else [] if attribute is None else [attribute]
