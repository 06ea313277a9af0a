"""Two readings of one form that must agree: the quick one of what is well filled, and the one that tells all that is wrong."""

import pytest
from flask import Flask
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict

from webapp.sweepstakes.forms import RegisterForm, read_entry

WORDS = st.sampled_from(
    [
        "",
        "yes",
        "false",
        "no",
        "ada@example.com",
        "ada@gmial.com",
        "ada@gmail.com",
        "a@mailinator.com",
        "Ada",
        "\u200b",
        "7",
        "win-100",
        "W",
    ]
)
FIELDS = ("campaign", "name", "email", "agree", "newsletter", "leave_empty", "asked_email", "use_email")
WELL = {"name": "Ada", "agree": "yes", "email": "ada@gmial.com"}


@pytest.fixture(scope="module")
def plain_app() -> Flask:
    app = Flask(__name__)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@given(st.dictionaries(st.sampled_from(FIELDS), WORDS | st.text(max_size=8)), st.booleans())
@example(WELL, False)
@example({**WELL, "asked_email": "ada@gmial.com"}, False)
@example({**WELL, "asked_email": "ada@gmial.com", "use_email": "ada@gmail.com"}, True)
@example({**WELL, "email": "a@mailinator.com"}, True)
@example({**WELL, "email": "ada@example.com", "agree": "false"}, False)
@example({**WELL, "email": "ada@example.com", "newsletter": "false", "campaign": "W"}, False)
@example({**WELL, "email": "ada@example.com", "leave_empty": "x"}, False)
@settings(deadline=None)
def test_the_quick_reading_finds_a_form_in_order_if_and_only_if_the_other_does(
    plain_app: Flask, fields: dict[str, str], refuse_disposable: bool
) -> None:
    entry = read_entry(fields, refuse_disposable=refuse_disposable)
    with plain_app.test_request_context("/register", method="POST"):
        form = RegisterForm(ImmutableMultiDict(fields))
        form.refuse_disposable = refuse_disposable
        assert form.validate() == (entry is not None), form.errors
        if entry is None:
            return
        assert (entry.campaign, entry.newsletter) == (form.campaign.data or "", form.newsletter.data)
        assert entry.address.email.lower() == form.email.data.strip().lower()
        assert entry.person_name
