"""Checks of the draws: what is overdue, whether the keys of their logs are there, whether the logs are sound."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select

from webapp import draw
from webapp.database import db
from webapp.keys import KeyMissing
from webapp.ops.doctoring import Check, Finding, Patient, fault, warn
from webapp.ops.health import TICK_IS_STALE
from webapp.ops.ticked import last_tick
from webapp.sweepstakes import Campaign

# So long after its time nobody can say that the next tick will do it.
GRACE = timedelta(minutes=5)
# Some three seconds a log.
MOST_LEAVES = 500_000


def _going() -> list[Campaign]:
    return list(db.session.scalars(select(Campaign).where(Campaign.state.in_(("open", "sealed", "drawn"))).order_by(Campaign.id)))


def tick(patient: Patient) -> Iterator[Finding]:
    ticked = last_tick(patient.settings.instance)
    mend = "Run `flask mail send --loop` as a service, or `flask tick` each minute by a timer."
    if ticked is None:
        if _going():
            yield fault("There was no tick ever: nothing is sealed or drawn by itself.", mend)
        return
    if patient.now - ticked.at > TICK_IS_STALE:
        yield fault(f"The last tick was at {ticked.at:%Y-%m-%d %H:%M} UTC.", mend)
    for problem in ticked.problems:
        yield fault(f"The last tick failed for {problem.campaign}: {problem.words}", "Mend that, then `flask tick`.")
    for waiting in ticked.did:
        if waiting.what == "overdue":
            yield warn(f"{waiting.campaign}: a winner did not claim in time.", waiting.words)


def overdue(patient: Patient) -> Iterator[Finding]:
    for campaign in _going():
        log = draw.status(db.session(), campaign.slug)
        if log is None or log.void:
            continue
        if log.sealed is None and patient.now - campaign.seals_at > GRACE:
            mend = (
                f"`flask tick`, or `flask sweepstakes close {campaign.slug}`: each day late moves the draw, after seven it must be voided."
            )
            yield fault(f"{campaign.slug} should have been sealed at {campaign.seals_at:%Y-%m-%d %H:%M} UTC.", mend)
        elif log.sealed is not None and log.result is None and patient.now - max(log.sealed.draws_at, campaign.draws_at) > GRACE:
            yield fault(
                f"{campaign.slug} should have been drawn at {log.sealed.draws_at:%Y-%m-%d %H:%M} UTC.",
                f"`flask tick`, or `flask sweepstakes draw {campaign.slug}`, with --beacon if no relay can be reached.",
            )


def log_keys(patient: Patient) -> Iterator[Finding]:
    for campaign in _going():
        slug, log = campaign.slug, draw.status(db.session(), campaign.slug)
        lost = f"Restore the keys' backup; if there is none: `flask sweepstakes void {slug} --reason key_lost`."
        if log is None:
            yield fault(f"{slug} is {campaign.state}, but has no log.", "Restore a backup: `flask restore FILE`.")
            continue
        try:
            key = draw.LogKey.load(patient.settings.keys / "logs", slug, log.origin)
        except KeyMissing:
            yield fault(f"The key of the log {slug} is missing or damaged: nobody can confirm, nothing can be sealed.", lost)
            continue
        if key.vkey != log.vkey:
            yield fault(f"The key of the log {slug} is not the one it was opened with.", lost)
            continue
        try:
            draw.refuse_if_behind(db.session(), key)
        except draw.LogBehind as error:
            yield fault(f"{slug} is on hold. {error}", "Restore the newest backup, or void the campaign.")
        if key.last_signed and key.last_signed.read() is None:
            yield warn(f"keys/logs/{slug}.signed is missing: an old backup would not be noticed.", "The next entry writes it anew.")


def logs(_patient: Patient) -> Iterator[Finding]:
    for slug in db.session.scalars(select(Campaign.slug).where(Campaign.state != "draft").order_by(Campaign.id)).all():
        try:
            with suppress(draw.NotAllowed):  # damaged: verifying says where
                log = draw.status(db.session(), slug)
                if log is not None and log.size > MOST_LEAVES:
                    continue  # takes long: `flask sweepstakes verify` shows how far it is
            draw.verify(db.session(), slug)
        except (draw.Invalid, draw.LogMissing) as error:
            mend = f"Keep this database, and restore the newest backup; `flask sweepstakes verify {slug}` tells more."
            yield fault(f"The log {slug} is not what was signed: {error}", mend)


CHECKS = (
    Check("tick", "The tick runs.", tick, needs_schema=True),
    Check("overdue", "Nothing is overdue.", overdue, needs_schema=True),
    Check("log-keys", "Each campaign under way has the key of its log, and no log is behind what was signed.", log_keys, needs_schema=True),
    Check("logs", f"The public logs are sound (those of {MOST_LEAVES:,} leaves at most).", logs, needs_schema=True),
)
