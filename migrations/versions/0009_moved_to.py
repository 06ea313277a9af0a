"""The mark that `flask copy-to` leaves in a database whose data has moved: with a row here nothing is written any more."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "moved_to",
        sa.Column("destination", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("destination", name=op.f("pk_moved_to")),
    )


def downgrade() -> None:
    op.drop_table("moved_to")
