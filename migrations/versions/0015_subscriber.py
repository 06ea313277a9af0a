"""Readers who asked for the newsletter without entering a draw."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sweepstakes_subscriber",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("email_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_id", _BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["text_id"], ["sweepstakes_consent_text.id"], name=op.f("fk_sweepstakes_subscriber_text_id_sweepstakes_consent_text")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweepstakes_subscriber")),
        sa.UniqueConstraint("email_key", name=op.f("uq_sweepstakes_subscriber_email_key")),
    )


def downgrade() -> None:
    op.drop_table("sweepstakes_subscriber")
