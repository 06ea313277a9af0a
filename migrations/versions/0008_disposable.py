"""Whether an address belongs to a provider of throw-away addresses: for the review before the seal."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("sweepstakes_entrant", sa.Column("disposable", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("sweepstakes_entrant", "disposable")
