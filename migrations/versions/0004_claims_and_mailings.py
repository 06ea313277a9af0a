"""Winners' claims, letters owed to many, and which letters go first."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("mail_outbox", sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "mail_mailing",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ref", BIG, nullable=False),
        sa.Column("cursor", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_mailing")),
        sa.UniqueConstraint("kind", "ref", name=op.f("uq_mail_mailing_kind_ref")),
    )
    op.create_table(
        "sweepstakes_claim",
        sa.Column("entrant_id", BIG, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("address", "city", "region", "postcode", "payout")),
        sa.Column("public_name", sa.LargeBinary(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entrant_id"],
            ["sweepstakes_entrant.id"],
            name=op.f("fk_sweepstakes_claim_entrant_id_sweepstakes_entrant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entrant_id", name=op.f("pk_sweepstakes_claim")),
    )


def downgrade() -> None:
    op.drop_table("sweepstakes_claim")
    op.drop_table("mail_mailing")
    op.drop_column("mail_outbox", "priority")
