"""The index.yaml of an HTTP chart repository."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from app.charts.codes import ChartCode
from app.core.errors import ValidationFailed, invalid
from app.releases.texts import without_nul
from app.releases.versions import parsed
from app.yaml.reading import Bounds, YamlError, read
from app.yaml.scalars import as_text

_BOUNDS = Bounds(nodes=2_000_000)
_LONGEST_NAME = 250


@dataclass(frozen=True, slots=True)
class Offer:
    """A chart version that a repository offers. `digest` is the SHA-256 of its archive in hex, if the repository
    provides it."""

    name: str
    version: str
    app_version: str | None = None
    description: str | None = None
    deprecated: bool = False
    url: str | None = None
    digest: str | None = None


def read_index(content: bytes, url: str) -> list[Offer]:
    """Reads an index from `url`. Invalid entries are skipped, as by Helm. It takes seconds for a large one: call it in
    a thread.

    Raises:
        ValidationFailed: It is not an index.
    """
    try:
        document = read(content, _BOUNDS)
    except YamlError:
        raise _no_index(url) from None
    if not isinstance(document, dict) or not isinstance(document.get("entries"), dict):
        raise _no_index(url)
    offers: dict[tuple[str, str], Offer] = {}
    for name, entries in document["entries"].items():
        for entry in entries if isinstance(entries, list) else []:
            offer = _offer(str(name), entry, url)
            if offer is not None:
                offers.setdefault((offer.name, offer.version), offer)
    return list(offers.values())


def _offer(name: str, entry: Any, url: str) -> Offer | None:
    if not isinstance(entry, dict) or not entry.get("version"):
        return None
    urls, version, digest = entry.get("urls"), as_text(entry["version"]), _text(entry.get("digest"))
    if version is None or max(len(name), len(version)) > _LONGEST_NAME or parsed(version) is None:
        return None
    if not isinstance(urls, list) or not urls or not isinstance(urls[0], str) or "\x00" in name + version + urls[0]:
        return None
    try:
        address = urljoin(url, urls[0])
    except ValueError:
        return None
    return Offer(
        name=name,
        version=version,
        app_version=_text(entry.get("appVersion")),
        description=_text(entry.get("description")),
        deprecated=entry.get("deprecated") is True,
        url=address,
        digest=digest.removeprefix("sha256:").lower() if digest else None,
    )


def _text(value: object) -> str | None:
    text = as_text(value)
    return None if text is None else without_nul(text)[:10_000]


def _no_index(url: str) -> ValidationFailed:
    return invalid(ChartCode.REPOSITORY_MALFORMED, f"{url} is not the index of a chart repository.", "url")
