"""Who gets no mail: mailboxes by a blind index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "mail_suppression",
        sa.Column("mailbox", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "reason", name=op.f("pk_mail_suppression")),
    )


def downgrade() -> None:
    op.drop_table("mail_suppression")
