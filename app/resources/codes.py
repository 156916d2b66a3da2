"""The codes of errors about live objects."""

from app.registers.register import ErrorCode


class ResourceCode(ErrorCode):
    """Errors about live objects and logs"""

    TARGET_NOT_FOUND = "target_not_found", "The target does not exist, or the caller cannot see it."
    POD_NOT_FOUND = "pod_not_found", "The target has no pod of this name."
    CLUSTER_SILENT = "cluster_silent", "The cluster did not answer in time."
