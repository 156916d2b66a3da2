"""Plans changes without applying them: writes nothing, neither to the database nor to any member."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import col, select

from app.clusters.definitions import DefinitionChange, check_versions, compare_definitions, known_after, replaced
from app.clusters.discovery import discover
from app.clusters.dry_run import Trial, check_installed, try_out
from app.clusters.member import Member
from app.clusters.members import AT_ONCE
from app.clusters.service_accounts import ServiceAccount
from app.core.concurrency import for_each
from app.core.errors import ActionError, TemporaryError
from app.core.services import Services
from app.deployments.answer import TargetPlan
from app.deployments.corrections import foresee
from app.deployments.definitions import written
from app.deployments.dependencies import planned_needs, planned_waits
from app.deployments.live_objects import LiveChanges, Upgrade, bases_of, compare_live
from app.deployments.progress import Progress
from app.deployments.proposal import Proposal, basis_of
from app.deployments.rendering import Renderings
from app.deployments.services import DeploymentServices
from app.drift.rules import SavedRule
from app.drift.states import LiveDrift
from app.groups.queries import account_of
from app.releases.ownership import Claim
from app.releases.references import hidden, texts_at
from app.releases.release import Desired, Observed
from app.releases.scrubbing import Scrubber
from app.releases.status import Reason, judge
from app.releases.step import ReleaseAction, next_step
from app.tables.clusters import Cluster
from app.tables.deployments import CrdPolicy, Deployment
from app.tables.targets import Target
from app.targets.abandonment import remembered
from app.targets.claims import blocked, claim_after, claim_of
from app.targets.desired import compared
from app.targets.sightings import look_at_release
from app.targets.trouble import target_error
from app.targets.waits import dependency_waits, endpoint_waits


async def plan_targets(services: DeploymentServices, proposal: Proposal, progress: Progress) -> list[TargetPlan]:
    """The plan for each cluster, by name.

    Reads the release from every member, at most `AT_ONCE` of them at a time, and has it check in dry-run mode whether
    it would accept the manifest from the group's service account. The plan of a member that cannot be reached has an
    error.
    """
    deployment, state, desired = proposal.deployment, proposal.desired_state, proposal.desired()
    progress.total = len(desired)
    claims = await _claims(services, deployment, proposal.clusters.values())
    async with services.database.reading() as session:
        account = await account_of(session, deployment.group_id)
        waits = planned_waits(await planned_needs(session, proposal.depends_on, proposal.clusters))
    renderings = Renderings(services, deployment, state, Scrubber(state.marks.values())) if state else None

    async def plan_one(wanted: tuple[Cluster, Desired | None]) -> TargetPlan:
        cluster, desired = wanted
        claim = claims.get(cluster.id, Claim())
        order = dependency_waits(waits.get(cluster.name, ()))
        plan = await _plan_target(services, proposal, cluster, account, desired, claim, renderings, order)
        progress.done += 1
        return plan

    return sorted(await for_each(desired, plan_one, at_once=AT_ONCE), key=lambda target: target.cluster_name)


async def _claims(services: Services, deployment: Deployment, clusters: Iterable[Cluster]) -> dict[int, Claim]:
    """The claim to the release on each cluster, by the cluster's id. A deployment that is not written yet has claims
    only to releases that were left behind."""
    names = deployment.namespace, deployment.release_name, deployment.chart_name
    async with services.database.reading() as session:
        targets = await session.exec(select(Target).where(col(Target.deployment_id) == (deployment.id or 0)))
        claims = dict.fromkeys(await remembered(session, clusters, *names), Claim(ours=True))
        return claims | {target.cluster_id: claim_of(target) for target in targets}


async def _plan_target(
    services: DeploymentServices,
    proposal: Proposal,
    cluster: Cluster,
    account: ServiceAccount | None,
    desired: Desired | None,
    claim: Claim,
    renderings: Renderings | None,
    order: Sequence[Reason],
) -> TargetPlan:
    deployment, state = proposal.deployment, proposal.desired_state
    values = hidden(desired.values) if desired else {}
    lacking = endpoint_waits(state.inputs[cluster.name].endpoints) if state and cluster.name in state.inputs else ()
    try:
        member = services.members.of(cluster)
        seen = await look_at_release(member, cluster.id, deployment.namespace, deployment.release_name)
    except TemporaryError as error:
        return _unreachable(deployment, cluster, desired, values, error)
    paths = (
        {*deployment.secret_paths, *(found.path for found in state.references)} if state else deployment.secret_paths
    )
    wanted, observed = await compared(services.fingerprints, desired, seen.release, paths)
    verdict = judge(wanted, observed, waits=(*lacking, *order) if desired is not None else ())
    claim = await claim_after(services.fingerprints, claim, seen.release)
    step = next_step(wanted, observed, claim.owner(seen.release))
    basis = basis_of(cluster, desired, (seen.release.revision if seen.release else 0, seen.secret_version))
    outcome = TargetPlan(cluster.name, step.action, verdict.status, verdict.reasons, values, basis=basis)
    if renderings is not None and desired is not None:
        before = hidden(observed.values) if observed else {}
        outcome = replace(outcome, values_diff=await renderings.values_difference(before, values))
    if step.block is not None:
        assert seen.release is not None
        problem = blocked(step.block, seen.release, cluster.name)
        shown = target_error(problem, deployment, observed, is_wanted=desired is not None).stored
        return replace(outcome, error=shown)
    if desired is None or renderings is None:
        return outcome
    if step.action is ReleaseAction.NONE and seen.release is not None and deployment.live_drift is LiveDrift.CORRECT:
        return await _corrected(services, deployment, outcome, member.acting_as(account), seen.release, sorted(paths))
    if step.action not in (ReleaseAction.INSTALL, ReleaseAction.UPGRADE):
        return outcome
    if lacking:  # the manifest is not known before the values are
        return outcome
    secrets = tuple(texts_at(seen.release.values, paths)) if seen.release else ()
    change = _Change(
        *(services, deployment, renderings, cluster, desired),
        observed=observed,
        is_upgrade=step.action is ReleaseAction.UPGRADE,
        installed=seen.release,
        secrets=secrets,
        scrubber=await renderings.scrubber_with(secrets),
    )
    return await change.planned(outcome, member.acting_as(account), proposal.allow_crd_version_removal)


def _unreachable(
    deployment: Deployment,
    cluster: Cluster,
    desired: Desired | None,
    values: dict[str, Any],
    error: TemporaryError,
) -> TargetPlan:
    """The plan of a target whose release cannot be read."""
    verdict = judge(desired, None, error.message)
    shown = target_error(error, deployment, None, is_wanted=desired is not None).stored
    basis = basis_of(cluster, desired, None)
    nothing = ReleaseAction.NONE
    return TargetPlan(cluster.name, nothing, verdict.status, verdict.reasons, values, error=shown, basis=basis)


async def _corrected(
    services: DeploymentServices,
    deployment: Deployment,
    outcome: TargetPlan,
    member: Member,
    release: Observed,
    secret_paths: Sequence[str],
) -> TargetPlan:
    """The plan for a release in its desired state, whose objects are set back where they differ from its manifest."""
    rules = [SavedRule.of(rule) for rule in deployment.live_drift_ignore]
    mark = await services.fingerprints.mark()
    try:
        found = await foresee(member, release, secret_paths, rules, mark)
    except ActionError as error:
        failed = target_error(error, deployment, release, is_wanted=True)
        return replace(outcome, error=failed.stored)
    assert outcome.basis is not None
    return replace(
        outcome,
        action=ReleaseAction.CORRECTION if found.acts else ReleaseAction.NONE,
        object_changes=found.changes.text,
        basis=replace(outcome.basis, objects=found.changes.bases),
    )


@dataclass(frozen=True)
class _Change:
    """An install or an upgrade. `installed` is the release on the cluster, `observed` the same with masked values, and
    `secrets` are the values of secrets in it."""

    services: DeploymentServices
    deployment: Deployment
    renderings: Renderings
    cluster: Cluster
    desired: Desired
    observed: Observed | None
    is_upgrade: bool
    installed: Observed | None
    secrets: tuple[str, ...]
    scrubber: Scrubber

    @property
    def present(self) -> Observed | None:
        """The release that is upgraded."""
        return self.observed if self.is_upgrade else None

    async def planned(self, outcome: TargetPlan, member: Member, removable: Collection[str]) -> TargetPlan:
        """The plan with the definitions and objects that would be applied, or with the error that the change would
        have. Versions of definitions may be removed from those in `removable`."""
        try:
            definitions = await self.renderings.definitions(self.desired, exists=self.is_upgrade)
            changes = await compare_definitions(member, definitions, replaces=self._replaces)
            outcome = replace(outcome, definition_changes=written(changes))
            outcome = await self._with_objects(outcome, member, changes)
            check_versions(changes, removable)
        except ActionError as error:
            failed = target_error(error, self.deployment, self.observed, is_wanted=True)
            clean = self.scrubber.clean
            output = clean(failed.output) if failed.output else failed.output
            return replace(outcome, error=replace(failed, message=clean(failed.message), output=output).stored)
        return outcome

    @property
    def _replaces(self) -> bool:
        return self.deployment.crd_policy is CrdPolicy.CREATE_REPLACE

    async def _with_objects(
        self, outcome: TargetPlan, member: Member, changes: Sequence[DefinitionChange]
    ) -> TargetPlan:
        """The plan with what would be applied, and with what the member says about it.

        Raises:
            ActionError: if the chart does not render, or the member would refuse an object.
        """
        deployment, present = self.deployment, self.present
        discovery = await discover(member)
        unreplaced = discovery.without_definitions(replaced(changes))
        rendered = await self.renderings.of(self.cluster.id, member, unreplaced, self.desired, present, self.secrets)
        text, objects = await self.renderings.installed(self.installed, self.secrets)
        if present:
            check_installed(known_after(discovery, changes), objects.values())
        trial = Trial(
            namespace=deployment.namespace,
            release_name=deployment.release_name,
            objects=rendered.objects,
            hooks=rendered.hooks,
            definitions=rendered.definitions,
            installed=objects if present else {},
            is_install=present is None,
        )
        warnings = [self.scrubber.clean(words) for words in await try_out(member, unreplaced, trial)]
        mark = await self.services.fingerprints.mark()
        live = LiveChanges()
        if present:
            upgrade = Upgrade(deployment.namespace, deployment.release_name, rendered.objects, objects)
            live = await compare_live(member, unreplaced, upgrade, self.scrubber, mark)
        assert outcome.basis is not None
        bound = [change for change in changes if self._replaces or change.action is not None]
        return replace(
            outcome,
            manifest=rendered.text,
            manifest_diff=await self.renderings.difference(text, rendered.text),
            warnings=tuple(warnings),
            object_changes=live.text,
            basis=replace(outcome.basis, objects=(*bases_of(bound, mark), *live.bases)),
        )
