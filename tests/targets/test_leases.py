"""A worker keeps its lease as long as Postgres lets it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy import text
from sqlmodel import col, select

from app.tables.targets import Target
from app.targets import leases
from simulator import Member
from tests.stack import Stack, eventually

# The first statement takes the lease, the second is the first renewal.
FIRST_RENEWAL_FAILS = [
    "CREATE SEQUENCE renewal",
    """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('renewal') = 2 THEN RAISE 'it is refused'; END IF;
      RETURN NEW;
    END $$""",
    "CREATE TRIGGER refuse BEFORE UPDATE OF lease_expires_at ON target FOR EACH ROW EXECUTE FUNCTION refuse()",
]


async def test_a_renewal_that_fails_is_repeated_before_the_deadline(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, lease_seconds=9) as stack:
        services = stack.services
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        await stack.create(releaseName="shop")
        async with services.transaction() as transaction:
            for statement in FIRST_RENEWAL_FAILS:
                await transaction.session.execute(text(statement))
        async with services.transaction() as transaction:
            target_id = (await transaction.session.exec(select(col(Target.id)))).one()
            lease = await leases.acquire(transaction, services.settings, target_id, "worker")
        assert lease is not None
        deadline = lease.safe_until

        async def is_renewed() -> bool:
            return lease.safe_until > deadline

        async with leases.kept(services, lease):
            await eventually(is_renewed)
        # Both count from when they were asked for. The deadline is six seconds after the lease was taken.
        assert lease.safe_until - deadline < 6
        rows = await services.database.rows(text("SELECT last_value FROM renewal"))
        assert rows == [(3,)]
