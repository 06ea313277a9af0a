"""ALL Headlines: by day, by section, by tag, by month, and searched."""

import re
from datetime import datetime
from itertools import groupby

from flask import Blueprint, Response, make_response, render_template, request, url_for

from webapp import clock
from webapp.database import db
from webapp.dates import local_date
from webapp.errors import Refusal
from webapp.headers import public
from webapp.news import listing
from webapp.news.linked_data import breadcrumbs
from webapp.news.listing import HeadlinePage, Month, Wanted
from webapp.news.searching import LONGEST, MOST_WORDS, TooLong, read_search
from webapp.news.unprintable import UNPRINTABLE
from webapp.news.views import publisher
from webapp.plain_connections import reading_for_page
from webapp.prepared import Plain
from webapp.site import settings

blueprint = Blueprint("news_lists", __name__)
LONGEST_NAMES = {"section": 60, "tag": 60, "author": 120}
ARGUMENTS = ("section", "tag", "author", "month", "q", "page")


@blueprint.get("/headlines")
def headlines() -> Response:
    now, zone = clock.now(), settings().timezone
    try:
        wanted, page_number = _wanted(), _page_number()
        if wanted == Wanted():
            found, months = reading_for_page(lambda session: _everything(session, now, page_number))
        else:
            found, months = listing.headline_page(db.session(), now, zone, wanted, page=page_number), []
    except listing.NoSuchList:
        raise Refusal("We have no headlines of that section, topic, author or month.", status=404) from None
    except listing.NoSuchPage:
        raise Refusal("The list of headlines has no such page.", status=404) from None
    except TooLong:
        raise Refusal(f"Please search for at most {MOST_WORDS} words, {LONGEST} characters together.", status=400) from None
    name = _name(wanted)
    month = wanted.month
    page = render_template(
        "news/headlines.html",
        found=found,
        wanted=wanted,
        name=name,
        amount=amount(found),
        days=[list(group) for _, group in groupby(found.headlines, key=lambda line: local_date(line.published, zone))],
        months=months,
        around=listing.around_month(db.session(), now, zone, month) if month else (None, None),
        current_section=wanted.section,
        all_headlines=wanted == Wanted(),
        description=_description(wanted, found),
        # A search is nothing for search engines: there are as many as readers can type.
        canonical=_address(wanted, found.page) if wanted.search is None else None,
        linked_data=[breadcrumbs(publisher(), _path(wanted, name))] if wanted.search is None else [],
        newer=_address(wanted, found.page - 1) if found.page > 1 else None,
        older=_address(wanted, found.page + 1) if found.has_older else None,
    )
    # Searches are as many as readers can think of: forgotten, so that they push no page out.
    return public(make_response(page), arguments=ARGUMENTS, store=wanted.search is None)


def _everything(session: Plain, now: datetime, page: int) -> tuple[HeadlinePage, list[Month]]:
    """A page of all headlines, the first one with the newest months."""
    found = listing.all_headlines(session, now, page=page)
    return found, listing.months(session, now, settings().timezone) if page == 1 else []


def _wanted() -> Wanted:
    """What the address asks for. Raises NoSuchList or TooLong; only what can be there goes to the database."""
    given = {name: request.args.get(name) or None for name in ("section", "tag", "author", "month", "q")}
    for name, longest in LONGEST_NAMES.items():
        if (value := given[name]) is not None and (len(value) > longest or UNPRINTABLE.search(value)):
            raise listing.NoSuchList
    month, typed = given["month"], given["q"]
    return Wanted(
        given["section"],
        given["tag"],
        given["author"],
        Month.read(month) if month else None,
        read_search(typed) if typed else None,
    )


def _path(wanted: Wanted, name: str) -> list[tuple[str, str]]:
    """The lists that lead to this one, and itself: address and name of each."""
    return [("/headlines", "ALL Headlines"), *([(_address(wanted, 1), name)] if wanted != Wanted() else [])]


def _name(wanted: Wanted) -> str:
    parts = [part for part in (wanted.section, wanted.tag, wanted.author, wanted.month and wanted.month.name) if part]
    if wanted.search and wanted.search.typed:
        parts.append(f"“{wanted.search.typed}”")
    return f"{', '.join(parts)}: ALL Headlines" if parts else "ALL Headlines"


def _description(wanted: Wanted, found: HeadlinePage) -> str:
    if wanted == Wanted():
        return f"Every headline of {settings().site_name}, newest first."
    return f"{_name(wanted)} of {settings().site_name}: {amount(found)}, newest first."


def amount(found: HeadlinePage) -> str:
    """`12 articles`, `more than 1,000 articles`"""
    if found.total is None:
        return f"more than {listing.COUNTED:,} articles"
    return f"{found.total:,} article{'' if found.total == 1 else 's'}"


def _page_number() -> int:
    """The `page` asked for. Raises NoSuchPage for what is no page number."""
    text = request.args.get("page", "1")
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise listing.NoSuchPage
    return int(text)


def _address(wanted: Wanted, page: int) -> str:
    return url_for(
        "news_lists.headlines",
        section=wanted.section,
        tag=wanted.tag,
        author=wanted.author,
        month=str(wanted.month) if wanted.month else None,
        q=(wanted.search.typed or None) if wanted.search else None,
        page=page if page > 1 else None,
    )
