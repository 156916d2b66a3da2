"""Kubeconfigs that nobody should send to a server, and some that anybody may."""

import json
from typing import Any

import pytest

from app.clusters.kubeconfig import MAX_BYTES, Access, read_kubeconfig
from app.core.errors import ValidationFailed
from tests.clusters.kubeconfigs import (
    CERTIFICATE,
    ENCRYPTED_KEY,
    KEY,
    TOKEN,
    b64,
    document,
    text,
    with_cluster,
    with_user,
)

SECRET = "hunter2"
EXEC = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", f"echo {SECRET}"]}


def server(url: Any) -> str:
    return with_cluster(server=url)


def certificate_user(certificate: Any, key: Any) -> str:
    return with_user(token=None, client_certificate_data=certificate, client_key_data=key)


def bomb() -> str:
    lines = [f"a: &a [{', '.join([SECRET] * 10)}]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]" for n in range(12)]
    return "\n".join([*lines, text()])


def merge_bomb() -> str:
    lines = ["a: &a {k: v, l: w}"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)}\n  <<: [{', '.join(['*' + chr(97 + n)] * 10)}]" for n in range(12)]
    return "\n".join([*lines, text()])


MALFORMED = "kubeconfig_malformed"
REFUSED = {
    # what runs, reads or sends something
    "exec": (with_user(token=None, exec=EXEC), "kubeconfig_exec"),
    "exec beside a token": (with_user(exec=EXEC), "kubeconfig_exec"),
    "exec that is empty": (with_user(exec={}), "kubeconfig_exec"),
    "auth provider": (with_user(auth_provider={"name": "gcp"}), "kubeconfig_auth_provider"),
    "token from a file": (with_user(token=None, tokenFile="/etc/passwd"), "kubeconfig_tokenFile"),
    "token and a file": (with_user(tokenFile="/etc/passwd"), "kubeconfig_tokenFile"),
    "client certificate from a file": (with_user(client_certificate="/a"), "kubeconfig_client_certificate"),
    "client key from a file": (with_user(client_key="../a"), "kubeconfig_client_key"),
    "CA from a file": (with_cluster(certificate_authority="/a"), "kubeconfig_certificate_authority"),
    "proxy": (with_cluster(proxy_url="http://proxy:3128"), "kubeconfig_proxy_url"),
    "SOCKS proxy": (with_cluster(proxy_url="socks5://proxy"), "kubeconfig_proxy_url"),
    # who somebody else is
    "user name": (with_user(token=None, username="admin"), "kubeconfig_username"),
    "user name and password": (with_user(token=None, username="admin", password=SECRET), "kubeconfig_password"),
    "password alone": (with_user(password=SECRET), "kubeconfig_password"),
    "impersonation of a user": (with_user(as_="system:admin"), "kubeconfig_as"),
    "impersonation by uid": (with_user(as_uid="1"), "kubeconfig_as_uid"),
    "impersonation of groups": (with_user(as_groups=["system:masters"]), "kubeconfig_as_groups"),
    "impersonation with extras": (with_user(as_user_extra={"a": ["b"]}), "kubeconfig_as_user_extra"),
    # whom we speak to
    "no check of the certificate": (
        with_cluster(insecure_skip_tls_verify=True),
        "kubeconfig_insecure_skip_tls_verify",
    ),
    "no check, in words": (with_cluster(insecure_skip_tls_verify="true"), "kubeconfig_insecure_skip_tls_verify"),
    "another server name": (with_cluster(tls_server_name="other"), "kubeconfig_tls_server_name"),
    "http": (server("http://paris.example"), "kubeconfig_server_not_https"),
    "cloud metadata": (server("http://169.254.169.254/latest/meta-data"), "kubeconfig_server_not_https"),
    "cloud metadata by name": (server("http://metadata.google.internal"), "kubeconfig_server_not_https"),
    "cloud metadata by IPv6": (server("http://[fd00:ec2::254]"), "kubeconfig_server_not_https"),
    "file": (server("file:///etc/passwd"), "kubeconfig_server_not_https"),
    "unix socket": (server("unix:///var/run/docker.sock"), "kubeconfig_server_not_https"),
    "no scheme": (server("paris.example:6443"), "kubeconfig_server_not_https"),
    "scheme alone": (server("https://"), "kubeconfig_server"),
    "credentials in the URL": (server(f"https://admin:{SECRET}@paris.example"), "kubeconfig_server"),
    "user in the URL": (server("https://admin@paris.example"), "kubeconfig_server"),
    "empty user in the URL": (server("https://@paris.example"), "kubeconfig_server"),
    "query": (server(f"https://paris.example/?token={SECRET}"), "kubeconfig_server"),
    "empty query": (server("https://paris.example?"), "kubeconfig_server"),
    "fragment": (server("https://paris.example/#a"), "kubeconfig_server"),
    "line break in the URL": (server("https://paris.example/\r\nHost: other"), "kubeconfig_server"),
    "blank in the URL": (server("https://paris.example/a b"), "kubeconfig_server"),
    "backslash in the URL": (server("https://paris.example\\@other"), "kubeconfig_server"),
    "port out of range": (server("https://paris.example:65536"), "kubeconfig_server"),
    "port zero": (server("https://paris.example:0"), "kubeconfig_server"),
    "port in words": (server("https://paris.example:https"), "kubeconfig_server"),
    "broken IPv6": (server("https://[::1"), "kubeconfig_server"),
    "server is a list": (server(["https://paris.example"]), "kubeconfig_server"),
    "server is empty": (server(""), "kubeconfig_server_not_https"),
    "no server": (with_cluster(server=None), "kubeconfig_server"),
    # credentials that are none
    "no credentials": (text(lambda made: made.update(document(user={}))), "kubeconfig_no_credentials"),
    "token is empty": (with_user(token=""), "kubeconfig_no_credentials"),
    "certificate without key": (certificate_user(b64(CERTIFICATE), None), "kubeconfig_no_credentials"),
    "key without certificate": (certificate_user(None, b64(KEY)), "kubeconfig_no_credentials"),
    "token with a line break": (with_user(token=f"{SECRET}\nX-Header: a"), "kubeconfig_token"),
    "token with a line break at its end": (with_user(token=f"{SECRET}\n"), "kubeconfig_token"),
    "token with a blank": (with_user(token=f"{SECRET} a"), "kubeconfig_token"),
    "token beyond ASCII": (with_user(token=f"{SECRET}é"), "kubeconfig_token"),
    "token with DEL": (with_user(token=f"{SECRET}\x7f"), "kubeconfig_token"),
    "token too long": (with_user(token=SECRET * 2500), "kubeconfig_token"),
    "token is a number": (with_user(token=12345678), "kubeconfig_token"),
    "token is a list": (with_user(token=[SECRET]), "kubeconfig_token"),
    "CA is no base64": (with_cluster(certificate_authority_data=CERTIFICATE), "kubeconfig_certificate_authority_data"),
    "CA is no PEM": (with_cluster(certificate_authority_data=b64(SECRET)), "kubeconfig_certificate_authority_data"),
    "CA is binary": (with_cluster(certificate_authority_data=b64(b"\xff")), "kubeconfig_certificate_authority_data"),
    "CA is a map": (with_cluster(certificate_authority_data={"a": 1}), "kubeconfig_certificate_authority_data"),
    "CA is a key": (with_cluster(certificate_authority_data=b64(KEY)), "kubeconfig_certificate_authority_data"),
    "CA is cut off": (
        with_cluster(certificate_authority_data=b64(CERTIFICATE[:200])),
        "kubeconfig_certificate_authority_data",
    ),
    "certificate is no PEM": (certificate_user(b64(SECRET), b64(KEY)), "kubeconfig_client_certificate_data"),
    "key is no PEM": (certificate_user(b64(CERTIFICATE), b64(SECRET)), "kubeconfig_client_key_data"),
    "key is no base64": (certificate_user(b64(CERTIFICATE), "%%%"), "kubeconfig_client_key_data"),
    "key is encrypted": (certificate_user(b64(CERTIFICATE), b64(ENCRYPTED_KEY)), "kubeconfig_client_key_data"),
    "key is a certificate": (certificate_user(b64(CERTIFICATE), b64(CERTIFICATE)), "kubeconfig_client_key_data"),
    # fields that nobody knows
    "unknown field of the cluster": (with_cluster(future=SECRET), "kubeconfig_unknown_field"),
    "unknown field of the user": (with_user(future=SECRET), "kubeconfig_unknown_field"),
    "field that is a number": (
        text(lambda made: made["users"][0]["user"].update({1: SECRET})),
        "kubeconfig_unknown_field",
    ),
    # what does not belong together
    "no current context": (text(lambda made: made.pop("current-context")), "kubeconfig_context"),
    "current context is empty": (text(lambda made: made.update({"current-context": ""})), "kubeconfig_context"),
    "current context is a list": (text(lambda made: made.update({"current-context": ["a"]})), "kubeconfig_context"),
    "context is missing": (text(lambda made: made.update({"current-context": "other"})), "kubeconfig_context"),
    "no contexts": (text(lambda made: made.pop("contexts")), "kubeconfig_context"),
    "contexts are a map": (text(lambda made: made.update(contexts={"main": {}})), "kubeconfig_context"),
    "context is null": (
        text(lambda made: made.update(contexts=[None, {"name": "main", "context": None}])),
        "kubeconfig_context",
    ),
    "cluster is missing": (text(lambda made: made["clusters"].clear()), "kubeconfig_cluster"),
    "cluster is text": (
        text(lambda made: made.update(clusters=[{"name": "paris", "cluster": "a"}])),
        "kubeconfig_cluster",
    ),
    "context names no cluster": (
        text(lambda made: made["contexts"][0]["context"].pop("cluster")),
        "kubeconfig_cluster",
    ),
    "user is missing": (text(lambda made: made.pop("users")), "kubeconfig_user"),
    "context names no user": (text(lambda made: made["contexts"][0]["context"].pop("user")), "kubeconfig_user"),
    # what is no kubeconfig at all
    "empty": ("", MALFORMED),
    "null": ("null", MALFORMED),
    "text": (SECRET, MALFORMED),
    "list": (f"- {SECRET}", MALFORMED),
    "number": ("1", MALFORMED),
    "another kind": ("apiVersion: v1\nkind: Secret\n", MALFORMED),
    "broken YAML": (f"token: '{SECRET}\n a: [", MALFORMED),
    "two documents": (f"{text()}\n---\n{text()}", MALFORMED),
    "a tag that makes objects": (f"a: !!python/object/apply:os.system ['echo {SECRET}']\n{text()}", MALFORMED),
    "an unknown tag": (f"a: !secret {SECRET}\n{text()}", MALFORMED),
    "an alias": (f"a: &a {SECRET}\nb: *a\n{text()}", MALFORMED),
    "an alias to nothing": (f"b: *a\n{text()}", MALFORMED),
    "an alias to itself": (f"a: &a [*a]\n{text()}", MALFORMED),
    "an alias in the user": (text().replace("token:", "token: &t").replace("users:", "x: *t\nusers:"), MALFORMED),
    "aliases that unfold to terabytes": (bomb(), MALFORMED),
    "merged maps that unfold to terabytes": (merge_bomb(), MALFORMED),
    "lists nested too deep": (f"a: {'[' * 100_000}", MALFORMED),
    "maps nested too deep": ("{a: " * 50_000, MALFORMED),
    "keys nested too deep": ("? " * 100_000, MALFORMED),
    "a key that is a list": (f"? [a]\n: 1\n{text()}", MALFORMED),
    "U+0000": (f"{text()}\x00", MALFORMED),
    "a lone surrogate": (f"a: \ud800\n{text()}", MALFORMED),
    "UTF-16 read as Latin-1": (text().encode("utf-16").decode("latin-1"), MALFORMED),
    "a date that is none": (f"a: !!timestamp 2026-99-99\n{text()}", MALFORMED),
    "too large": (text() + "#" * MAX_BYTES, "kubeconfig_too_large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_invalid_kubeconfig_is_refused_without_quoting_credentials(case: str) -> None:
    given, code = REFUSED[case]
    with pytest.raises(ValidationFailed) as caught:
        read_kubeconfig(given)
    error = caught.value
    assert (error.code, error.path) == (code, ("kubeconfig",))
    assert error.__cause__ is None and (error.__context__ is None or error.__suppress_context__)
    for secret in (SECRET, TOKEN, KEY[40:80], CERTIFICATE[40:80]):
        assert secret not in f"{error!r} {error}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            with_user(exec=EXEC),
            "`exec` of the user runs a program on the server to get credentials; use the token of a service account"
            " instead.",
        ),
        (with_user(tokenFile="/a"), "`tokenFile` of the user names a file; give the token itself as `token`."),
        (
            with_cluster(proxy_url="http://a"),
            "`proxy-url` of the cluster sends requests through a proxy; Polyhelm connects directly.",
        ),
        (server("http://a"), "The cluster's `server` must be an https:// address."),
        (text(lambda made: made["clusters"].clear()), "The kubeconfig has no cluster named 'paris' under `clusters`."),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_give_instead(given: str, message: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        read_kubeconfig(given)
    assert caught.value.message == message


def test_a_context_that_is_named_must_be_there() -> None:
    with pytest.raises(ValidationFailed) as caught:
        read_kubeconfig(text(), "other")
    assert caught.value.message == "The kubeconfig has no context named 'other' under `contexts`."


BY_TOKEN = Access("https://paris.example:6443", CERTIFICATE, TOKEN, None, None)
BY_CERTIFICATE = Access("https://paris.example:6443", CERTIFICATE, None, CERTIFICATE, KEY)


@pytest.mark.parametrize(
    ("given", "access"),
    [
        (text(), BY_TOKEN),
        (json.dumps(document()), BY_TOKEN),
        (certificate_user(b64(CERTIFICATE), b64(KEY)), BY_CERTIFICATE),
        (with_user(client_certificate_data=b64(CERTIFICATE), client_key_data=b64(KEY)), BY_TOKEN),
        (with_cluster(insecure_skip_tls_verify=False), BY_TOKEN),
        (with_cluster(extensions=[{"name": "minikube", "extension": {"a": 1}}], disable_compression=True), BY_TOKEN),
        (with_user(username="", password=""), BY_TOKEN),
        (text(lambda made: made.pop("kind")), BY_TOKEN),
        (text(lambda made: made.update(preferences={"colors": True})), BY_TOKEN),
        (with_cluster(certificate_authority_data=f"{b64(CERTIFICATE)[:70]}\n{b64(CERTIFICATE)[70:]}\n"), BY_TOKEN),
        (server("https://paris.example:6443/"), BY_TOKEN),
        (f"# a & b\n{text()}", BY_TOKEN),
        (
            text(lambda made: made["clusters"].append({"name": "other", "cluster": {"proxy-url": "http://a"}})),
            BY_TOKEN,
        ),
        (
            server("https://[::1]:6443/k8s/clusters/c-1"),
            Access("https://[::1]:6443/k8s/clusters/c-1", CERTIFICATE, TOKEN, None, None),
        ),
        (with_cluster(certificate_authority_data=None), Access("https://paris.example:6443", None, TOKEN, None, None)),
    ],
)
def test_a_valid_kubeconfig_is_read(given: str, access: Access) -> None:
    found = read_kubeconfig(given)
    assert found == access
    assert Access.from_json(found.to_json()) == found


def test_of_several_contexts_the_named_one_is_taken() -> None:
    def add(made: dict[str, Any]) -> None:
        made["users"].append({"name": "other", "user": {"token": "other"}})
        made["contexts"].append({"name": "second", "context": {"cluster": "paris", "user": "other"}})

    assert read_kubeconfig(text(add), "second").token == "other"
    assert read_kubeconfig(text(add)).token == TOKEN


@pytest.mark.parametrize("access", [BY_TOKEN, BY_CERTIFICATE])
def test_the_text_of_a_kubeconfig_shows_only_its_server(access: Access) -> None:
    assert repr(access) == str(access) == "Access('https://paris.example:6443')"


SUBJECT = "# Réseau de Genève\nsubject=CN = kubernetes\n-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n"


@pytest.mark.parametrize(
    "given",
    [SUBJECT + CERTIFICATE, CERTIFICATE + SUBJECT, SUBJECT + CERTIFICATE * 2 + "\n\n"],
    ids=["before", "after", "between"],
)
def test_text_around_a_certificate_is_left_out(given: str) -> None:
    found = read_kubeconfig(with_cluster(certificate_authority_data=b64(given)))
    assert found.ca == CERTIFICATE * given.count(CERTIFICATE)
