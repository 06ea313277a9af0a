"""A campaign's counts are found by its ads: they are summed up whenever some are written, so that none goes beyond what was ordered."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index(op.f("ix_ads_count_creative_id"), "ads_count", ["creative_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_ads_count_creative_id"), table_name="ads_count")
