"""The pages of an article: the front page with the lead, each article on its own, previews; and pictures."""

import re

from flask import Blueprint, Response, make_response, redirect, render_template, request, send_from_directory, url_for
from markupsafe import Markup

from webapp import clock, page_cache
from webapp.errors import Refusal
from webapp.headers import immutable, private, public
from webapp.news import reading
from webapp.news.around import around
from webapp.news.describing import Description, Publisher, describe
from webapp.news.linked_data import article_facts, site_facts
from webapp.news.previewing import may_preview
from webapp.plain_connections import reading_for_page
from webapp.site import absolute, keyring, settings

blueprint = Blueprint("news", __name__)

# Checked before the database sees it: PostgreSQL refuses some characters with an error.
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
# The names that importing gives: a hash of the content, and the width, the shape, `share` or `card`. Never the original.
MEDIA = re.compile(r"[0-9a-f]{16,64}-(?:(?:[0-9]{1,5}|16x9|4x3|1x1|share)\.(?:avif|webp|jpg)|card\.png)")
TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}


def publisher() -> Publisher:
    """This paper."""
    return page_cache.shared("publisher", _publisher)


def _publisher() -> Publisher:
    return Publisher(settings().site_name, settings().site_url, absolute(url_for("static", filename="icon-512.png")))


@blueprint.get("/")
def front() -> Response:
    lead = reading_for_page(lambda session: reading.lead_article(session, clock.now()))
    if lead is None:
        return public(make_response(render_template("news/empty.html", canonical="/")))
    paper = publisher()
    return public(_frame(lead, describe(lead, paper), canonical="/", linked_data=[site_facts(paper)], front=True))


@blueprint.get("/news/<slug>")
def article(slug: str) -> Response:
    if not SLUG.fullmatch(slug):
        raise Refusal("There is no article at this address.", status=404)
    token = request.args.get("preview")
    if token:
        found = _preview(slug, token)
        if found is not None:
            return private(_frame(found, describe(found, publisher()), canonical=None, linked_data=[], preview=True))
    try:
        found = reading_for_page(lambda session: reading.article(session, slug, clock.now()))
    except reading.Moved as moved:
        return public(make_response(redirect(url_for("news.article", slug=moved.slug), 301)))
    except reading.Withdrawn:
        raise Refusal("We have taken this article off the site.", status=410) from None
    except reading.NoSuchArticle:
        raise Refusal("There is no article at this address.", status=404) from None
    described = describe(found, publisher())
    facts = article_facts(described, settings().timezone)
    page = _frame(found, described, canonical=url_for("news.article", slug=slug), linked_data=facts)
    return public(page, arguments=("preview",), store=not token)


def _preview(slug: str, token: str) -> reading.ArticleView | None:
    """The article as it will be, for somebody with its link; None for anybody else."""
    try:
        found = reading_for_page(lambda session: reading.any_article(session, slug))
    except reading.NoSuchArticle:
        return None
    return found if may_preview(keyring().secret, token, found.id, clock.now()) else None


def _frame(
    found: reading.ArticleView,
    described: Description,
    *,
    canonical: str | None,
    linked_data: list[dict[str, object]],
    front: bool = False,
    preview: bool = False,
) -> Response:
    """An article beside the Win card, the headlines and an ad: the same frame on the front page and on its own."""
    page = render_template(
        "news/article.html",
        article=found,
        described=described,
        around=reading_for_page(lambda session: around(session, found, clock.now())),
        body=Markup(found.body),  # noqa: S704 - sanitised at import
        description=described.summary,
        canonical=canonical,
        linked_data=linked_data,
        current_section=None if front else found.section,
        front=front,
        preview=preview,
    )
    return make_response(page)


@blueprint.get("/media/<name>")
def media(name: str) -> Response:
    if not MEDIA.fullmatch(name):
        raise Refusal("There is no picture at this address.", status=404)
    return immutable(send_from_directory(settings().media, name, mimetype=TYPES[name.rpartition(".")[2]]))
