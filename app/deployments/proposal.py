"""What a request would write, and what that is based on: the desired state, and the releases on the clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.clusters.members import AT_ONCE
from app.clusters.release_records import list_revisions
from app.clusters.service_accounts import ServiceAccount
from app.core.concurrency import for_each
from app.core.errors import TemporaryError
from app.deployments.desired_state import DesiredState
from app.deployments.live_objects import look_at_objects
from app.deployments.options import basis_options
from app.deployments.services import DeploymentServices
from app.releases.basis import Basis, Foundation, ObjectBasis
from app.releases.canonical import digest
from app.releases.references import hidden
from app.releases.release import Desired
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment


@dataclass(frozen=True)
class Dependency:
    """A deployment that another one depends on."""

    id: int
    release_name: str
    condition: str | None = None


@dataclass(frozen=True)
class Proposal:
    """What a request would write: `clusters` will have the release as in the `desired_state`, those `leaving` will lose
    it. Without a desired state, the deployment is deleted. Its row has no id before it is created.
    `allow_crd_version_removal` names CustomResourceDefinitions from which versions in use may be removed."""

    deployment: Deployment
    desired_state: DesiredState | None
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    leaving: Sequence[Cluster] = ()
    depends_on: Sequence[Dependency] = ()
    allow_crd_version_removal: frozenset[str] = frozenset()

    def desired(self) -> list[tuple[Cluster, Desired | None]]:
        """Each cluster with the release that it is to have."""
        found: list[tuple[Cluster, Desired | None]] = []
        if self.desired_state:
            found += [(cluster, self.desired_state.on(name)) for name, cluster in self.clusters.items()]
        return [*found, *((cluster, None) for cluster in self.leaving)]


def foundation_of(
    deployment: Deployment,
    desired_state: DesiredState | None,
    service_account: str | None,
    targets: Mapping[str, Basis],
) -> Foundation:
    """What a plan rests on that is made now."""
    return Foundation(
        generation=deployment.generation if deployment.id else None,
        options=basis_options(deployment),
        service_account=service_account,
        chart_digest=desired_state.archive.digest if desired_state else None,
        secrets={"/".join(found.source): desired_state.marks[found.source] for found in desired_state.references}
        if desired_state
        else {},
        targets=targets,
    )


def basis_of(cluster: Cluster, desired: Desired | None, found: tuple[int, str] | None) -> Basis:
    """The basis of one target. `found` has the revision and the version of the newest record of its release: 0 and
    empty if there is none, None if the cluster is unreachable."""
    text = ""
    if desired is not None:
        text = digest(desired.chart_name, desired.chart_version, hidden(desired.values)).hex()
    basis = (cluster.id, cluster.uid, cluster.kubernetes_version, text)
    return Basis(*basis, False) if found is None else Basis(*basis, True, *found)


async def look_at_targets(
    services: DeploymentServices,
    proposal: Proposal,
    account: ServiceAccount | None,
    objects: Mapping[str, Sequence[ObjectBasis]],
) -> dict[str, Basis]:
    """The basis of each target now, by the cluster's name. The revisions are read from the clusters, and so are the
    `objects` that the plan of a target was compared with, as the service account of the group."""
    deployment = proposal.deployment
    mark = await services.fingerprints.mark()

    async def look(wanted: tuple[Cluster, Desired | None]) -> tuple[str, Basis]:
        cluster, desired = wanted
        try:
            member = services.members.of(cluster)
            listing = await list_revisions(member, namespace=deployment.namespace, name=deployment.release_name)
            present = await look_at_objects(member.acting_as(account), objects.get(cluster.name, ()), mark)
        except TemporaryError:
            return cluster.name, basis_of(cluster, desired, None)
        found = next(((head.revision, head.resource_version) for head in listing.newest()), (0, ""))
        return cluster.name, replace(basis_of(cluster, desired, found), objects=present)

    return dict(await for_each(proposal.desired(), look, at_once=AT_ONCE))
