"""Finds out whether targets still have to wait for others."""

from sqlalchemy import select
from sqlmodel import col

from app.core.errors import UserError
from app.core.tenancy import acting_for
from app.deployments.codes import DeploymentCode
from app.deployments.evaluation import ask_program
from app.deployments.inputs import renew_inputs
from app.deployments.services import DeploymentServices
from app.operations.ordering import Needs, needs_of, order
from app.releases.dependencies import VARIABLES, Answer
from app.releases.error_codes import ActionCode
from app.tables.deployments import Deployment
from app.tables.targets import Target
from app.targets.locking import lock_targets
from app.targets.waits import WAITS_FOR_OTHERS, ReviewWaits, review

_BATCH = 50
_WITHOUT_RESULT = {
    DeploymentCode.EXPRESSIONS_TOO_EXPENSIVE: "it is too expensive",
    ActionCode.INTERNAL: "its evaluation crashed, which is an error of Polyhelm itself",
}
"""Why a condition has no result, by the code of an error that another attempt would have, too."""
_WAITING = (
    select(col(Deployment.id), col(Deployment.organization_id))
    .join(Target, col(Target.deployment_id) == Deployment.id)
    .where(WAITS_FOR_OTHERS)
    .distinct()
    .limit(500)
)


async def review_waits(services: DeploymentServices, job: ReviewWaits) -> None:
    """Does the job."""
    await renew_inputs(services, deployment_id=job.deployment_id)
    async with services.database.reading() as session:
        deployment = await session.get(Deployment, job.deployment_id)
        if deployment is None:
            return
        needs = await needs_of(session, deployment.id)
    with acting_for(deployment.organization_id):
        answers = await _answers(services, deployment.organization_id, needs)
    async with services.transaction() as transaction:
        locked = await transaction.session.get(Deployment, deployment.id, with_for_update={"key_share": True})
        if locked is not None:
            await lock_targets(transaction.session, col(Target.deployment_id) == locked.id)
            await order(transaction, locked, answers)


async def review_all(services: DeploymentServices) -> None:
    """Asks for a review of all deployments that wait for others, in case an event was missed."""
    rows = await services.database.rows(_WAITING)
    if rows:
        async with services.transaction() as transaction:
            for deployment_id, organization_id in rows:
                review(transaction, organization_id, deployment_id)


async def _answers(services: DeploymentServices, organization_id: int, needs: Needs) -> dict[tuple[int, int], Answer]:
    """The result of each condition."""
    asked = [(key, need.other, need.question) for key, need in needs.items() if need.other and need.question]
    found: dict[tuple[int, int], Answer] = {}
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        texts = list(dict.fromkeys(condition for _, _, (condition, _) in batch))
        cases = [{"variables": known, "use": [texts.index(condition)]} for _, _, (condition, known) in batch]
        request = {"variables": VARIABLES, "expressions": texts, "cases": cases}
        try:
            answer = await ask_program(services.expressions, organization_id, request, "dependsOn")
        except UserError as error:
            if error.code not in _WITHOUT_RESULT:
                raise
            found |= {key: Answer.of(other, None, _WITHOUT_RESULT[error.code]) for key, other, _ in batch}
            continue
        for (key, other, _), [(has_result, value)] in zip(batch, answer["results"], strict=True):
            found[key] = Answer.of(other, value) if has_result else Answer.of(other, None, value)
    return found
