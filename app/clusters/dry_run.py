"""Checks whether a member's API server would accept the objects that Helm would send. Each is sent in dry-run mode: the
server applies defaulting, validation, quota and admission, and stores nothing."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.clusters.answers import expect_kind
from app.clusters.discovery import Discovery, Resource
from app.clusters.member import Answer, Member
from app.clusters.refusals import Refusal, RefusalKind
from app.clusters.service_accounts import forbidden
from app.core.errors import PermanentError
from app.releases.error_codes import ActionCode

Object = Mapping[str, Any]
Identity = tuple[str, str, str, str]
"""Group, kind, namespace and name of an object."""

_AT_ONCE = 4
_QUERY = [("dryRun", "All"), ("fieldManager", "helm"), ("fieldValidation", "Warn")]
_STAND_IN = "default"
"""A namespace that every cluster has. Objects for a namespace that Helm would create are tried in this one."""
_OF_THE_OBJECT = ("Invalid", "BadRequest")
"""Reasons that concern an object itself, whatever its namespace."""
_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
_MOST_STORED = 1536 * 1024
"""The size limit of one object in bytes, by etcd's default settings."""
_MANAGED_BY = "app.kubernetes.io/managed-by"
_ADOPT = "Create it beforehand with Helm's label and annotations, or leave it out of the chart."
_RELEASE_NAME, _RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


@dataclass(frozen=True)
class Trial:
    """The objects that an install or an upgrade would send. `hooks` run before and after; missing `definitions` are
    installed first; `installed` has the objects in the manifest of the present release."""

    namespace: str
    release_name: str
    objects: Sequence[Object]
    hooks: Sequence[Object] = ()
    definitions: Sequence[Object] = ()
    installed: Mapping[Identity, Object] = field(default_factory=dict)
    is_install: bool = False


async def try_out(member: Member, discovery: Discovery, trial: Trial) -> list[str]:
    """Tries every object. `discovery` has the kinds that the member serves now.

    Instances of kinds that `definitions` add cannot be tried before these are installed, and are skipped
    (`app/deployments/instances.py` validates them).

    Returns:
        The API server's warnings.

    Raises:
        PermanentError: if the API server would refuse objects; has its messages.
        TemporaryError: if the API server cannot be reached.
    """
    run = _Run(member, discovery, trial)
    definitions = [run.define(found) for found in trial.definitions]
    hooks = [run.attempt(found, is_hook=True) for found in trial.hooks]
    outcomes = await asyncio.gather(*definitions, *hooks, *(run.attempt(found) for found in trial.objects))
    raise_refusals(outcomes)
    return list(dict.fromkeys(run.warnings))


def check_installed(discovery: Discovery, installed: Iterable[Object]) -> None:
    """Checks that the member serves the kinds of installed objects, which Helm needs in order to replace them.

    Raises:
        PermanentError: if the member no longer serves the API of an object.
    """
    for found in installed:
        kind = (str(found.get("apiVersion")), str(found.get("kind")))
        if kind not in discovery.resources:
            words = f'no matches for kind "{kind[1]}" in version "{kind[0]}"'
            message = f"The cluster no longer serves the API of the installed {kind[1]}: {words}"
            raise PermanentError(ActionCode.API_REMOVED, message, words)


def refused(found: Object, words: str) -> PermanentError:
    name = _metadata(found).get("name")
    return PermanentError(
        ActionCode.CLUSTER_REFUSED, f"The API server would refuse {found.get('kind')} {name}: {words}", words
    )


def raise_refusals(outcomes: Iterable[PermanentError | None]) -> None:
    """Raises the first refusal, if there is one, with the messages of all refusals."""
    refusals = [refusal for refusal in outcomes if refusal is not None]
    if refusals:
        words = "\n".join(refusal.output or refusal.message for refusal in refusals)
        raise PermanentError(refusals[0].code, refusals[0].message, words)


def _too_large(found: Object) -> PermanentError | None:
    """A dry run does not reach etcd, which refuses objects that are too large, so their size is checked here."""
    size = len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
    if size <= _MOST_STORED:
        return None
    return refused(found, f"It has {size:,} bytes as JSON. By default, etcd stores at most {_MOST_STORED:,}.")


def identity(found: Object, namespace: str) -> Identity:
    """The identity of an object. `namespace` is the release's, for an object that names none."""
    metadata = _metadata(found)
    group = str(found.get("apiVersion")).rpartition("/")[0]
    return group, str(found.get("kind")), str(metadata.get("namespace") or namespace), str(metadata.get("name"))


def objects_of(documents: Sequence[Any]) -> Iterator[Object]:
    """The objects in a manifest's documents; lists are split into their items, as Helm does."""
    for found in documents:
        if isinstance(found, Mapping):
            items = found.get("items")
            if str(found.get("kind")).endswith("List") and isinstance(items, list):
                yield from objects_of(items)
            else:
                yield found


class _Run:
    def __init__(self, member: Member, discovery: Discovery, trial: Trial) -> None:
        self.warnings: list[str] = []
        self._member = member
        self._trial = trial
        self._known = discovery.resources
        self._to_come = discovery.with_definitions(trial.definitions).resources
        self._gate = asyncio.Semaphore(_AT_ONCE)
        made = {str(_metadata(found).get("name")) for found in trial.objects if found.get("kind") == "Namespace"}
        self._created = made | ({trial.namespace} if trial.is_install else set())

    async def define(self, found: Object) -> PermanentError | None:
        """Tries a definition. One that exists passes, because Helm does not change it."""
        if identity(found, "")[:2] != _DEFINITION:
            return await self.attempt(found)
        resource = self._known.get((str(found["apiVersion"]), str(found["kind"])))
        if resource is None:
            return refused(found, "the API server has no CustomResourceDefinitions of this version")
        if (problem := _too_large(found)) is not None:
            return problem
        answer = await self._send("POST", resource, found, None)
        return None if answer.status == 409 else self._judged(found, answer)

    async def attempt(self, found: Object, *, is_hook: bool = False) -> PermanentError | None:
        if not _metadata(found).get("name"):
            words = f"A {found.get('kind')} has no name: resource name may not be empty"
            return PermanentError(ActionCode.CHART_NOT_RENDERED, words, words)
        if (problem := _too_large(found)) is not None:
            return problem
        kind = (str(found.get("apiVersion")), str(found.get("kind")))
        resource = self._known.get(kind)
        if resource is None:
            if kind in self._to_come:
                return None
            return refused(found, f'no matches for kind "{kind[1]}" in version "{kind[0]}"')
        namespace = str(_metadata(found).get("namespace") or self._trial.namespace) if resource.namespaced else None
        owned = self._owned(found)
        installed = self._trial.installed.get(identity(found, self._trial.namespace))
        if installed is not None:
            answer = await self._change(resource, owned, installed, namespace)
            if answer.status != 404:
                return self._judged(found, answer)
        answer = await self._send("POST", resource, owned, namespace)
        if answer.status < 300 and self._is_made_before(found):
            words = f"The namespace {self._trial.namespace} is created for the release, so it already exists."
            return PermanentError(ActionCode.RESOURCE_EXISTS, f"{words} {_ADOPT}", words)
        if answer.status == 404 and namespace is not None and _missing(answer) == "namespaces":
            if namespace not in self._created:
                return self._refused(found, answer)
            answer = await self._send("POST", resource, owned, _STAND_IN)
            is_its_own = isinstance(answer.body, dict) and answer.body.get("reason") in _OF_THE_OBJECT
            return self._judged(found, answer) if is_its_own else None
        if answer.status == 409 and _reason(answer) == "AlreadyExists":
            # Helm deletes a hook before its next run; any other object has to belong to the release.
            return None if is_hook else await self._take_over(found, owned, resource, namespace)
        return self._judged(found, answer)

    async def _take_over(
        self, found: Object, owned: Object, resource: Resource, namespace: str | None
    ) -> PermanentError | None:
        name = str(_metadata(found).get("name"))
        answer = await self._member.request("GET", _path(found, resource, namespace, name))
        if answer.status == 404:
            return None
        live = _metadata(answer.body) if isinstance(answer.body, Mapping) else {}
        labels, notes = _map(live.get("labels")), _map(live.get("annotations"))
        ours = (self._trial.release_name, self._trial.namespace)
        if labels.get(_MANAGED_BY) != "Helm" or (notes.get(_RELEASE_NAME), notes.get(_RELEASE_NAMESPACE)) != ours:
            words = f"{found['kind']} {name} already exists and does not belong to this release."
            return PermanentError(ActionCode.RESOURCE_EXISTS, f"{words} Delete it, or choose another name.", words)
        return self._judged(found, await self._change(resource, owned, {}, namespace))

    async def _change(self, resource: Resource, found: Object, installed: Object, namespace: str | None) -> Answer:
        return await self._send("PATCH", resource, _merge_patch(installed, found), namespace, found)

    async def _send(
        self, method: str, resource: Resource, body: Object, namespace: str | None, of: Object | None = None
    ) -> Answer:
        found = of or body
        name = str(_metadata(found).get("name")) if method == "PATCH" else None
        if namespace is not None:
            body = {**body, "metadata": {**_metadata(body), "namespace": namespace}}
        async with self._gate:
            answer = await self._member.request(
                method,
                _path(found, resource, namespace, name),
                query=_QUERY,
                body=body,
                content_type="application/merge-patch+json" if method == "PATCH" else "application/json",
                is_trial=True,
            )
        self.warnings += answer.warnings
        return answer

    def _judged(self, found: Object, answer: Answer) -> PermanentError | None:
        if answer.status < 300:
            expect_kind(str(found["kind"]), answer.body)
            return None
        words = _words(answer)
        if "does not support dry run" in words:  # a webhook with side effects, which a dry run does not call
            self.warnings.append(f"{found['kind']} {_metadata(found).get('name')} could not be tried: {words}")
            return None
        return self._refused(found, answer)

    def _is_made_before(self, found: Object) -> bool:
        """Whether the object is the namespace that Helm creates before it writes the release's record there."""
        is_own = _metadata(found).get("name") == self._trial.namespace
        return self._trial.is_install and is_own and (found.get("apiVersion"), found.get("kind")) == ("v1", "Namespace")

    def _refused(self, found: Object, answer: Answer) -> PermanentError:
        refusal = Refusal.of(answer.status, answer.body)
        words = refusal.words
        if refusal.kind is RefusalKind.TERMINATING:
            return PermanentError(ActionCode.NAMESPACE_TERMINATING, refusal.terminating, words)
        return forbidden(self._member.account, words) or refused(found, words)

    def _owned(self, found: Object) -> Object:
        """The object with the labels and annotations that Helm adds."""
        metadata = _metadata(found)
        notes = {_RELEASE_NAME: self._trial.release_name, _RELEASE_NAMESPACE: self._trial.namespace}
        return {
            **found,
            "metadata": {
                **metadata,
                "labels": {**_map(metadata.get("labels")), _MANAGED_BY: "Helm"},
                "annotations": {**_map(metadata.get("annotations")), **notes},
            },
        }


def _merge_patch(old: Object, new: Object) -> dict[str, Any]:
    """A JSON merge patch that sets every field of `new`, and removes fields that only `old` has."""
    patch: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    for key, value in new.items():
        before = old.get(key)
        patch[key] = _merge_patch(_map(before), value) if isinstance(value, Mapping) else value
    return patch


def _words(answer: Answer) -> str:
    return Refusal.of(answer.status, answer.body).words


def _reason(answer: Answer) -> object:
    return answer.body.get("reason") if isinstance(answer.body, Mapping) else None


def _missing(answer: Answer) -> object:
    return _map(answer.body.get("details")).get("kind") if isinstance(answer.body, Mapping) else None


def _metadata(found: Object) -> Mapping[str, Any]:
    return _map(found.get("metadata"))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _path(found: Object, resource: Resource, namespace: str | None, name: str | None) -> str:
    version = str(found.get("apiVersion"))
    path = f"/apis/{version}" if "/" in version else f"/api/{version}"
    if namespace is not None:
        path += f"/namespaces/{quote(namespace, safe='')}"
    path += f"/{resource.plural}"
    return f"{path}/{quote(name, safe='')}" if name is not None else path
