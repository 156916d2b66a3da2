"""What Helm's release records say, read by the tests themselves: nothing here is Polyhelm's."""

import base64
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Revision:
    """One record, by its body. `written` is the Secret's own version, which each write changes."""

    namespace: str
    name: str
    number: int
    status: str
    chart: str
    values: Any
    description: str
    written: str


def revision_of(secret: Any) -> Revision:
    """The record in a Secret."""
    record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    chart = record["chart"]["metadata"]
    return Revision(
        record["namespace"],
        record["name"],
        record["version"],
        record["info"]["status"],
        f"{chart['name']}-{chart['version']}",
        record.get("config") or {},
        record["info"].get("description", ""),
        secret["metadata"]["resourceVersion"],
    )


def releases_of(secrets: Iterable[Any]) -> dict[tuple[str, str], list[Revision]]:
    """By namespace and name, the revisions of each release, oldest first."""
    found: dict[tuple[str, str], list[Revision]] = defaultdict(list)
    for secret in secrets:
        if secret.get("type") == "helm.sh/release.v1":
            revision = revision_of(secret)
            found[revision.namespace, revision.name].append(revision)
    for revisions in found.values():
        revisions.sort(key=lambda revision: revision.number)
    return dict(found)
