"""The options of a deployment: one table, which everything else that lists them follows."""

from dataclasses import fields

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType
from strawberry.utils.str_converters import to_camel_case

from app.deployments.creation import CreateDeployment
from app.deployments.options import OPTIONS, basis_options, helm_options
from app.deployments.update_request import UpdateDeployment
from app.helm.command import Options
from app.tables.deployments import CrdPolicy, Deployment
from cli import options as cli
from resolvers.api import api

NAMES = {to_camel_case(name) for name in OPTIONS}
_OF_THE_RELEASE = {
    *("version", "values", "valuesYaml", "valuesFrom", "valueOverrides", "selectorOverrides", "reuseValues"),
    *("targets", "targetSelector", "releaseName", "namespace"),
}
_OF_ONE_CHANGE = {
    *(
        "id",
        "expectedGeneration",
        "confirmRemoval",
        "allowCrdVersionRemoval",
        "strategyOverride",
        "dryRun",
        "idempotencyKey",
    ),
}


def test_the_api_takes_and_shows_every_option() -> None:
    types = api._schema.type_map
    given, made, shown = types["UpdateDeploymentInput"], types["CreateDeploymentInput"], types["Deployment"]
    assert isinstance(given, GraphQLInputObjectType)
    assert isinstance(made, GraphQLInputObjectType)
    assert isinstance(shown, GraphQLObjectType)
    assert given.fields.keys() - _OF_THE_RELEASE - _OF_ONE_CHANGE == NAMES
    assert made.fields.keys() >= NAMES
    assert shown.fields.keys() >= NAMES


def test_requests_and_rows_have_every_option() -> None:
    for request in (CreateDeployment, UpdateDeployment):
        assert {field.name for field in fields(request)} >= set(OPTIONS), request
    assert set(Deployment.model_fields) >= {option.name for option in OPTIONS.values() if option.is_column}


def test_the_command_line_knows_every_option() -> None:
    assert set(cli.OPTIONS.values()) == NAMES


@pytest.mark.parametrize(
    ("option", "value"),
    [("atomic", True), ("wait", True), ("timeout_seconds", 7), ("crd_policy", CrdPolicy.SKIP)],
)
def test_helm_runs_with_the_options_that_plans_are_based_on(option: str, value: object) -> None:
    usual = Deployment(organization_id=1, group_id=1, release_name="a", namespace="a", chart="a/b", chart_name="b")
    other = usual.model_copy(update={option: value})
    assert Options(**helm_options(other)) != Options(**helm_options(usual)) == Options()
    assert basis_options(other) == basis_options(usual) | {option: value}
