"""Share links: plain addresses with the article's headline and its own address in them, made for no script."""

from urllib.parse import parse_qs, urlsplit

import html5lib
from flask import Flask
from flask.testing import FlaskClient

from tests.news.test_pages import NOON, at_noon, publish, text
from webapp.news.previewing import make_preview
from webapp.site import keyring, settings

__all__ = ["at_noon"]
HEADLINE = "Tea & “milk”? 100 % #1: naïve <b>cup</b> + £5; 茶"


def shares(page: str) -> dict[str, str]:
    """The links of the line that shares, by their names."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    [line] = [each for each in tree.iter("p") if (each.get("class") or "").startswith("share")]
    return {(link.text or ""): str(link.get("href")) for link in line.iter("a")}


def test_every_share_link_carries_headline_and_address_whole(client: FlaskClient) -> None:
    publish("tea", headline=HEADLINE)
    for path in ("/news/tea", "/"):
        links = shares(text(client, path))
        assert list(links) == ["E-mail", "WhatsApp", "Bluesky"]
        address = f"{settings().site_url}/news/tea"
        mail = urlsplit(links["E-mail"])
        assert (mail.scheme, mail.path) == ("mailto", "")
        # RFC 6068: a mail program reads a plus as a plus.
        assert "+" not in mail.query
        assert parse_qs(mail.query) == {"subject": [HEADLINE], "body": [address]}
        for name, there in (("WhatsApp", "https://wa.me/"), ("Bluesky", "https://bsky.app/intent/compose")):
            asked = urlsplit(links[name])
            assert f"{asked.scheme}://{asked.netloc}{asked.path}" == there
            assert parse_qs(asked.query) == {"text": [f"{HEADLINE} {address}"]}
            assert asked.fragment == ""
            assert links[name].isascii()


def test_a_preview_is_not_for_sharing(app: Flask) -> None:
    publish("secret", status="withdrawn")
    token = make_preview(keyring().secret, 1, NOON)
    page = text(app.test_client(), f"/news/secret?preview={token}")
    assert "Preview." in page
    assert "share meta" not in page
