"""A member may have several roles in a group.

Revision 0026, after 0025. Processes of the version before this one can go on while it runs: they write
one role in a group.
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("pk_group_role", "group_role", type_="primary")
    op.create_primary_key("pk_group_role", "group_role", ["user_id", "group_id", "role"])


def downgrade() -> None:
    op.drop_constraint("pk_group_role", "group_role", type_="primary")
    op.create_primary_key("pk_group_role", "group_role", ["user_id", "group_id"])
