"""The fields at the head of an article's file, read strictly. Loads PyYAML: for commands only."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any

from webapp.news.faults import Fault
from webapp.news.finding import Found
from webapp.news.front_matter import EXAMPLE, Wrong, decode, read_values, split
from webapp.news.slugs import LONGEST, is_slug, make_slug
from webapp.news.unprintable import UNPRINTABLE

_WHAT = ("title", "slug", "aliases", "id", "section", "standfirst", "authors", "tags")
FIELDS = (*_WHAT, "published", "updated", "correction", "lead", "ads")


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What the front matter says. `published` None: from the moment of the first import on. `guid` (the field `id`): see guids.py.
    `lines`: where each field stands."""

    title: str
    slug: str
    aliases: tuple[str, ...]
    guid: str | None
    section: str | None
    standfirst: str | None
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    published: datetime | None
    updated: datetime | None
    correction: str | None
    lead: bool
    ads: bool
    lines: dict[str, int]


@dataclass(frozen=True)
class Parsed:
    """A file whose front matter is in order: its whole text with LF line ends, the fields, and the Markdown with its first line."""

    found: Found
    source: str
    fields: Fields
    body: str
    body_line: int


def parse_article(found: Found, data: bytes) -> tuple[Parsed | None, list[Fault]]:
    """The article in `data`, or everything that is wrong with its encoding and front matter."""
    try:
        text = decode(data)
        head, head_line, body, body_line = split(text)
        values = read_values(head, head_line)
    except Wrong as wrong:
        return None, [Fault(found.name, wrong.line, wrong.reason, wrong.mend)]
    reader = _Reader(found, values)
    fields = reader.fields()
    if fields is None:
        return None, reader.faults
    return Parsed(found, text, fields, body, body_line), []


class _Reader:
    """Takes the fields out of the values and collects what is wrong with them."""

    def __init__(self, found: Found, values: dict[str, tuple[int, Any]]) -> None:
        self.found = found
        self.values = values
        self.faults: list[Fault] = []

    def fault(self, name: str, reason: str, mend: str) -> None:
        self.faults.append(Fault(self.found.name, self.line(name), reason, mend))

    def line(self, name: str) -> int:
        return self.values[name][0] if name in self.values else 1

    def value(self, name: str) -> Any:
        return self.values.get(name, (1, None))[1]

    def fields(self) -> Fields | None:
        for name in self.values:
            if name not in FIELDS:
                near = get_close_matches(name, FIELDS, 1)
                self.fault(
                    name, f"{name[:60]!r} is not a field", f"Did you mean {near[0]}?" if near else f"The fields are {', '.join(FIELDS)}."
                )
        title = self.text("title", 300)
        if self.value("title") is None:
            self.fault("title", "the title is missing", "Write for example title: Rain at last.")
        fields = Fields(
            title=title or "",
            slug=self.slug(),
            aliases=self.aliases(),
            guid=self.guid(),
            section=self.text("section", 60),
            standfirst=self.text("standfirst", 2000),
            authors=self.texts("authors", 120),
            tags=self.texts("tags", 60),
            published=self.moment("published"),
            updated=self.moment("updated"),
            correction=self.text("correction", 4000),
            lead=self.yes_or_no("lead", default=False),
            ads=self.yes_or_no("ads", default=True),
            lines={name: line for name, (line, _) in self.values.items()},
        )
        if fields.published and fields.updated and fields.updated < fields.published:
            self.fault("updated", "updated is earlier than published", "Correct one of the two.")
        return None if self.faults else fields

    def text(self, name: str, longest: int) -> str | None:
        value = self.value(name)
        return None if value is None else self.one_text(name, value, longest)

    def one_text(self, name: str, value: Any, longest: int) -> str | None:
        """`value` with single spaces; None, and a fault, if it is no text, empty, too long, or holds what cannot be stored."""
        if not isinstance(value, str):
            self.fault(
                name,
                f"{name} is not text",
                f'Put the value into quotes: "{value}".' if not isinstance(value, list | dict) else "Write one text.",
            )
            return None
        text = " ".join(value.split())
        if not text:
            self.fault(name, f"{name} is empty", "Write something, or delete the line.")
        elif len(text) > longest:
            self.fault(name, f"{name} is longer than {longest} characters", "Shorten it.")
        elif UNPRINTABLE.search(text):
            self.fault(name, f"{name} holds a control character", "Delete it.")
        else:
            return text
        return None

    def texts(self, name: str, longest: int) -> tuple[str, ...]:
        value = self.value(name)
        if value is None:
            return ()
        texts = [self.one_text(name, item, longest) for item in (value if isinstance(value, list) else [value])]
        return tuple(dict.fromkeys(text for text in texts if text is not None))

    def slug(self) -> str:
        given = self.text("slug", 1000)
        if given is None:
            slug = make_slug(self.found.path.stem)
            if not slug:
                self.fault(
                    "slug", f"no slug can be made from the file name {self.found.path.name!r}", "Write for example slug: rain-at-last."
                )
            return slug
        return self.checked_slug("slug", given)

    def aliases(self) -> tuple[str, ...]:
        return tuple(self.checked_slug("aliases", alias) for alias in self.texts("aliases", 1000))

    def guid(self) -> str | None:
        given = self.text("id", 1000)
        return None if given is None else self.checked_slug("id", given)

    def checked_slug(self, name: str, slug: str) -> str:
        if not is_slug(slug):
            nearest = make_slug(slug)
            mend = f"Write {nearest}." if nearest else "Write for example rain-at-last."
            self.fault(name, f"{slug[:100]!r} is not a slug: at most {LONGEST} of a-z, 0-9 and single hyphens", mend)
        return slug

    def moment(self, name: str) -> datetime | None:
        """A time with a zone, in UTC. Without a zone nobody could say when a piece appears, so none is guessed."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(value.strip())
        if not isinstance(value, date):
            self.fault(name, f"{name}: {str(value)[:60]!r} is not a date and time", f"Write for example {EXAMPLE}.")
        elif not isinstance(value, datetime):
            self.fault(name, f"{name} has no time and no zone", f"Write for example {value.isoformat()}T08:00:00+00:00.")
        elif value.tzinfo is None:
            self.fault(name, f"{name} has no zone", f"Write for example {value.isoformat()}+00:00.")
        elif not 1600 <= value.year <= 9000:  # far enough from both ends of the calendar to be moved to any zone
            self.fault(name, f"{name}: the year {value.year} cannot be meant", f"Write for example {EXAMPLE}.")
        else:
            return value.astimezone(UTC)
        return None

    def yes_or_no(self, name: str, *, default: bool) -> bool:
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(name, f"{name} is neither true nor false", f"Write {name}: true or {name}: false.")
            return default
        return value
