"""A small world that many kinds of callers ask: what each of them has, and what stands in the database."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import text, update
from sqlmodel import col, select

from app.charts.notices import Notice
from app.core.errors import PermanentError
from app.deployments.answer import Answer, TargetPlan
from app.deployments.packing import pack
from app.deployments.removal import Removal
from app.deployments.warnings import PlanWarning, WarningCode
from app.health.health import Health
from app.identity.tokens import add_token, token_digest
from app.plans.texts import packed
from app.releases.basis import Basis, Foundation
from app.releases.error_codes import ActionCode
from app.releases.hook import Hook
from app.releases.inventory import ResourceOrigin
from app.releases.manifest import ManifestObject
from app.releases.status import Reason, ReasonCode, TargetStatus
from app.releases.step import ReleaseAction
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment, PlanProgress
from app.tables.identity import ApiToken, AppSession, GroupRole, Membership, Method, Organization, Role, User
from app.tables.operations import Operation, OperationResult
from app.tables.plans import Plan, PlanComment, PlanKind, PlannedText, PlanTarget
from app.tables.resources import LiveResource
from app.tables.states import OperationState
from app.tables.targets import Release, Target
from app.targets.abandonment import AbandonedRelease
from app.targets.activity import Activity, ActivityPhase, stored
from app.targets.trouble import target_error
from schema.relay.ids import encode_id
from simulator import Member
from tests.identity.walks import WALKS
from tests.rollouts.rows import rollout_in
from tests.stack import TOKEN, Stack
from tests.windows.samples import FREEZE

NOBODY: dict[str, str | None] = {
    "nobody": None,
    "empty": "",
    "stranger": "a-token-that-is-nobodys",
    "expired": "a-token-that-has-expired",
    "disabled": "a-token-of-a-disabled-user",
}
"""Who is not signed in, by token."""

ELSEWHERE = {"foreign": "a-token-of-a-foreign-admin", "outsider": "a-token-of-an-outsider"}
"""Users who do not belong to the organization: the admin of another one, and one who belongs to none."""

MEMBERS = {
    "viewer": "a-token-of-a-viewer",
    "limited": "a-token-of-the-first-admin-as-viewer",
    "deployer of another group": "a-token-of-a-group-deployer",
    "deployer": "a-token-of-a-deployer",
    "admin": "a-token-of-an-admin",
}
RANKS = {"viewer": "VIEWER", "limited": "VIEWER", "deployer of another group": "VIEWER"} | {
    "deployer": "DEPLOYER",
    "admin": "ADMIN",
}
"""What each of them may do at most, to what is not in the group `edge`."""

_DUMPS = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
_CHANGING = {"event", "event_horizon", "alembic_version"}


@dataclass(frozen=True)
class World:
    """`ids` has one object of each kind, by a word that stands for its id."""

    stack: Stack
    ids: dict[str, str]

    async def dump(self) -> dict[str, Any]:
        """All that is in the database, but for events and for when a token was used."""
        found = {}
        for (table,) in await self.stack.services.database.rows(text(_DUMPS)):
            if table not in _CHANGING:
                rows = f"SELECT to_jsonb(t) - 'last_used_at' AS row FROM \"{table}\" AS t"
                ((found[table],),) = await self.stack.services.database.rows(
                    text(f"SELECT jsonb_agg(row ORDER BY row::text) FROM ({rows}) AS rows")
                )
        return found


@asynccontextmanager
async def peopled(
    opened: AbstractAsyncContextManager[Stack], simulated: Callable[[str], Member]
) -> AsyncIterator[World]:
    """The stack with something of each kind in it, and everybody above."""
    async with opened as stack:
        group_id = await stack.fleet({"paris": simulated("paris").kubeconfig})
        await stack.register("berlin", simulated("berlin").kubeconfig)
        edge_id = await stack.group("edge", ["berlin"])
        secret = await stack.mutate(
            "createSecret", "... on SecretPayload { secret { id } }", name="db", data={"a": "b"}
        )
        rule = await stack.mutate(
            "setHealthRule",
            "... on HealthRulePayload { healthRule { id } }",
            group="example.com",
            kind="Widget",
            current="has(status.up)",
            message="status.why",
        )
        window = await stack.mutate("setChangeWindow", "... on ChangeWindowPayload { changeWindow { id } }", **FREEZE)
        answer = await stack.create(
            releaseName="shop",
            valuesFrom=[{"secret": "db", "key": "a", "path": "password"}],
            valueOverrides=[{"cluster": "paris", "values": {"replicas": 3}}],
            liveDriftIgnore=[{"kind": "Deployment", "group": "apps", "paths": ["/spec/replicas"]}],
            selectorOverrides=[{"select": {"cloud": "google"}, "values": {"replicas": 2}}],
            targetSelector={},
        )
        deployment_id = answer["deployment"]["id"]
        found = await stack.data(
            """query ($id: ID!) {
              viewer { id } cluster(name: "paris") { id } chartRepositories { id }
              node(id: $id) { ... on Deployment { targets { id } } }
            }""",
            id=deployment_id,
        )
        made = [await walk.made(stack) for walk in WALKS]
        await _people(stack)
        await _observed(stack)
        yield World(
            stack,
            {
                "CLUSTER": found["cluster"]["id"],
                "GROUP": group_id,
                "EDGE": edge_id,
                "REPOSITORY": found["chartRepositories"][0]["id"],
                "SECRET": secret["secret"]["id"],
                "RULE": rule["healthRule"]["id"],
                "WINDOW": window["changeWindow"]["id"],
                "DEPLOYMENT": deployment_id,
                "TARGET": found["node"]["targets"][0]["id"],
                "OPERATION": answer["operation"]["id"],
                "USER": found["viewer"]["id"],
                "PLAN": await _planned(stack),
                "STORED": await _stored(stack),
                **{word: each for ids in made for word, each in ids.items()},
                "ROLLOUT": await rollout_in(stack),
            },
        )


async def _people(stack: Stack) -> None:
    rows = await stack.services.database.rows(text("SELECT id FROM organization WHERE name = 'default'"))
    groups = await stack.services.database.rows(text("SELECT id FROM cluster_group WHERE name = 'edge'"))
    (default,), (edge,) = rows[0], groups[0]
    async with stack.services.transaction() as transaction:
        session = transaction.session

        async def person(name: str, token: str, organization: int | None, role: Role = Role.ADMIN, **more: Any) -> int:
            user = User(name="the-" + name.replace(" ", "-"), **more)
            session.add(user)
            await session.flush()
            session.add(ApiToken(user_id=user.id, name="test", digest=token_digest(token)))
            if organization is not None:
                session.add(Membership(user_id=user.id, organization_id=organization, role=role))
            await session.flush()
            return user.id

        others = Organization(name="others")
        session.add(others)
        await session.flush()
        for name, token in MEMBERS.items():
            if name != "limited":
                user_id = await person(name, token, default, Role(RANKS[name]))
                if name == "deployer of another group":
                    session.add(GroupRole(user_id=user_id, group_id=edge, organization_id=default, role=Role.DEPLOYER))
        await person("foreign", ELSEWHERE["foreign"], others.id)
        await person("outsider", ELSEWHERE["outsider"], None)
        await person("disabled", str(NOBODY["disabled"]), default, admin=True, disabled_at=now())
        first = (await session.exec(select(ApiToken).where(col(ApiToken.digest) == token_digest(TOKEN)))).one()
        ended, limited = str(NOBODY["expired"]), MEMBERS["limited"]
        past = now() - timedelta(seconds=1)
        session.add(ApiToken(user_id=first.user_id, name="expired", digest=token_digest(ended), expires_at=past))
        session.add(ApiToken(user_id=first.user_id, name="limited", digest=token_digest(limited), role=Role.VIEWER))
        session.add(GroupRole(user_id=first.user_id, group_id=edge, organization_id=default, role=Role.DEPLOYER))
        soon = now() + timedelta(hours=1)
        digest = token_digest("a-session-of-the-first-admin")
        session.add(AppSession(user_id=first.user_id, method=Method.PASSWORD, digest=digest, expires_at=soon))


async def _planned(stack: Stack) -> str:
    """A plan that the first admin has asked for."""
    reason = Reason(ReasonCode.ABSENT, "There is no release with this name.")
    plan = TargetPlan("paris", ReleaseAction.INSTALL, TargetStatus.NOT_INSTALLED, (reason,), {}, "a manifest")
    removal, notice = Removal(("berlin",), 2, 1, 25), Notice("chart_deprecated", "It is deprecated.")
    async with stack.services.transaction() as transaction:
        session = transaction.session
        token = (await session.exec(select(ApiToken).where(col(ApiToken.digest) == token_digest(TOKEN)))).one()
        deployment = (await session.exec(select(Deployment))).one()
        warning = PlanWarning(WarningCode.UNKNOWN_PATH, "Nobody knows it.", ("values", "a"))
        row = PlanProgress(
            organization_id=deployment.organization_id,
            group_id=deployment.group_id,
            user_id=token.user_id,
            finished_at=now(),
            content=pack(Answer(plan=[plan], removal=removal, notices=[notice], warnings=[warning], changed=True)),
        )
        session.add(row)
        await session.flush()
        return encode_id("PlanProgress", row.id)


async def _stored(stack: Stack) -> str:
    """A stored plan with everything that one can have, which the first admin has made and applied."""
    basis = Basis(1, "uid", "v1.31.0", "d", True, 1, "7")
    reason = Reason(ReasonCode.ABSENT, "There is no release with this name.")
    broken = PermanentError(ActionCode.HELM_FAILED, "The chart is broken.")
    warning = PlanWarning(WarningCode.UNKNOWN_PATH, "Nobody knows it.", ("values", "a"))
    async with stack.services.transaction() as transaction:
        session = transaction.session
        token = (await session.exec(select(ApiToken).where(col(ApiToken.digest) == token_digest(TOKEN)))).one()
        deployment = (await session.exec(select(Deployment))).one()
        error = target_error(broken, deployment, None, is_wanted=True).stored
        target = TargetPlan("paris", ReleaseAction.INSTALL, TargetStatus.NOT_INSTALLED, (reason,), {}, "a manifest")
        content = packed([replace(target, error=error, basis=basis, values_diff="a diff", warnings=("A warning.",))])
        (operation,) = (await session.exec(select(Operation))).all()
        row = Plan(
            organization_id=deployment.organization_id,
            group_id=deployment.group_id,
            deployment_id=deployment.id,
            operation_id=operation.id,
            kind=PlanKind.UPDATE,
            request=b"{}",
            release_name=deployment.release_name,
            namespace=deployment.namespace,
            chart=deployment.chart,
            chart_version="1.0.0",
            chart_digest="a digest",
            options={"wait": True},
            foundation=Foundation(1, {}, None, "a digest").as_json(),
            digest="a digest of a plan",
            changed=True,
            removal=asdict(Removal(("berlin",), 2, 1, 25)),
            warnings=[asdict(warning)],
            notices=[asdict(Notice("chart_deprecated", "It is deprecated."))],
            counts=content.counts,
            failing=content.failing,
            comment="Please look.",
            author_id=token.user_id,
            author="admin",
            expires_at=now() + timedelta(days=1),
        )
        session.add(row)
        await session.flush()
        session.add_all(PlannedText(plan_id=row.id, **each) for each in content.texts)
        session.add_all(PlanTarget(plan_id=row.id, **each) for each in content.targets)
        session.add(PlanComment(plan_id=row.id, author="the-admin", text="Fine.", digest=row.digest))
        return encode_id("Plan", row.id)


async def _observed(stack: Stack) -> None:
    """What observer and worker would have written: the release, what went wrong with it, and the hook that runs."""
    async with stack.services.transaction() as transaction:
        session = transaction.session
        target = (await session.exec(select(Target))).one()
        deployment = (await session.exec(select(Deployment))).one()
        broken = PermanentError(ActionCode.HELM_FAILED, "The chart is broken.", "Helm's own words")
        target.error = target_error(broken, deployment, None, is_wanted=True).stored
        # Where a release was left behind, the result has the objects that it may have left.
        objects = (ManifestObject("ConfigMap", "shop", "default"),)
        left = AbandonedRelease("paris", "default", "shop", "The chart is broken.", objects)
        result = (await session.exec(select(OperationResult))).one()
        result.error = target.error | {"abandoned": asdict(left)}
        hook = Hook("Job", "migrate", "default", ("pre-upgrade",))
        target.activity = stored(Activity(ActivityPhase.HOOK, 1, now(), now(), hook))
        target.lease_expires_at = now() + timedelta(days=1)
        await session.execute(update(OperationResult).values(state=OperationState.RUNNING))
        blamed = {"kind": "ConfigMap", "namespace": "default", "name": "shop", "health": "MISSING"}
        await session.execute(update(Cluster).values(confirmed_at=now() + timedelta(days=1)))  # it stays as it is
        target.health, target.health_reasons = Health.MISSING, [blamed | {"reason": "NotFound", "message": "Gone."}]
        session.add(
            LiveResource(
                target_id=target.id,
                api_group="",
                api_version="v1",
                kind="ConfigMap",
                plural="configmaps",
                namespace="default",
                name="shop",
                origin=ResourceOrigin.MANIFEST,
                manifest_digest=b"",
                health=Health.MISSING,
                reason="NotFound",
                message="Gone.",
                observed_at=now(),
            )
        )
        session.add(
            LiveResource(  # of an API version that Kubernetes 1.25 removes
                target_id=target.id,
                api_group="policy",
                api_version="v1beta1",
                kind="PodDisruptionBudget",
                plural="",
                namespace="default",
                name="shop",
                origin=ResourceOrigin.MANIFEST,
                manifest_digest=b"",
            )
        )
        session.add(
            Release(
                cluster_id=target.cluster_id,
                namespace="default",
                name="shop",
                revision=1,
                status="failed",
                chart_name="web",
                chart_version="1.0.0",
                app_version="1",
                digest=b"",
                updated_at=now(),
                resource_version="1",
            )
        )


async def token_of(stack: Stack, role: Role, organization: str = "default") -> str:
    """The token of a new user with this role in an organization, which is made where there is none."""
    token = f"token-of-{role}-in-{organization}".ljust(32, "-")
    async with stack.services.transaction() as transaction:
        session = transaction.session
        rows = await stack.services.database.rows(Organization.__table__.select())  # type: ignore[attr-defined]
        organization_id = next((row.id for row in rows if row.name == organization), None)
        if organization_id is None:
            made = Organization(name=organization)
            session.add(made)
            await session.flush()
            organization_id = made.id
        user = User(name=f"{role.lower()}-of-{organization}")
        session.add(user)
        await session.flush()
        session.add(Membership(user_id=user.id, organization_id=organization_id, role=role))
        await add_token(session, user.id, "test", token)
    return token
