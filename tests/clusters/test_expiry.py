"""When credentials expire is read from themselves, shown, and told in time."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import update

from app.clusters.expiring import read_expiry, record_expiring
from app.clusters.expiry import expires_at
from app.clusters.kubeconfig import Access
from app.tables.clusters import Cluster
from app.tables.columns import now
from simulator import Member
from tests.fleet.test_cluster_update import change, cluster
from tests.stack import Stack

END = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)


def segment(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def jwt(claims: Any) -> str:
    return f"{segment({'alg': 'RS256'})}.{segment(claims)}.c2lnbmF0dXJl"


def of_token(token: str) -> datetime | None:
    return expires_at(Access("https://paris", None, token, None, None))


def certificate(end: datetime) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "polyhelm")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(end - timedelta(days=1)).not_valid_after(end)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def test_a_token_says_when_it_expires() -> None:
    assert of_token(jwt({"exp": int(END.timestamp()), "sub": "system:serviceaccount:default:polyhelm"})) == END


@pytest.mark.parametrize(
    "token",
    [
        "an-opaque-token",
        "a.b.c",
        "a.%%%.c",
        jwt({}),
        jwt([]),
        jwt("exp"),
        jwt({"exp": None}),
        jwt({"exp": "tomorrow"}),
        jwt({"exp": 1e300}),
        jwt({"exp": -1e18}),
        jwt({"exp": [1]}),
    ],
)
def test_a_token_without_a_valid_expiry_does_not_expire(token: str) -> None:
    assert of_token(token) is None


def test_of_a_chain_of_certificates_the_first_end_counts() -> None:
    chain = certificate(END + timedelta(days=1)) + certificate(END)
    assert expires_at(Access("https://paris", None, None, chain, "key")) == END


async def test_a_cluster_shows_when_its_credentials_expire(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    await quiet.register("paris", paris.kubeconfig)
    assert (await cluster(quiet, "paris"))["credentialsExpireAt"] is None
    paris.token = jwt({"exp": int(END.timestamp())})
    await change(quiet, "paris", kubeconfig=paris.kubeconfig)
    assert (await cluster(quiet, "paris"))["credentialsExpireAt"] == END.isoformat()


async def told(stack: Stack) -> list[str]:
    query = '{ events(kinds: ["cluster.credentials_expiring"]) { nodes { message } } }'
    return [event["message"] for event in (await stack.data(query))["events"]["nodes"]]


async def test_there_is_one_event_before_credentials_expire_and_another_one_for_the_next_credentials(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    soon = (now() + timedelta(days=13)).replace(microsecond=0)
    later = soon + timedelta(days=2)
    for moment, number in ((later, 0), (soon, 1)):
        paris.token = jwt({"exp": int(moment.timestamp())})
        if number:
            await change(quiet, "paris", kubeconfig=paris.kubeconfig)
        else:
            await quiet.register("paris", paris.kubeconfig)
        for _ in range(2):
            assert await record_expiring(quiet.services) == number
            assert (
                await told(quiet)
                == [
                    f"The credentials of paris expire on {soon:%Y-%m-%d at %H:%M} UTC."
                    " Replace them: polyhelm cluster update paris --kubeconfig FILE"
                ][:number]
            )
    paris.token = jwt({"exp": int(soon.timestamp()) - 60})
    await change(quiet, "paris", kubeconfig=paris.kubeconfig)
    await record_expiring(quiet.services)
    assert len(await told(quiet)) == 2


async def test_the_end_of_credentials_that_were_kept_before_it_was_is_read(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    paris.token = jwt({"exp": int(END.timestamp())})
    await quiet.register("paris", paris.kubeconfig)
    await quiet.register("berlin", simulated("berlin").kubeconfig)
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(update(Cluster).values(credentials_expire_at=None))
    await read_expiry(quiet.services)
    found = [(await cluster(quiet, name))["credentialsExpireAt"] for name in ("paris", "berlin")]
    assert found == [END.isoformat(), None]
