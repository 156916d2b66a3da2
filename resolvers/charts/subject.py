"""Registers charts with the API."""

from resolvers.charts.mutations import Mutations
from resolvers.charts.queries import Queries
from resolvers.engine.subject import Subject, visible
from schema.charts.loaders import repository_by_id
from schema.charts.types import ChartRepository

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={ChartRepository: visible(repository_by_id, ChartRepository.of)},
    plain_fields={"id", "name", "organization", "repository"},
)
