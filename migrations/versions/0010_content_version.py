"""The version of the public content: triggers change it, in the same transaction, with every row that cached pages show.

A number drawn at random, not a counter: a restored backup that is changed again must not meet a version seen before.
Tables that every sign-up touches (entrants, outbox, leaves) have no such trigger: each would empty the cache.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

SHOWN = (
    "news_article",
    "news_alias",
    "news_topic",
    "news_picture",
    "news_figure",
    "ads_creative",
    "sweepstakes_campaign",
    "sweepstakes_claim",
    "draw_checkpoint",
)
VERBS = ("INSERT", "UPDATE", "DELETE")
# Deferred: the one row is locked when all else is done, so that writers neither wait long for it nor lock each other out.
# Once in a transaction is enough; a setting made LOCAL ends with it, and with a savepoint rolled back.
RAISE = """CREATE FUNCTION raise_content_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('content_version.raised', true) IS DISTINCT FROM 'yes' THEN
        UPDATE content_version SET version = (random() * 9e18)::bigint;
        PERFORM set_config('content_version.raised', 'yes', true);
    END IF;
    RETURN NULL;
END $$"""


def upgrade() -> None:
    table = op.create_table(
        "content_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_content_version_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_version")),
    )
    op.bulk_insert(table, [{"id": 1, "version": 1}])
    if op.get_bind().dialect.name == "sqlite":
        for shown in SHOWN:
            for verb in VERBS:
                raising = "BEGIN UPDATE content_version SET version = random(); END"
                op.execute(f"CREATE TRIGGER {shown}_shown_{verb.lower()} AFTER {verb} ON {shown} {raising}")
        return
    op.execute(RAISE)
    for shown in SHOWN:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {shown}_shown AFTER INSERT OR UPDATE OR DELETE ON {shown} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_content_version()"
        )
        op.execute(
            f"CREATE TRIGGER {shown}_shown_truncate AFTER TRUNCATE ON {shown} FOR EACH STATEMENT EXECUTE FUNCTION raise_content_version()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for shown in SHOWN:
            for verb in VERBS:
                op.execute(f"DROP TRIGGER {shown}_shown_{verb.lower()}")
    else:
        op.execute("DROP FUNCTION raise_content_version() CASCADE")
    op.drop_table("content_version")
