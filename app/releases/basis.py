"""What a plan was made against, and what has changed since: in the desired state, and on the clusters. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self


class ChangeKind(StrEnum):
    """What has changed since a plan was made. The first ones are about the desired state, the last six about live
    clusters."""

    GENERATION = "GENERATION"
    OPTIONS = "OPTIONS"
    SERVICE_ACCOUNT = "SERVICE_ACCOUNT"
    CHART = "CHART"
    SECRET = "SECRET"  # noqa: S105 - a kind of change
    TARGET_ADDED = "TARGET_ADDED"
    TARGET_REMOVED = "TARGET_REMOVED"
    VALUES = "VALUES"
    INPUT = "INPUT"
    RELEASE = "RELEASE"
    OBJECT = "OBJECT"
    CLUSTER = "CLUSTER"
    KUBERNETES_VERSION = "KUBERNETES_VERSION"
    UNREACHABLE = "UNREACHABLE"
    REACHABLE = "REACHABLE"


@dataclass(frozen=True, slots=True)
class Change:
    """One change since a plan was made. `cluster` is None if it concerns the whole deployment."""

    kind: ChangeKind
    message: str
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectBasis:
    """A live object that a plan was compared with.

    `digest` covers its content without its status, under a key of the installation; it is empty if there was no such
    object. An object with the same `resource_version` is the same; one with another may still have the same content.
    `ignores_replicas` says that the manifest leaves the replicas to others: they are not part of the content."""

    api_version: str
    kind: str
    plural: str
    namespace: str  # empty for an object that belongs to none
    name: str
    digest: str
    resource_version: str = field(default="", compare=False)
    ignores_replicas: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.api_version, self.kind, self.namespace, self.name


@dataclass(frozen=True, slots=True)
class Basis:
    """What the plan of one target was made against.

    `desired` is the digest of the desired release with its values of secrets hidden, and empty if the release is to be
    removed. `revision` and `resource_version` are those of the release's newest record on the cluster: 0 and empty
    without a release. `objects` are those that an upgrade changes, and the CustomResourceDefinitions of the chart. They
    are not known if the cluster was not `reachable`."""

    cluster_id: int
    cluster_uid: str
    kubernetes_version: str | None
    desired: str
    reachable: bool
    revision: int = 0
    resource_version: str = ""
    objects: tuple[ObjectBasis, ...] = ()

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Self:
        objects = stored.get("objects") or ()  # absent from plans of the previous version
        return cls(**{**stored, "objects": tuple(ObjectBasis(**each) for each in objects)})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Foundation:
    """What a plan was made against.

    `generation` is None before the deployment exists. `options` are the options of the deployment with which Helm runs
    and objects are corrected; a plan of a previous version may lack some, which are not compared. `secrets` has the
    mark of each referenced value, by `secret/key`, and `targets` the basis of each cluster by its name."""

    generation: int | None
    options: Mapping[str, Any]
    service_account: str | None
    chart_digest: str | None
    secrets: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, Basis] = field(default_factory=dict)

    @classmethod
    def of_json(cls, stored: Mapping[str, Any], targets: Mapping[str, Basis]) -> Self:
        """The foundation from its own JSON and the bases of the targets, which are stored apart from it."""
        return cls(**stored, targets=targets)

    def as_json(self) -> dict[str, Any]:
        """Everything but the targets."""
        return {
            "generation": self.generation,
            "options": dict(self.options),
            "service_account": self.service_account,
            "chart_digest": self.chart_digest,
            "secrets": dict(self.secrets),
        }


def changes(before: Foundation, now: Foundation) -> list[Change]:
    """What has changed between two foundations of the same request. It is empty if both are equal."""
    return [*_whole(before, now), *_targets(before.targets, now.targets)]


def _whole(before: Foundation, now: Foundation) -> Iterator[Change]:
    if before.generation != now.generation:
        message = f"The deployment is at generation {now.generation}; the plan was made at {before.generation}."
        if now.generation is None:
            message = "The deployment was deleted."
        elif before.generation is None:
            message = "The deployment already exists."
        yield Change(ChangeKind.GENERATION, message)
    if names := sorted(name for name, value in before.options.items() if value != now.options.get(name)):
        yield Change(ChangeKind.OPTIONS, f"Options of the deployment have changed: {', '.join(names)}.")
    if before.service_account != now.service_account:
        found = now.service_account or "none"
        message = f"The service account of the group is {found}; it was {before.service_account or 'none'}."
        yield Change(ChangeKind.SERVICE_ACCOUNT, message)
    if before.chart_digest != now.chart_digest:
        yield Change(ChangeKind.CHART, "The content of the chart has changed.")
    for name in sorted(_different(before.secrets, now.secrets)):
        yield Change(ChangeKind.SECRET, f"The value {name} of a secret has changed.")


def _targets(before: Mapping[str, Basis], now: Mapping[str, Basis]) -> Iterator[Change]:
    for name in sorted(before.keys() | now.keys()):
        if name not in now:
            yield Change(ChangeKind.TARGET_REMOVED, f"{name} is no longer a target.", name)
        elif name not in before:
            yield Change(ChangeKind.TARGET_ADDED, f"{name} has become a target.", name)
        else:
            yield from _target(name, before[name], now[name])


def _target(name: str, before: Basis, now: Basis) -> Iterator[Change]:
    if (before.cluster_id, before.cluster_uid) != (now.cluster_id, now.cluster_uid):
        yield Change(ChangeKind.CLUSTER, f"A different cluster is now registered as {name}.", name)
    if before.kubernetes_version != now.kubernetes_version:
        message = f"{name} runs Kubernetes {now.kubernetes_version}; it ran {before.kubernetes_version}."
        yield Change(ChangeKind.KUBERNETES_VERSION, message, name)
    if before.desired != now.desired:
        message = f"The desired values or the chart for {name} have changed."
        if not before.desired:
            message = f"{name} would now keep its release."
        elif not now.desired:
            message = f"The release on {name} would now be uninstalled."
        yield Change(ChangeKind.VALUES, message, name)
    if before.reachable and not now.reachable:
        yield Change(ChangeKind.UNREACHABLE, f"{name} is unreachable.", name)
    elif now.reachable and not before.reachable:
        yield Change(ChangeKind.REACHABLE, f"{name} is reachable; it was not when the plan was made.", name)
    elif (before.revision, before.resource_version) != (now.revision, now.resource_version):
        yield Change(ChangeKind.RELEASE, _release(name, before, now), name)
    elif before.reachable:  # another release has other objects
        yield from _objects(name, before.objects, now.objects)


def _objects(cluster: str, before: Iterable[ObjectBasis], now: Iterable[ObjectBasis]) -> Iterator[Change]:
    present = {each.key: each for each in now}
    for each in before:
        found = present.get(each.key, each)
        if found.digest == each.digest:
            continue
        place = f"{each.namespace}/{each.name}" if each.namespace else each.name
        what = "was changed" if each.digest and found.digest else "was deleted" if each.digest else "exists now"
        yield Change(ChangeKind.OBJECT, f"The {each.kind} {place} on {cluster} {what}.", cluster)


def _release(name: str, before: Basis, now: Basis) -> str:
    if not now.resource_version:
        return f"The release on {name} was uninstalled; it was at revision {before.revision}."
    if not before.resource_version:
        return f"There is a release on {name} now, at revision {now.revision}."
    if before.revision == now.revision:
        return f"The record of revision {now.revision} on {name} was changed."
    return f"The release on {name} is at revision {now.revision}; the plan was made against {before.revision}."


def _different(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    missing = object()
    for name in before.keys() | now.keys():
        if before.get(name, missing) != now.get(name, missing):
            yield name
