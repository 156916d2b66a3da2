"""The subjects of the API. A new one is listed here, and nowhere else in `resolvers/`."""

from resolvers.charts.subject import SUBJECT as CHARTS
from resolvers.clusters.subject import SUBJECT as CLUSTERS
from resolvers.compatibility.subject import SUBJECT as COMPATIBILITY
from resolvers.deployments.subject import SUBJECT as DEPLOYMENTS
from resolvers.events.subject import SUBJECT as EVENTS
from resolvers.fleet.subject import SUBJECT as FLEET
from resolvers.groups.subject import SUBJECT as GROUPS
from resolvers.identity.subject import SUBJECT as IDENTITY
from resolvers.logs.subject import SUBJECT as LOGS
from resolvers.operations.subject import SUBJECT as OPERATIONS
from resolvers.plans.subject import SUBJECT as PLANS
from resolvers.resources.subject import SUBJECT as RESOURCES
from resolvers.rollouts.subject import SUBJECT as ROLLOUTS
from resolvers.schedules.subject import SUBJECT as SCHEDULES
from resolvers.secrets.subject import SUBJECT as SECRETS
from resolvers.services.subject import SUBJECT as SERVICES
from resolvers.targets.subject import SUBJECT as TARGETS
from resolvers.windows.subject import SUBJECT as WINDOWS
from resolvers.workflows.subject import SUBJECT as WORKFLOWS

SUBJECTS = (
    IDENTITY,
    CLUSTERS,
    GROUPS,
    CHARTS,
    DEPLOYMENTS,
    PLANS,
    ROLLOUTS,
    TARGETS,
    WINDOWS,
    WORKFLOWS,
    SCHEDULES,
    SERVICES,
    RESOURCES,
    LOGS,
    OPERATIONS,
    SECRETS,
    FLEET,
    COMPATIBILITY,
    EVENTS,
)
