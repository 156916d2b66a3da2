"""The codes of errors about live objects, and the kinds of events and the codes of errors about health rules."""

from app.registers.register import ErrorCode, EventKind


class ResourceCode(ErrorCode):
    """Errors about live objects and logs"""

    TARGET_NOT_FOUND = "target_not_found", "The target does not exist, or the caller cannot see it."
    POD_NOT_FOUND = "pod_not_found", "The target has no pod of this name."
    CLUSTER_SILENT = "cluster_silent", "The cluster did not answer in time."


class HealthRuleEvent(EventKind):
    """Events of health rules"""

    SET = "health_rule.set", "A health rule was created or changed."
    DELETED = "health_rule.deleted", "A health rule was deleted."


class HealthRuleCode(ErrorCode):
    """Errors about health rules"""

    HEALTH_RULE_NOT_FOUND = "health_rule_not_found", "The health rule does not exist, or the caller cannot see it."
    HEALTH_RULE_CHANGED = "health_rule_changed", "The health rule has another version than the given one."
