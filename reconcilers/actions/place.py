"""Where and how the action of a piece of work is done."""

from app.clusters.member import Member
from app.helm.command import Options, Place
from app.releases.scrubbing import NOTHING, Scrubber
from app.services import Services
from app.targets.leases import LeaseFence
from app.targets.work import Work


def member_of(services: Services, found: Work) -> Member:
    """The cluster, as whatever the deployment's group uses there."""
    return services.members.of(found.cluster).acting_as(found.account)


def place_of(services: Services, found: Work) -> Place:
    return Place(
        found.cluster.id,
        member_of(services, found),
        found.deployment.namespace,
        found.deployment.release_name,
        LeaseFence(services, found.lease),
    )


def options_of(found: Work, *, hooks: bool, validate: bool = True, scrubber: Scrubber = NOTHING) -> Options:
    return Options(
        atomic=found.deployment.atomic,
        wait=found.deployment.wait,
        timeout_seconds=found.deployment.timeout_seconds,
        hooks=hooks,
        validate=validate,
        check_schema=not found.archive.has_remote_schema,
        scrubber=scrubber,
        on_progress=found.tell,
    )
