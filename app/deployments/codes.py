"""The kinds of events and the codes of errors about deployments."""

from app.registers.register import ErrorCode, EventKind


class DeploymentEvent(EventKind):
    """Events of deployments"""

    CREATED = "deployment.created", "A deployment was created."
    UPDATED = "deployment.updated", "A deployment has a new generation."
    PROMOTED = "deployment.promoted", "A generation was promoted from another deployment."
    OPTIONS = "deployment.options", "Options of a deployment changed that make no new generation."
    DELETING = "deployment.deleting", "The deletion of a deployment was requested."


class DeploymentCode(ErrorCode):
    """Errors about deployments and plans"""

    DEPLOYMENT_NOT_FOUND = "deployment_not_found", "The deployment does not exist, or the caller cannot see it."
    BEING_DELETED = "being_deleted", "The deployment is being deleted."
    GENERATION_MOVED_ON = "generation_moved_on", "The deployment has another generation than the expected one."
    GENERATION_NOT_FOUND = "generation_not_found", "The deployment has no such generation."
    GENERATION_NOT_VERIFIED = (
        "generation_not_verified",
        "The generation to promote is not known to work on all targets.",
    )
    PROMOTION_SOURCE = "promotion_source", "The deployment cannot be promoted to the other one."
    FEATURE_OFF = "feature_off", "The cluster group does not have the feature for deployments to many clusters."
    IDEMPOTENCY_KEY = "idempotency_key", "The idempotency key is not valid."
    IDEMPOTENCY_KEY_REUSED = (
        "idempotency_key_reused",
        "The idempotency key was already used for a request with different input.",
    )
    REMOVAL_UNCONFIRMED = "removal_unconfirmed", "The change would remove many clusters and has to be confirmed."
    TOO_MANY_PLANS = "too_many_plans", "Too many plans of the organization are being made."
    PLAN_TOO_LARGE = "plan_too_large", "The plan is too large to store."
    EXPRESSIONS_TOO_EXPENSIVE = (
        "expressions_too_expensive",
        "Evaluating the expressions in the values takes too much CPU time or memory.",
    )
    EXPRESSIONS_INTERRUPTED = (
        "expressions_interrupted",
        "The expressions in the values could not be evaluated, because the machine is busy or the process was ended.",
    )
    REFERENCE_CYCLE = "reference_cycle", "Values of targets refer to each other in a cycle."
    DEPENDENCY_CYCLE = "dependency_cycle", "Deployments would depend on each other in a cycle."
    HAS_DEPENDENTS = "has_dependents", "Other deployments depend on the deployment."
    RELEASE_MOVED_ON = "release_moved_on", "The release has another revision than the planned one."
    RECORD_NOT_MIGRATABLE = "record_not_migratable", "The record of a release cannot be migrated now."
    PLAN_LOST = "plan_lost", "The process that made the plan has ended."
