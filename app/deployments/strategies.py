"""Checks the expressions and secrets in the strategies of rollouts that a request gives."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import Problem, all_invalid
from app.deployments.evaluation import ask_program
from app.deployments.services import DeploymentServices
from app.identity.viewer import Viewer
from app.rollouts.checks import CheckKind
from app.rollouts.given import checks_of
from app.rollouts.given_checks import CONDITIONS, VARIABLES, field_of
from app.rollouts.stored_form import as_stored, secret_ids
from app.secrets.queries import available, require_use
from app.tables.groups import ClusterGroup
from app.tables.secrets import Secret

Path = tuple[str, ...]
Strategies = Mapping[str, Mapping[str, Any]]
_FIELDS = {"strategy": "strategy", "strategyOverride": "strategy_override"}
"""The fields of requests with strategies, and the names of their attributes."""


def strategies_of(request: object) -> Strategies:
    """The strategies that a request gives, by their fields."""
    given = {field: getattr(request, name) for field, name in _FIELDS.items()}
    return {field: strategy for field, strategy in given.items() if strategy is not None}


async def check_conditions(services: DeploymentServices, organization_id: int, given: Strategies) -> None:
    """Checks the expressions of strategies that have no other problems.

    Raises:
        ValidationFailed: some are not valid, or use unknown names.
    """
    found = []
    for kind, expressions in _conditions(given).items():
        asked = {"variables": VARIABLES[kind], "expressions": [text for _, text in expressions], "cases": []}
        answer = await ask_program(services.expressions, organization_id, asked, "strategy")
        found += [Problem(expressions[int(place)][0], f"{message}.") for place, message in answer["refused"].items()]
    if found:
        raise all_invalid(found)


async def bind_secrets(session: AsyncSession, viewer: Viewer, group: ClusterGroup, given: Strategies) -> dict[str, Any]:
    """Returns the strategies as they are stored, with the ids of the secrets that checks send, by the attributes of the
    request.

    Raises:
        ValidationFailed: some secrets do not exist, are not available to the group, or lack a key.
        Forbidden: the caller may not refer to them.
    """
    headers = [
        ((*path, field_of(CheckKind(check["kind"])), "secretHeaders", str(index)), header)
        for path, check in _checks(given)
        for index, header in enumerate(check["spec"].get("secretHeaders", ()))
    ]
    found = await available(session, group, {header["secret"] for _, header in headers})
    problems = []
    for path, header in headers:
        secret = found.get(header["secret"])
        if secret is None:
            message = f"There is no secret {header['secret']!r} for the group {group.name}."
            problems.append(Problem((*path, "secret"), message))
        elif header["key"] not in secret.marks:
            problems.append(Problem((*path, "key"), f"The secret {secret.name} has no key {header['key']!r}."))
    if problems:
        raise all_invalid(problems)
    require_use(viewer, group.id, found.values())
    ids = {name: secret.id for name, secret in found.items()}
    return {_FIELDS[field]: as_stored(strategy, ids) for field, strategy in given.items()}


async def sent_secrets(session: AsyncSession, *stored: Mapping[str, Any] | None) -> Sequence[Secret]:
    """The secrets that the checks of stored strategies send, as far as they exist. They are locked until the
    transaction ends."""
    ids = set[int]().union(*map(secret_ids, stored))
    if not ids:
        return []
    statement = select(Secret).where(col(Secret.id).in_(ids)).order_by(col(Secret.id)).with_for_update(read=True)
    return (await session.exec(statement)).all()


def _conditions(given: Strategies) -> dict[CheckKind, list[tuple[Path, str]]]:
    """The expressions by the kind of their check, each with its path."""
    found: dict[CheckKind, list[tuple[Path, str]]] = {}
    for root, check in _checks(given):
        kind = CheckKind(check["kind"])
        for name in CONDITIONS:
            if check["spec"].get(name) is not None:
                found.setdefault(kind, []).append(((*root, field_of(kind), name), check["spec"][name]))
    return found


def _checks(given: Strategies) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """All checks of strategies, each with its path in the request."""
    for field, strategy in given.items():
        for index, wave in enumerate(strategy["waves"]):
            for path, check in checks_of(wave):
                yield (field, "waves", str(index), *path), check
