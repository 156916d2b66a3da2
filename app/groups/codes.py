"""The kinds of events and the codes of errors about cluster groups."""

from app.registers.register import ErrorCode, EventKind


class GroupEvent(EventKind):
    """Events of cluster groups"""

    CREATED = "cluster_group.created", "A cluster group was created."
    RENAMED = "cluster_group.renamed", "A cluster group was renamed."
    MEMBERS = "cluster_group.members", "The members of a cluster group changed."
    RESTRICTIONS = "cluster_group.restrictions", "The namespaces or the service account of a cluster group changed."
    DELETED = "cluster_group.deleted", "A cluster group was deleted."
    FEATURE_SET = "group_feature.set", "A feature of a cluster group was enabled, disabled or configured."


class GroupCode(ErrorCode):
    """Errors about cluster groups"""

    CLUSTER_GROUP_NOT_FOUND = (
        "cluster_group_not_found",
        "The cluster group does not exist, or the caller cannot see it.",
    )
    CLUSTER_IN_OTHER_GROUP = (
        "cluster_in_other_group",
        "A cluster can only be in one group, and is already in another one.",
    )
    GROUP_IN_USE = "group_in_use", "The cluster group still has deployments."
    FEATURE_NOT_FOUND = "feature_not_found", "The feature does not exist."
    FEATURE_IN_USE = "feature_in_use", "The feature is used by deployments of the cluster group."
    PROPERTIES_MALFORMED = "properties_malformed", "The properties of a feature must be an object."
    NAMESPACE_NOT_ALLOWED = "namespace_not_allowed", "The cluster group does not allow this namespace."
    NAMESPACES_IN_USE = (
        "namespaces_in_use",
        "Deployments of the cluster group are in namespaces that would no longer be allowed.",
    )
