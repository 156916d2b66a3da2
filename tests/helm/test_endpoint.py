"""What stands between Helm and its member: real Helm on simulated members, and requests that are not Helm's."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from app.clusters.kubeconfig import read_kubeconfig
from app.clusters.member import Member as OurMember
from app.clusters.service_accounts import ServiceAccount
from app.core.errors import PermanentError, TemporaryError
from app.helm.binary import find_helm
from app.helm.command import Helm, Options
from app.helm.endpoint import Endpoint
from app.helm.ledger import Ledger, Progress, Stage
from app.helm.slots import HelmSlots
from app.sandbox.limits import Limits
from simulator import Member
from tests.faults import Proxy, Wrong
from tests.helm.places import POLICY, Open, place_on
from tests.live.hands import uid
from tests.sample_charts import archive, chart_files

OPTIONS = Options(timeout_seconds=60)


class EndedError(Exception):
    """Nothing may be written any more."""


class Ending(Open):
    """A fence that is closed after so many confirmations."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    async def confirm(self) -> None:
        await super().confirm()
        if self.confirmed > self._after:
            raise EndedError


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    return Helm(find_helm(None), tmp_path / "cache", Limits(memory=2**30, cpu=60), HelmSlots(2, 2, 100))


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "web.tgz"
    path.write_bytes(archive(chart_files()))
    return path


def records(member: Member) -> list[tuple[str, str]]:
    labels = [secret["metadata"]["labels"] for secret in member.objects("secrets")]
    return sorted((found["version"], found["status"]) for found in labels if found.get("owner") == "helm")


def uid_of(member: Member) -> str:
    (found,) = [each for each in member.objects("namespaces") if each["metadata"]["name"] == "kube-system"]
    return str(found["metadata"]["uid"])


async def test_nothing_is_written_to_another_cluster_than_the_registered_one(
    simulated: Callable[[str], Member], helm: Helm, chart: Path
) -> None:
    """It was another one when we looked, and this one answers by the time that Helm runs."""
    stranger = simulated("stranger")
    before = stranger.writes
    async with place_on(stranger.kubeconfig, uid="11111111-2222-3333-4444-555555555555") as place:
        with pytest.raises(TemporaryError) as caught:
            await helm.deploy(place, chart, {}, OPTIONS, exists=False)
    assert (caught.value.code, caught.value.wrote) == ("cluster_mismatched", False)
    assert "11111111-2222-3333-4444-555555555555" in caught.value.message
    assert uid_of(stranger) in caught.value.message
    assert stranger.writes == before


async def test_each_write_asks_the_fence_and_each_record_has_it_confirmed(
    simulated: Callable[[str], Member], helm: Helm, chart: Path
) -> None:
    paris, fence = simulated("paris"), Open()
    seen: list[Progress] = []
    async with place_on(paris.kubeconfig, uid=uid_of(paris), fence=fence) as place:
        await helm.deploy(place, chart, {}, Options(timeout_seconds=60, on_progress=seen.append), exists=False)
    assert records(paris) == [("1", "deployed")]
    assert fence.confirmed == 2  # pending-install, deployed
    assert fence.checked >= 4  # and the namespace, and the chart's object
    assert (seen[-1].stage, seen[-1].wrote) == (Stage.WRITING, True)


@pytest.mark.parametrize(("after", "left"), [(0, []), (1, [("1", "pending-install")])])
async def test_a_run_ends_where_the_fence_closes_and_writes_no_more(
    simulated: Callable[[str], Member], helm: Helm, chart: Path, after: int, left: list[tuple[str, str]]
) -> None:
    paris = simulated("paris")
    async with place_on(paris.kubeconfig, fence=Ending(after)) as place:
        with pytest.raises(EndedError):
            await helm.deploy(place, chart, {}, OPTIONS, exists=False)
    assert records(paris) == left


async def test_a_chart_that_fails_does_so_for_good_whatever_it_says(
    simulated: Callable[[str], Member], helm: Helm, tmp_path: Path
) -> None:
    told = '{{ fail "Unauthorized registry: connection refused, too many requests" }}'
    path = tmp_path / "failing.tgz"
    path.write_bytes(archive(chart_files() | {"templates/config.yaml": told}))
    paris = simulated("paris")
    async with place_on(paris.kubeconfig) as place:
        with pytest.raises(PermanentError) as caught:
            await helm.deploy(place, path, {}, OPTIONS, exists=False)
    assert (caught.value.code, caught.value.wrote) == ("chart_not_rendered", False)
    assert records(paris) == []


async def test_a_member_that_is_down_is_unreachable_and_nothing_was_written(
    simulated: Callable[[str], Member], helm: Helm, chart: Path
) -> None:
    paris = simulated("paris")
    paris.faults.down = True
    async with place_on(paris.kubeconfig) as place:
        with pytest.raises(TemporaryError) as caught:
            await helm.deploy(place, chart, {}, OPTIONS, exists=False)
    assert (caught.value.code, caught.value.wrote) == ("cluster_unreachable", False)


HTML = Wrong(200, b"<html>Sign in to continue</html>", content_type="text/html")
NULL = Wrong(200, b"null\n")


@pytest.mark.parametrize(("answer", "what"), [(HTML, "a page of HTML"), (NULL, "null")], ids=["html", "null"])
@pytest.mark.parametrize(
    ("method", "path", "wrote"),
    [("GET", "/configmaps", False), ("POST", "/secrets", True), ("POST", "/configmaps", True)],
)
async def test_a_success_whose_body_is_not_an_object_is_a_failed_connection(
    simulated: Callable[[str], Member],
    helm: Helm,
    chart: Path,
    answer: Wrong,
    what: str,
    method: str,
    path: str,
    wrote: bool,
) -> None:
    """A proxy or a page to sign in gives such answers for a while; the API server never does."""
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        proxy.fault(answer, method=method, path=f"{path}(/|$|\\?)")
        async with place_on(proxy.kubeconfig, uid=uid_of(paris)) as place:
            with pytest.raises(TemporaryError) as caught:
                await helm.deploy(place, chart, {}, OPTIONS, exists=False)
    assert (caught.value.code, caught.value.wrote) == ("cluster_unreachable", wrote)
    assert caught.value.message == f"The connection to the API server failed: it answers 200 with {what}"


@pytest.mark.parametrize(
    ("request_line", "password", "status"),
    [
        ("GET http://cluster/version", "", "407"),
        ("GET http://cluster/version", "Proxy-Authorization: Basic aGVsbTp3cm9uZw==\r\n", "407"),
        ("GET http://other/version", None, "403"),
        ("CONNECT example.com:443", None, "403"),
        ("HEAD http://cluster/version", None, "403"),
    ],
)
async def test_an_endpoint_serves_only_its_run_and_reaches_only_its_member(
    simulated: Callable[[str], Member], request_line: str, password: str | None, status: str
) -> None:
    paris = simulated("paris")
    async with place_on(paris.kubeconfig) as place, Endpoint(place.member, Open(), Ledger()) as endpoint:
        right = f"Proxy-Authorization: {endpoint.authorization}\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        writer.write(f"{request_line} HTTP/1.1\r\nHost: x\r\n{right if password is None else password}\r\n".encode())
        assert (await reader.readline()).split()[1].decode() == status
        writer.close()
        await writer.wait_closed()


async def test_a_request_of_megabytes_arrives_whole(simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    text = "x" * 900_000
    body = orjson.dumps({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x"}, "data": {"a": text}})
    async with place_on(paris.kubeconfig) as place, Endpoint(place.member, Open(), Ledger()) as endpoint:
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        head = "POST http://cluster/api/v1/namespaces/default/configmaps HTTP/1.1\r\nContent-Type: application/json\r\n"
        head += f"Proxy-Authorization: {endpoint.authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        assert (await reader.readline()).split()[1] == b"201"
        writer.close()
        await writer.wait_closed()
    assert [found["data"]["a"] for found in paris.objects("configmaps") if found["metadata"]["name"] == "x"] == [text]


@pytest.mark.parametrize("account", [None, ServiceAccount("team-a", "deployer")])
async def test_helm_cannot_choose_the_account_of_its_requests(
    simulated: Callable[[str], Member], account: ServiceAccount | None
) -> None:
    paris = simulated("paris")
    async with (
        Proxy(paris.kubeconfig) as proxy,
        OurMember(read_kubeconfig(proxy.kubeconfig), POLICY, timeout=10, uid=uid(paris)) as member,
        Endpoint(member.acting_as(account), Open(), Ledger()) as endpoint,
    ):
        for method in ("GET", "POST"):
            reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
            head = f"{method} http://cluster/api/v1/namespaces/default/configmaps HTTP/1.1\r\n"
            head += f"Proxy-Authorization: {endpoint.authorization}\r\nAuthorization: Bearer other\r\n"
            head += "Impersonate-User: system:admin\r\nIMPERSONATE-GROUP: system:masters\r\n"
            head += "Impersonate-Uid: 1\r\nImpersonate-Extra-Scopes: all\r\nX-Remote-User: root\r\n"
            writer.write(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
            await reader.readline()
            writer.close()
            await writer.wait_closed()
        sent = [request for request in proxy.requests if "configmaps" in request.path]
        proofs = [request for request in proxy.requests if request.path == "/api/v1/namespaces/kube-system"]
    own = {"impersonate-user": "system:serviceaccount:team-a:deployer"} if account else {}
    assert [request.identity for request in sent] == [own, own]
    assert proofs
    assert all(request.headers["Authorization"] != "Bearer other" for request in proxy.requests)
    assert [request.identity for request in proofs] == [{}] * len(proofs)
