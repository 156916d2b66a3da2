"""The kinds of events about targets of deployments."""

from app.registers.register import EventKind


class TargetEvent(EventKind):
    """Events of targets"""

    STARTED = "target.started", "Helm is about to be run for a target."
    ACTIVITY = "target.activity", "The Helm run for a target has reached another phase."
    CONVERGED = "target.converged", "An action on a target succeeded."
    GENERATION = "target.generation", "A target matches a new generation without any action."
    RETRYING = "target.retrying", "An action on a target failed and will be retried."
    FAILED = "target.failed", "An action on a target failed."
    REMEDIED = (
        "target.remedied",
        "After the last failure of a target, its generation is held, and its release is rolled back or uninstalled.",
    )
    LIFTED = "target.lifted", "A user lifted the hold of a generation on a target."
    CANCELLED = "target.cancelled", "The work on a target was cancelled."
    SUPERSEDED = "target.superseded", "The work on a target was stopped for a newer operation."
    STATUS = "target.status", "The status of a target changed."
    RELEASE = "target.release", "The release of a target changed, and the status did not."
    HEALTH = "target.health", "The health of a target changed."
    LIVE_DRIFT = (
        "target.live_drift",
        "The comparison of a release's objects with its manifest has a new result.",
    )
    DRIFTED = "target.drifted", "A manual change to a release, or to its objects, is being corrected."
    CORRECTED = "target.corrected", "Objects of a release were reverted to its manifest, or created again."
    MIGRATED = "target.migrated", "The release's record has other API versions in a new revision."
    DEFINITIONS = (
        "target.definitions",
        "CustomResourceDefinitions of the chart were created or replaced on a cluster.",
    )
    CONTESTED = (
        "target.contested",
        "The correction of a release or of its objects waits, because of another change or a failure.",
    )
