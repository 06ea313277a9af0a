"""Articles by tag, by section and by word: an indexed row per tag, an index of sections, and a full-text table per database.

The full-text tables are told apart by their name, `news_search`: webapp/news/searching.py owns them, no model does.
They hold folded words (no accents, no capitals), so that both databases find the same.
"""

import re
import unicodedata
from html import unescape

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# As webapp/news/folding.py was when this was written.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ł": "l", "þ": "th", "ð": "d", "ı": "i"})


def upgrade() -> None:
    op.create_table(
        "news_topic",
        sa.Column("tag", sa.String(length=60), nullable=False),
        sa.Column("article_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["news_article.id"], name=op.f("fk_news_topic_article_id_news_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tag", "article_id", name=op.f("pk_news_topic")),
    )
    op.create_index(op.f("ix_news_topic_article_id"), "news_topic", ["article_id"], unique=False)
    op.create_index("ix_news_article_status_section_published", "news_article", ["status", "section", "published"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE news_search USING fts5(words, tokenize = \"unicode61 remove_diacritics 2\", prefix = '2 3')")
        insert = "INSERT INTO news_search (rowid, words) VALUES (:id, :words)"
    else:
        op.execute(
            "CREATE TABLE news_search (article_id bigint PRIMARY KEY REFERENCES news_article ON DELETE CASCADE, "
            "words text NOT NULL, document tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX news_search_document ON news_search USING gin (document)")
        insert = (
            "INSERT INTO news_search (article_id, words, document) "
            "VALUES (:id, :words, array_to_tsvector(string_to_array(nullif(:words, ''), ' ')))"
        )
    _fill(insert)


def _fill(insert: str) -> None:
    """Index what is there already."""
    connection = op.get_bind()
    article = sa.table(
        "news_article",
        sa.column("id", _BIG),
        sa.column("tags", sa.JSON()),
        *(sa.column(name, sa.String()) for name in ("headline", "standfirst", "body")),
    )
    for row in connection.execute(sa.select(article)).all():
        for tag in dict.fromkeys(row.tags):
            connection.execute(sa.text("INSERT INTO news_topic (tag, article_id) VALUES (:tag, :id)"), {"tag": tag, "id": row.id})
        text = " ".join([row.headline, row.standfirst or "", *row.tags, unescape(re.sub(r"<[^>]*>", " ", row.body))])
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS))
        folded = "".join(sign for sign in folded if not unicodedata.combining(sign))
        words = dict.fromkeys(word[:64] for word in re.findall(r"[^\W_]+", folded))
        connection.execute(sa.text(insert), {"id": row.id, "words": " ".join(words)[:200_000].strip() or "-"})


def downgrade() -> None:
    op.drop_table("news_search")
    op.drop_index("ix_news_article_status_section_published", table_name="news_article")
    op.drop_table("news_topic")
