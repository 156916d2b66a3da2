"""What roles allow: each role is a set of named permissions, and a user may have several roles.

A use case asks `Viewer.require` for a permission, never for a role, so that a new role is one line here."""

from collections.abc import Iterable, Mapping
from enum import Enum

from app.registers.register import Registered
from app.tables.identity import Role


class Permission(Registered):
    """Permissions in an organization"""

    DEPLOYMENTS_WRITE = (
        "deployments.write",
        "Create, update, reconcile and delete deployments, cancel their operations, and read and write objects of"
        " clusters by steps of workflows.",
    )
    PLANS_APPROVE = "plans.approve", "Approve and reject the plans of others."
    ROLLOUTS_APPROVE = "rollouts.approve", "Approve and reject waves of the rollouts of others."
    ROLLOUTS_STEER = (
        "rollouts.steer",
        "Pause, resume and abort rollouts, defer and retry targets, retry checks, and lift holds.",
    )
    ROLLOUTS_EXPEDITE = "rollouts.expedite", "Skip the soak times and approvals of a rollout."
    RESOURCES_READ = (
        "resources.read",
        "See the objects of releases with their health, events and YAML; the data of Secrets is hidden.",
    )
    LOGS_READ = "logs.read", "Read the logs of containers."
    CHARTS_WRITE = "charts.write", "Upload charts, and refresh the index of a chart repository."
    SECRETS_USE = "secrets.use", "Refer to secrets in the values of deployments, and in the headers of checks."
    CLUSTERS_REGISTER = "clusters.register", "Register clusters, and change, confirm and remove registered ones."
    GROUPS_WRITE = "groups.write", "Create, change and delete cluster groups and their features."
    REPOSITORIES_WRITE = "repositories.write", "Add and remove chart repositories."
    SECRETS_WRITE = "secrets.write", "Create, change and delete secrets."
    HEALTH_RULES_WRITE = "health_rules.write", "Create, change and delete health rules."
    WORKFLOWS_DEFINE = "workflows.define", "Create, change and delete workflow definitions."
    WORKFLOWS_START = "workflows.start", "Start workflows, and cancel and terminate runs."
    WORKFLOWS_SIGNAL = "workflows.signal", "Send signals to runs of workflows."
    WORKFLOWS_APPROVE = "workflows.approve", "Approve and reject steps of the runs of others."
    SERVICES_DEFINE = "services.define", "Create, change and delete service definitions."
    WINDOWS_WRITE = "windows.write", "Create, change and delete change windows."
    MEMBERS_WRITE = "members.write", "Assign and revoke the roles of members."
    AUDIT_READ = "audit.read", "Read the audit events of the organization, and where each event came from."


class Access(Enum):
    """What a mutation needs that is not a permission in an organization."""

    EVERYONE = "It is available without signing in."
    OWN = "Users may do this for themselves."
    OWN_OR_INSTALLATION = "Users may do this for themselves, and administrators of the installation for all users."
    INSTALLATION = "Only administrators of the installation may do this."


_VIEWER = {Permission.RESOURCES_READ}
_DEPLOYER = {
    *_VIEWER,
    Permission.LOGS_READ,
    Permission.DEPLOYMENTS_WRITE,
    Permission.PLANS_APPROVE,
    Permission.ROLLOUTS_APPROVE,
    Permission.ROLLOUTS_STEER,
    Permission.CHARTS_WRITE,
    Permission.SECRETS_USE,
    Permission.WORKFLOWS_DEFINE,
    Permission.WORKFLOWS_START,
    Permission.WORKFLOWS_SIGNAL,
    Permission.WORKFLOWS_APPROVE,
}

_APPROVER = {*_VIEWER, Permission.PLANS_APPROVE, Permission.ROLLOUTS_APPROVE, Permission.WORKFLOWS_APPROVE}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset(_VIEWER),  # members see everything else in their organization without a permission
    Role.APPROVER: frozenset(_APPROVER),
    Role.DEPLOYER: frozenset(_DEPLOYER),
    Role.ADMIN: frozenset(Permission),
}
IN_GROUPS = frozenset((Role.APPROVER, Role.DEPLOYER))
"""The roles that can be given in a single group."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """The permissions that several roles give together."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def covers(role: Role, other: Role) -> bool:
    """Whether a role gives all permissions of another one."""
    return PERMISSIONS[role] >= PERMISSIONS[other]


def roles_with(permission: Permission) -> list[Role]:
    """The roles that give a permission."""
    return [role for role in Role if permission in PERMISSIONS[role]]
