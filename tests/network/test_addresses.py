"""Which addresses are connected to, for each of those who name them."""

import re

import pytest

from app.network.addresses import AddressRefusedError, Allowed, Kind, Policies, kind_of

PUBLIC, PRIVATE, LOOPBACK, CLOSED = Kind.PUBLIC, Kind.PRIVATE, Kind.LOOPBACK, Kind.CLOSED

KINDS = {
    "8.8.8.8": PUBLIC,
    "1.1.1.1": PUBLIC,
    "2606:4700:4700::1111": PUBLIC,
    # private, shared and reserved
    "10.0.0.1": PRIVATE,
    "172.16.0.1": PRIVATE,
    "172.31.255.255": PRIVATE,
    "172.32.0.0": PUBLIC,
    "192.168.0.1": PRIVATE,
    "100.64.0.1": PRIVATE,
    "198.18.0.1": PRIVATE,
    "203.0.113.5": PRIVATE,
    "240.0.0.1": PRIVATE,
    "fd12:3456::1": PRIVATE,
    "fec0::1": PRIVATE,
    "5f00::1": PRIVATE,
    "2001:db8::1": PRIVATE,
    # this machine
    "127.0.0.1": LOOPBACK,
    "127.255.255.254": LOOPBACK,
    "::1": LOOPBACK,
    # nobody's server
    "0.0.0.0": CLOSED,
    "0.1.2.3": CLOSED,
    "::": CLOSED,
    "169.254.1.1": CLOSED,
    "fe80::1": CLOSED,
    "fe80::1%eth0": CLOSED,
    "224.0.0.1": CLOSED,
    "ff02::1": CLOSED,
    "255.255.255.255": CLOSED,
    # metadata services
    "169.254.169.254": CLOSED,
    "169.254.170.2": CLOSED,
    "fd00:ec2::254": CLOSED,
    "fd20:ce::254": CLOSED,
    "fd00:c1::a9fe:a9fe": CLOSED,
    "fd00:42::42": CLOSED,
    "100.100.100.200": CLOSED,
    "168.63.129.16": CLOSED,
    "192.0.0.192": CLOSED,
    # IPv4 within IPv6
    "::ffff:8.8.8.8": PUBLIC,
    "::ffff:10.0.0.1": PRIVATE,
    "::ffff:127.0.0.1": LOOPBACK,
    "::ffff:a9fe:a9fe": CLOSED,
    "::ffff:0:127.0.0.1": LOOPBACK,
    "::127.0.0.1": LOOPBACK,
    "::169.254.169.254": CLOSED,
    "64:ff9b::8.8.8.8": PUBLIC,
    "64:ff9b::10.0.0.1": PRIVATE,
    "64:ff9b::169.254.169.254": CLOSED,
    "64:ff9b:1::8.8.8.8": PRIVATE,
    "64:ff9b:1::169.254.169.254": CLOSED,
    "2002:808:808::1": PUBLIC,
    "2002:7f00:1::1": LOOPBACK,
    "2002:a9fe:a9fe::": CLOSED,
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": CLOSED,
    "2606:4700::5efe:127.0.0.1": LOOPBACK,
    "2606:4700::200:5efe:169.254.169.254": CLOSED,
    # what no resolver gives
    "": CLOSED,
    "2130706433": CLOSED,
    "0x7f000001": CLOSED,
    "127.1": CLOSED,
    "localhost": CLOSED,
}


@pytest.mark.parametrize("address", KINDS)
def test_every_address_is_of_one_kind(address: str) -> None:
    assert kind_of(address) is KINDS[address]


def refused(policies: Policies, host: str, address: str) -> list[bool]:
    """Whether it is refused where a user, a kubeconfig, the operator names it."""
    found = []
    for policy in (policies.users, policies.clusters, policies.operator):
        try:
            policy.check(host, address)
            found.append(False)
        except AddressRefusedError:
            found.append(True)
    return found


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", [False, False, False]),
        ("10.0.0.1", [True, False, False]),
        ("127.0.0.1", [True, True, False]),
        ("169.254.169.254", [True, True, True]),
    ],
)
def test_the_source_of_an_address_decides_which_networks_it_may_reach(address: str, expected: list[bool]) -> None:
    assert refused(Policies(Allowed()), "a.example", address) == expected


@pytest.mark.parametrize(
    ("allowed", "host", "address", "is_refused"),
    [
        ("10.0.0.0/8", "a.example", "10.1.2.3", False),
        ("10.0.0.0/8", "a.example", "::ffff:10.1.2.3", False),
        ("10.0.0.0/8", "a.example", "64:ff9b::10.1.2.3", False),
        ("10.0.0.0/8", "a.example", "192.168.0.1", True),
        ("10.0.0.7", "a.example", "10.0.0.7", False),
        ("10.0.0.7", "a.example", "10.0.0.8", True),
        ("127.0.0.0/8, ::1", "localhost", "::1", False),
        ("127.0.0.0/8", "localhost", "::1", True),
        ("fd12::/16", "a.example", "fd12::1", False),
        ("charts.example", "charts.example", "10.1.2.3", False),
        ("Charts.Example.", "charts.example", "127.0.0.1", False),
        ("charts.example", "CHARTS.example.", "127.0.0.1", False),
        ("charts.example", "other.example", "10.1.2.3", True),
        ("charts.example", "evil.charts.example", "10.1.2.3", True),
        ("charts.example", "charts.example", "169.254.169.254", True),
        ("0.0.0.0/0, ::/0", "a.example", "10.1.2.3", False),
        ("0.0.0.0/0, ::/0", "a.example", "127.0.0.1", False),
        ("0.0.0.0/0, ::/0", "a.example", "169.254.169.254", True),
        ("0.0.0.0/0, ::/0", "a.example", "fd00:ec2::254", True),
    ],
)
def test_the_setting_allows_networks_and_names_except_those_always_refused(
    allowed: str, host: str, address: str, is_refused: bool
) -> None:
    assert refused(Policies(Allowed.parse(allowed)), host, address)[0] is is_refused


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.1/8", "'10.0.0.1/8' is neither a network such as 10.0.0.0/8 nor a host name"),
        ("a b", "'a b' is neither a network such as 10.0.0.0/8 nor a host name"),
        ("127.1", "'127.1' is neither a network such as 10.0.0.0/8 nor a host name"),
        ("https://charts.example", "'https://charts.example' is neither a network such as 10.0.0.0/8 nor a host name"),
        ("*.example", "'*.example' is neither a network such as 10.0.0.0/8 nor a host name"),
        (
            "10.0.0.0/8,169.254.169.254",
            "'169.254.169.254' can never be allowed: it is a link-local, multicast, metadata or unassigned address",
        ),
    ],
)
def test_an_invalid_setting_is_reported(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        Allowed.parse(text)


def test_a_refusal_says_where_it_leads_and_what_to_set() -> None:
    with pytest.raises(AddressRefusedError) as caught:
        Policies(Allowed()).users.check("charts.example", "10.0.0.1")
    assert str(caught.value) == (
        "charts.example resolves to a private network. To allow it, add its network to POLYHELM_ALLOWED_NETWORKS."
    )
    with pytest.raises(AddressRefusedError) as caught:
        Policies(Allowed()).operator.check("charts.example", "169.254.169.254")
    assert str(caught.value) == (
        "charts.example resolves to a link-local, multicast, metadata or unassigned address. Polyhelm never connects"
        " there."
    )
