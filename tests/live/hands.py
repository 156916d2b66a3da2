"""What somebody does by hand to releases on a simulated member: Helm's records are written as Helm writes them, without
a process for each change."""

import base64
import gzip
import json
import uuid
from collections.abc import Callable
from typing import Any

from simulator import Member

Record = dict[str, Any]
_KIND = ("", "secrets")


def revisions(member: Member, release: str) -> list[int]:
    """Those that Helm would list, oldest first."""
    return sorted(int(secret["metadata"]["labels"]["version"]) for secret in _secrets(member, release))


def statuses(member: Member, release: str) -> dict[int, str]:
    """The status of each revision, as its record has it."""
    records = map(_unpacked, _secrets(member, release))
    return {record["version"]: record["info"]["status"] for record in records}


def values(member: Member, release: str) -> Any:
    """The values that the newest revision was given."""
    return _unpacked(_newest(member, release)).get("config", {})


def upgrade(member: Member, release: str, values: Any, *, status: str = "deployed") -> int:
    """Adds a revision with these values; gives its number."""
    newest = _newest(member, release)
    record = _unpacked(newest)
    revision = int(record["version"]) + 1
    record |= {"version": revision, "config": values}
    record["info"] |= {"status": status, "description": "Upgrade complete"}
    metadata = newest["metadata"]
    added = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": newest["type"],
        "metadata": {
            "name": f"sh.helm.release.v1.{release}.v{revision}",
            "namespace": metadata["namespace"],
            "labels": metadata["labels"] | {"version": str(revision), "status": status},
        },
        "data": {"release": _packed(record)},
    }
    member.put("secrets", added)
    _mark(member, newest, "superseded")
    return revision


def copy(member: Member, release: str, name: str) -> None:
    """Installs the same release under another name."""
    newest = _newest(member, release)
    record = _unpacked(newest) | {"name": name, "version": 1}
    metadata = newest["metadata"]
    added = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": newest["type"],
        "metadata": {
            "name": f"sh.helm.release.v1.{name}.v1",
            "namespace": metadata["namespace"],
            "labels": metadata["labels"] | {"name": name, "version": "1"},
        },
        "data": {"release": _packed(record)},
    }
    member.put("secrets", added)


def uninstall(member: Member, release: str) -> None:
    for secret in _secrets(member, release):
        _remove(member, secret)


def lose_newest(member: Member, release: str) -> None:
    """Deletes the Secret of the newest revision, and nothing else."""
    _remove(member, _newest(member, release))


def label(member: Member, release: str, **labels: str) -> None:
    """Edits labels of the newest revision's Secret."""
    secret = _newest(member, release)
    secret["metadata"]["labels"] |= labels
    member.put("secrets", secret)


def rewrite(member: Member, release: str, change: Callable[[Record], None]) -> None:
    """Edits the record of the newest revision."""
    secret = _newest(member, release)
    record = _unpacked(secret)
    change(record)
    secret["data"]["release"] = _packed(record)
    member.put("secrets", secret)


def restore(member: Member, backup: list[Record], version: int) -> None:
    """Puts Helm's records of a backup (`copies`) in the place of those that are there, and has the store count on from
    the version that it had then."""
    names = {secret["metadata"]["labels"]["name"] for secret in member.objects("secrets") if _is_helms(secret)}
    for name in names:
        uninstall(member, name)
    collection = member.store.collection(_KIND)
    collection.dropped += len(collection.changes)
    collection.changes.clear()
    collection.floor = member.store.version = version - len(backup)
    for secret in backup:
        member.put("secrets", secret | {"metadata": {**secret["metadata"], "resourceVersion": ""}})


def copies(member: Member) -> list[Record]:
    """Helm's records as they are, for a backup."""
    return [secret for secret in member.objects("secrets") if _is_helms(secret)]


def _is_helms(secret: Record) -> bool:
    return bool((secret["metadata"].get("labels") or {}).get("owner") == "helm")


def _secrets(member: Member, release: str) -> list[Record]:
    return [secret for secret in copies(member) if secret["metadata"]["labels"]["name"] == release]


def _newest(member: Member, release: str) -> Record:
    return max(_secrets(member, release), key=lambda secret: int(secret["metadata"]["name"].rpartition(".v")[2]))


def _remove(member: Member, secret: Record) -> None:
    metadata = secret["metadata"]
    found = member.store.get(_KIND, metadata["namespace"], metadata["name"])
    assert found is not None
    member.store.remove(_KIND, found)


def _mark(member: Member, secret: Record, status: str) -> None:
    record = _unpacked(secret)
    record["info"]["status"] = status
    secret["metadata"]["labels"]["status"] = status
    secret["data"]["release"] = _packed(record)
    member.put("secrets", secret)


def _unpacked(secret: Record) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))


def _packed(record: Any) -> str:
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode(), 1))).decode()


def uid(member: Member) -> str:
    """What the member is known by."""
    (space,) = (found for found in member.objects("namespaces") if found["metadata"]["name"] == "kube-system")
    return str(space["metadata"]["uid"])


def rebuild_kube_system(member: Member) -> str:
    """Deletes the namespace and makes it anew; gives its new uid."""
    (space,) = (found for found in member.objects("namespaces") if found["metadata"]["name"] == "kube-system")
    space["metadata"]["uid"] = str(uuid.uuid4())
    member.store.put(("", "namespaces"), space)
    return uid(member)
