"""Thousands of hostile forms: each gets an answer that is no fault of ours, nothing comes back raw, and the site lives on."""

from itertools import product
from pathlib import Path
from urllib.parse import quote_from_bytes, urlencode

import pytest
import time_machine
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.sweepstakes.campaigns import NOW, open_one
from tests.sweepstakes.entering import post, typed
from webapp.database import db

URLENCODED = "application/x-www-form-urlencoded"
MARK = "<hostile>"
FIELDS = ("campaign", "name", "email", "agree", "newsletter", "leave_empty", "form_token", "asked_email", "use_email", "no_such_field")
EXAMPLES = settings(
    max_examples=400, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

PIECES = [
    MARK, f"'\"><script>{MARK}</script>", f"javascript:{MARK}", "{{7*7}}", "{% raw %}", "${7*7}", "%(x)s", "%s%n", "{0.__class__}",
    "\0", "a\0b", "\r\nBcc: x@example.com", "\n", "\r", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e\u2066", "\u200b", "\ufeff", "\ufffe",
    "\U000e0001", "e\u0301" * 40, "\u1100" * 90, "a@b@c", "@", "ada@", "@example.com", '"a b"@example.com', "a@[127.0.0.1]", "a@xn--",
    "a@xn--a.com", "a@\u0435xample.com", "a@example\u3002com", "a@\u217dom.com", "a@" + "b." * 130 + "com", "x" * 65 + "@example.com",
    "-x@example.com", "|id@example.com", "a@gmial.com", "a@mailinator.com", "+@gmail.com", "...@gmail.com", "' OR 1=1 --",
    "'; DROP TABLE x; --", "../../etc/passwd", "win-100", "WIN-100", "win-100\0", "=1+1", "x" * 300, "\u00df" * 300, "yes", "on", "",
    "%253Cscript%253E", "&lt;b&gt;", "9" * 40, "-1", "true", "null", "[]", "\u0001F600",
]  # fmt: skip
TEXT = st.one_of(st.sampled_from(PIECES), st.lists(st.sampled_from(PIECES), max_size=4).map("".join), st.text(max_size=60))


@pytest.fixture
def environ() -> dict[str, str]:
    return {"LIMITS": "off"}


@pytest.fixture(autouse=True)
def clock(run: FlaskCliRunner, tmp_path: Path) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        open_one(run, tmp_path)
        yield traveller


def send(client: FlaskClient, body: bytes, kind: str = URLENCODED, **headers: str) -> TestResponse:
    # Straight to the app: parsing each page as the linter does would take most of the time.
    response = client.post("/register", data=body, content_type=kind, headers={"Sec-Fetch-Site": "same-origin", **headers})
    assert response.status_code < 500, body
    assert MARK not in response.text, body
    assert "<script>" not in response.text, body
    assert "\0" not in response.text, body
    return response


@pytest.fixture
def lives(client: FlaskClient) -> object:
    """Afterwards an honest form is taken, and so is what the database holds readable."""
    yield
    db.session.rollback()
    assert post(client, email="honest@example.org").status_code == 303
    assert client.get("/register").status_code == 200


@pytest.mark.usefixtures("lives")
def test_a_field_may_hold_anything(client: FlaskClient) -> None:
    for field, piece in product(FIELDS, PIECES):
        send(client, urlencode({**typed(), field: piece}).encode())


@pytest.mark.usefixtures("lives")
@EXAMPLES
@given(fields=st.lists(st.tuples(st.sampled_from(FIELDS), TEXT), max_size=12))
def test_fields_may_be_any_and_any_number(client: FlaskClient, fields: list[tuple[str, str]]) -> None:
    send(client, urlencode(fields, errors="surrogatepass").encode())


class TestBytes:
    @pytest.fixture
    def database_url(self) -> None:
        """SQLite alone: what is no text is refused before any database is asked."""

    @pytest.mark.usefixtures("lives")
    @EXAMPLES
    @given(name=st.binary(max_size=40), email=st.binary(max_size=40))
    def test_fields_may_hold_any_bytes(self, client: FlaskClient, name: bytes, email: bytes) -> None:
        send(client, f"campaign=win-100&agree=yes&name={quote_from_bytes(name)}&email={quote_from_bytes(email)}".encode())

    @pytest.mark.usefixtures("lives")
    @EXAMPLES
    @given(
        body=st.binary(max_size=200),
        kind=st.sampled_from([URLENCODED, "multipart/form-data; boundary=b", "multipart/form-data", "text/html", ""]),
    )
    def test_a_body_may_be_any_bytes(self, client: FlaskClient, body: bytes, kind: str) -> None:
        send(client, body, kind)


PART = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda\r\n'
ODD = [
    (b"", URLENCODED),
    (b"&" * 3000, URLENCODED),
    (b"=" * 3000, URLENCODED),
    (b"a=b&" * 3000, URLENCODED),
    (b"name=%", URLENCODED),
    (b"name=%zz", URLENCODED),
    (b"name=%ed%a0%80", URLENCODED),
    (b"name=%c0%80", URLENCODED),
    (b"name=\xff\xfe", URLENCODED),
    (b"name=Ada", URLENCODED + "; charset=utf-7"),
    (b"name=Ada", URLENCODED + "; charset=no-such"),
    (b"name=" + b"a" * 40_000, URLENCODED),
    (b"name=" + b"a" * 20_000, URLENCODED),
    (PART * 25 + b"--b--\r\n", "multipart/form-data; boundary=b"),
    (PART * 2 + b"--b--\r\n", "multipart/form-data; boundary=b"),
    (PART, "multipart/form-data; boundary=b"),
    (PART + b"--b--\r\n", "multipart/form-data; boundary=" + "x" * 5000),
    (PART + b"--b--\r\n", "multipart/form-data; boundary="),
    (PART + b"--b--\r\n", 'multipart/form-data; boundary="b'),
    (b"--b\r\n\r\nAda\r\n--b--\r\n", "multipart/form-data; boundary=b"),
    (b'--b\r\nContent-Disposition: form-data; name="name"; filename="x"\r\n\r\nAda\r\n--b--\r\n', "multipart/form-data; boundary=b"),
    (b"--b\r\nContent-Disposition: form-data\r\n\r\nAda\r\n--b--\r\n", "multipart/form-data; boundary=b"),
    (b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--b--\r\n', "multipart/form-data; boundary=b"),
    (b'--b\r\nContent-Disposition: form-data; name="name"\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+ADw-\r\n--b--\r\n',
     "multipart/form-data; boundary=b"),
    (b"--b\r\n" + b"X: y\r\n" * 3000 + b"\r\nAda\r\n--b--\r\n", "multipart/form-data; boundary=b"),
]  # fmt: skip


@pytest.mark.usefixtures("lives")
def test_odd_bodies_are_answered(client: FlaskClient) -> None:
    for body, kind in ODD:
        send(client, body, kind)
        for length in range(0, min(len(body), 120), 40):
            send(client, body[:length], kind)


@pytest.mark.usefixtures("lives")
def test_headers_may_hold_anything(client: FlaskClient) -> None:
    values = [
        MARK,
        "null",
        "http://[",
        "http://a:b",
        "https://own@evil.example",
        "fc=\x7f",
        "fc=" + "x" * 4000,
        "gzip",
        ",,,",
        "\xff",
        "::1%x",
    ]
    names = ["Sec-Fetch-Site", "Origin", "Referer", "Cookie", "X-Forwarded-For", "Content-Encoding", "Accept"]
    for name, value in product(names, values):
        send(client, urlencode(typed(email="no")).encode(), **{name: value})
