"""The health rules of an organization: set, deleted, listed, and read by observers."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.names import is_subdomain
from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.health.kinds import Kind
from app.health.rules import HealthRule as Expressions
from app.health.shipped import shipped_rules
from app.identity.organizations import lock_organization
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.resources.codes import HealthRuleCode, HealthRuleEvent
from app.resources.custom_rules import CustomRule, api_field, problem_of
from app.resources.seen import is_judged
from app.resources.services import ResourceServices
from app.tables.columns import now
from app.tables.resources import HealthRule

MAX_RULES = 200
"""The maximum number of rules of an organization."""
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")


@dataclass(frozen=True)
class SetHealthRule:
    """The request, as the API takes it. `version` is the version that the rule must have, 0 for a new one."""

    group: str
    kind: str
    expressions: Expressions
    organization: str | None = None
    version: int | None = None


async def set_health_rule(services: ResourceServices, viewer: Viewer, request: SetHealthRule) -> HealthRule:
    """Creates the rule for a kind, or replaces it.

    Raises:
        UserError: the caller lacks the permission, the rule is not valid, or it has another version.
    """
    organization_id = viewer.organization(request.organization)
    viewer.require(organization_id, Permission.HEALTH_RULES_WRITE)
    given = replace(request, expressions=_trimmed(request.expressions))
    await check(services, organization_id, given.group, given.kind, given.expressions)
    async with services.transaction() as transaction:
        session = transaction.session
        await lock_organization(session, organization_id)
        row = (await session.exec(_of_kind(organization_id, Kind(given.group, given.kind)))).first()
        present = 0 if row is None else row.version
        if given.version is not None and given.version != present:
            message = f"The rule is at version {present}, and not at {given.version}. Read it again, then change it."
            raise Conflict(HealthRuleCode.HEALTH_RULE_CHANGED, message, ("version",))
        if row is None:
            await _check_count(session, organization_id)
            row = HealthRule(organization_id=organization_id, api_group=given.group, kind=given.kind, current="")
        elif expressions_of(row) == given.expressions:
            return row
        else:
            row.version += 1
        for field, text in asdict(given.expressions).items():
            setattr(row, field, text)
        row.updated_at = now()
        session.add(row)
        await session.flush()
        transaction.record(
            HealthRuleEvent.SET,
            f"The health rule for {_named(row)} was set.",
            organization_id=organization_id,
            actor=viewer.name,
            subject=row,
            group=row.api_group,
            of_kind=row.kind,
            version=row.version,
        )
        return row


async def delete_health_rule(services: Services, viewer: Viewer, rule_id: int) -> None:
    """Deletes a rule: its kind is then judged by the shipped rules.

    Raises:
        UserError: there is no such rule, or the caller lacks the permission.
    """
    async with services.transaction() as transaction:
        row = await transaction.session.get(HealthRule, rule_id, with_for_update={"key_share": True})
        if row is None or not viewer.sees(row.organization_id):
            raise NotFound(HealthRuleCode.HEALTH_RULE_NOT_FOUND, "There is no such health rule.", ("id",))
        viewer.require(row.organization_id, Permission.HEALTH_RULES_WRITE)
        transaction.record(
            HealthRuleEvent.DELETED,
            f"The health rule for {_named(row)} was deleted.",
            organization_id=row.organization_id,
            actor=viewer.name,
            subject=row,
            group=row.api_group,
            of_kind=row.kind,
        )
        await transaction.session.delete(row)


async def check(
    services: ResourceServices, organization_id: int, group: str, kind: str, expressions: Expressions
) -> None:
    """Checks a rule, and compiles its expressions.

    Raises:
        ValidationFailed: it is not valid.
    """
    problems = list(_problems(group, kind, expressions))
    if not problems and (
        found := await problem_of(services.health_rules, organization_id, CustomRule(Kind(group, kind), expressions))
    ):
        problems.append(found)
    if problems:
        raise all_invalid(problems)


async def health_rules_page(services: Services, organization_id: int, window: Window) -> Page[HealthRule]:
    """The rules of an organization by API group and kind."""
    statement = select(HealthRule).where(col(HealthRule.organization_id) == organization_id)
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(HealthRule.api_group), col(HealthRule.kind)], window)


def expressions_of(row: HealthRule) -> Expressions:
    return Expressions(row.current, row.in_progress, row.failed, row.suspended, row.reason, row.message)


def replaced_pack(row: HealthRule) -> str | None:
    """The name of the shipped pack that judges the kind without the rule."""
    return next((pack for pack, kind, _ in shipped_rules() if kind == (row.api_group, row.kind)), None)


# For observers

RulesOf = dict[int, dict[Kind, CustomRule]]
"""The rules of each organization."""
Versions = frozenset[tuple[int, int]]


async def rule_versions(session: AsyncSession) -> Versions:
    """The present rules with their versions: another set means that rules have changed."""
    return frozenset((await session.exec(select(HealthRule.id, HealthRule.version))).all())


async def all_rules(session: AsyncSession) -> RulesOf:
    found: RulesOf = {}
    for row in (await session.exec(select(HealthRule))).all():
        kind = Kind(row.api_group, row.kind)
        found.setdefault(row.organization_id, {})[kind] = CustomRule(kind, expressions_of(row))
    return found


async def rule_for(services: Services, organization_id: int, kind: Kind) -> CustomRule | None:
    """The rule of an organization for a kind."""
    async with services.database.reading() as session:
        row = (await session.exec(_of_kind(organization_id, kind))).first()
    return None if row is None else CustomRule(kind, expressions_of(row))


def _problems(group: str, kind: str, expressions: Expressions) -> Iterator[Problem]:
    if group and not is_subdomain(group):
        yield Problem(("group",), "An API group is a DNS name, such as example.com; it is empty for the core API.")
    if not _KIND.fullmatch(kind):
        yield Problem(("kind",), "A kind has 1 to 63 letters and digits, and begins with a letter.")
    elif not is_judged(group, kind):
        yield Problem(("kind",), f"{kind} objects have no status, and their content is not read from clusters.")
    for field, text in asdict(expressions).items():
        if text and "\x00" in text:
            yield Problem((api_field(field),), f"{api_field(field)}: it contains the character U+0000.")
    if not expressions.current:
        yield Problem(("current",), "`current` is the expression that is true when an object is HEALTHY.")


def _trimmed(expressions: Expressions) -> Expressions:
    """Without space around the expressions; an optional one that is empty counts as left out."""
    current, *others = (text and text.strip() for text in asdict(expressions).values())
    return Expressions(current, *(text or None for text in others))


def _of_kind(organization_id: int, kind: Kind) -> SelectOfScalar[HealthRule]:
    return select(HealthRule).where(
        col(HealthRule.organization_id) == organization_id,
        col(HealthRule.api_group) == kind.group,
        col(HealthRule.kind) == kind.kind,
    )


async def _check_count(session: AsyncSession, organization_id: int) -> None:
    statement = select(func.count()).where(col(HealthRule.organization_id) == organization_id)
    if (await session.exec(statement)).one() >= MAX_RULES:
        raise all_invalid([Problem(("kind",), f"An organization has at most {MAX_RULES} health rules.")])


def _named(row: HealthRule) -> str:
    return f"{row.kind} ({row.api_group})" if row.api_group else row.kind
