"""Events tell where they come from, are only added to, and are removed when they are old.

Revision 0008, after 0007.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The switch is good within the one function that turns it on, and for its statement alone. Whoever owns the table could
# turn it on as well, or take the trigger away: docs/audit.md says how to have an owner that the program is not.
_KEEP = """
CREATE FUNCTION keep_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('polyhelm.removes_events', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'events are only added to' USING ERRCODE = 'insufficient_privilege';
END $$
"""
# A program that may call this must not lead it to tables of its own: hence the path, with temporary tables last.
_REMOVE = """
CREATE FUNCTION remove_events(older_than timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    removed bigint[];
BEGIN
    IF older_than > now() - interval '1 day' THEN
        RAISE EXCEPTION 'events are kept for a day at least' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM 1 FROM event_horizon FOR UPDATE;
    PERFORM set_config('polyhelm.removes_events', 'on', true);
    WITH oldest AS (SELECT position, at FROM event ORDER BY position LIMIT most),
        gone AS (
            DELETE FROM event USING oldest
            WHERE event.position = oldest.position AND oldest.at < older_than
            RETURNING event.position
        )
    SELECT array_agg(position) INTO removed FROM gone;
    PERFORM set_config('polyhelm.removes_events', 'off', true);
    UPDATE event_horizon SET position = greatest(
        event_horizon.position, coalesce((SELECT max(each) FROM unnest(removed) AS each), 0)
    ) WHERE removed IS NOT NULL;
    RETURN coalesce(cardinality(removed), 0);
END $$
"""
_TRIGGER = """
CREATE TRIGGER keep_events BEFORE UPDATE OR DELETE OR TRUNCATE ON event
FOR EACH STATEMENT EXECUTE FUNCTION keep_events()
"""


def upgrade() -> None:
    op.alter_column("event", "organization_id", existing_type=sa.BigInteger(), nullable=True)
    op.add_column(
        "event",
        sa.Column(
            "outcome",
            sa.Enum("SUCCEEDED", "REFUSED", "FAILED", name="outcome", native_enum=False, length=32),
            nullable=False,
            server_default="SUCCEEDED",
        ),
    )
    for name in ("mutation", "via", "address", "request_id"):
        op.add_column("event", sa.Column(name, sa.String(), nullable=True))
    op.add_column("event", sa.Column("given", postgresql.JSONB(none_as_null=True), nullable=True))
    op.create_table(
        "event_horizon",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_horizon")),
    )
    op.execute("INSERT INTO event_horizon (id, position) VALUES (1, 0)")
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for statement in (_KEEP, _REMOVE.format(schema=schema), _TRIGGER):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_events ON event")
    op.execute("DROP FUNCTION remove_events")
    op.execute("DROP FUNCTION keep_events")
    op.drop_table("event_horizon")
    for name in ("given", "request_id", "address", "via", "mutation", "outcome"):
        op.drop_column("event", name)
    op.execute("DELETE FROM event WHERE organization_id IS NULL")
    op.alter_column("event", "organization_id", existing_type=sa.BigInteger(), nullable=False)
