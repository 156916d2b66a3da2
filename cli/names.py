"""Shell completion of names on the server. It is fast, and silent if there is no answer."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cli import contexts
from cli.failure import Failure, usage

if TYPE_CHECKING:
    from cli.client import Client

SECONDS = 1.0
"""The time limit for a completion."""

_MOST = 200


def _nodes(connection: str, fields: str, search: str) -> list[Any]:
    document = (
        "query ($organization: String, $first: Int, $after: String, $search: String)"
        f" {{ found: {connection}(organization: $organization, first: $first, after: $after, search: $search)"
        f" {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    )
    return _asked(lambda client, variables: list(client.pages(document, {**variables, "search": search}, most=_MOST)))


def _asked(ask: Callable[["Client", dict[str, Any]], list[Any]]) -> list[Any]:
    from cli.client import Client

    environment = (os.environ.get(f"POLYHELM_{word}") for word in ("CONTEXT", "SERVER", "TOKEN", "ORGANIZATION"))
    try:
        chosen = contexts.choose(*environment)
        return ask(Client(chosen.server, chosen.token, SECONDS), {"organization": chosen.organization})
    except Failure:
        return []


def _starting(incomplete: str, found: list[str]) -> list[str]:
    return [name for name in found if name.startswith(incomplete)]


def clusters(incomplete: str) -> list[str]:
    return _starting(incomplete, [node["name"] for node in _nodes("clusters", "name", incomplete)])


def groups(incomplete: str) -> list[str]:
    return _starting(incomplete, [node["name"] for node in _nodes("clusterGroups", "name", incomplete)])


def deployments(incomplete: str) -> list[str]:
    found = _nodes("deployments", "releaseName group { name }", incomplete.partition("/")[2])
    return _starting(incomplete, [deployment_name(node) for node in found])


def secrets(incomplete: str) -> list[str]:
    return _starting(incomplete, [node["name"] for node in _nodes("secrets", "name", incomplete)])


def windows(incomplete: str) -> list[str]:
    query = "query ($organization: String) { changeWindows(organization: $organization) { nodes { name } } }"
    found = _asked(lambda client, variables: list(client.ask(query, variables)["changeWindows"]["nodes"]))
    return _starting(incomplete, [node["name"] for node in found])


def workflows(incomplete: str) -> list[str]:
    query = "query ($organization: String) { workflows(organization: $organization) { nodes { name } } }"
    found = _asked(lambda client, variables: list(client.ask(query, variables)["workflows"]["nodes"]))
    return _starting(incomplete, [node["name"] for node in found])


def steps(incomplete: str) -> list[str]:
    query = "query ($organization: String) { stepDefinitions(organization: $organization) { nodes { name } } }"
    found = _asked(lambda client, variables: list(client.ask(query, variables)["stepDefinitions"]["nodes"]))
    return _starting(incomplete, [node["name"] for node in found])


def schedules(incomplete: str) -> list[str]:
    query = "query ($organization: String) { workflowSchedules(organization: $organization) { nodes { name } } }"
    found = _asked(lambda client, variables: list(client.ask(query, variables)["workflowSchedules"]["nodes"]))
    return _starting(incomplete, [node["name"] for node in found])


def services(incomplete: str) -> list[str]:
    query = "query ($organization: String) { services(organization: $organization) { name } }"
    found = _asked(lambda client, variables: list(client.ask(query, variables)["services"]))
    return _starting(incomplete, [one["name"] for one in found])


def repositories(incomplete: str) -> list[str]:
    query = "query ($organization: String) { chartRepositories(organization: $organization) { name } }"
    found = _asked(lambda client, variables: list(client.ask(query, variables)["chartRepositories"]))
    return _starting(incomplete, [node["name"] for node in found])


def charts(incomplete: str) -> list[str]:
    query = "query ($organization: String) { charts(organization: $organization) { repository name } }"
    found = _asked(lambda client, variables: list(client.ask(query, variables)["charts"]))
    return _starting(incomplete, [f"{node['repository']}/{node['name']}" for node in found])


def context_names(incomplete: str) -> list[str]:
    try:
        return _starting(incomplete, list(contexts.load().contexts))
    except Failure:
        return []


def deployment_name(deployment: Mapping[str, Any]) -> str:
    """Returns the name of a deployment on the command line."""
    return f"{deployment['group']['name']}/{deployment['releaseName']}"


def label(given: str) -> tuple[str, str]:
    """Returns the key and the value of a label on the command line."""
    key, equals, value = given.partition("=")
    if not equals or not key:
        raise usage(f"{given!r} is not a valid label.", "Write labels as KEY=VALUE, such as --label tier=production")
    return key, value
