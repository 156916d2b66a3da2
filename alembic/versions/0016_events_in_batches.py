"""Events are written by the database, while it commits: no process can hold up those of others.

Revision 0016, after 0015.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The number of the lock is that of the program's own lock in earlier versions: both may run at once during an upgrade.
_PUBLISH = """
CREATE FUNCTION publish_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1347374169);
    INSERT INTO event (
        organization_id, at, kind, actor, message, subject_type, subject_id, deployment_id, cluster_id, data, outcome,
        mutation, via, address, request_id, given
    )
    SELECT
        organization_id, at, kind, actor, message, subject_type, subject_id, deployment_id, cluster_id, data, outcome,
        mutation, via, address, request_id, given
    FROM jsonb_array_elements(NEW.events) WITH ORDINALITY AS each(event, number),
        jsonb_populate_record(NULL::event, each.event)
    ORDER BY number;
    DELETE FROM event_batch WHERE id = NEW.id;
    RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE CONSTRAINT TRIGGER publish_events AFTER INSERT ON event_batch DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION publish_events()
"""


def upgrade() -> None:
    op.create_table(
        "event_batch",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("events", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_batch")),
    )
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for statement in (_PUBLISH.format(schema=schema), _TRIGGER):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.drop_table("event_batch")
    op.execute("DROP FUNCTION publish_events")
