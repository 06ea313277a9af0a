"""Whether a campaign's closing has been seen: a clock that is set back afterwards does not open it again."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("sweepstakes_campaign", sa.Column("seen_closed", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("sweepstakes_campaign", "seen_closed")
