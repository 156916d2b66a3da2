"""What Helm's requests are about."""

import json

import pytest

from app.helm.request import Request, read_request

RECORDS = "/api/v1/namespaces/shop/secrets"


def test_a_read_is_a_path_without_its_query() -> None:
    assert read_request("GET", "/api/v1/secrets?limit=5") == Request("GET", "/api/v1/secrets")
    assert read_request("GET", "/api/v1/secrets?watch=true&limit=5") == Request("GET", "/api/v1/secrets", watches=True)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_all_else_writes_unless_it_is_a_dry_run(method: str) -> None:
    assert read_request(method, "/api/v1/namespaces/a/pods/b").writes
    assert not read_request(method, "/api/v1/namespaces/a/pods/b?fieldManager=helm&dryRun=All").writes
    assert read_request(method, "/api/v1/namespaces/a/pods/b?x=dryRun=All").writes


@pytest.mark.parametrize(("method", "body"), [("PUT", b"{}"), ("DELETE", b""), ("PATCH", b"")])
def test_a_record_is_known_by_its_name(method: str, body: bytes) -> None:
    assert read_request(method, f"{RECORDS}/sh.helm.release.v1.web.v12", body).revision == 12
    assert read_request(method, f"{RECORDS}/web", body).revision is None


def test_a_new_record_is_known_by_its_body() -> None:
    name = "sh.helm.release.v1.web.v1.v7"
    binary = b"k8s\0\n\x0c\n\x02v1\x12\x06Secret\x12\x99\x01\n\x20\n\x1c" + name.encode() + b"\x12\x00\x1a"
    assert read_request("POST", RECORDS, binary).revision == 7
    text = json.dumps({"metadata": {"name": name}, "type": "helm.sh/release.v1"}).encode()
    assert read_request("POST", RECORDS, text).revision == 7


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"name": "web"}, "stringData": {"a": "sh.helm.release.v1.web.v7"}},
        {"metadata": {"name": "sh.helm.release.v1.web.v7"}, "type": "Opaque"},
        {"metadata": None},
    ],
)
def test_a_secret_of_a_chart_is_not_a_release_record(body: object) -> None:
    assert read_request("POST", RECORDS, json.dumps(body).encode()).revision is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"k8s\0", b"k8s\0" + b"\xff" * 2000, b'{"metadata": 7}'])
def test_a_body_that_is_not_an_object_has_no_known_fields(body: bytes) -> None:
    found = read_request("POST", RECORDS, body)
    assert (found.writes, found.revision, found.hook, found.name) == (True, None, None, "")


@pytest.mark.parametrize(
    ("method", "path", "name", "words"),
    [
        ("PATCH", "/api/v1/namespaces/shop/configmaps/web", "", "configmaps/web"),
        ("POST", "/apis/apps/v1/namespaces/shop/deployments", "web", "deployments/web"),
        ("POST", "/api/v1/namespaces", "shop", "namespaces/shop"),
        ("DELETE", "/api/v1/namespaces/shop", "", "namespaces/shop"),
        ("PUT", "/apis/a.example/v1/namespaces/shop/widgets/a/status", "", "widgets/a/status"),
        ("GET", "/version", "", "/version"),
    ],
)
def test_an_object_is_named_as_kubectl_names_it(method: str, path: str, name: str, words: str) -> None:
    assert Request(method, path, name).object == words
