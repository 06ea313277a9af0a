"""The form on which a winner claims. It checks one field each."""

import unicodedata
from dataclasses import dataclass, field

from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, ValidationError

from webapp.sweepstakes.claiming import PAYOUTS, Details, public_name
from webapp.sweepstakes.forms import errors_of, shown
from webapp.sweepstakes.names import UNSEEN

LONGEST = {"address": 300, "city": 80, "region": 60, "postcode": 20}
_MISSING = {
    "address": "Write the postal address: name, street and number, as on an envelope.",
    "city": "Write the town.",
    "region": "Write the state, or the region.",
    "postcode": "Write the ZIP or postal code.",
}


class ClaimForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Where the prize should go. After `validate`, `read` holds what was read from the text fields."""

    address = StringField()
    city = StringField()
    region = StringField()
    postcode = StringField()
    payout = StringField()
    eligible = BooleanField()
    publish = BooleanField()

    def validate_address(self, given: StringField) -> None:
        self._read("address", given)

    def validate_city(self, given: StringField) -> None:
        self._read("city", given)

    def validate_region(self, given: StringField) -> None:
        self._read("region", given)

    def validate_postcode(self, given: StringField) -> None:
        self._read("postcode", given)

    def validate_payout(self, given: StringField) -> None:
        if given.data not in PAYOUTS:
            raise ValidationError("Choose how you want to get the prize.")

    def validate_eligible(self, given: BooleanField) -> None:
        if not given.data:
            raise ValidationError("Please tick the box about age and residence: only who meets the rules can get the prize.")

    def _read(self, name: str, given: StringField) -> None:
        lines = [" ".join(line.split()) for line in unicodedata.normalize("NFC", given.data or "").splitlines()]
        text = ("\n" if name == "address" else " ").join(line for line in lines if line)
        if not text:
            raise ValidationError(_MISSING[name])
        if any(unicodedata.category(sign) in UNSEEN for sign in text.replace("\n", "")):
            raise ValidationError("There is an invisible sign in it, perhaps from copying. Please type it by hand.")
        if len(text) > LONGEST[name]:
            raise ValidationError(f"This has {len(text)} characters; at most {LONGEST[name]} fit.")
        self.__dict__.setdefault("read", {})[name] = text

    def details(self, name: str) -> Details:
        """What was read; `name` is the winner's, for the public form."""
        read: dict[str, str] = self.__dict__["read"]
        agreed = public_name(name, read["city"], read["region"]) if self.publish.data else None
        return Details(**read, payout=str(self.payout.data), public_name=agreed)


@dataclass(frozen=True, kw_only=True)
class FilledClaim:
    """The form as the page shows it: what was typed or is on record, what is wrong with it by field, the token where one is needed."""

    address: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    payout: str = ""
    eligible: bool = False
    publish: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    token: str | None = None


def filled_claim(form: ClaimForm, *, token: str | None, boxes: bool = True, faulty: dict[str, str] | None = None) -> FilledClaim:
    """The form with all that was typed; without `boxes` they must be ticked anew, on a page of ours. `faulty`: as for `filled`."""
    texts = {name: _shown(getattr(form, name).data, longest) for name, longest in LONGEST.items()}
    return FilledClaim(
        **texts,
        payout=form.payout.data if form.payout.data in PAYOUTS else "",
        eligible=boxes and bool(form.eligible.data),
        publish=boxes and bool(form.publish.data),
        errors=errors_of(form) | (faulty or {}),
        token=token,
    )


def on_record(details: Details) -> FilledClaim:
    """The form with what was given before, to be corrected. The box about age and residence is ticked anew with each correction."""
    texts = {name: getattr(details, name) for name in (*LONGEST, "payout")}
    return FilledClaim(**texts, publish=details.public_name is not None)


def _shown(typed: str | None, longest: int) -> str:
    return "\n".join(shown(line, longest) for line in (typed or "")[: 2 * longest].splitlines())
