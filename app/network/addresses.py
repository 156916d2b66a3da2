"""Which addresses Polyhelm may connect to. This module is pure: each resolved address is checked right before the
connection.

An address that a user provides (a kubeconfig, a chart repository) must not lead to what only the server can reach: its
own ports, its network, and the metadata service of its cloud, which hands out credentials.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Kind(StrEnum):
    """The kind of an address, as a phrase for a message."""

    PUBLIC = "the internet"
    PRIVATE = "a private network"
    LOOPBACK = "the machine that Polyhelm runs on"
    CLOSED = "a link-local, multicast, metadata or unassigned address"


class AddressRefusedError(OSError):
    """Polyhelm does not connect to this address."""


def _networks(*written: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, written))


# There are no API servers or chart repositories at these addresses, and no setting allows them.
_CLOSED = _networks(
    *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32"),
    "192.0.0.0/24",  # protocol assignments; Oracle's older metadata service
    "100.100.100.200/32",  # Alibaba's metadata service
    "168.63.129.16/32",  # Azure's host
    *("::/128", "fe80::/10", "ff00::/8", "100::/64"),
    "2001::/32",  # Teredo: the sender chooses the IPv4 host
    # The metadata services of Amazon, Google, Oracle and Scaleway.
    *("fd00:ec2::/32", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128"),
)
_LOOPBACK = _networks("127.0.0.0/8", "::1/128")
_GLOBAL = IPv6Network("2000::/3")  # the assigned part of the IPv6 internet
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
# An IPv4 address in the last 32 bits: compatible, translated (SIIT), NAT64.
_CARRIERS = (IPv6Network("::/96"), IPv6Network("::ffff:0:0:0/96"), IPv6Network("64:ff9b::/96"), _LOCAL_NAT64)
_ISATAP = (0x5EFE, 0x200_5EFE)
_STRICTNESS = (Kind.PUBLIC, Kind.PRIVATE, Kind.LOOPBACK, Kind.CLOSED)


@lru_cache(maxsize=10_000)
def kind_of(address: str) -> Kind:
    """Returns the kind of an address as a resolver writes it. Invalid addresses are CLOSED.

    An IPv6 address that contains an IPv4 address (mapped, translated, 6to4, NAT64, ISATAP) has the kind of that
    address.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return Kind.CLOSED
    if isinstance(found, IPv6Address) and (carried := _carried(found)):
        inner = kind_of(str(carried))
        return max(inner, Kind.PRIVATE, key=_STRICTNESS.index) if found in _LOCAL_NAT64 else inner
    if any(found in network for network in _LOOPBACK):
        return Kind.LOOPBACK
    if any(found in network for network in _CLOSED):
        return Kind.CLOSED
    is_public = found.is_global and (isinstance(found, IPv4Address) or found in _GLOBAL)
    return Kind.PUBLIC if is_public else Kind.PRIVATE


def _carried(address: IPv6Address) -> IPv4Address | None:
    number = int(address)
    if number <= 0xFFFF:  # `::` and `::1` are separate addresses
        return None
    if any(address in carrier for carrier in _CARRIERS) or (number >> 32 & 0xFFFFFFFF) in _ISATAP:
        return IPv4Address(number & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


@dataclass(frozen=True)
class Allowed:
    """The additional addresses that a setting allows: networks, and host names whatever they resolve to."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Allowed":
        """Parses comma-separated networks (such as `10.0.0.0/8`), addresses and host names.

        Raises:
            ValueError: An entry is none of these, or can never be allowed.
        """
        networks: list[Network] = []
        names: set[str] = set()
        for entry in filter(None, (part.strip() for part in text.split(","))):
            if _is_name(entry):
                names.add(_canonical(entry))
                continue
            try:
                network = ip_network(entry)
            except ValueError:
                raise ValueError(f"{entry!r} is neither a network such as 10.0.0.0/8 nor a host name") from None
            if any(network.version == closed.version and network.subnet_of(closed) for closed in _CLOSED):  # type: ignore[arg-type]
                raise ValueError(f"{entry!r} can never be allowed: it is {Kind.CLOSED}")
            networks.append(network)
        return cls(tuple(networks), frozenset(names))


def _is_name(entry: str) -> bool:
    last = entry.rstrip(".").rpartition(".")[2]
    return not last.isdecimal() and re.fullmatch(r"[\w.-]+", entry) is not None


def _canonical(host: str) -> str:
    return host.rstrip(".").lower()


@dataclass(frozen=True)
class Policy:
    """The addresses that one kind of request may use."""

    kinds: frozenset[Kind]
    allowed: Allowed

    def check(self, host: str, address: str) -> None:
        """Checks an address that `host` was resolved to.

        Raises:
            AddressRefusedError: The message states the kind of address and the setting that allows it. It contains no
                address, so that it is the same for all addresses of a host.
        """
        kind = kind_of(address)
        if kind in self.kinds:
            return
        if kind is Kind.CLOSED:
            raise AddressRefusedError(f"{host} resolves to {kind}. Polyhelm never connects there.")
        if _canonical(host) in self.allowed.names or _is_in(address, self.allowed.networks):
            return
        raise AddressRefusedError(
            f"{host} resolves to {kind}. To allow it, add its network to POLYHELM_ALLOWED_NETWORKS."
        )


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    found = ip_address(address)
    written = [found, _carried(found)] if isinstance(found, IPv6Address) else [found]
    return any(each in network for each in written if each for network in networks)


@dataclass(frozen=True)
class Policies:
    """The policies, by the source of the address."""

    allowed: Allowed

    @property
    def users(self) -> Policy:
        """Addresses from users: chart repositories, registries, hooks."""
        return Policy(frozenset({Kind.PUBLIC}), self.allowed)

    @property
    def clusters(self) -> Policy:
        """Addresses of API servers. Most are in private networks, and they must present a certificate of the
        kubeconfig's CA."""
        return Policy(frozenset({Kind.PUBLIC, Kind.PRIVATE}), self.allowed)

    @property
    def operator(self) -> Policy:
        """Addresses from the settings, such as issuers."""
        return Policy(frozenset({Kind.PUBLIC, Kind.PRIVATE, Kind.LOOPBACK}), self.allowed)


def allows_plain_http(parts: SplitResult, is_plain_http: Callable[[str], bool]) -> bool:
    """Whether a URL may be requested over plain HTTP. Its host is listed with or without the default port, which
    clients omit."""
    return is_plain_http(parts.netloc) or is_plain_http(f"{parts.hostname}:{parts.port or 80}")
