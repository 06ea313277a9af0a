"""Ads that are paid for: campaigns, text creatives, counts by day, and the tokens that have been used.

The creatives there are stay: their pictures, keyed by slot so far, are keyed by size.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEYS = {"rail": "300x250", "article": "728x90"}
_VERBS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table(
        "ads_campaign",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("advertiser", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("goal", sa.String(length=8), nullable=False),
        sa.Column("budget", sa.BigInteger(), nullable=False),
        sa.Column("daily_cap", sa.BigInteger(), nullable=True),
        sa.Column("pacing", sa.String(length=4), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("priority", sa.String(length=5), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("per_view", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ads_campaign")),
        sa.UniqueConstraint("slug", name=op.f("uq_ads_campaign_slug")),
    )
    _extend_creatives()
    op.create_table(
        "ads_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("creative_id", _BIG, nullable=False),
        sa.Column("slot", sa.String(length=8), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("served", sa.BigInteger(), nullable=False),
        sa.Column("viewable", sa.BigInteger(), nullable=False),
        sa.Column("clicks", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["creative_id"], ["ads_creative.id"], name=op.f("fk_ads_count_creative_id_ads_creative")),
        sa.PrimaryKeyConstraint("day", "creative_id", "slot", "section", name=op.f("pk_ads_count")),
    )
    op.create_table(
        "ads_filtered",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("creative_id", _BIG, nullable=False),
        sa.Column("event", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "creative_id", "event", "reason", name=op.f("pk_ads_filtered")),
    )
    op.create_table(
        "ads_used_token",
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=8), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", "event", name=op.f("pk_ads_used_token")),
    )
    op.create_index(op.f("ix_ads_used_token_until"), "ads_used_token", ["until"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in _VERBS:
            raising = "BEGIN UPDATE content_version SET version = random(); END"
            op.execute(f"CREATE TRIGGER ads_campaign_shown_{verb.lower()} AFTER {verb} ON ads_campaign {raising}")
        return
    op.execute(
        "CREATE CONSTRAINT TRIGGER ads_campaign_shown AFTER INSERT OR UPDATE OR DELETE ON ads_campaign "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_content_version()"
    )
    op.execute(
        "CREATE TRIGGER ads_campaign_shown_truncate AFTER TRUNCATE ON ads_campaign FOR EACH STATEMENT EXECUTE FUNCTION raise_content_version()"
    )


def _extend_creatives() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Alembic would rebuild the table to add a reference, and drop its triggers; SQLite itself can just add it.
        op.execute(
            "ALTER TABLE ads_creative ADD COLUMN campaign_id INTEGER "
            "CONSTRAINT fk_ads_creative_campaign_id_ads_campaign REFERENCES ads_campaign (id)"
        )
    else:
        op.add_column("ads_creative", sa.Column("campaign_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key("fk_ads_creative_campaign_id_ads_campaign", "ads_creative", "ads_campaign", ["campaign_id"], ["id"])
    op.add_column("ads_creative", sa.Column("headline", sa.String(length=120), nullable=True))
    op.add_column("ads_creative", sa.Column("text", sa.String(length=300), nullable=True))
    op.add_column("ads_creative", sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()))
    _rename_pictures(_KEYS)


def _rename_pictures(names: dict[str, str]) -> None:
    table = sa.table("ads_creative", sa.column("id", _BIG), sa.column("pictures", sa.JSON()))
    for row in op.get_bind().execute(sa.select(table.c.id, table.c.pictures)).all():
        pictures = json.loads(row.pictures) if isinstance(row.pictures, str) else row.pictures
        renamed = {names.get(key, key): value for key, value in pictures.items()}
        op.get_bind().execute(table.update().where(table.c.id == row.id).values(pictures=renamed))


def downgrade() -> None:
    for table in ("ads_used_token", "ads_filtered", "ads_count"):
        op.drop_table(table)
    op.execute("DELETE FROM ads_creative WHERE campaign_id IS NOT NULL")
    _rename_pictures({size: slot for slot, size in _KEYS.items()})
    for column in ("active", "text", "headline"):
        op.drop_column("ads_creative", column)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ALTER TABLE ads_creative DROP COLUMN campaign_id")  # Alembic's own way would drop the triggers
    else:
        op.drop_column("ads_creative", "campaign_id")
    op.drop_table("ads_campaign")
