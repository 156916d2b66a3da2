"""Events can't be removed by a cascade or by a setting of a session.

A cascade runs with the rights of the tables' owner, and any session can turn a setting on. The trigger now looks for
a row of its own transaction in a table that only the owner can write, and an organization with events can't be deleted.

Revision 0014, after 0013.
"""

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# SECURITY DEFINER: the program can't read the table. The path is fixed, with temporary tables last, so that nobody
# leads the functions to tables of their own.
_KEEP = """
CREATE OR REPLACE FUNCTION keep_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE'
        AND EXISTS (SELECT FROM event_removal WHERE transaction = pg_current_xact_id()::text) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'events are only added to' USING ERRCODE = 'insufficient_privilege';
END $$
"""
_REMOVE = """
CREATE OR REPLACE FUNCTION remove_events(older_than timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    removed bigint[];
BEGIN
    IF older_than > now() - interval '1 day' THEN
        RAISE EXCEPTION 'events are kept for a day at least' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM 1 FROM event_horizon FOR UPDATE;
    INSERT INTO event_removal (transaction) VALUES (pg_current_xact_id()::text);
    WITH oldest AS (SELECT position, at FROM event ORDER BY position LIMIT most),
        gone AS (
            DELETE FROM event USING oldest
            WHERE event.position = oldest.position AND oldest.at < older_than
            RETURNING event.position
        )
    SELECT array_agg(position) INTO removed FROM gone;
    DELETE FROM event_removal;
    UPDATE event_horizon SET position = greatest(
        event_horizon.position, coalesce((SELECT max(each) FROM unnest(removed) AS each), 0)
    ) WHERE removed IS NOT NULL;
    RETURN coalesce(cardinality(removed), 0);
END $$
"""
_KEPT_BEFORE = """
CREATE OR REPLACE FUNCTION keep_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('polyhelm.removes_events', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'events are only added to' USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "event_removal",
        sa.Column("transaction", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("transaction", name=op.f("pk_event_removal")),
    )
    _refer_to_organizations("RESTRICT")
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for statement in (_KEEP, _REMOVE):
        op.get_bind().exec_driver_sql(statement.format(schema=schema))


def downgrade() -> None:
    op.get_bind().exec_driver_sql(_KEPT_BEFORE)
    switched = _REMOVE.replace(
        "INSERT INTO event_removal (transaction) VALUES (pg_current_xact_id()::text);",
        "PERFORM set_config('polyhelm.removes_events', 'on', true);",
    ).replace("DELETE FROM event_removal;", "PERFORM set_config('polyhelm.removes_events', 'off', true);")
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    op.get_bind().exec_driver_sql(switched.format(schema=schema))
    _refer_to_organizations("CASCADE")
    op.drop_table("event_removal")


def _refer_to_organizations(ondelete: str) -> None:
    name = op.f("fk_event_organization_id")
    op.drop_constraint(name, "event", type_="foreignkey")
    op.create_foreign_key(name, "event", "organization", ["organization_id"], ["id"], ondelete=ondelete)
