"""The forms that readers fill in. They check one field each; what the database must decide is not theirs to ask."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, StringField, ValidationError

from webapp.sweepstakes import addresses, names
from webapp.sweepstakes.addresses import Address, AddressRefused, read_address
from webapp.sweepstakes.doubting import is_disposable, meant, rewritten
from webapp.sweepstakes.finding import SLUG
from webapp.sweepstakes.names import NameRefused, read_name


def _slug(given: str | None) -> str:
    """What names a campaign; anything else becomes a name that none has. PostgreSQL takes no NUL even in a question."""
    if not given:
        return ""
    return given if SLUG.fullmatch(given) else "-"


class Entry(NamedTuple):
    """What a well-filled entry form says."""

    campaign: str
    person_name: str
    address: Address
    newsletter: bool


def read_entry(fields: Mapping[str, str], *, refuse_disposable: bool) -> Entry | None:
    """What the form says, if nothing is wrong with it. What is, RegisterForm tells: most forms are well filled, and only to make
    its fields takes longer than all the checks.
    """
    typed, asked_email = fields.get("email", ""), fields.get("asked_email")
    asked = bool(typed) and typed == asked_email
    if fields.get("leave_empty") or not is_ticked(fields, "agree"):
        return None
    try:
        return Entry(
            campaign=_slug(fields.get("campaign")),
            person_name=read_name(fields.get("name", "")),
            address=_read_email((asked and fields.get("use_email")) or typed, asked=asked, refuse_disposable=refuse_disposable),
            newsletter=is_ticked(fields, "newsletter"),
        )
    except (NameRefused, AddressRefused, ValidationError):
        return None


def is_ticked(fields: Mapping[str, str], box: str) -> bool:
    return fields.get(box, "") not in BooleanField.false_values


class _Doubtful(ValidationError):
    """Probably another address was meant."""

    def __init__(self, meant: str) -> None:
        super().__init__(f"Did you mean {meant}? Tick the box below it, or press the button again to keep yours.")
        self.meant = meant


def _read_email(typed: str, *, asked: bool, refuse_disposable: bool) -> Address:
    """`asked`: whether another address was meant, and no. Raises AddressRefused, ValidationError."""
    address = read_address(typed)
    if refuse_disposable and is_disposable(address.canonical):
        raise ValidationError("We cannot write to addresses that are made to be thrown away. Please give one that you keep.")
    other = None if asked else meant(address.email) or rewritten(typed, address.email)
    if other:
        raise _Doubtful(other)
    return address


class AddressForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """An address, to be shown again with what is wrong. After `validate`, `address` holds what was read from it."""

    email = StringField()
    # People do not see it, programs fill it. So do some browsers: then the form is shown again, this field empty.
    leave_empty = StringField()
    # Whether another address was meant was asked about this one; and the answer, if it is yes.
    asked_email = HiddenField()
    use_email = HiddenField()

    address: Address
    meant: str | None = None
    refuse_disposable = False

    def validate_email(self, given: StringField) -> None:
        asked = bool(given.data) and given.data == self.asked_email.data
        if asked and self.use_email.data:
            given.data = self.use_email.data
        try:
            self.address = _read_email(given.data or "", asked=asked, refuse_disposable=self.refuse_disposable)
        except AddressRefused as error:
            raise ValidationError(error.sentence) from error
        except _Doubtful as doubt:
            self.meant = doubt.meant
            raise

    def validate_leave_empty(self, given: StringField) -> None:
        if given.data:
            raise ValidationError(
                "Something filled in a field that nobody sees, perhaps your browser. It is empty now: please press again."
            )


class RegisterForm(AddressForm):
    """Name, address and two boxes, to be shown again with all that is wrong."""

    campaign = HiddenField(filters=[_slug])
    name = StringField()
    agree = BooleanField()
    newsletter = BooleanField()

    def validate_name(self, given: StringField) -> None:
        try:
            read_name(given.data or "")
        except NameRefused as error:
            raise ValidationError(error.sentence) from error

    def validate_agree(self, given: BooleanField) -> None:
        if not given.data:
            raise ValidationError("Please tick the box about age, residence and rules: only who meets the rules can enter.")


class ConfirmForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What can still be changed when confirming, to be shown again with what is wrong."""

    name = StringField()
    newsletter = BooleanField()

    def validate_name(self, given: StringField) -> None:
        try:
            read_name(given.data or "")
        except NameRefused as error:
            raise ValidationError(error.sentence) from error


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A form as the page shows it: what was typed, what is wrong with it by field, and the token where one is needed.

    `asked`: the address as typed about which the page asks, or has asked, whether `meant` was meant.
    """

    name: str = ""
    email: str = ""
    agree: bool = False
    newsletter: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    asked: str = ""
    meant: str | None = None


def filled(
    form: AddressForm | ConfirmForm,
    *,
    token: str | None,
    agree: bool = True,
    newsletter: bool = True,
    faulty: dict[str, str] | None = None,
) -> Filled:
    """The form with all that was typed. A box is left empty where it must be ticked anew: on a page of ours, or for other rules.

    `faulty`: what is wrong with a field besides what the form itself found.
    """
    data: dict[str, Any] = form.data
    email = shown(data.get("email"), addresses.LONGEST)
    proposed = form.meant if isinstance(form, AddressForm) else None
    return Filled(
        name=shown(data.get("name"), names.LONGEST),
        email=email,
        asked=email if proposed or data.get("asked_email") == data.get("email") else "",
        meant=proposed,
        agree=agree and bool(data.get("agree")),
        newsletter=newsletter and bool(data.get("newsletter")),
        errors=errors_of(form) | (faulty or {}),
        token=token,
    )


def errors_of(form: FlaskForm) -> dict[str, str]:
    """What is wrong by field, the first fault of each."""
    return {name: str(errors[0]) for name, errors in form.errors.items() if name}


def shown(typed: str | None, longest: int) -> str:
    """What was typed, fit to be put into the field again: without signs that nobody sees or HTML cannot hold, and not endless."""
    return "".join(sign for sign in (typed or "")[: 2 * longest] if unicodedata.category(sign) not in names.UNSEEN)
