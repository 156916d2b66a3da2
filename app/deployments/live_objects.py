"""What an upgrade changes in the live objects of a release, and which objects a plan was compared with.

The objects of the rendered manifest are compared as for drift, by a dry run of applying them. What the installed
manifest has and the rendered one lacks is removed. Values of secrets and their marks are hidden on both sides.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from app.clusters.definitions import DEFINITIONS, DefinitionChange
from app.clusters.discovery import Discovery
from app.clusters.dry_run import Identity, identity
from app.clusters.member import Member
from app.clusters.objects import Object, ObjectType, get_object
from app.core.concurrency import for_each
from app.core.errors import ActionError, PermanentError
from app.core.threads import in_thread
from app.drift.comparison import FieldDifference, compared, differences
from app.drift.removals import without_removed
from app.drift.shown import shown
from app.drift.wanted import owned_by
from app.releases.basis import ObjectBasis
from app.releases.references import HIDDEN
from app.releases.scrubbing import Scrubber
from app.releases.texts import without_nul
from app.resources.comparing import NOT_NOW, ChangedMeanwhileError, ManifestObject, Tried, not_readable, try_on, typed
from app.resources.seen import Key

MOST_OBJECTS = 200
"""The maximum number of objects of one target that are compared."""
MOST_TEXT = 128 * 1024
"""The maximum number of characters of the differences of one target, as JSON."""

AT_ONCE = 4
MOST_TRIES = 3
CHANGING = "Another client keeps changing the object."

_KEEP = "helm.sh/resource-policy"
_UNREADABLE = "unreadable"

Mark = Callable[[Any], str]
"""The digest of a JSON value under a key of the installation."""


class ObjectAction(StrEnum):
    CREATE = "CREATE"
    CHANGE = "CHANGE"
    DELETE = "DELETE"
    UNKNOWN = "UNKNOWN"  # it cannot be compared, and the reason is given


@dataclass(frozen=True)
class Upgrade:
    """The objects that an upgrade would apply, and those of the installed manifest by their identities."""

    namespace: str
    release_name: str
    objects: Sequence[Object]
    installed: Mapping[Identity, Object]


@dataclass(frozen=True)
class LiveChanges:
    """`text` is what `read` reads; None if no object changes."""

    text: str | None = None
    bases: tuple[ObjectBasis, ...] = ()


@dataclass(frozen=True)
class ComparedObject:
    """`action` is None if the object stays as it is."""

    key: Key
    action: ObjectAction | None
    basis: ObjectBasis | None = None
    found: tuple[FieldDifference, ...] = ()
    reason: str | None = None


async def compare_live(
    member: Member, discovery: Discovery, upgrade: Upgrade, scrubber: Scrubber, mark: Mark
) -> LiveChanges:
    """Compares the objects of an upgrade. `discovery` has the kinds that the member serves now, apart from those whose
    definitions the upgrade replaces: these are not compared.

    Raises:
        TemporaryError: if the member cannot be asked now.
    """
    run = _Run(member, discovery, upgrade, scrubber, mark)
    wanted = {identity(found, upgrade.namespace): found for found in upgrade.objects}
    removed = [found for name, found in upgrade.installed.items() if name not in wanted]
    listed = [(found, True) for found in wanted.values()] + [(found, False) for found in removed]
    results = await for_each(listed[:MOST_OBJECTS], run.look, at_once=AT_ONCE)
    left_out = max(0, len(listed) - MOST_OBJECTS) + sum(each is None for each in results)
    known = [each for each in results if each is not None]
    text = await in_thread(written_changes, known, left_out)
    return LiveChanges(text, tuple(each.basis for each in known if each.basis is not None))


def bases_of(changes: Iterable[DefinitionChange], mark: Mark) -> tuple[ObjectBasis, ...]:
    """The definitions that a plan was compared with."""
    return tuple(object_basis(DEFINITIONS, Key("", "", "", change.name), change.live, mark) for change in changes)


async def look_at_objects(member: Member, before: Sequence[ObjectBasis], mark: Mark) -> tuple[ObjectBasis, ...]:
    """The same objects as they are now. Their content is read only if their resource version is another one.

    Raises:
        TemporaryError: if the member cannot be asked now.
    """

    async def look(known: ObjectBasis) -> ObjectBasis:
        group, _, version = known.api_version.rpartition("/")
        kind = ObjectType(group, version, known.kind, known.plural, bool(known.namespace))
        key = Key(group, known.kind, known.namespace, known.name)
        try:
            head = await get_object(member, kind, key.namespace, key.name, whole=False)
            if head is not None and head["metadata"]["resourceVersion"] == known.resource_version:
                return known
            live = head and await get_object(member, kind, key.namespace, key.name, whole=True)
        except PermanentError:
            return object_basis(kind, key, None, mark, digest=_UNREADABLE, ignores_replicas=known.ignores_replicas)
        return await in_thread(object_basis, kind, key, live, mark, ignores_replicas=known.ignores_replicas)

    return tuple(await for_each(before, look, at_once=AT_ONCE))


def read(text: str | None) -> tuple[list[dict[str, Any]], int]:
    """The rows of the objects that change, and how many objects were not compared."""
    if text is None:
        return [], 0
    found = orjson.loads(text)
    return found["objects"], found["left_out"]


class _Run:
    def __init__(self, member: Member, discovery: Discovery, upgrade: Upgrade, scrubber: Scrubber, mark: Mark) -> None:
        self._member = member
        self._known = discovery.resources
        self._upgrade = upgrade
        self._scrubber = scrubber
        self._mark = mark

    async def look(self, listed: tuple[Object, bool]) -> ComparedObject | None:
        """Compares one object, which the upgrade applies or (False) deletes. None if that is not possible: its kind is
        not served as it will be, or its name has a value of a secret."""
        found, is_wanted = listed
        upgrade = self._upgrade
        resource = self._known.get((str(found.get("apiVersion")), str(found.get("kind"))))
        group, kind_name, place, name = identity(found, upgrade.namespace)
        if resource is None or self._scrubber.clean(f"{place} {name}") != f"{place} {name}":
            return None
        version = str(found["apiVersion"]).rpartition("/")[2]
        kind = ObjectType(group, version, kind_name, resource.plural, resource.namespaced)
        key = Key(group, kind_name, place if resource.namespaced else "", name)
        try:
            return await (self._applied(kind, key, found) if is_wanted else self._deleted(kind, key))
        except ActionError as error:
            if error.code in NOT_NOW:
                raise
            return ComparedObject(key, ObjectAction.UNKNOWN, reason=not_readable(error, self._scrubber))

    async def _applied(self, kind: ObjectType, key: Key, found: Object) -> ComparedObject:
        upgrade = self._upgrade
        held = ManifestObject(key, kind, owned_by(found, upgrade.release_name, upgrade.namespace))
        ignores_replicas = "replicas" not in _map(found.get("spec"))
        for _ in range(MOST_TRIES):
            try:
                tried = await try_on(self._member, held, self._scrubber)
                break
            except ChangedMeanwhileError:
                continue
        else:
            return ComparedObject(key, ObjectAction.UNKNOWN, reason=CHANGING)
        basis = await in_thread(object_basis, kind, key, tried.live, self._mark, ignores_replicas=ignores_replicas)
        if tried.live is None:
            return ComparedObject(key, ObjectAction.CREATE, basis)
        if tried.wanted is None:
            return ComparedObject(key, ObjectAction.UNKNOWN, basis, reason=tried.reason)
        installed = upgrade.installed.get(identity(found, upgrade.namespace), {})
        differing = await in_thread(_differences, tried, installed, found, self._scrubber)
        return ComparedObject(key, ObjectAction.CHANGE if differing else None, basis, differing)

    async def _deleted(self, kind: ObjectType, key: Key) -> ComparedObject:
        live = await get_object(self._member, kind, key.namespace, key.name, whole=True)
        if live is not None and _map(live["metadata"].get("annotations")).get(_KEEP) == "keep":
            return ComparedObject(key, None)
        basis = await in_thread(object_basis, kind, key, live, self._mark)
        return ComparedObject(key, None if live is None else ObjectAction.DELETE, basis)


def _differences(tried: Tried, installed: Object, found: Object, scrubber: Scrubber) -> tuple[FieldDifference, ...]:
    assert tried.live is not None
    wanted, live = without_removed(tried.wanted, installed, found), tried.live
    fields = live["metadata"].get("managedFields")
    if scrubber:
        # In the manifest, marks stand for values of secrets: both sides are compared with all of them hidden.
        wanted, live = _hidden(compared(wanted), scrubber), _hidden(compared(live), scrubber)
        wanted, live = ({**each, "kind": found["kind"], "apiVersion": found["apiVersion"]} for each in (wanted, live))
    return tuple(differences(wanted, live, managed_fields=fields, scrubber=scrubber))


def _hidden(value: Any, scrubber: Scrubber) -> Any:
    if isinstance(value, Mapping):
        return {name: _hidden(inner, scrubber) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner, scrubber) for inner in value]
    return scrubber.clean(value, instead=HIDDEN) if isinstance(value, str) else value


def object_basis(
    kind: ObjectType,
    key: Key,
    live: Object | None,
    mark: Mark,
    *,
    digest: str = "",
    ignores_replicas: bool = False,
) -> ObjectBasis:
    version = ""
    if live is not None:
        content = compared(typed(live, kind))
        if ignores_replicas and isinstance(spec := content.get("spec"), Mapping):
            content["spec"] = {name: value for name, value in spec.items() if name != "replicas"}
        version = str(live["metadata"]["resourceVersion"])
        digest = mark([str(live["metadata"].get("uid")), content])[-32:]
    place = (kind.api_version, kind.kind, kind.plural, key.namespace, key.name)
    return ObjectBasis(*place, digest, version, ignores_replicas)


def written_changes(results: Sequence[ComparedObject], left_out: int) -> str | None:
    """The objects that change as text, and how many were not compared."""
    rows = []
    room = MOST_TEXT
    for each in results:
        if each.action is None:
            continue
        found = shown(each.found)
        row = {
            "group": each.key.group,
            "kind": each.key.kind,
            "namespace": each.key.namespace,
            "name": without_nul(each.key.name),
            "action": each.action,
            "reason": each.reason and without_nul(each.reason),
            "differences": found.rows,
            "differences_left_out": found.left_out,
        }
        room -= len(orjson.dumps(row))
        if room < 0 and found.rows:
            row |= {"differences": [], "differences_left_out": len(found.rows) + found.left_out}
        rows.append(row)
    if not rows and not left_out:
        return None
    rows.sort(key=lambda row: (str(row["kind"]), str(row["namespace"]), str(row["name"])))
    return orjson.dumps({"objects": rows, "left_out": left_out}, option=orjson.OPT_SORT_KEYS).decode()


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
