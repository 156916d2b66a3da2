"""HTTP chart repositories, end to end: a real server, and what the API makes of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest_asyncio
from sqlalchemy import text

from app.charts.download import Login
from app.charts.pinning import pin
from tests.charts.servers import Files, basic, digest, served
from tests.sample_charts import archive, chart_files
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

REPOSITORY = "... on ChartRepositoryPayload { chartRepository { id name url kind error } }"
LOGIN = Login("reader", "s3cr3t-of-the-tests")


def web(version: str = "1.0.0", name: str = "web") -> bytes:
    return archive(chart_files(name, version), root=name)


class Served:
    """One repository, on an address that may be asked over plain HTTP, and a Polyhelm that asks it."""

    def __init__(self, stack: Stack, files: Files, host: str) -> None:
        self.stack = stack
        self.files = files
        self.host = host

    async def add(self, name: str = "stable", **given: Any) -> Any:
        given = {"url": f"http://{self.host}"} | given
        return await self.stack.mutate("addChartRepository", REPOSITORY, name=name, **given)

    async def refresh(self, repository: Any) -> Any:
        return (await self.stack.mutate("refreshChartRepository", REPOSITORY, id=repository["id"]))["chartRepository"]

    async def versions(self, repository: str = "stable", name: str = "web") -> list[str] | None:
        query = "query ($r: String!, $n: String!) { chart(repository: $r, name: $n) { versions { version } } }"
        chart = (await self.stack.data(query, r=repository, n=name))["chart"]
        return [version["version"] for version in chart["versions"]] if chart else None

    async def described(self) -> dict[str, Any]:
        """The whole answer to a question that has the newest version pulled."""
        query = """{ chart(repository: "stable", name: "web") {
          description versions { version appVersion deprecated digest defaultValues valuesSchema readme }
        } }"""
        return await self.stack.ask(query)


@pytest_asyncio.fixture(loop_scope="session")
async def repository(new_stack: NewStack) -> AsyncIterator[Served]:
    files = Files()
    async with served(files) as host, new_stack(working=False, plain_http_hosts=f"other.example, {host}") as stack:
        yield Served(stack, files, host)


async def test_a_repository_is_added_and_its_charts_are_found(repository: Served) -> None:
    repository.files.offer("web", "1.0.0", web(), description="Serves.", appVersion="2.0")
    repository.files.offer("web", "1.1.0", web("1.1.0"), description="Serves more.")
    repository.files.offer("db", "0.1.0", web("0.1.0", "db"))
    answer = await repository.add(url=f"http://{repository.host}/")
    added = answer["chartRepository"]
    assert added | {"id": ""} == {
        "id": "",
        "name": "stable",
        "url": f"http://{repository.host}",
        "kind": "HTTP",
        "error": None,
    }
    charts = (await repository.stack.data("{ charts { repository name description versions { version } } }"))["charts"]
    assert charts == [
        {"repository": "stable", "name": "db", "description": None, "versions": [{"version": "0.1.0"}]},
        {
            "repository": "stable",
            "name": "web",
            "description": "Serves more.",
            "versions": [{"version": "1.1.0"}, {"version": "1.0.0"}],
        },
    ]
    assert [path for path, _ in repository.files.asked] == ["/index.yaml"]


async def test_the_archive_is_pulled_once_when_it_is_first_asked_for(repository: Served) -> None:
    repository.files.offer("web", "1.0.0", web(), appVersion="2.0")
    await repository.add()
    for _ in range(2):
        answer = await repository.described()
        assert "errors" not in answer
        assert answer["data"]["chart"]["versions"] == [
            {
                "version": "1.0.0",
                "appVersion": "2.0",
                "deprecated": False,
                "digest": digest(web()),
                "defaultValues": "replicas: 1\n",
                "valuesSchema": None,
                "readme": "# web\n",
            }
        ]
    assert [path for path, _ in repository.files.asked] == ["/index.yaml", "/web-1.0.0.tgz"]


async def test_what_was_pulled_stays_when_the_repository_goes_away(repository: Served) -> None:
    repository.files.offer("web", "1.0.0", web())
    repository.files.offer("db", "1.0.0", web(name="db"))
    added = (await repository.add())["chartRepository"]
    await repository.described()
    repository.files.status = 503
    refreshed = await repository.refresh(added)
    assert refreshed["error"] == f"http://{repository.host}/index.yaml answered with status 503."
    assert await repository.versions() == ["1.0.0"]
    assert await repository.versions(name="db") == ["1.0.0"]
    assert "errors" not in await repository.described()
    repository.files.status = 200
    assert (await repository.refresh(added))["error"] is None


async def test_a_refresh_picks_up_new_versions_and_drops_old_ones_but_for_pulled_ones(repository: Served) -> None:
    repository.files.offer("web", "1.0.0", web())
    added = (await repository.add())["chartRepository"]
    await pin(repository.stack.services, 1, "stable/web", "1.0.0")
    repository.files.offer("web", "1.1.0", web("1.1.0"))
    repository.files.offer("db", "1.0.0", web(name="db"))
    assert await repository.versions() == ["1.0.0"]
    assert (await repository.refresh(added))["error"] is None
    assert await repository.versions() == ["1.1.0", "1.0.0"]
    assert await repository.versions(name="db") == ["1.0.0"]

    repository.files.files["/index.yaml"] = b"entries: {}"
    assert (await repository.refresh(added))["error"] is None
    assert await repository.versions() == ["1.0.0"]
    assert await repository.versions(name="db") is None


async def test_without_a_version_the_newest_stable_one_is_meant(repository: Served) -> None:
    for version in ("1.9.0", "1.10.0", "1.2.0", "2.0.0-rc.1"):
        repository.files.offer("web", version, web(version))
    await repository.add()
    services = repository.stack.services
    assert (await pin(services, 1, "stable/web", None)).archive.version == "1.10.0"
    assert (await pin(services, 1, "stable/web", "2.0.0-rc.1")).archive.version == "2.0.0-rc.1"


async def test_a_v_before_a_version_makes_no_difference(repository: Served) -> None:
    repository.files.offer("web", "1.0.0", web())
    repository.files.offer("web", "v2.0.0", web("v2.0.0"))
    repository.files.offer("web", "v3.0.0", web("3.0.0"))
    await repository.add()
    services = repository.stack.services
    assert (await pin(services, 1, "stable/web", "v1.0.0")).archive.version == "1.0.0"
    assert (await pin(services, 1, "stable/web", "2.0.0")).archive.version == "v2.0.0"
    assert (await pin(services, 1, "stable/web", "3.0.0")).archive.version == "3.0.0"
    before = len(repository.files.asked)
    for version in ("1.0.0", "v1.0.0", "2.0.0", "v2.0.0", "3.0.0", "v3.0.0"):
        await pin(services, 1, "stable/web", version)
    assert len(repository.files.asked) == before


async def refused(repository: Served) -> dict[str, Any]:
    """The error of the question that pulls; user errors of queries are told in full."""
    answer = await repository.described()
    errors = [{"message": error["message"], "code": error["extensions"]["code"]} for error in answer["errors"]]
    assert all(error == errors[0] for error in errors)  # one for each field that needs the archive
    return dict(errors[0])


async def test_an_archive_with_another_digest_is_refused(repository: Served) -> None:
    repository.files.offer("web", "1.0.0", web(), digest="0" * 64)
    await repository.add()
    assert await refused(repository) == {
        "code": "chart_digest",
        "message": "The archive of web 1.0.0 does not match the index of stable: its digest is"
        f" {digest(web())}, not {'0' * 64}.",
    }


async def test_an_archive_of_another_chart_or_version_is_refused(repository: Served) -> None:
    repository.files.offer("web", "1.0.0", web(name="db"))
    added = (await repository.add())["chartRepository"]
    assert await refused(repository) == {
        "code": "chart_mismatch",
        "message": "stable announces web 1.0.0 and gives db 1.0.0.",
    }
    del repository.files.files["/index.yaml"]
    repository.files.offer("web", "1.0.0", web("1.0.1"))
    await repository.refresh(added)
    assert (await refused(repository))["message"] == "stable announces web 1.0.0 and gives web 1.0.1."


async def test_an_archive_that_is_missing_too_large_or_not_a_chart_is_refused(new_stack: NewStack) -> None:
    files = Files()
    async with served(files) as host, new_stack(working=False, plain_http_hosts=host, chart_max_bytes=5000) as stack:
        repository = Served(stack, files, host)
        files.offer("web", "1.0.0", b"no archive")
        await repository.add()
        assert (await refused(repository))["code"] == "chart_malformed"
        del files.files["/web-1.0.0.tgz"]
        assert await refused(repository) == {
            "code": "repository_not_found",
            "message": f"http://{host}/web-1.0.0.tgz was not found (404).",
        }
        files.files["/web-1.0.0.tgz"] = b"x" * 5001
        assert await refused(repository) == {
            "code": "download_too_large",
            "message": f"http://{host}/web-1.0.0.tgz answers with more than 5,000 bytes.",
        }


async def test_an_index_that_is_missing_malformed_or_too_large_is_refused(new_stack: NewStack) -> None:
    files = Files()
    async with served(files) as host, new_stack(working=False, plain_http_hosts=host, index_max_bytes=1000) as stack:
        repository = Served(stack, files, host)
        for content, code in ((None, "repository_not_found"), (b"<html>", "repository_malformed")):
            files.files = {"/index.yaml": content} if content else {}
            assert (await repository.add())["code"] == code
        files.files = {"/index.yaml": b"entries: {}\n" + b"#" * 1000}
        assert await repository.add() == {
            "__typename": "ValidationFailed",
            "code": "download_too_large",
            "message": f"http://{host}/index.yaml answers with more than 1,000 bytes.",
            "path": ["url"],
            "problems": [{"path": ["url"], "message": f"http://{host}/index.yaml answers with more than 1,000 bytes."}],
        }
        assert (await stack.data("{ chartRepositories { name } }"))["chartRepositories"] == []


async def test_invalid_and_unsafe_addresses_are_refused(repository: Served) -> None:
    for url, code in (
        ("http://127.0.0.1:1", "plain_http"),
        (f"http://{repository.host}@127.0.0.1:1", "url_with_credentials"),
        ("https://user:word@charts.example", "url_with_credentials"),
        ("oci://user@charts.example", "url_with_credentials"),
        ("ftp://charts.example", "url_not_supported"),
        ("file:///etc", "url_not_supported"),
        ("charts.example", "url_not_supported"),
        ("https://", "url_not_supported"),
        ("", "url_not_supported"),
        ("https://[::1", "url_not_supported"),
        ("oci://[::1", "url_not_supported"),
        ("https://charts.example:99999", "url_not_supported"),
        ("https://charts.example:port", "url_not_supported"),
    ):
        assert (url, (await repository.add(url=url)).get("code")) == (url, code)
    assert repository.files.asked == []


async def test_an_unreachable_repository_is_reported(repository: Served, new_stack: NewStack) -> None:
    async with served(Files()) as gone:
        pass
    async with new_stack(working=False, plain_http_hosts=gone) as stack:
        answer = await Served(stack, Files(), gone).add()
    assert answer["code"] == "repository_unreachable"


async def test_credentials_are_sent_to_their_own_host_alone(new_stack: NewStack) -> None:
    """Neither an archive elsewhere nor a redirect to another port gets them."""
    files, elsewhere = Files(login=LOGIN), Files()
    async with (
        served(files) as host,
        served(elsewhere) as other,
        new_stack(working=False, plain_http_hosts=f"{host},{other}") as stack,
    ):
        repository = Served(stack, files, host)
        files.offer("web", "1.0.0", web())
        assert (await repository.add())["code"] == "repository_unauthorized"
        login = {"username": LOGIN.username, "password": LOGIN.password}
        assert (await repository.add(username=LOGIN.username, password="wrong"))["code"] == "repository_unauthorized"
        assert "chartRepository" in await repository.add(**login)
        assert "errors" not in await repository.described()
        assert {authorization for _, authorization in files.asked[-2:]} == {basic(LOGIN)}

        files.offer("other", "1.0.0", web(name="other"), urls=[f"http://{other}/other.tgz"])
        files.offer("moved", "1.0.0", web(name="moved"))
        files.redirects["/moved-1.0.0.tgz"] = f"http://{other}/moved.tgz"
        elsewhere.files = {"/other.tgz": web(name="other"), "/moved.tgz": web(name="moved")}
        repositories = (await stack.data("{ chartRepositories { id } }"))["chartRepositories"]
        await repository.refresh(repositories[0])
        for name in ("other", "moved"):
            query = 'query ($n: String!) { chart(repository: "stable", name: $n) { versions { readme } } }'
            assert (await stack.data(query, n=name))["chart"]["versions"] == [{"readme": f"# {name}\n"}]
        assert elsewhere.asked == [("/other.tgz", None), ("/moved.tgz", None)]


async def test_the_password_is_sealed_and_shown_nowhere(repository: Served) -> None:
    repository.files.login = LOGIN
    repository.files.offer("web", "1.0.0", web())
    answer = await repository.add(username=LOGIN.username, password=LOGIN.password)
    events = await repository.stack.data("{ events { nodes { kind message data } } }")
    rows = await repository.stack.services.database.rows(text("SELECT * FROM chart_repository"))
    assert LOGIN.password not in f"{answer} {events} {rows}"
    assert LOGIN.password.encode() not in bytes(rows[0].credentials)


async def test_a_redirect_leads_to_no_plain_http_that_is_not_allowed(repository: Served) -> None:
    metadata = Files({"/latest": b"secret", "/index.yaml": b"entries: {}"})
    async with served(metadata) as host:
        repository.files.redirects["/index.yaml"] = f"http://{host}/index.yaml"
        answer = await repository.add()
        assert (answer["code"], answer["message"]) == (
            "plain_http",
            f"Use https, or add {host} to POLYHELM_PLAIN_HTTP_HOSTS.",
        )
    assert metadata.asked == []


async def test_an_index_may_not_lead_to_plain_http_that_is_not_allowed(repository: Served) -> None:
    metadata = Files({"/web.tgz": web()})
    async with served(metadata) as host:
        repository.files.offer("web", "1.0.0", web(), urls=[f"http://{host}/web.tgz"])
        await repository.add()
        assert (await refused(repository))["code"] == "plain_http"
    assert metadata.asked == []


async def test_circular_redirects_are_refused(repository: Served) -> None:
    repository.files.redirects["/index.yaml"] = "/index.yaml"
    assert (await repository.add())["code"] == "repository_unreachable"
    assert len(repository.files.asked) == 6


async def test_a_repository_name_is_unique_and_valid(repository: Served) -> None:
    repository.files.offer("web", "1.0.0", web())
    await repository.add()
    taken = await repository.add()
    assert (taken["__typename"], taken["code"], taken["path"]) == ("Conflict", "name_taken", ["name"])
    for name in ("", "Upper", "a/b", "-a", "a" * 64, "a\n"):
        assert (await repository.add(name))["code"] == "invalid_input"


async def test_the_valid_entries_of_an_odd_index_are_read(repository: Served) -> None:
    entry = '{"version": "1.0.0\\0", "urls": ["a"]}, {"version": "1.0.0", "urls": ["a"], "description": "a\\0b"}'
    repository.files.files["/index.yaml"] = b'{"entries": {"web": [' + entry.encode() + b', null, 5], "a\\u0000": []}}'
    assert "chartRepository" in await repository.add()
    assert await repository.versions() == ["1.0.0"]
