"""Kubeconfigs that try to have a program run, a file read, or somebody else asked.

`{port}` is a port of this machine that nobody may connect to, `{pipe}` a file that nobody may open, `{mark}` one that
nobody may make. Each has the code and the words of its refusal.
"""

from typing import Any

from tests.clusters.kubeconfigs import CERTIFICATE, KEY, b64, text, with_cluster, with_user

RUN = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "/bin/sh",
    "args": ["-c", "touch {mark}; cat {pipe}; : > /dev/tcp/127.0.0.1/{port}"],
    "interactiveMode": "Never",
}
HELPER = {"name": "gcp", "config": {"cmd-path": "/usr/bin/touch", "cmd-args": "{mark}"}}
ISSUER = {"name": "oidc", "config": {"idp-issuer-url": "http://127.0.0.1:{port}", "refresh-token": "x"}}

_RUNS = "runs a program on the server to get credentials; use the token of a service account instead"
_PLUGIN = "needs a plugin; use the token of a service account instead"
_FILE = "names a file; give "
_PROXY = "`proxy-url` of the cluster sends requests through a proxy; Polyhelm connects directly."
_HTTPS = "The cluster's `server` must be an https:// address."
_IMPERSONATES = "impersonates another user; give credentials of that user"
_YAML = "The kubeconfig is not valid YAML, or has aliases, or a key twice in one map."


def _user(**fields: Any) -> str:
    """A user with these fields alone."""
    return text(lambda made: made["users"][0].update(user=fields))


def _here(**fields: Any) -> str:
    """A cluster at the canary, with more fields."""
    return with_cluster(server="https://127.0.0.1:{port}", **fields)


def _refused(entry: str, field: str, words: str) -> str:
    return f"`{field}` of the {entry} {words}."


_EXEC = ("kubeconfig_exec", _refused("user", "exec", _RUNS))
_AUTH = ("kubeconfig_auth_provider", _refused("user", "auth-provider", _PLUGIN))
_TOKEN_FILE = ("kubeconfig_tokenFile", _refused("user", "tokenFile", f"{_FILE}the token itself as `token`"))
_CERTIFICATE_FILE = (
    "kubeconfig_client_certificate",
    _refused("user", "client-certificate", f"{_FILE}its content as `client-certificate-data`"),
)
_KEY_FILE = ("kubeconfig_client_key", _refused("user", "client-key", f"{_FILE}its content as `client-key-data`"))
_CA_FILE = (
    "kubeconfig_certificate_authority",
    _refused("cluster", "certificate-authority", f"{_FILE}its content as `certificate-authority-data`"),
)
_THROUGH_PROXY = ("kubeconfig_proxy_url", _PROXY)
_NOT_HTTPS = ("kubeconfig_server_not_https", _HTTPS)
_MALFORMED = ("kubeconfig_malformed", _YAML)
_PLAIN = ("kubeconfig_server", "The cluster's `server` must be plain: https://host:port, and a path at most.")
_CHARACTERS = ("kubeconfig_server", "The cluster's `server` contains characters that are not allowed in a URL.")


def _twice(section: str, entry: dict[str, Any]) -> str:
    return text(lambda made: made[section].append(entry))


def _bomb(head: str, line: str) -> str:
    lines = [head] + [line.format(chr(98 + n), ", ".join([f"*{chr(97 + n)}"] * 10)) for n in range(12)]
    return "\n".join([*lines, text()])


KUBECONFIGS: dict[str, tuple[str, tuple[str, str]]] = {
    # programs
    "exec": (_user(exec=RUN), _EXEC),
    "exec beside a token": (with_user(exec=RUN), _EXEC),
    "exec of a user in a good cluster's context": (_user(exec=RUN | {"provideClusterInfo": True}), _EXEC),
    "exec with an environment": (_user(exec=RUN | {"env": [{"name": "PATH", "value": "/tmp"}]}), _EXEC),
    "exec by a relative path": (_user(exec=RUN | {"command": "../../bin/sh"}), _EXEC),
    "exec that is a list": (_user(exec=[RUN]), _EXEC),
    "auth provider that runs a helper": (_user(**{"auth-provider": HELPER}), _AUTH),
    "auth provider that asks an issuer": (_user(**{"auth-provider": ISSUER}), _AUTH),
    # files
    "token from a file": (_user(tokenFile="{pipe}"), _TOKEN_FILE),
    "token from a file beside one": (with_user(tokenFile="{pipe}"), _TOKEN_FILE),
    "client certificate from a file": (
        _user(**{"client-certificate": "{pipe}", "client-key-data": b64(KEY)}),
        _CERTIFICATE_FILE,
    ),
    "client key from a file": (
        _user(**{"client-certificate-data": b64(CERTIFICATE), "client-key": "{pipe}"}),
        _KEY_FILE,
    ),
    "client key from a file by a relative path": (with_user(client_key="../../../../..{pipe}"), _KEY_FILE),
    "CA from a file": (_here(certificate_authority="{pipe}"), _CA_FILE),
    "CA from a file alone": (
        _here(certificate_authority="{pipe}", certificate_authority_data=None),
        _CA_FILE,
    ),
    "server that is a file": (with_cluster(server="file://{pipe}"), _NOT_HTTPS),
    "server that is a socket": (with_cluster(server="unix://{pipe}"), _NOT_HTTPS),
    # proxies and other schemes
    "HTTP proxy": (with_cluster(proxy_url="http://127.0.0.1:{port}"), _THROUGH_PROXY),
    "HTTPS proxy": (with_cluster(proxy_url="https://127.0.0.1:{port}"), _THROUGH_PROXY),
    "SOCKS proxy": (with_cluster(proxy_url="socks5://127.0.0.1:{port}"), _THROUGH_PROXY),
    "proxy with a password": (with_cluster(proxy_url="http://a:b@127.0.0.1:{port}"), _THROUGH_PROXY),
    "plain HTTP": (with_cluster(server="http://127.0.0.1:{port}"), _NOT_HTTPS),
    "WebSocket": (with_cluster(server="ws://127.0.0.1:{port}"), _NOT_HTTPS),
    "FTP": (with_cluster(server="ftp://127.0.0.1:{port}"), _NOT_HTTPS),
    "gopher": (with_cluster(server="gopher://127.0.0.1:{port}/_GET"), _NOT_HTTPS),
    "no scheme": (with_cluster(server="127.0.0.1:{port}"), _NOT_HTTPS),
    # addresses that say one thing and mean another
    "another host behind an at": (with_cluster(server="https://paris.example@127.0.0.1:{port}"), _PLAIN),
    "another host behind a backslash": (with_cluster(server="https://127.0.0.1:{port}\\@paris.example"), _PLAIN),
    "another host behind a fragment": (with_cluster(server="https://127.0.0.1:{port}#@paris.example"), _PLAIN),
    "a query": (with_cluster(server="https://127.0.0.1:{port}?to=https://paris.example"), _PLAIN),
    "a header": (with_cluster(server="https://127.0.0.1:{port}/\r\nX-A: b"), _CHARACTERS),
    "a tab in the host": (with_cluster(server="https://127.0.0.1\t:{port}"), _CHARACTERS),
    # whom we trust and who we are
    "no check of the certificate": (
        _here(insecure_skip_tls_verify=True),
        (
            "kubeconfig_insecure_skip_tls_verify",
            "`insecure-skip-tls-verify` of the cluster turns off the check of the server's certificate; give"
            " `certificate-authority-data`.",
        ),
    ),
    "another server name": (
        _here(tls_server_name="paris.example"),
        (
            "kubeconfig_tls_server_name",
            "`tls-server-name` of the cluster is not supported; give a server name that the certificate is for.",
        ),
    ),
    "impersonation": (with_user(as_="system:admin"), ("kubeconfig_as", _refused("user", "as", _IMPERSONATES))),
    "impersonation of a group": (
        with_user(as_groups=["system:masters"]),
        ("kubeconfig_as_groups", _refused("user", "as-groups", _IMPERSONATES)),
    ),
    "impersonation by extras": (
        with_user(as_user_extra={"scopes": ["all"]}),
        ("kubeconfig_as_user_extra", _refused("user", "as-user-extra", _IMPERSONATES)),
    ),
    # documents that two readers read in two ways
    "two servers": (_here().replace("    server:", "    server: https://paris.example\n    server:"), _MALFORMED),
    "a token and then exec by the same key": (text() + "users: [{name: admin, user: {exec: {}}}]\n", _MALFORMED),
    "two users of one name": (
        _twice("users", {"name": "admin", "user": {"exec": RUN}}),
        ("kubeconfig_user", "The kubeconfig has more than one user named 'admin' under `users`."),
    ),
    "two clusters of one name": (
        _twice("clusters", {"name": "paris", "cluster": {"server": "https://127.0.0.1:{port}"}}),
        ("kubeconfig_cluster", "The kubeconfig has more than one cluster named 'paris' under `clusters`."),
    ),
    "two contexts of one name": (
        _twice("contexts", {"name": "main", "context": {"cluster": "paris", "user": "other"}}),
        ("kubeconfig_context", "The kubeconfig has more than one context named 'main' under `contexts`."),
    ),
    "a context that is missing": (
        text(lambda made: made.update({"current-context": "other"})),
        ("kubeconfig_context", "The kubeconfig has no context named 'other' under `contexts`."),
    ),
    "two documents": (f"{text()}---\n{_user(exec=RUN)}", _MALFORMED),
    "an alias": (f"a: &a [1]\nb: *a\n{text()}", _MALFORMED),
    "a merge key": (f"a: &a {{exec: {{command: sh}}}}\nb:\n  <<: *a\n{text()}", _MALFORMED),
    "lists that unfold to terabytes": (_bomb("a: &a [x, x]", "{0}: &{0} [{1}]"), _MALFORMED),
    "maps that unfold to terabytes": (_bomb("a: &a {k: v}", "{0}: &{0}\n  <<: [{1}]"), _MALFORMED),
    "a tag that runs a program": (f"a: !!python/object/apply:os.system ['touch {{mark}}']\n{text()}", _MALFORMED),
    "a tag that reads a file": (f"a: !!python/object/apply:open ['{{pipe}}']\n{text()}", _MALFORMED),
    "a tag that includes": (f"a: !include {{pipe}}\n{text()}", _MALFORMED),
    "nested too deep": ("a: " + "[" * 100_000, _MALFORMED),
    "U+0000": (f"{text()}\x00", _MALFORMED),
    "UTF-16 as Latin-1": (text().encode("utf-16").decode("latin-1"), _MALFORMED),
    "too large": (
        text() + "#" * 300_000,
        ("kubeconfig_too_large", "A kubeconfig has at most 256 KiB."),
    ),
    "another kind": (
        "kind: Secret\nstringData: {kubeconfig: x}\n",
        ("kubeconfig_malformed", "This is not a kubeconfig: its `kind` must be `Config`."),
    ),
}

_CLOSED = " resolves to a link-local, multicast, metadata or unassigned address. Polyhelm never connects there."
_LOOPBACK = " resolves to the machine that Polyhelm runs on. To allow it, add its network to POLYHELM_ALLOWED_NETWORKS."
ADDRESSES: dict[str, str] = {
    # by the host of the server, the end of the refusal's words
    "127.0.0.1:{port}": _LOOPBACK,
    "localhost:{port}": _LOOPBACK,
    "127.0.0.2:{port}": _LOOPBACK,
    "0x7f000001:{port}": _LOOPBACK,
    "0x7f.1:{port}": _LOOPBACK,
    "[::ffff:127.0.0.1]:{port}": _LOOPBACK,
    "2130706433:{port}": " - is not a canonical IPv4 address",
    "0177.0.0.1:{port}": " - is not a canonical IPv4 address",
    "127.1:{port}": " - is not a canonical IPv4 address",
    "0.0.0.0:{port}": _CLOSED,
    "[::]:{port}": _CLOSED,
    "169.254.169.254": _CLOSED,
    "[::ffff:a9fe:a9fe]": _CLOSED,
    "[64:ff9b::a9fe:a9fe]": _CLOSED,
    "[2002:a9fe:a9fe::1]": _CLOSED,
    "[fd00:ec2::254]": _CLOSED,
    "[fe80::1]": _CLOSED,
    "0xa9fea9fe": _CLOSED,
    "2852039166": " - is not a canonical IPv4 address",
    "100.100.100.200": _CLOSED,
    "168.63.129.16": _CLOSED,
}


def at(host: str) -> str:
    """A good one whose server is there."""
    return str(with_cluster(server=f"https://{host}"))
