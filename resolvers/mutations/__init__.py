"""The root of mutations: each takes one input, calls one use case, and answers with its payload or a user error."""

import strawberry

from resolvers.mutations.charts import Charts
from resolvers.mutations.clusters import Clusters
from resolvers.mutations.deployments import Deployments
from resolvers.mutations.groups import Groups
from resolvers.mutations.operations import Operations
from resolvers.mutations.organizations import Organizations
from resolvers.mutations.secrets import Secrets
from resolvers.mutations.sessions import Sessions
from resolvers.mutations.tokens import Tokens
from resolvers.mutations.users import Users


@strawberry.type
class Mutation(Clusters, Groups, Charts, Deployments, Operations, Secrets, Organizations, Sessions, Users, Tokens):
    pass
