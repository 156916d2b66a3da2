"""Values of secrets for steps: those that a step names, and those that its outputs must not contain."""

from collections.abc import Iterable

from sqlmodel import col, select

from app.checks.secret_headers import Obstacle
from app.core.encryption import KeyRingError
from app.identity.permissions import Permission
from app.secrets.queries import opened
from app.steps.context import StepContext, StepFailed
from app.tables.clusters import Cluster
from app.tables.secrets import Secret, SecretUse
from app.tables.targets import Target

CODES = {Obstacle.MISSING: "secret_not_found", Obstacle.UNREADABLE: "secret_unreadable"}


async def named_secrets(context: StepContext, names: Iterable[str]) -> dict[str, Secret]:
    """The secrets with these names, which the starter of the run may use.

    Raises:
        StepFailed: there is no secret with one of the names.
        Forbidden: the starter may not use secrets.
    """
    asked = set(names)
    if not asked:
        return {}
    context.starter.require(context.organization_id, Permission.SECRETS_USE)
    statement = select(Secret).where(
        col(Secret.organization_id) == context.organization_id, col(Secret.name).in_(asked)
    )
    async with context.services.database.reading() as session:
        found = {secret.name: secret for secret in (await session.exec(statement)).all()}
    for name in sorted(asked - found.keys()):
        raise StepFailed(CODES[Obstacle.MISSING], f"There is no secret {name}.")
    return found


def values_of(context: StepContext, secret: Secret) -> dict[str, str]:
    """The values of a secret, by key.

    Raises:
        StepFailed: they cannot be decrypted.
    """
    try:
        return opened(context.services.key_ring, secret)
    except KeyRingError:
        raise StepFailed(CODES[Obstacle.UNREADABLE], f"The secret {secret.name} cannot be decrypted.") from None


async def values_on(context: StepContext, cluster: Cluster) -> list[str]:
    """The values of all secrets that deployments on a cluster use: objects there may contain them."""
    used = (
        select(SecretUse.secret_id)
        .join(Target, col(Target.deployment_id) == SecretUse.deployment_id)
        .where(col(Target.cluster_id) == cluster.id)
    )
    async with context.services.database.reading() as session:
        secrets = (await session.exec(select(Secret).where(col(Secret.id).in_(used)))).all()
    return [value for secret in secrets for value in values_of(context, secret).values()]
