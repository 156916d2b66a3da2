"""Registers change windows with the API."""

from resolvers.engine.subject import Subject, visible
from resolvers.windows.mutations import Mutations
from resolvers.windows.queries import Queries
from schema.windows.loaders import change_window_by_id
from schema.windows.types import ChangeWindow

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={ChangeWindow: visible(change_window_by_id, ChangeWindow.of)},
    plain_fields={
        *("id", "organization", "name", "rule", "starts", "duration", "timeZone", "group", "cluster", "reason"),
        *("cloud", "region", "distribution", "kubernetesVersion"),
    },
)
