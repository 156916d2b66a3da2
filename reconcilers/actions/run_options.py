"""Where Helm runs for a piece of work, and with which options."""

from dataclasses import replace

from app.clusters.member import Member
from app.deployments.options import helm_options
from app.fleet.services import AllServices
from app.helm.command import Options, Place
from app.helm.expectation import Expectation
from app.helm.ledger import Progress
from app.operations.work import Work
from app.releases.references import HIDDEN
from app.releases.scrubbing import NOTHING, Scrubber
from app.targets.claims import claim_of
from app.targets.leases import LeaseFence


def member_of(services: AllServices, found: Work) -> Member:
    """The cluster, with the service account of the deployment's group, if it has one."""
    return services.members.of(found.cluster).acting_as(found.account)


def place_of(services: AllServices, found: Work) -> Place:
    """Where Helm runs for work that has begun: the intent says which revision it may write."""
    intent = claim_of(found.target).intent
    return Place(
        found.deployment.organization_id,
        found.cluster.id,
        member_of(services, found),
        found.deployment.namespace,
        found.deployment.release_name,
        LeaseFence(services, found.lease),
        Expectation(intent.revision, rolls_back=intent.rolls_back) if intent is not None else None,
    )


def options_of(found: Work, *, hooks: bool, validate: bool = True, scrubber: Scrubber = NOTHING) -> Options:
    return Options(
        **helm_options(found.deployment),
        hooks=hooks,
        validate=validate,
        check_schema=not found.archive.has_remote_schema,
        scrubber=scrubber,
        on_progress=lambda progress: found.tell(_shown(progress, scrubber)),
    )


def _shown(progress: Progress, scrubber: Scrubber) -> Progress:
    """Removes values of secrets from the hook's name and kind: a chart may use one there."""
    hook = progress.hook
    if hook is None or not scrubber:
        return progress
    texts = (hook.kind, hook.name, hook.namespace, *hook.events)
    kind, name, namespace, *events = (scrubber.clean(text, instead=HIDDEN) for text in texts)
    return replace(progress, hook=replace(hook, kind=kind, name=name, namespace=namespace, events=tuple(events)))
