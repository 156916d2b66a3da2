"""Compares a live object with the manifest of its release, by a dry run of applying the manifest's object as Helm."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.clusters.applying import Applied, try_apply, try_patch
from app.clusters.discovery import served_versions
from app.clusters.member import Member
from app.clusters.objects import Object, ObjectType, get_object
from app.core.errors import ActionError, TemporaryError
from app.drift.autoscaling import REPLICAS, autoscaled
from app.drift.comparison import FieldDifference, IgnoreRule, differences
from app.drift.correction import plain
from app.drift.injection import injected
from app.drift.replacement import patch_to, replacement, wanted_by
from app.drift.rules import SavedRule
from app.drift.states import DriftState
from app.health.kinds import Kind
from app.releases.error_codes import ActionCode
from app.releases.references import HIDDEN
from app.releases.scrubbing import NOTHING, Scrubber
from app.resources.seen import Key

NOT_NOW = (ActionCode.CLUSTER_UNREACHABLE, ActionCode.CLUSTER_THROTTLED, ActionCode.CLUSTER_MISMATCHED)
"""Errors after which a comparison is repeated; any other one is the reason why an object cannot be compared."""

_RELEASE_NAME, _RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_AUTOSCALERS = (
    ObjectType("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", namespaced=True),
    ObjectType("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", namespaced=True),
)
_MOST_AUTOSCALERS = 500
_SECRETS = ("Secret", "SecretList")


@dataclass(frozen=True)
class Comparison:
    """`live` and `wanted` are the object as it is, and as applying the manifest would make it, values of Secrets
    included; they are not stored. `replaced` is as in `Tried`. `rules` are those by which differences are ignored,
    `reason` says why the object cannot be compared."""

    state: DriftState
    found: tuple[FieldDifference, ...] = ()
    reason: str | None = None
    live: Object | None = None
    wanted: Object | None = None
    replaced: Object | None = None
    rules: tuple[IgnoreRule, ...] = ()

    @property
    def version(self) -> str:
        return str(self.live["metadata"]["resourceVersion"]) if self.live is not None else ""


@dataclass(frozen=True)
class ManifestObject:
    """An object of a release's manifest, as Helm applies it, with its place on the cluster. `rules` are the ignore
    rules of the deployment."""

    key: Key
    kind: ObjectType
    body: Mapping[str, Any]
    rules: Sequence[SavedRule] = ()

    def to_apply(self) -> dict[str, Any]:
        """The body of a request: with its namespace, and without fields that no request may have."""
        metadata = {name: value for name, value in self.body["metadata"].items() if name != "managedFields"}
        if self.kind.namespaced:
            metadata["namespace"] = self.key.namespace
        return {**self.body, "metadata": metadata}


class ChangedMeanwhileError(Exception):
    """The object has changed between two requests."""


@dataclass(frozen=True)
class Tried:
    """An object as it is (None if it does not exist), and as applying the manifest's object would make it; or the
    `reason` why that is unknown. If the API server refuses to apply it, `wanted` is derived from `replaced`: the object
    with the manifest's sections and the API server's defaults (`app/drift/replacement.py`)."""

    live: Object | None
    wanted: Object | None = None
    replaced: Object | None = None
    reason: str | None = None


async def try_on(member: Member, held: ManifestObject, scrubber: Scrubber = NOTHING) -> Tried:
    """Asks what applying the manifest's object would change. Nothing is changed.

    Raises:
        ActionError: if the member cannot be asked now, or refuses to show the object.
        ChangedMeanwhileError: if the object changes in the meantime.
    """
    key = held.key
    live = await get_object(member, held.kind, key.namespace, key.name, whole=True)
    if live is None:
        return Tried(None)
    live = typed(live, held.kind)
    if (reason := _not_ours(live, held.body)) is not None:
        return Tried(live, reason=reason)
    body = held.to_apply()
    applied = await try_apply(member, held.kind, key.namespace, key.name, body)
    if applied.is_invalid:
        body = plain(body)
        operations = patch_to(replacement(body, live), live)
        replaced = await try_patch(member, held.kind, key.namespace, key.name, operations)
        if replaced.is_conflict:
            raise ChangedMeanwhileError
        if replaced.found is not None:
            found = _same(replaced.found, live, held.kind)
            return Tried(live, wanted_by(body, found, live), found)
    if applied.found is None:
        return Tried(live, reason=refused(applied, key, scrubber))
    return Tried(live, _same(applied.found, live, held.kind))


async def compare(member: Member, held: ManifestObject, scrubber: Scrubber = NOTHING) -> Comparison:
    """Compares an object as it is now.

    Raises:
        TemporaryError: if the member cannot be asked now.
        ChangedMeanwhileError: if the object changes during the comparison.
    """
    try:
        tried = await try_on(member, held, scrubber)
        live, wanted = tried.live, tried.wanted
        if live is None:
            return Comparison(DriftState.MISSING)
        if wanted is None:
            return Comparison(DriftState.NOT_CHECKED, reason=tried.reason, live=live)
        rules = await _rules(member, held, wanted, live)
    except ActionError as error:
        if error.code in NOT_NOW:
            raise
        return Comparison(DriftState.NOT_CHECKED, reason=not_readable(error, scrubber))
    found = differences(wanted, live, rules, live["metadata"].get("managedFields"), scrubber)
    state = DriftState.DRIFTED if any(each.ignored_by is None for each in found) else DriftState.NONE
    return Comparison(state, tuple(found), live=live, wanted=wanted, replaced=tried.replaced, rules=tuple(rules))


def not_readable(error: ActionError, scrubber: Scrubber) -> str:
    """The reason for which an object cannot be compared, without values of secrets."""
    return scrubber.clean(error.message, instead=HIDDEN)[:1000]


def typed(found: Object, kind: ObjectType) -> Object:
    """An object with its kind, which an answer may lack."""
    return {**found, "apiVersion": kind.api_version, "kind": kind.kind}


async def _rules(member: Member, held: ManifestObject, wanted: Object, live: Object) -> list[IgnoreRule]:
    """The rules for an object. Autoscalers are read only if its replicas differ."""
    kind = Kind(held.key.group, held.key.kind)
    rules = [rule for each in held.rules if (rule := each.for_kind(kind)) is not None] + injected(wanted)
    if _replicas(wanted) != _replicas(live):
        rules += await _autoscaling(member, held.key)
    return rules


def _replicas(found: Object) -> Any:
    spec = found.get("spec")
    return spec.get("replicas") if isinstance(spec, Mapping) else None


async def _autoscaling(member: Member, key: Key) -> list[IgnoreRule]:
    """Rules that ignore the replicas of autoscaled workloads in the object's namespace. Where autoscalers cannot be
    read, the replicas are also left alone."""
    scalers: list[Object] = []
    served: set[str] = set()
    for kind in _AUTOSCALERS:
        path, query = kind.path_in(key.namespace), [("limit", str(_MOST_AUTOSCALERS))]
        try:
            if kind.api_version not in (served := served or await served_versions(member)):
                continue
            answer = await member.request("GET", path, query=query)
        except ActionError as error:
            if isinstance(error, TemporaryError) and error.code in NOT_NOW:
                raise
            unknown = f"{kind.kind}s in {key.namespace} cannot be read"
            return [IgnoreRule(unknown, (REPLICAS,), Kind(key.group, key.kind), key.name)]
        items = answer.body.get("items") if answer.status == 200 and isinstance(answer.body, dict) else None
        found = items if isinstance(items, list) else []
        scalers += [typed(item, kind) for item in found if isinstance(item, dict)]
    return autoscaled(scalers)


def _not_ours(live: Object, wanted: Mapping[str, Any]) -> str | None:
    """Why the object is left alone: it is being deleted, or another release has taken it over."""
    metadata = live["metadata"]
    if metadata.get("deletionTimestamp"):
        return "The object is being deleted."
    present, ours = (_owner(each["metadata"]) for each in (live, wanted))
    if all(present) and present != ours:
        return f"The object now belongs to another release: {present[0]} in {present[1]}."
    return None


def _owner(metadata: Mapping[str, Any]) -> tuple[str, str]:
    notes = metadata.get("annotations")
    found = notes if isinstance(notes, Mapping) else {}
    return str(found.get(_RELEASE_NAME) or "")[:253], str(found.get(_RELEASE_NAMESPACE) or "")[:63]


def _same(found: Object, live: Object, kind: ObjectType) -> Object:
    """The answer to a dry run, with its kind.

    Raises:
        ChangedMeanwhileError: if the object has changed since it was read.
    """
    if _identity(found) != _identity(live):
        raise ChangedMeanwhileError
    return typed(found, kind)


def _identity(found: Object) -> tuple[object, object]:
    """What is the same in two answers about one state of one object; a dry run leaves the resource version as it is."""
    return found["metadata"].get("uid"), found["metadata"].get("resourceVersion")


def refused(applied: Applied, key: Key, scrubber: Scrubber, *, to: str = "try out") -> str:
    """A sentence about a refusal, without values of secrets. `to` says what is refused."""
    if key.kind in _SECRETS:  # a message may quote what the Secret holds
        return f"The API server refuses to {to} the manifest's object (HTTP status {applied.status})."
    words = scrubber.clean(applied.words, instead=HIDDEN)
    return f"The API server refuses to {to} the manifest's object: {words}"[:1000]


def by_place(
    objects: Iterable[Mapping[str, Any]], namespace: str
) -> dict[tuple[str, str, str, str], Mapping[str, Any]]:
    """The objects of a manifest by group, kind, namespace and name; the release's namespace stands for none. The first
    of several objects with one name counts, as in the inventory."""
    found: dict[tuple[str, str, str, str], Mapping[str, Any]] = {}
    for each in objects:
        metadata = each["metadata"]
        group = str(each.get("apiVersion")).rpartition("/")[0]
        place = str(metadata.get("namespace") or namespace)
        found.setdefault((group, str(each.get("kind")), place, str(metadata.get("name"))), each)
    return found


def at_place(
    found: Mapping[tuple[str, str, str, str], Mapping[str, Any]], key: Key, namespace: str
) -> Mapping[str, Any] | None:
    """The manifest's object for an object on the cluster, which has no namespace if its kind has none."""
    if key.namespace:
        return found.get((key.group, key.kind, key.namespace, key.name))
    return next(
        (each for place, each in found.items() if (place[0], place[1], place[3]) == (key.group, key.kind, key.name)),
        None,
    )
