"""Checks of the settings, and of the keys."""

from collections.abc import Iterator
from email.utils import parseaddr

from sqlalchemy import func, or_, select

from webapp import sweepstakes
from webapp.config import is_loopback
from webapp.database import db
from webapp.keys import KeyMissing, load_keys
from webapp.ops.doctoring import Check, Finding, Patient, fault, warn


def settings(patient: Patient) -> Iterator[Finding]:
    for wrong in patient.faults:
        yield fault(f"{wrong.name}: {wrong.problem}.", wrong.mend)


def site_url(patient: Patient) -> Iterator[Finding]:
    if not patient.settings.site_url_given:
        yield warn(
            f"SITE_URL is not set: links in mails lead to {patient.settings.site_url}.",
            "Set SITE_URL=https://your.site before others come.",
        )


def proxy(patient: Patient) -> Iterator[Finding]:
    if patient.settings.https and patient.settings.proxy_hops == 0:
        mend = "Behind one proxy (nginx, a CDN) set PROXY_HOPS=1: without it everybody has the proxy's address, and no limits apply."
        yield warn("The site is on https, but PROXY_HOPS is 0.", mend)


def limits(patient: Patient) -> Iterator[Finding]:
    if patient.settings.limits is None:
        yield warn("LIMITS is off: the form mails whomever it is told to.", "Unset LIMITS.")


def maintenance(patient: Patient) -> Iterator[Finding]:
    if patient.settings.maintenance:
        yield warn("MAINTENANCE is on: nobody can enter or confirm.", "Unset MAINTENANCE and restart.")


def publisher(patient: Patient) -> Iterator[Finding]:
    if patient.settings.postal_address is None:
        yield warn("POSTAL_ADDRESS is not set.", "Set it to the publisher's postal address: mail law asks for it in every letter.")
    if patient.settings.contact is None:
        yield warn("CONTACT is not set.", "Set it to an address for readers' questions; the privacy page names it.")


def sender(patient: Patient) -> Iterator[Finding]:
    domain = parseaddr(patient.settings.mail_from)[1].rpartition("@")[2].lower()
    if patient.settings.https and (is_loopback(domain) or domain.rpartition(".")[2] in {"example", "invalid", "test", "localhost"}):
        yield fault(f"MAIL_FROM is at {domain}, where no mail can come from.", "Set MAIL_FROM to an address at your own domain.")


def keys(patient: Patient) -> Iterator[Finding]:
    folder = patient.settings.keys
    try:
        load_keys(folder, patient.settings.secret_key)
    except KeyMissing as error:
        mend = "Restore it: `flask restore KEYS.zip`. Only where nothing was stored yet: `flask init`."
        yield fault(f"The key {error.path} is missing or cannot be read.", mend)
    except ValueError:
        yield fault(f"A key in {folder} is damaged: it is no hex number.", "Restore the keys' backup: `flask restore KEYS.zip`.")
    if (folder / ".data.new").exists():
        yield warn("`flask entrant rekey` was killed while it added a key.", f"rm {folder / '.data.new'}, then try again")


def data_keys(patient: Patient) -> Iterator[Finding]:
    """Rows whose data key is gone cannot be opened any more."""
    try:
        known = load_keys(patient.settings.keys, patient.settings.secret_key).data
    except (KeyMissing, ValueError):
        return
    heads = [f"{key_id}\0".encode() for key_id in known]
    for model, names in sweepstakes.SEALED.items():
        for name in names:
            column = model.__table__.c[name]
            ours = or_(*(func.substr(column, 1, len(head)) == head for head in heads))
            lost = db.session.scalar(select(func.count()).select_from(model).where(column.is_not(None), ~ours))
            if lost:
                mend = "Restore the keys' backup that has it: `flask restore KEYS.zip` into an empty keys folder."
                yield fault(f"{lost:,} values of {model.__tablename__}.{name} are sealed under a key that is not in keys/data.", mend)


CHECKS = (
    Check("settings", "No setting has a fault.", settings),
    Check("site-url", "SITE_URL is set.", site_url),
    Check("proxy", "PROXY_HOPS fits SITE_URL.", proxy),
    Check("limits", "Limits are on.", limits),
    Check("maintenance", "Forms are taken.", maintenance),
    Check("publisher", "POSTAL_ADDRESS and CONTACT are set.", publisher),
    Check("sender", "MAIL_FROM is at a real domain.", sender),
    Check("keys", "All keys are there.", keys),
    Check("data-keys", "Everything sealed can be opened.", data_keys, needs_schema=True),
)
