"""PostgreSQL: the counters of the limits, in a schema of their own that Alembic does not compare with the models.

UNLOGGED: not written ahead, not replicated, emptied by a crash. Half-empty pages, so that a counted hit stays on its page.
SQLite keeps them in a file of their own, which limit_storage.py makes.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SCHEMA limits")
        op.execute(
            "CREATE UNLOGGED TABLE limits.counter (key text PRIMARY KEY, span bigint NOT NULL, hits bigint NOT NULL, "
            "previous bigint NOT NULL, expires bigint NOT NULL) WITH (fillfactor = 50)"
        )
        op.execute("CREATE INDEX counter_expires ON limits.counter (expires)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SCHEMA limits CASCADE")
