"""Where a registration came from, shortened: for the review before the seal, and then forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("sweepstakes_entrant", sa.Column("network", sa.String(length=43), nullable=True))


def downgrade() -> None:
    op.drop_column("sweepstakes_entrant", "network")
