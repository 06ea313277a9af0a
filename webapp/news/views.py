"""The pages of the newspaper: front page, article, ALL Headlines, pictures."""

import re
from itertools import groupby

from flask import Blueprint, Response, make_response, redirect, render_template, request, send_from_directory, url_for
from markupsafe import Markup

from webapp import clock
from webapp.database import db
from webapp.dates import local_date
from webapp.errors import Refusal
from webapp.headers import immutable, public
from webapp.news import reading
from webapp.site import settings

blueprint = Blueprint("news", __name__)

# Checked before the database sees it: PostgreSQL refuses some characters with an error.
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
# The names that importing gives: a hash of the content, and the width or `share`.
MEDIA = re.compile(r"[0-9a-f]{16,64}-(?:[0-9]{1,5}|share)\.(avif|webp|jpg)")
TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}


@blueprint.get("/")
def front() -> Response:
    lead = reading.lead_article(db.session(), clock.now())
    if lead is None:
        return public(make_response(render_template("news/empty.html", canonical="/")))
    return _frame(lead, canonical="/", front=True)


@blueprint.get("/news/<slug>")
def article(slug: str) -> Response:
    if not SLUG.fullmatch(slug):
        raise Refusal("There is no article at this address.", status=404)
    try:
        found = reading.article(db.session(), slug, clock.now())
    except reading.Moved as moved:
        return public(make_response(redirect(url_for("news.article", slug=moved.slug), 301)))
    except reading.Withdrawn:
        raise Refusal("We have taken this article off the site.", status=410) from None
    except reading.NoSuchArticle:
        raise Refusal("There is no article at this address.", status=404) from None
    return _frame(found, canonical=url_for("news.article", slug=slug), front=False)


def _frame(found: reading.ArticleView, *, canonical: str, front: bool) -> Response:
    """An article beside the Win card, the headlines and an ad: the same frame on the front page and on its own."""
    page = render_template(
        "news/article.html",
        article=found,
        body=Markup(found.body),  # noqa: S704 - sanitised at import
        description=found.standfirst,
        canonical=canonical,
        current_section=None if front else found.section,
        front=front,
    )
    return public(make_response(page))


@blueprint.get("/headlines")
def headlines() -> Response:
    session, now = db.session(), clock.now()
    section = request.args.get("section") or None
    # Only names that the database gave us go back to it.
    if section is not None and section not in reading.sections(session, now):
        raise Refusal("We have no section of that name.", status=404)
    try:
        found = reading.headline_page(session, now, page=_page_number(), section=section)
    except reading.NoSuchPage:
        raise Refusal("The list of headlines has no such page.", status=404) from None
    page = render_template(
        "news/headlines.html",
        found=found,
        days=[(list(group)) for _, group in groupby(found.headlines, key=lambda line: local_date(line.published, settings().timezone))],
        section=section,
        current_section=section,
        all_headlines=section is None,
        description=f"Every headline of {settings().site_name}, newest first.",
        canonical=_page_address(section, found.page),
        newer=_page_address(section, found.page - 1) if found.page > 1 else None,
        older=_page_address(section, found.page + 1) if found.page < found.pages else None,
    )
    return public(make_response(page))


def _page_number() -> int:
    """The `page` asked for. Raises NoSuchPage for what is no page number."""
    text = request.args.get("page", "1")
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise reading.NoSuchPage
    return int(text)


def _page_address(section: str | None, page: int) -> str:
    return url_for("news.headlines", section=section, page=page if page > 1 else None)


@blueprint.get("/media/<name>")
def media(name: str) -> Response:
    match = MEDIA.fullmatch(name)
    if match is None:
        raise Refusal("There is no picture at this address.", status=404)
    return immutable(send_from_directory(settings().media, name, mimetype=TYPES[match[1]]))
