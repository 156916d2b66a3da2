"""Remedies the failure of a target: the failed generation is held on the target, and its release is rolled back or
uninstalled. All of it is written in the transaction that ends the failed result, so that no crash separates them."""

from dataclasses import replace
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core.transaction import Transaction
from app.operations import metrics
from app.operations.progress import start_operation
from app.operations.work import Work
from app.releases.remediation import Failure, Remediation, Remedy
from app.tables.deployments import Deployment
from app.tables.operations import OperationKind
from app.tables.rollouts import VerifiedGeneration
from app.tables.targets import OF_GENERATION, Target, TargetHold
from app.targets.codes import TargetEvent
from app.targets.judging import judge_targets
from app.targets.trouble import TargetError


async def remedy(
    transaction: Transaction, work: Work, deployment: Deployment, failure: Failure, error: TargetError
) -> None:
    """Decides on the last failure of a target, and starts its remedy, if it has one.

    The caller has locked the deployment and then the target, and has ended the result of the work."""
    session = transaction.session
    target = await session.get_one(Target, work.target.id, populate_existing=True)
    if deployment.deleting or not target.wanted or target.allowed_generation != failure.generation:
        return  # something else is wanted by now
    verified = await session.get(VerifiedGeneration, target.id, populate_existing=True)
    failure = replace(failure, verified=verified.generation if verified else None)
    chosen = Remediation.of_json(deployment.remediation).after(failure)
    if chosen is Remedy.NOTHING:
        return
    await _hold(transaction, target, chosen, error)
    if chosen is Remedy.ROLLBACK:
        assert verified is not None
        values: dict[str, Any] = {"allowed_generation": verified.generation, "evaluation_error": None}
        values |= {name: getattr(verified, name) for name in OF_GENERATION}
        words = f"It returns to generation {verified.generation}."
    else:
        values = {"allowed_generation": None, "evaluation_error": None, "endpoints": []}
        words = "Its release is uninstalled."
    await session.execute(
        update(Target).where(col(Target.id) == target.id).values(**values).execution_options(synchronize_session=False)
    )
    work.record(
        transaction,
        TargetEvent.REMEDIED,
        f"Generation {failure.generation} of {work.subject} is held, because it failed: {error.message} {words}",
        generation=failure.generation,
        remedy=chosen,
        code=error.code,
    )
    await start_operation(
        transaction, deployment, OperationKind.REMEDIATION, {target.id: work.cluster.name}, author=None
    )
    await judge_targets(transaction, target_ids=[target.id])
    metrics.REMEDIES.labels(chosen).inc()


async def _hold(transaction: Transaction, target: Target, chosen: Remedy, error: TargetError) -> None:
    values: dict[str, Any] = {name: getattr(target, name) for name in OF_GENERATION}
    values |= {"generation": target.allowed_generation, "remedy": chosen, "code": error.code, "message": error.message}
    statement = insert(TargetHold).values(target_id=target.id, **values)
    await transaction.session.execute(statement.on_conflict_do_update(index_elements=["target_id"], set_=values))
