"""The CustomResourceDefinitions of a chart on one member: compared, created and replaced.

Every write names the resource version of the definition that was compared, so that the API server refuses to replace
one that another client has changed since."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from app.clusters.discovery import Discovery
from app.clusters.member import Answer, Member
from app.clusters.objects import Object, ObjectType, checked_object, get_object
from app.clusters.refusals import Refusal
from app.clusters.service_accounts import forbidden
from app.core.concurrency import for_each
from app.core.errors import PermanentError, TemporaryError
from app.drift.comparison import FieldDifference, differences
from app.releases.definitions import (
    API_VERSION,
    KIND,
    NOTHING,
    Vanishing,
    Versions,
    is_definition,
    keeping,
    replacement,
    vanishing,
    without_versions,
)
from app.releases.error_codes import ActionCode
from app.releases.texts import without_objects

DEFINITIONS = ObjectType("apiextensions.k8s.io", "v1", KIND, "customresourcedefinitions", namespaced=False)
ESTABLISHED_SECONDS = 60.0
"""How long a definition may take until the API server serves its kind; Helm waits as long."""

_AT_ONCE = 4
_MOST_TRIES = 3  # of a definition that another client changes in the meantime
_MANAGER = [("fieldManager", "helm")]
_DRY_RUN = [*_MANAGER, ("dryRun", "All")]
_MERGE = "application/merge-patch+json"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0

Confirm = Callable[[], Awaitable[None]]
"""Raises if nothing may be written now."""


class DefinitionAction(StrEnum):
    CREATE = "CREATE"
    REPLACE = "REPLACE"


@dataclass(frozen=True)
class DefinitionChange:
    """What is done with one definition: nothing if `action` is None. `body` is what is sent, `live` the definition as
    it is. `vanishing` are the versions in use that it would remove."""

    name: str
    action: DefinitionAction | None
    body: Object
    live: Object | None = None
    vanishing: Vanishing = NOTHING
    differences: tuple[FieldDifference, ...] = ()

    @property
    def before(self) -> Versions | None:
        return None if self.live is None else Versions.of(self.live)

    @property
    def after(self) -> Versions:
        return Versions.of(self.body)


class _ChangedMeanwhileError(Exception):
    """Another client has changed the definition since it was compared."""


async def compare_definitions(
    member: Member, wanted: Iterable[Mapping[str, Any]], *, replaces: bool
) -> list[DefinitionChange]:
    """What is done with each definition of a chart. Other objects beside them are left to Helm. Without `replaces`,
    definitions that exist stay as they are, and those of older API versions are also left to Helm.

    Raises:
        PermanentError: the API server would refuse to replace a definition.
        TemporaryError: the member cannot be asked now.
    """

    async def compare(found: Mapping[str, Any]) -> DefinitionChange:
        for _ in range(_MOST_TRIES):
            try:
                return await _compare(member, found, replaces=replaces)
            except _ChangedMeanwhileError:
                continue
        raise _contested(_name(found))

    found = [each for each in wanted if is_definition(each) and (replaces or each.get("apiVersion") == API_VERSION)]
    return await for_each(found, compare, at_once=_AT_ONCE)


def check_versions(changes: Iterable[DefinitionChange], allowed: Collection[str]) -> None:
    """Checks that no version in use vanishes, except from the definitions that are `allowed` by name.

    Raises:
        PermanentError: CRD_VERSION_REMOVED, with the names of the definitions and their versions.
    """
    refused = [change for change in changes if change.vanishing and change.name not in allowed]
    if not refused:
        return
    found = "; ".join(f"{change.name}: {change.vanishing}" for change in refused)
    names = ", ".join(change.name for change in refused)
    raise PermanentError(
        ActionCode.CRD_VERSION_REMOVED,
        f"The chart's CustomResourceDefinitions would remove versions that are in use: {found}. If these versions"
        f" are no longer needed, allow it with allowCrdVersionRemoval: {names}.",
    )


def known_after(discovery: Discovery, changes: Iterable[DefinitionChange]) -> Discovery:
    """The discovery of the member once these changes are made."""
    made = [change for change in changes if change.action is not None]
    return discovery.without_definitions(replaced(made)).with_definitions([change.body for change in made])


def replaced(changes: Iterable[DefinitionChange]) -> list[Object]:
    """The definitions that these changes replace, as they are now."""
    found = (change.live for change in changes if change.action is DefinitionAction.REPLACE)
    return [live for live in found if live is not None]


async def apply_definitions(
    member: Member, wanted: Sequence[Mapping[str, Any]], allowed: Collection[str], confirm: Confirm
) -> list[DefinitionChange]:
    """Creates missing definitions, replaces those that differ, and waits until their kinds are served. All are compared
    and checked before the first one is written. Returns what was changed.

    Raises:
        PermanentError: the API server refuses a definition, or a version in use would vanish.
        TemporaryError: the member cannot be asked now, or a kind is not served in time.
    """
    for _ in range(_MOST_TRIES):
        changes = await compare_definitions(member, wanted, replaces=True)
        check_versions(changes, allowed)
        made = [change for change in changes if change.action is not None]
        try:
            for change in made:
                await _write(member, change, confirm)
        except _ChangedMeanwhileError:
            continue  # what was written is equal in the next comparison
        for change in made:
            await _until_established(member, change.name)
        return made
    raise _contested(", ".join(map(_name, filter(is_definition, wanted))))


async def _compare(member: Member, wanted: Mapping[str, Any], *, replaces: bool) -> DefinitionChange:
    name = _name(wanted)
    if wanted.get("apiVersion") != API_VERSION:
        words = f"only CustomResourceDefinitions of {API_VERSION} can be compared and replaced"
        raise PermanentError(ActionCode.CLUSTER_REFUSED, f"CustomResourceDefinition {name}: {words}.", words)
    live = await get_object(member, DEFINITIONS, "", name, whole=replaces)
    if live is None:
        return DefinitionChange(name, DefinitionAction.CREATE, wanted)
    if not replaces:
        return DefinitionChange(name, None, wanted, live)
    body, gone = replacement(live, wanted), vanishing(live, wanted)
    tried = keeping(body, live, gone.stored) if gone.stored else body
    found = _read(member, await _put(member, name, tried, _DRY_RUN, is_trial=True), name)
    then = DEFINITIONS.named(without_versions(found, gone.stored))
    fields = live["metadata"].get("managedFields")
    found_differences = tuple(differences(then, DEFINITIONS.named(live), managed_fields=fields))
    action = DefinitionAction.REPLACE if found_differences else None
    return DefinitionChange(name, action, body, live, gone, found_differences)


async def _write(member: Member, change: DefinitionChange, confirm: Confirm) -> None:
    name = change.name
    await confirm()
    if change.live is None:
        answer = await member.request("POST", DEFINITIONS.path, query=_MANAGER, body=change.body)
        _read(member, answer, name)
        return
    body = change.body
    if gone := change.vanishing.stored:
        # The API server refuses to remove a version in which objects may be stored: first, it has to be forgotten.
        body = _read(member, await _put(member, name, keeping(body, change.live, gone), _MANAGER), name)
        kept = [version for version in Versions.of(body).stored if version not in gone]
        await confirm()
        patch = {"metadata": {"resourceVersion": _version(body)}, "status": {"storedVersions": kept}}
        path = f"{_path(name)}/status"
        answer = await member.request("PATCH", path, query=_MANAGER, body=patch, content_type=_MERGE)
        found = _read(member, answer, name)
        await confirm()
        metadata = {**change.body["metadata"], "resourceVersion": _version(found)}
        body = {**change.body, "metadata": metadata}
    _read(member, await _put(member, name, body, _MANAGER), name)


async def _put(
    member: Member, name: str, body: Object, query: list[tuple[str, str]], *, is_trial: bool = False
) -> Answer:
    return await member.request("PUT", _path(name), query=query, body=body, is_trial=is_trial)


def _read(member: Member, answer: Answer, name: str) -> Object:
    """The definition in an answer.

    Raises:
        PermanentError: the API server refuses it.
    """
    if answer.status < 300:
        return checked_object(answer.body, DEFINITIONS, name)
    refusal = Refusal.of(answer.status, answer.body)
    if answer.status in (404, 409):
        raise _ChangedMeanwhileError
    message = f"The API server refuses the CustomResourceDefinition {name}: {refusal.words}"
    raise forbidden(member.account, refusal.words) or PermanentError(ActionCode.CLUSTER_REFUSED, message, refusal.words)


async def _until_established(member: Member, name: str) -> None:
    pause, loop = _FIRST_PAUSE, asyncio.get_running_loop()
    end = loop.time() + ESTABLISHED_SECONDS
    while True:
        found = await get_object(member, DEFINITIONS, "", name, whole=True)
        if _condition(found, "Established").get("status") == "True":
            return
        if (names := _condition(found, "NamesAccepted")).get("status") == "False":
            words = without_objects(str(names.get("message")))[:1000]
            message = f"The API server does not serve the CustomResourceDefinition {name}: {words}"
            raise PermanentError(ActionCode.CLUSTER_REFUSED, message, words)
        if loop.time() > end:
            message = f"The API server has not established the CustomResourceDefinition {name} in time."
            raise TemporaryError(ActionCode.CLUSTER_REFUSED, message)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _condition(found: Object | None, kind: str) -> Mapping[str, Any]:
    status = (found or {}).get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    listed = conditions if isinstance(conditions, list) else []
    return next((each for each in listed if isinstance(each, Mapping) and each.get("type") == kind), {})


def _contested(names: str) -> TemporaryError:
    message = f"Another client keeps changing CustomResourceDefinitions at the same time: {names}."
    return TemporaryError(ActionCode.NOT_CONVERGED, message)


def _name(found: Mapping[str, Any]) -> str:
    metadata = found.get("metadata")
    return str(metadata.get("name")) if isinstance(metadata, Mapping) else ""


def _version(found: Object) -> str:
    return str(found["metadata"]["resourceVersion"])


def _path(name: str) -> str:
    return f"{DEFINITIONS.path}/{quote(name, safe='')}"
