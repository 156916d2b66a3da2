from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from simulator import Member
from tests.automation.walk import run_of_another
from tests.identity.browser import PASSWORD
from tests.live.conftest import served
from tests.plans.planned import made
from tests.rollouts.rows import rollout_in
from tests.stack import Stack
from tests.windows.samples import FREEZE

__all__ = ["served"]


@pytest_asyncio.fixture(loop_scope="session")
async def carol(quiet: Stack) -> str:
    """The name of a viewer with a password."""
    await quiet.mutate("createUser", "... on UserPayload { token }", name="carol", role="VIEWER", password=PASSWORD)
    return "carol"


@pytest_asyncio.fixture(loop_scope="session")
async def ids(quiet: Stack, simulated: Callable[[str], Member]) -> AsyncIterator[dict[str, str]]:
    """One object of each kind, by the word that stands for its id above; nothing of them may be changed."""
    group_id = await quiet.fleet({"paris": simulated("paris").kubeconfig})
    secret = await quiet.mutate("createSecret", "... on SecretPayload { secret { id } }", name="db", data={"a": "b"})
    fields = "... on HealthRulePayload { healthRule { id } }"
    rule = await quiet.mutate("setHealthRule", fields, group="example.com", kind="Widget", current="true")
    window = await quiet.mutate("setChangeWindow", "... on ChangeWindowPayload { changeWindow { id } }", **FREEZE)
    answer = await quiet.create(releaseName="shop")
    found = await quiet.data("{ clusters { nodes { id } } chartRepositories { id } }")
    targets = await quiet.targets(answer["deployment"]["id"])
    yield {
        "CLUSTER": found["clusters"]["nodes"][0]["id"],
        "GROUP": group_id,
        "REPOSITORY": found["chartRepositories"][0]["id"],
        "SECRET": secret["secret"]["id"],
        "RULE": rule["healthRule"]["id"],
        "WINDOW": window["changeWindow"]["id"],
        "DEPLOYMENT": answer["deployment"]["id"],
        "OPERATION": answer["operation"]["id"],
        "TARGET": targets["paris"]["id"],
        "ROLLOUT": await rollout_in(quiet),
        "RUN": await run_of_another(quiet),
        "STORED": (await made(quiet, delete={"id": answer["deployment"]["id"]}))["id"],
    }
