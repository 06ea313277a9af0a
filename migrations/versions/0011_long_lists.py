"""Lists that stay as fast as they grow: tags and authors in the order of publication, the lead, and newest-first full text.

SQLite's full-text table gives its rows in the order of their numbers alone, so these now begin with the time of publication
(webapp/news/searching.py), and beginnings of four letters have an index of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EPOCH = "1970-01-01 00:00:00"
# As webapp/news/searching.py was when this was written.
_ID_BITS = 25


def upgrade() -> None:
    # The default is for the rows there are; no article is older than its tags.
    op.add_column("news_topic", sa.Column("published", sa.DateTime(timezone=True), nullable=False, server_default=sa.text(f"'{_EPOCH}'")))
    op.execute("UPDATE news_topic SET published = (SELECT published FROM news_article WHERE news_article.id = news_topic.article_id)")
    op.create_index("ix_news_topic_tag_published_article_id", "news_topic", ["tag", "published", "article_id"], unique=False)
    _create_bylines()
    op.create_index(
        "ix_news_article_lead",
        "news_article",
        ["status", "published"],
        unique=False,
        sqlite_where=sa.text("lead = 1"),
        postgresql_where=sa.text("lead"),
    )
    if op.get_bind().dialect.name == "sqlite":
        seconds = "CAST(strftime('%s', substr(published, 1, 19)) AS INTEGER)"
        _rebuild_search("2 3 4", f"({seconds} << {_ID_BITS}) | id", "news_search.rowid = news_article.id")


def _create_bylines() -> None:
    table = op.create_table(
        "news_byline",
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("article_id", _BIG, nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["news_article.id"], name=op.f("fk_news_byline_article_id_news_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("author", "article_id", name=op.f("pk_news_byline")),
    )
    op.create_index(op.f("ix_news_byline_article_id"), "news_byline", ["article_id"], unique=False)
    op.create_index("ix_news_byline_author_published_article_id", "news_byline", ["author", "published", "article_id"], unique=False)
    article = sa.table(
        "news_article", sa.column("id", _BIG), sa.column("authors", sa.JSON()), sa.column("published", sa.DateTime(timezone=True))
    )
    rows = [
        {"author": author, "article_id": row.id, "published": row.published}
        for row in op.get_bind().execute(sa.select(article)).all()
        for author in dict.fromkeys(row.authors)
    ]
    if rows:
        op.bulk_insert(table, rows)


def _rebuild_search(prefixes: str, number: str, join: str) -> None:
    """SQLite: the full-text table anew, each row under `number`."""
    op.execute(f"CREATE TEMPORARY TABLE found AS SELECT {number} AS number, news_search.words FROM news_search JOIN news_article ON {join}")  # noqa: S608 - our own words
    op.execute("DROP TABLE news_search")
    op.execute(f"CREATE VIRTUAL TABLE news_search USING fts5(words, tokenize = 'unicode61 remove_diacritics 2', prefix = '{prefixes}')")
    op.execute("INSERT INTO news_search (rowid, words) SELECT number, words FROM found ORDER BY number")
    op.execute("DROP TABLE found")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_search("2 3", "id", f"(news_search.rowid & {(1 << _ID_BITS) - 1}) = news_article.id")
    op.drop_index("ix_news_article_lead", table_name="news_article")
    op.drop_table("news_byline")
    op.drop_index("ix_news_topic_tag_published_article_id", table_name="news_topic")
    op.drop_column("news_topic", "published")
