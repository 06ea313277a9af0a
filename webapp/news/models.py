"""Articles and their pictures, as the importer stores them and the pages read them."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.database import Base, BigInt, Moment


class Article(Base):
    """A piece. `body` is sanitised HTML rendered at import; `source` the whole Markdown file it came from.

    `status`: `published` (shown from `published` on) or `withdrawn` (410). `guid`: what feeds know it by for good, whatever
    becomes of its slug; at first its slug. `card`: the file that is shared where there is no picture (variants.card_file).
    """

    __tablename__ = "news_article"
    __table_args__ = (
        Index("ix_news_article_published_status", "status", "published"),
        Index("ix_news_article_status_section_published", "status", "section", "published"),
        # The front page's article, however long ago it was marked.
        Index("ix_news_article_lead", "status", "published", sqlite_where=text("lead = 1")),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    guid: Mapped[str] = mapped_column(
        String(80), index=True, unique=True, default=lambda context: context.get_current_parameters()["slug"], server_default=""
    )
    headline: Mapped[str] = mapped_column(String(300))
    standfirst: Mapped[str | None] = mapped_column(Text)
    section: Mapped[str | None] = mapped_column(String(60))
    authors: Mapped[list[str]] = mapped_column(JSON)
    tags: Mapped[list[str]] = mapped_column(JSON)
    published: Mapped[datetime] = mapped_column(Moment)
    updated: Mapped[datetime | None] = mapped_column(Moment)
    correction: Mapped[str | None] = mapped_column(Text)
    lead: Mapped[bool] = mapped_column(default=False)
    ads: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(String(16), default="published")
    body: Mapped[str] = mapped_column(Text)
    words: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    card: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    made_up: Mapped[bool] = mapped_column(default=False)
    aliases: Mapped[list["Alias"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    topics: Mapped[list["Topic"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    bylines: Mapped[list["Byline"]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    figures: Mapped[list["Figure"]] = relationship(cascade="all, delete-orphan", order_by="Figure.position", lazy="selectin")

    def list_anew(self) -> None:
        """Write the rows by which lists find the article: after `tags`, `authors` or `published` were set."""
        self.topics = [Topic(tag=tag, published=self.published) for tag in dict.fromkeys(self.tags)]
        self.bylines = [Byline(author=author, published=self.published) for author in dict.fromkeys(self.authors)]


class Alias(Base):
    """A former slug of an article: answers 301."""

    __tablename__ = "news_alias"

    slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("news_article.id", ondelete="CASCADE"), index=True)


class Topic(Base):
    """A tag of an article, once more: as a row that an index finds, in the order of `published`. Written with `tags`, never alone."""

    __tablename__ = "news_topic"
    __table_args__ = (Index("ix_news_topic_tag_published_article_id", "tag", "published", "article_id"),)

    tag: Mapped[str] = mapped_column(String(60), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("news_article.id", ondelete="CASCADE"), primary_key=True, index=True)
    published: Mapped[datetime] = mapped_column(Moment)


class Byline(Base):
    """An author of an article, once more, as a Topic is."""

    __tablename__ = "news_byline"
    __table_args__ = (Index("ix_news_byline_author_published_article_id", "author", "published", "article_id"),)

    author: Mapped[str] = mapped_column(String(120), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("news_article.id", ondelete="CASCADE"), primary_key=True, index=True)
    published: Mapped[datetime] = mapped_column(Moment)


class Picture(Base):
    """A picture by the SHA-256 of the file it came from; `variants` lists the files made of it, smallest first per format."""

    __tablename__ = "news_picture"

    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    variants: Mapped[list[dict[str, str | int]]] = mapped_column(JSON)


class Figure(Base):
    """A picture's place in an article, with its words."""

    __tablename__ = "news_figure"

    article_id: Mapped[int] = mapped_column(ForeignKey("news_article.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    picture_sha256: Mapped[bytes] = mapped_column(ForeignKey("news_picture.sha256"), index=True)
    alt: Mapped[str] = mapped_column(Text)
    caption: Mapped[str] = mapped_column(Text)
    credit: Mapped[str | None] = mapped_column(Text)
    picture: Mapped[Picture] = relationship(lazy="joined")
