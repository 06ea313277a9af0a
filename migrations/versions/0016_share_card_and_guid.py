"""What an article is called in feeds for good (as its slug was when it first came in), and the card that is shared where it has no picture."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("news_article", sa.Column("card", sa.LargeBinary(length=32), nullable=True))
    op.add_column("news_article", sa.Column("guid", sa.String(length=80), nullable=False, server_default=""))
    # Feeds have named every article by its slug until now: so it stays.
    op.execute("UPDATE news_article SET guid = slug")
    op.create_index("ix_news_article_guid", "news_article", ["guid"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_news_article_guid", "news_article")
    op.drop_column("news_article", "guid")
    op.drop_column("news_article", "card")
