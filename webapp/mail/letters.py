"""What a letter is: to whom, about what, and its parts in order; text and HTML are both made of them, so they say the same."""

from dataclasses import dataclass
from typing import ClassVar


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
