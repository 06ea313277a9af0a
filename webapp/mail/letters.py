"""What a letter is: to whom, about what, and its parts in order; text and HTML are both made of them, so they say the same."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar, cast

from flask import Flask
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Paragraph:
    kind: ClassVar = "paragraph"
    text: str


@dataclass(frozen=True)
class Button:
    """A link to press: on its own line in the text, a button in the HTML."""

    kind: ClassVar = "button"
    label: str
    url: str


@dataclass(frozen=True)
class Fixed:
    """Lines to be read letter by letter, such as a receipt."""

    kind: ClassVar = "fixed"
    text: str


@dataclass(frozen=True)
class Attachment:
    """A text file that comes with the letter."""

    filename: str
    text: str


Part = Paragraph | Button | Fixed


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter ready to be composed. `headers`: further headers, for example List-Unsubscribe on marketing mail."""

    to: str
    subject: str
    parts: tuple[Part, ...]
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def marketing(self) -> bool:
        """Whether it is mail that its reader can end: then, and only then, it has a List-Unsubscribe."""
        return any(name.lower() == "list-unsubscribe" for name, _ in self.headers)


Render = Callable[[Session, int], Letter | None]
Addressee = Callable[[Session, int], str | None]


def register_letter(app: Flask, kind: str, render: Render) -> None:
    """`render(session, ref)` writes letters of `kind` at the moment of sending; None if it is no longer owed."""
    letters(app)[kind] = render


def register_addressee(app: Flask, kinds: Collection[str], find: Addressee) -> None:
    """`find(session, ref)` is the address to which letters of `kinds` go, also when no letter is owed any more; None if it is gone."""
    _addressees(app).update(dict.fromkeys(kinds, find))


def addressee(app: Flask, kind: str) -> Addressee:
    """What was registered for `kind`; nobody if nothing was."""
    return _addressees(app).get(kind, lambda _session, _ref: None)


def _addressees(app: Flask) -> dict[str, Addressee]:
    return cast(dict[str, Addressee], app.extensions.setdefault("mail_addressees", {}))


def letters(app: Flask) -> dict[str, Render]:
    """The renderers by kind."""
    return cast(dict[str, Render], app.extensions.setdefault("mail_letters", {}))
