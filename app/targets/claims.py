"""Whose release a target's is, and what to say where it can't be worked on."""

from app.errors import ActionError, PermanentError, TemporaryError
from app.helm.failure import LOCKED, NAME_TAKEN
from app.releases.plan import Block, Claim
from app.tables import now
from app.targets.tables import Target

IN_FLIGHT = "release_in_flight"


def claim_of(target: Target) -> Claim:
    """Whose release it is, by what was written down before and after each of our Helm runs."""
    if not target.claimed:
        return Claim.NEVER
    if target.intent is None:
        return Claim.OURS
    until = target.intent_until
    return Claim.RUNNING if until is not None and until > now() else Claim.INTERRUPTED


def blocked(block: Block, release_name: str, cluster_name: str) -> ActionError:
    """The error that a blocked plan is, in words that say what to do."""
    if block is Block.TAKEN:
        return PermanentError(
            NAME_TAKEN,
            f"There is a release {release_name} on {cluster_name} that Polyhelm did not install: uninstall it with"
            " helm, or take another releaseName.",
        )
    if block is Block.LOCKED:
        return TemporaryError(
            LOCKED,
            f"Somebody else's Helm is at work on {release_name} on {cluster_name}, or was interrupted there:"
            f" `helm history {release_name}` tells; `helm rollback` ends it.",
        )
    return TemporaryError(IN_FLIGHT, f"An earlier Helm run on {release_name} may not have ended yet; it is waited for.")
