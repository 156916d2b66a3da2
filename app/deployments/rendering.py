"""Renders what Helm would apply, once for all clusters with the same result."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar, cast

import orjson

from app.charts.contents import Contents, read_contents
from app.clusters.discovery import Discovery
from app.clusters.dry_run import Identity, Object, identity, objects_of
from app.clusters.member import Member
from app.core.errors import ActionError, PermanentError
from app.core.threads import in_thread
from app.deployments.desired_state import DesiredState
from app.deployments.instances import check_instances
from app.deployments.services import DeploymentServices
from app.helm.command import Options, Place
from app.helm.plan_server import PlanServer, Release
from app.releases.canonical import canonical
from app.releases.definitions import is_definition
from app.releases.error_codes import ActionCode
from app.releases.manifest import shown
from app.releases.release import Desired, Observed
from app.releases.scrubbing import Scrubber
from app.releases.unified_diff import unified_diff
from app.releases.values import Values, to_helm
from app.tables.deployments import CrdPolicy, Deployment
from app.yaml.reading import YamlError, read_all
from app.yaml.writing import write

Found = TypeVar("Found")

_LARGEST_RECORD = 1024 * 1024
_RUN_BY = {False: ("pre-install", "post-install"), True: ("pre-upgrade", "post-upgrade")}
"""The events whose hooks run, by whether a release exists."""


@dataclass(frozen=True)
class Rendered:
    """A manifest and its hooks; `text` is the manifest as it may be shown, in an install after what is in `crds/`."""

    text: str
    objects: list[Object]
    hooks: list[Object]
    definitions: list[dict[str, Any]]


class Renderings:
    """The renderings of one plan, and so of one group: charts can look up what the group's service account may read.
    Values of secrets are replaced by marks: only a worker uses the values."""

    def __init__(
        self, services: DeploymentServices, deployment: Deployment, state: DesiredState, scrubber: Scrubber
    ) -> None:
        self._services = services
        self._deployment = deployment
        self._desired_state = state
        self.scrubber = scrubber
        self._locks: dict[object, asyncio.Lock] = {}
        self._found: dict[object, Any] = {}

    async def scrubber_with(self, secrets: tuple[str, ...]) -> Scrubber:
        """The scrubber of the marks, extended by values of secrets in a release."""
        if not secrets:
            return self.scrubber
        texts = [*self._desired_state.marks.values(), *secrets]
        return await self._once(("scrubber", secrets), partial(in_thread, Scrubber, texts))

    async def of(
        self,
        cluster_id: int,
        member: Member,
        discovery: Discovery,
        desired: Desired,
        observed: Observed | None,
        secrets: tuple[str, ...],
    ) -> Rendered:
        """What an install would apply, or an upgrade if a release is `observed`. `secrets` are the values of secrets
        in it. `discovery` lacks the kinds whose definitions are replaced.

        Raises:
            ActionError: if the chart does not render, or its own definitions refuse its custom resources.
        """
        contents = await self._once("contents", self._contents)
        values = to_helm(desired.values)
        looks_up = contents.looks_up(values)
        revision = 0
        if observed is not None:
            revision = observed.revision if contents.counts_revisions(values) else 1
        exists = observed is not None
        definitions = await self.definitions(desired, exists=exists)
        known = discovery.with_definitions(definitions)
        release = Release(self._deployment.namespace, self._deployment.release_name, revision)

        async def ask(target: str) -> Any:
            return await member.request("GET", target)

        plan_server = PlanServer(known, release, ask if looks_up else None, member.account)
        # A chart may look up values on the member that an earlier release has put there.
        scrubber = await self.scrubber_with(secrets if looks_up else ())
        key = (values, revision, known.digest, (cluster_id, secrets) if looks_up else None)
        render = partial(self._render, plan_server, contents, desired, scrubber, definitions, exists=exists)
        rendered = await self._once(key, render)
        if rendered.definitions:
            instances = [*rendered.hooks, *rendered.objects]
            organization_id = self._deployment.organization_id
            pool = self._services.schemas
            check = partial(check_instances, pool, organization_id, rendered.definitions, instances, discovery)
            await self._once(("instances", key, discovery.digest), check)
        return rendered

    async def definitions(self, desired: Desired, *, exists: bool) -> list[dict[str, Any]]:
        """What is in `crds/` of the chart, as far as an install or, if a release `exists`, an upgrade brings it to a
        cluster. Helm itself does so only in an install."""
        policy = self._deployment.crd_policy
        if policy is CrdPolicy.SKIP or (exists and policy is CrdPolicy.CREATE):
            return []
        contents = await self._once("contents", self._contents)
        read = partial(in_thread, contents.definitions, desired.values)
        found = await self._once(("definitions", to_helm(desired.values)), read)
        return [each for each in found if is_definition(each)] if exists else found

    async def installed(
        self, observed: Observed | None, secrets: tuple[str, ...]
    ) -> tuple[str, Mapping[Identity, Object]]:
        """The manifest of a release as it may be shown, and its objects; objects that cannot be read are left out."""
        if observed is None or not observed.manifest:
            return "", {}
        scrubber = await self.scrubber_with(secrets)
        read = partial(in_thread, _installed, observed.manifest, self._deployment.namespace, scrubber)
        return await self._once((observed.manifest, secrets), read)

    async def difference(self, before: str, after: str) -> str:
        """A unified diff."""
        return await self._once((before, after), partial(in_thread, _diff, before, after))

    async def values_difference(self, before: Values, after: Values) -> str:
        """A unified diff of values as YAML, with sorted keys."""
        texts = canonical(before), canonical(after)
        return await self._once(("values", *texts), partial(in_thread, _values_diff, *texts))

    async def _once(self, key: object, work: Callable[[], Awaitable[Found]]) -> Found:
        """Does work with the same key once; returns its result, or raises its error again."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._found:
                try:
                    self._found[key] = await work()
                except ActionError as error:
                    self._found[key] = error
        found = self._found[key]
        if isinstance(found, ActionError):
            raise found
        return cast(Found, found)

    async def _contents(self) -> Contents:
        archive = await self._services.archives.file(self._desired_state.archive.digest)
        return await in_thread(read_contents, archive)

    async def _render(
        self,
        plan_server: PlanServer,
        contents: Contents,
        desired: Desired,
        scrubber: Scrubber,
        definitions: list[dict[str, Any]],
        *,
        exists: bool,
    ) -> Rendered:
        deployment, archive = self._deployment, self._desired_state.archive
        chart = await self._services.archives.file(archive.digest)
        options = Options(
            timeout_seconds=deployment.timeout_seconds,
            validate=False,  # the members validate it
            check_schema=not archive.has_remote_schema and not desired.references,  # a schema may refuse a mark
            scrubber=scrubber,
        )
        async with plan_server:
            place = Place(deployment.organization_id, None, plan_server, deployment.namespace, deployment.release_name)
            output = await self._services.helm.preview(place, chart, desired.values, options, exists=exists)
        rendered = await in_thread(_read, output, scrubber, definitions, exists=exists)
        if exists or not definitions:
            return rendered
        files = (await in_thread(contents.definition_files, desired.values)).items()
        text = "".join(f"---\n# Source: {path}\n{content.strip()}\n" for path, content in files)
        return replace(rendered, text=text + rendered.text)


def _read(output: bytes, scrubber: Scrubber, definitions: list[dict[str, Any]], *, exists: bool) -> Rendered:
    _check_size(output)
    release = orjson.loads(output)
    manifest = str(release.get("manifest") or "")
    hooks = [
        str(hook.get("manifest"))
        for hook in release.get("hooks") or ()
        if any(event in _RUN_BY[exists] for event in hook.get("events") or ())
    ]
    try:
        objects = list(objects_of(read_all(manifest)))
        hooked = [found for hook in hooks for found in objects_of(read_all(hook))]
    except YamlError as error:
        raise PermanentError(
            ActionCode.CHART_NOT_RENDERED, f"The chart does not render a valid manifest: {error}"
        ) from None
    return Rendered(shown(manifest, scrubber), objects, hooked, definitions)


def _check_size(release: bytes) -> None:
    """Checks that a release is small enough: Helm stores it in one Secret, compressed and in base64."""
    if len(release) * 4 // 3 <= _LARGEST_RECORD:
        return
    size = len(gzip.compress(release, 9)) * 4 // 3
    if size > _LARGEST_RECORD:
        words = f"The release record has {size:,} bytes, and a Secret holds at most {_LARGEST_RECORD:,}."
        raise PermanentError(ActionCode.CLUSTER_REFUSED, f"The API server would refuse the release: {words}", words)


def _installed(manifest: str, namespace: str, scrubber: Scrubber) -> tuple[str, dict[Identity, Object]]:
    text = shown(manifest, scrubber)
    try:
        objects = list(objects_of(read_all(manifest)))
    except YamlError:
        return text, {}
    return text, {identity(found, namespace): found for found in objects}


def _values_diff(before: bytes, after: bytes) -> str:
    old, new = (write(values) if (values := orjson.loads(text)) else "" for text in (before, after))
    return _diff(old, new)


def _diff(before: str, after: str) -> str:
    return unified_diff(before.strip(), after.strip(), ("installed", "wanted"))
