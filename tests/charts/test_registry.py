"""OCI registries, end to end: a real server that speaks the distribution specification."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio

from app.charts.download import Login
from app.charts.pinning import pin
from app.core.errors import NotFound, ValidationFailed
from tests.charts.servers import Files, OciRegistry, basic, digest, served
from tests.sample_charts import archive, chart_files
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
LOGIN = Login("reader", "s3cr3t-of-the-tests")


def web(version: str = "1.0.0", name: str = "web") -> bytes:
    return archive(chart_files(name, version), root=name)


class Pushed:
    """A registry and a Polyhelm that has it as `oci`."""

    def __init__(self, stack: Stack, registry: OciRegistry, host: str) -> None:
        self.stack = stack
        self.registry = registry
        self.host = host

    async def add(self, **given: Any) -> Any:
        given = {"name": "oci", "url": f"oci://{self.host}/team/charts"} | given
        fields = "... on ChartRepositoryPayload { chartRepository { kind url error } }"
        return await self.stack.mutate("addChartRepository", fields, **given)

    async def pin(self, version: str | None, name: str = "web") -> tuple[str, str]:
        archive = (await pin(self.stack.services, 1, f"oci/{name}", version)).archive
        return archive.version, archive.digest

    async def refusal(self, version: str | None = "1.0.0") -> tuple[str, str]:
        with pytest.raises((ValidationFailed, NotFound)) as caught:
            await self.pin(version)
        return caught.value.code, caught.value.message


@pytest_asyncio.fixture(loop_scope="session")
async def pushed(new_stack: NewStack) -> AsyncIterator[Pushed]:
    registry = OciRegistry()
    async with served(registry) as host, new_stack(working=False, plain_http_hosts=host) as stack:
        yield Pushed(stack, registry, host)


async def test_an_oci_repository_is_added_without_a_request_to_the_registry(pushed: Pushed) -> None:
    answer = await pushed.add()
    assert answer["chartRepository"] == {"kind": "OCI", "url": f"oci://{pushed.host}/team/charts", "error": None}
    assert pushed.registry.asked == []


async def test_versions_come_from_all_pages_of_tags(pushed: Pushed) -> None:
    for version in ("1.0.0", "1.10.0", "1.2.0", "2.0.0-rc.1", "1.2.0_build.1"):
        pushed.registry.push("team/charts/web", version, b"")
    await pushed.add()
    chart = (await pushed.stack.data('{ chart(repository: "oci", name: "web") { versions { version } } }'))["chart"]
    assert [version["version"] for version in chart["versions"]] == [
        *("2.0.0-rc.1", "1.10.0", "1.2.0+build.1", "1.2.0", "1.0.0")
    ]
    assert [path for path, _ in pushed.registry.asked].count("/v2/team/charts/web/tags/list") == 4  # one for the token


async def test_tags_that_are_not_semantic_versions_are_not_listed(pushed: Pushed) -> None:
    for tag in ("1.0.0", "latest", "sha256-" + "a" * 64 + ".sig", "01.2.3", "main"):
        pushed.registry.push("team/charts/web", tag, web())
    await pushed.add()
    chart = (await pushed.stack.data('{ chart(repository: "oci", name: "web") { versions { version } } }'))["chart"]
    assert chart["versions"] == [{"version": "1.0.0"}]
    assert await pushed.refusal("latest") == ("chart_version_not_found", "oci/web has no version 'latest'.")


async def test_a_version_is_pulled_once_with_a_token_for_its_repository_alone(pushed: Pushed) -> None:
    pushed.registry.push("team/charts/web", "1.0.0", web())
    await pushed.add()
    assert await pushed.pin("1.0.0") == ("1.0.0", digest(web()))
    asked = len(pushed.registry.asked)
    assert await pushed.pin("v1.0.0") == ("1.0.0", digest(web()))
    assert len(pushed.registry.asked) == asked
    assert set(pushed.registry.scopes) == {"repository:team/charts/web:pull"}


async def test_without_a_version_the_newest_stable_one_is_pulled(pushed: Pushed) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        pushed.registry.push("team/charts/web", version, web(version))
    await pushed.add()
    assert await pushed.pin(None) == ("1.10.0", digest(web("1.10.0")))


async def test_a_plus_in_a_version_is_an_underscore_in_its_tag(pushed: Pushed) -> None:
    pushed.registry.push("team/charts/web", "1.0.0_build.7", web("1.0.0+build.7"))
    await pushed.add()
    assert await pushed.pin("1.0.0+build.7") == ("1.0.0+build.7", digest(web("1.0.0+build.7")))
    assert "/v2/team/charts/web/manifests/1.0.0_build.7" in [path for path, _ in pushed.registry.asked]


async def test_a_registry_without_a_path_has_charts_at_its_top(pushed: Pushed) -> None:
    pushed.registry.push("web", "1.0.0", web())
    await pushed.add(url=f"oci://{pushed.host}")
    assert await pushed.pin("1.0.0") == ("1.0.0", digest(web()))


async def test_a_login_is_exchanged_for_a_token(pushed: Pushed) -> None:
    pushed.registry.login = LOGIN
    pushed.registry.push("team/charts/web", "1.0.0", web())
    await pushed.add(username=LOGIN.username, password=LOGIN.password)
    assert await pushed.pin("1.0.0") == ("1.0.0", digest(web()))
    assert {sent for path, sent in pushed.registry.asked if path == "/token"} == {basic(LOGIN)}


async def test_a_wrong_login_is_reported(pushed: Pushed) -> None:
    pushed.registry.login = LOGIN
    pushed.registry.push("team/charts/web", "1.0.0", web())
    await pushed.add(username=LOGIN.username, password="wrong")
    code, message = await pushed.refusal()
    assert (code, message) == (
        "repository_unauthorized",
        f"http://{pushed.host}/token does not accept the credentials (401).",
    )


async def test_a_token_service_elsewhere_without_tls_gets_no_login(pushed: Pushed, new_stack: NewStack) -> None:
    elsewhere = Files()
    async with (
        served(elsewhere) as other,
        new_stack(working=False, plain_http_hosts=f"{pushed.host},{other}") as stack,
    ):
        there = Pushed(stack, pushed.registry, pushed.host)
        pushed.registry.realm = f"http://{other}/token"
        pushed.registry.push("team/charts/web", "1.0.0", web())
        await there.add(username=LOGIN.username, password=LOGIN.password)
        assert (await there.refusal())[0] == "repository_not_found"
    assert elsewhere.asked == [("/token", None)]


async def test_the_target_of_a_redirect_cannot_choose_where_credentials_are_sent(new_stack: NewStack) -> None:
    """Registries lead to where their blobs are; whoever is there may be somebody else (CVE-2020-15157)."""
    registry, elsewhere = OciRegistry(login=LOGIN), OciRegistry()
    async with (
        served(registry) as host,
        served(elsewhere) as other,
        new_stack(working=False, plain_http_hosts=f"{host},{other}") as stack,
    ):
        there = Pushed(stack, registry, host)
        registry.push("team/charts/web", "1.0.0", web())
        blob = f"/v2/team/charts/web/blobs/sha256:{digest(web())}"
        registry.redirects[blob] = f"http://{other}{blob}"
        await there.add(username=LOGIN.username, password=LOGIN.password)
        assert (await there.refusal())[0] == "repository_unauthorized"
    assert elsewhere.asked == [(blob, None)]


@pytest.mark.parametrize("realm", ["", "ftp://example.com/token", "file:///etc/passwd", "token", "http://[::1"])
async def test_a_challenge_that_leads_nowhere_is_a_refusal(pushed: Pushed, realm: str) -> None:
    pushed.registry.realm = realm or " "
    await pushed.add()
    assert (await pushed.refusal())[0] == "repository_unauthorized"


async def test_a_chart_or_version_that_is_not_there_is_reported(pushed: Pushed) -> None:
    pushed.registry.push("team/charts/web", "1.0.0", web())
    await pushed.add()
    assert await pushed.refusal("2.0.0") == ("chart_version_not_found", "oci/web has no version '2.0.0'.")
    with pytest.raises(ValidationFailed) as caught:
        await pushed.pin("1.0.0", "db")
    assert caught.value.code == "repository_not_found"


async def test_an_artifact_that_is_not_a_chart_is_refused(pushed: Pushed) -> None:
    pushed.registry.push("team/charts/web", "1.0.0", b"layer", media_type="application/vnd.oci.image.layer.v1.tar+gzip")
    await pushed.add()
    assert await pushed.refusal() == ("not_a_chart", "team/charts/web:1.0.0 in the registry is not a Helm chart.")


async def test_a_blob_that_is_not_what_the_manifest_names_is_refused(pushed: Pushed) -> None:
    pushed.registry.push("team/charts/web", "1.0.0", web())
    pushed.registry.changes[f"/v2/team/charts/web/blobs/sha256:{digest(web())}"] = web("1.0.1")
    await pushed.add()
    assert await pushed.refusal() == (
        "chart_digest",
        "The archive of web 1.0.0 in the registry does not match its manifest.",
    )


async def test_another_chart_under_the_tag_is_refused(pushed: Pushed) -> None:
    pushed.registry.push("team/charts/web", "1.0.0", web("1.0.1"))
    await pushed.add()
    assert await pushed.refusal() == ("chart_mismatch", "oci announces web 1.0.0 and gives web 1.0.1.")


LAYER = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip"}


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        (b"", "registry_malformed"),
        (b"<html>", "registry_malformed"),
        (b"[]", "registry_malformed"),
        (b"null", "registry_malformed"),
        (b"{}", "not_a_chart"),
        (b'{"layers": null}', "not_a_chart"),
        (b'{"layers": {"a": 1}}', "not_a_chart"),
        (b'{"layers": [null, 5]}', "not_a_chart"),
        (json.dumps({"layers": [LAYER]}).encode(), "not_a_chart"),
        (json.dumps({"layers": [LAYER | {"digest": "sha256:0"}]}).encode(), "registry_malformed"),
        (json.dumps({"layers": [LAYER | {"digest": "../../other/blobs/sha256:0"}]}).encode(), "registry_malformed"),
        (json.dumps({"layers": [LAYER | {"digest": f"sha256:{'0' * 64}"}]}).encode(), "repository_not_found"),
    ],
)
async def test_an_invalid_manifest_is_refused(pushed: Pushed, manifest: bytes, code: str) -> None:
    pushed.registry.push("team/charts/web", "1.0.0", web())
    pushed.registry.changes["/v2/team/charts/web/manifests/1.0.0"] = manifest
    await pushed.add()
    assert (await pushed.refusal())[0] == code


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (b"", "registry_malformed"),
        (b"[]", "registry_malformed"),
        (b"{}", "chart_not_found"),
        (b'{"tags": null}', "chart_not_found"),
        (b'{"tags": 5}', "chart_not_found"),
        (b'{"tags": [5]}', "chart_version_not_found"),
    ],
)
async def test_invalid_tags_are_not_versions(pushed: Pushed, tags: bytes, code: str) -> None:
    pushed.registry.changes["/v2/team/charts/web/tags/list"] = tags
    await pushed.add()
    assert (await pushed.refusal())[0] == code


NO_NAMES = [
    "../../secret/app",
    "web/../../secret/app",
    "web:1.0.0",
    "web?n=1",
    "web#x",
    "web@sha256:0",
    "Web",
    "web/",
    "/web",
    "web//app",
    "we b",
    "web%2fapp",
    "web\n",
    "a" * 256,
    "wéb",
    ".web",
    "web-",
]


async def test_a_name_outside_the_registrys_grammar_is_refused_before_any_request(pushed: Pushed) -> None:
    await pushed.add()
    for name in NO_NAMES:
        with pytest.raises(ValidationFailed) as caught:
            await pushed.pin("1.0.0", name)
        assert caught.value.code == "chart_name_invalid", name
        with pytest.raises(ValidationFailed):
            await pushed.pin(None, name)
    assert pushed.registry.asked == []


async def test_a_version_outside_the_registrys_grammar_is_refused_before_any_request(pushed: Pushed) -> None:
    await pushed.add()
    for version in ("../x", "1.0.0?a=b", "1.0.0/../../..", "a" * 129, "", ".hidden"):
        with pytest.raises((ValidationFailed, NotFound)):
            await pushed.pin(version)
    assert [path for path, _ in pushed.registry.asked if "manifests" in path] == []


async def test_an_address_outside_the_registrys_grammar_is_not_added(pushed: Pushed) -> None:
    for path in ("/team/../other", "/team?x=1", "/team#x", "/Team", "/team//charts", "/team/:charts"):
        answer = await pushed.add(url=f"oci://{pushed.host}{path}")
        assert answer["code"] == "url_not_supported", path


async def test_what_was_pulled_stays_when_the_registry_goes_away(pushed: Pushed) -> None:
    pushed.registry.push("team/charts/web", "1.0.0", web())
    await pushed.add()
    await pushed.pin("1.0.0")
    pushed.registry.manifests.clear()
    pushed.registry.blobs.clear()
    assert await pushed.pin("1.0.0") == ("1.0.0", digest(web()))
