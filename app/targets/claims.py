"""Who owns the release of a target, and why it cannot be changed."""

from app.core.errors import ActionError, PermanentError, TemporaryError
from app.core.fingerprints import Fingerprints
from app.releases.error_codes import ActionCode
from app.releases.ownership import Claim, Intent
from app.releases.release import Observed
from app.releases.step import Block
from app.tables.targets import Target


def claim_of(target: Target) -> Claim:
    """The claim that was recorded before and after each Helm run on the target."""
    return Claim(target.claimed, Intent.of(target.intent) if target.intent else None)


async def claim_after(fingerprints: Fingerprints, claim: Claim, observed: Observed | None) -> Claim:
    """The claim after an observation of the release on the member."""
    if claim.intent is None or not claim.intent.paths:
        return claim.after(observed)
    return claim.after(observed, await fingerprints.mark())


def blocked(block: Block, observed: Observed, cluster_name: str) -> ActionError:
    """The error for a blocked step."""
    name, revision = observed.name, observed.revision
    if block is Block.TAKEN:
        return PermanentError(
            ActionCode.RELEASE_NAME_TAKEN,
            f"There is a release {name} on {cluster_name} that Polyhelm did not install.",
        )
    if block is Block.LOCKED:
        return TemporaryError(
            ActionCode.RELEASE_LOCKED,
            f"Revision {revision} of {name} on {cluster_name} is {observed.status}: another Helm process is"
            " working on it, or was interrupted.",
        )
    return PermanentError(
        ActionCode.RECORD_UNREADABLE,
        f"The record of revision {revision} of {name} on {cluster_name} cannot be read, so Helm cannot change"
        f" the release. {observed.unreadable}",
    )
