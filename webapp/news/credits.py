"""Who is to be named beside a picture, as its file says: IPTC's old block (IIM 4.2), else XMP (ISO 16684-1, IPTC Photo Metadata).

Loads Pillow: for commands only.
"""

from typing import Any
from xml.parsers import expat

from PIL import Image, IptcImagePlugin

LONGEST = 300
LARGEST_XMP = 1_000_000
_CREDIT, _BYLINE = (2, 110), (2, 80)  # IIM, record 2
_DC, _RDF = "http://purl.org/dc/elements/1.1/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# In this order; a creator may be several.
_WANTED = ("http://ns.adobe.com/photoshop/1.0/ Credit", f"{_DC} creator", f"{_DC} rights")


class _Refused(Exception):
    """No XMP writer declares a document type: only who wants its entities to grow does."""


def credit(image: Image.Image) -> str | None:
    """The credit line, else the author, else who holds the rights. A damaged block is no credit, and no reason to refuse the picture."""
    return _from_iptc(image) or _from_xmp(image.info.get("xmp"))


def _from_iptc(image: Image.Image) -> str | None:
    try:
        facts: dict[Any, Any] = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]  # it takes any image
    except Exception:  # whatever the bytes lead it to
        return None
    for field in (_CREDIT, _BYLINE):
        value = facts.get(field)
        first = value[0] if isinstance(value, list) else value
        if first:
            try:
                text = first.decode("utf-8")
            except UnicodeDecodeError:
                text = first.decode("latin-1")
            if found := _plain(text):
                return found
    return None


def _from_xmp(data: Any) -> str | None:
    if not isinstance(data, bytes) or len(data) > LARGEST_XMP:
        return None
    reader = _Reader()
    try:
        reader.read(data.strip(b"\0 \r\n\t"))
    except (expat.ExpatError, _Refused, ValueError):
        return None
    for name in _WANTED:
        texts = [text for text in map(_plain, reader.found.get(name, ())) if text]
        if texts:
            return _plain(", ".join(texts if name == f"{_DC} creator" else texts[:1]))
    return None


class _Reader:
    """Properties written as attributes, as text, or as an rdf:Seq or rdf:Alt of rdf:li."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self.property: str | None = None
        self.listed = False
        self.text: list[str] = []

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self.refuse
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text.append
        parser.Parse(data, True)

    def refuse(self, *_declaration: object) -> None:
        raise _Refused

    def start(self, name: str, attributes: dict[str, str]) -> None:
        for attribute in _WANTED:
            if attribute in attributes:
                self.found.setdefault(attribute, []).append(attributes[attribute])
        if name in _WANTED and self.property is None:
            self.property, self.listed = name, False
        elif name == f"{_RDF} li":
            self.listed = True
        self.text.clear()

    def end(self, name: str) -> None:
        if self.property is not None and (name == f"{_RDF} li" or (name == self.property and not self.listed)):
            self.found.setdefault(self.property, []).append("".join(self.text))
        if name == self.property:
            self.property = None
        self.text.clear()


def _plain(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:LONGEST].strip()
