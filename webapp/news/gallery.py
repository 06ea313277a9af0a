"""The pictures of an import, and the cards of articles without: each looked at and made once.

What opens and draws them is heavy and loaded when the first is wanted.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from webapp.files import Unusable
from webapp.news.faults import Fault, Faulty
from webapp.news.progress import Progress
from webapp.news.variants import Card, card_file

if TYPE_CHECKING:
    from webapp.news.pictures import PictureFile


class Gallery:
    """What an import shows, in the folder `media`; cards name the `paper`."""

    def __init__(self, media: Path, paper: str) -> None:
        self.media, self.paper = media, paper
        self.seen: dict[Path, PictureFile | Unusable] = {}

    def look_at(self, path: Path) -> "PictureFile":
        """Raises Unusable, each time anew."""
        from webapp.news.pictures import look_at

        if path not in self.seen:
            try:
                self.seen[path] = look_at(path, self.media)
            except Unusable as error:
                self.seen[path] = error
        picture = self.seen[path]
        if isinstance(picture, Unusable):
            raise Unusable(picture.reason, picture.mend)
        return picture

    def has(self, card: Card) -> bool:
        return (self.media / card_file(card.sha256)).is_file()

    def make(self, shown: Iterable["PictureFile"], progress: Progress) -> int:
        """Make the files of the pictures; returns of how many something was missing. Raises Faulty."""
        from webapp.news.pictures import make_all

        pictures = list({picture.sha256: picture for picture in shown}.values())
        self.media.mkdir(mode=0o755, parents=True, exist_ok=True)
        made, making = 0, make_all(pictures, self.media)
        with progress("Pictures", len(pictures)) as done:
            for number, picture in enumerate(pictures, 1):
                try:
                    made += bool(next(making))
                except Unusable as error:
                    raise Faulty([Fault(str(picture.path), 1, error.reason, error.mend)]) from error
                done(number)
        return made

    def make_cards(self, wanted: Iterable[Card], progress: Progress) -> None:
        """Draw the cards that are not there yet."""
        from webapp.news.cards import make_all

        cards = [card for card in dict.fromkeys(wanted) if not self.has(card)]
        with progress("Cards", len(cards)) as done:
            for number, _ in enumerate(make_all(cards, self.media), 1):
                done(number)
