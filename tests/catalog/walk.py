"""What the tests of permissions and of the audit log have to know of services."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.catalog.shipped import shipped
from app.upgrades.definition import Direction, VersionState
from app.upgrades.routes import BlockerKind
from tests.stack import Stack
from tests.walk import Walk

DEFINITION = """
name: dns
description: canary
chart: {repository: charts, name: dns}
versions:
  - {version: 1.0.0}
  - {version: 1.1.0, requires: {services: [{name: dns}]}}
  - {version: 1.2.0, state: HIDDEN}
edges:
  - {from: 1.2.0, to: 1.1.0, direction: DOWN}
"""


async def made(stack: Stack) -> Mapping[str, str]:
    fields = "... on ServicePayload { service { stored { id } } }"
    answer = await stack.mutate("saveServiceDefinition", fields, definition=DEFINITION)
    return {"SERVICE": answer["service"]["stored"]["id"]}


def _published() -> Iterator[str]:
    """What every organization sees: the shipped definitions, and that these do not have the versions that are asked
    about."""
    for one in shipped().values():
        yield one.text
        yield from _texts(one.content.document)
    for version in ("1.1.0", "1.2.0"):
        yield version
        yield f"The definition does not have the version {version}."
    yield from (*Direction, *VersionState, *BlockerKind)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


WALK = Walk(
    inputs={"saveServiceDefinition": {"definition": DEFINITION}, "deleteServiceDefinition": {"id": "SERVICE"}},
    audited=[
        ("saveServiceDefinition", {"definition": DEFINITION, "organization": "default"}, ["service.saved"]),
        ("deleteServiceDefinition", {"id": "service"}, ["service.deleted"]),
    ],
    masked={"saveServiceDefinition.definition"},
    arguments={
        "Query.service": 'name: "dns"',
        "Service.routes": 'from: "1.2.0", to: "1.1.0"',
        "ServiceDefinition.revisionByNumber": "number: 1",
        "node.ServiceDefinition": "SERVICE",
    },
    words={"SERVICE": "ServiceDefinition"},
    made=made,
    published=frozenset(_published()),
)
