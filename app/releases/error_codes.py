"""The error codes of actions on clusters and of reading clusters."""

from app.registers.register import ErrorCode


class ActionCode(ErrorCode):
    """Errors of actions, which targets and results of operations show"""

    CLUSTER_UNREACHABLE = "cluster_unreachable", "The cluster's API server cannot be reached, or has failed."
    CLUSTER_ADDRESS_REFUSED = (
        "cluster_address_refused",
        "The settings do not allow connections to the cluster's address.",
    )
    CLUSTER_UNAUTHORIZED = (
        "cluster_unauthorized",
        "The API server does not accept the cluster's credentials, or they lack a permission.",
    )
    CLUSTER_MISMATCHED = (
        "cluster_mismatched",
        "A different cluster than the registered one answers at the cluster's address.",
    )
    CLUSTER_THROTTLED = "cluster_throttled", "The API server is throttling requests (429)."
    CLUSTER_REFUSED = (
        "cluster_refused",
        "The API server refuses a request; the message names the webhook, policy or quota that refused it.",
    )
    CLUSTER_UNEXPECTED_ANSWER = (
        "cluster_unexpected_answer",
        "An answer from the cluster's address is not what a Kubernetes API server sends.",
    )
    SERVICE_ACCOUNT_FORBIDDEN = (
        "service_account_forbidden",
        "The service account of the cluster group lacks a permission on the cluster.",
    )
    IMPERSONATION_FORBIDDEN = (
        "impersonation_forbidden",
        "The cluster's credentials may not impersonate the service account of the cluster group.",
    )
    WATCH_EXPIRED = (
        "watch_expired",
        "The API server's history no longer reaches back to the requested version.",
    )
    WATCH_ENDED = "watch_ended", "The API server ended a watch before its time."
    WATCH_UNREADABLE = "watch_unreadable", "A watch sent something that cannot be read."
    RELEASE_NAME_TAKEN = (
        "release_name_taken",
        "A release with this name exists on the cluster, and Polyhelm did not install it.",
    )
    RELEASE_LOCKED = (
        "release_locked",
        "Another Helm client is working on the release, or was interrupted while doing so.",
    )
    RELEASE_CHANGED = "release_changed", "Another Helm client changed the release at the same time."
    RELEASE_NOT_AS_PLANNED = (
        "release_not_as_planned",
        "Another Helm client changed the release after its plan was applied and before Polyhelm began.",
    )
    RELEASE_UNFINISHED = "release_unfinished", "Helm has ended, but its record says that it is still running."
    RELEASE_UNCHANGED = "release_unchanged", "Helm ended without an error and changed nothing."
    RELEASE_ABANDONED = (
        "release_abandoned",
        "The release could not be removed and was left behind, because force was given.",
    )
    RECORD_UNREADABLE = "record_unreadable", "The release record cannot be read."
    NOT_CONVERGED = (
        "not_converged",
        "The action succeeded, and the release still differs because something else keeps changing it.",
    )
    RESOURCE_EXISTS = (
        "resource_exists",
        "An object of the chart already exists and does not belong to the release.",
    )
    NAMESPACE_TERMINATING = (
        "namespace_terminating",
        "The namespace is being deleted on the cluster, and nothing can be created in it until then.",
    )
    API_REMOVED = (
        "api_removed",
        "The cluster no longer serves an API version that objects of the installed release have.",
    )
    CRD_VERSION_REMOVED = (
        "crd_version_removed",
        "A CustomResourceDefinition of the chart lacks a version that is served on the cluster, or in which objects are"
        " stored.",
    )
    CHART_NOT_RENDERED = "chart_not_rendered", "The chart's templates fail, or render something invalid."
    VALUES_REFUSED = "values_refused", "The values do not match the chart's schema."
    CHART_STORAGE = "chart_storage", "The storage of chart archives cannot be used."
    HELM_FAILED = "helm_failed", "Helm failed for a reason that has no code of its own; the message is Helm's."
    HELM_TIMED_OUT = (
        "helm_timed_out",
        "Resources or hooks did not become ready within the deployment's timeout.",
    )
    HELM_HUNG = "helm_hung", "Helm did not end within its time limit and was stopped."
    HELM_KILLED = (
        "helm_killed",
        "Helm was ended by the system, for example because memory ran short, or together with its worker.",
    )
    HELM_MEMORY = "helm_memory", "Helm needs more memory for this chart than it may use."
    HELM_CPU = "helm_cpu", "Helm needs more CPU time for this chart than it may use."
    HELM_OUTPUT_TOO_LARGE = "helm_output_too_large", "Helm writes more output for this chart than it may."
    SUPERSEDED = "superseded", "A newer operation replaced this one while it was running."
    CANCELLED = "cancelled", "The operation was cancelled."
    ROLLOUT_NOT_REACHED = "rollout_not_reached", "A rollout has not reached this new target yet."
    INTERNAL = "internal", "Polyhelm itself failed; the log of the worker or observer has the details."

    @classmethod
    def of(cls, stored: str) -> "ActionCode":
        """The stored code, or INTERNAL for a code that only another version of Polyhelm knows."""
        return next((code for code in cls if code == stored), cls.INTERNAL)


_CODE = ActionCode
CONNECTION_FAILED = frozenset({_CODE.CLUSTER_UNREACHABLE, _CODE.CLUSTER_UNAUTHORIZED, _CODE.CLUSTER_ADDRESS_REFUSED})
"""The cluster does not answer requests to its current address with its current credentials."""
CLUSTER_IS_AWAY = CONNECTION_FAILED | {
    _CODE.CLUSTER_MISMATCHED,
    _CODE.CLUSTER_THROTTLED,
    _CODE.CLUSTER_UNEXPECTED_ANSWER,
}
"""Work waits for the cluster, not for anything about the release."""
