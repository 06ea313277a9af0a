"""How Alembic meets the app's database: one locked transaction, on SQLite and PostgreSQL alike."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from webapp.database import Base

# Any number, as long as it is always this one: eight `flask init` at once must queue.
ADVISORY_LOCK = 7_212_024


def ours(name: str | None, kind: str, _parent: object) -> bool:
    """Full-text tables belong to the search adapter, not to the models."""
    return not (kind == "table" and name is not None and name.startswith("news_search"))


engine = current_app.extensions["sqlalchemy"].engine
with engine.connect().execution_options(writes=True) as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, include_name=ours, compare_type=True)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
            # It alters no table whose rows have triggers waiting for the end of the transaction: let none wait.
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        context.run_migrations()
