"""Charts in an OCI registry, by the OCI distribution specification 1.1 and Helm's media types (HIP 6).

Names, tags and digests become parts of URLs and of token scopes. Each is checked against the specification's grammar
before a request is made, so that none leads out of the repository's configured path.
"""

import hashlib
import re
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from app.charts.codes import ChartCode
from app.charts.download import Downloader, Login, origin, read_limited, refused
from app.core.errors import ValidationFailed, invalid
from app.releases.versions import parsed

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_MAX_JSON = 4 * 2**20
_MAX_TAG_PAGES = 100
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
# The grammars of the distribution specification, "Pulling manifests".
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_NAME = 255


def check_registry_address(url: str) -> None:
    """Raises ValidationFailed unless the address is `oci://host` or `oci://host/path` with a valid repository path."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    if parts.query or parts.fragment or (path and not _is_name(path)):
        raise invalid(
            ChartCode.URL_NOT_SUPPORTED,
            "The address of an OCI registry is oci://host/path. The path has lowercase letters, digits and single"
            " separators (`.`, `_`, `-`, `/`).",
            "url",
        )


def _is_name(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


class Registry:
    """The charts below one `oci://host/path`, requested on connections of the organization `share`."""

    def __init__(self, downloader: Downloader, url: str, login: Login | None, *, share: int, plain_http: bool) -> None:
        parts = urlsplit(url)
        self._downloader = downloader
        self._share = share
        self._base = f"{'http' if plain_http else 'https'}://{parts.netloc}"
        self._path = parts.path.strip("/")
        self._login = login
        self._token: dict[str, str] = {}  # tokens by repository

    async def versions(self, chart: str) -> list[str]:
        """Returns all versions of a chart: its tags that are semantic versions.

        Other tags are names that move, such as `latest`, or signatures. A tag cannot contain `+`, so Helm writes `_`.

        Raises:
            ValidationFailed: The name is not valid for a repository, or the registry refuses.
        """
        path: str | None = f"/v2/{self._name(chart)}/tags/list?n=1000"
        tags: list[str] = []
        for _ in range(_MAX_TAG_PAGES):
            if path is None:
                break
            page, path = await self._tag_page(chart, path)
            tags += page
        return [version for tag in tags if parsed(version := tag.replace("_", "+"))]

    async def pull(self, chart: str, version: str, *, limit: int) -> tuple[bytes, str]:
        """Returns the archive of a version and the SHA-256 in its manifest, in hex.

        Raises:
            ValidationFailed: It does not exist, it is not a Helm chart, or the name or version is not valid.
        """
        digest = await self.digest(chart, version)
        content = await self._get(chart, f"/v2/{self._name(chart)}/blobs/sha256:{digest}", accept="*/*", limit=limit)
        if digest != hashlib.sha256(content).hexdigest():
            raise invalid(
                ChartCode.CHART_DIGEST,
                f"The archive of {chart} {version} in the registry does not match its manifest.",
                "chart",
            )
        return content, digest

    async def digest(self, chart: str, version: str) -> str:
        """Returns the SHA-256 of the archive of a version, in hex, as stated in its manifest.

        Raises:
            ValidationFailed: It does not exist, it is not a Helm chart, or the name or version is not valid.
        """
        tag = version.replace("+", "_")
        if not _TAG.fullmatch(tag):
            raise invalid(ChartCode.CHART_VERSION_INVALID, f"{version!r} is not a valid chart version.", "version")
        path = f"/v2/{self._name(chart)}/manifests/{tag}"
        manifest = _object(await self._get(chart, path, accept=_MANIFEST, limit=_MAX_JSON), self._base + path)
        described = manifest.get("layers")
        layers = [
            layer
            for layer in (described if isinstance(described, list) else [])
            if isinstance(layer, dict) and layer.get("mediaType") == CHART_LAYER and layer.get("digest")
        ]
        if not layers:
            raise invalid(
                ChartCode.NOT_A_CHART, f"{self._name(chart)}:{tag} in the registry is not a Helm chart.", "chart"
            )
        digest = str(layers[0]["digest"])
        if not _DIGEST.fullmatch(digest):
            raise _malformed(self._base + path)
        return digest.removeprefix("sha256:")

    def _name(self, chart: str) -> str:
        name = f"{self._path}/{chart}" if self._path else chart
        if not _is_name(name):
            raise invalid(
                ChartCode.CHART_NAME_INVALID,
                f"{chart!r} is not a valid chart name in an OCI registry: use lowercase letters, digits and single"
                " separators (`.`, `_`, `-`, `/`).",
                "chart",
            )
        return name

    async def _tag_page(self, chart: str, path: str) -> tuple[list[str], str | None]:
        body, headers = await self._ask(chart, path, accept="application/json", limit=_MAX_JSON)
        following = re.match(r"<([^>]+)>;\s*rel=\"?next", headers.get("link", ""))
        target = urljoin(self._base + path, following[1]) if following else None
        if target and not target.startswith(f"{self._base}/"):
            raise _malformed(self._base + path)
        tags = _object(body, self._base + path).get("tags")
        return list(map(str, tags if isinstance(tags, list) else [])), target and target.removeprefix(self._base)

    async def _get(self, chart: str, path: str, *, accept: str, limit: int) -> bytes:
        return (await self._ask(chart, path, accept=accept, limit=limit))[0]

    async def _ask(self, chart: str, path: str, *, accept: str, limit: int) -> tuple[bytes, Any]:
        url = self._base + path
        for attempt in range(2):
            headers = {"Accept": accept}
            auth = None
            if token := self._token.get(chart):
                headers["Authorization"] = f"Bearer {token}"
            elif self._login:
                auth = (self._login.username, self._login.password)
            async with self._downloader.stream("GET", url, share=self._share, headers=headers, auth=auth) as response:
                # Only the registry itself may name the server that receives credentials, not a redirect target
                # (CVE-2020-15157).
                if response.status_code == 401 and attempt == 0 and origin(str(response.url)) == origin(url):
                    challenge = response.headers.get("www-authenticate", "")
                elif response.status_code != 200:
                    raise refused(url, response.status_code)
                else:
                    return await read_limited(response, limit), response.headers
            await self._authenticate(chart, challenge, url)
        raise refused(url, 401)

    async def _authenticate(self, chart: str, challenge: str, url: str) -> None:
        """Requests a token where the registry says (the distribution specification's token flow)."""
        scheme, _, rest = challenge.partition(" ")
        parameters = dict(_PARAMETER.findall(rest))
        realm = parameters.get("realm", "")
        try:
            kind, place = urlsplit(realm).scheme, origin(realm)
        except ValueError:
            raise refused(url, 401) from None
        if scheme.lower() != "bearer" or kind not in ("https", urlsplit(self._base).scheme):
            raise refused(url, 401)
        query = {"service": parameters.get("service", ""), "scope": f"repository:{self._name(chart)}:pull"}
        # Registries have their token service on another host; without TLS it must be the registry's own host.
        trusted = kind == "https" or place == origin(self._base)
        auth = (self._login.username, self._login.password) if self._login and trusted else None
        async with self._downloader.stream(
            "GET", f"{realm}?{urlencode(query)}", share=self._share, auth=auth
        ) as response:
            if response.status_code != 200:
                raise refused(realm, response.status_code)
            answer = _object(await read_limited(response, _MAX_JSON), realm)
        self._token[chart] = str(answer.get("token") or answer.get("access_token") or "")


def _object(body: bytes, url: str) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise _malformed(url)
    return found


def _malformed(url: str) -> ValidationFailed:
    return invalid(ChartCode.REGISTRY_MALFORMED, f"The answer of {url} is not that of an OCI registry.", "url")
