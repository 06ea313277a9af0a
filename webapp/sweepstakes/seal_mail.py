"""Whether the letters about the seal are out before the draw: only then are the inboxes witnesses (PROTOCOL §3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.mail import sent_about
from webapp.sweepstakes.announcing import SEALED
from webapp.sweepstakes.models import Entrant
from webapp.sweepstakes.projecting import Projection
from webapp.sweepstakes.reading import CampaignView
from webapp.sweepstakes.wording import counted, lasting, when

# So many letters and so long must have gone out before their speed says anything.
_SPEED_LETTERS, _SPEED_TIME = 20, timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class SealMail:
    """`owed`: letters in all, to everybody who is in and not made up; before the close so many as are `projected`, if any are.

    `sent`, and given up as `dead`; `in_time` of those sent went out before the draw. `first`, `last`: when. `rate`: letters
    a minute at most, 0 for no bound. `kept`: the outbox still has them. `ended`: void before the seal.
    """

    owed: int
    projected: bool
    sent: int
    in_time: int
    dead: int
    kept: bool
    first: datetime | None
    last: datetime | None
    rate: int
    starts_at: datetime
    draws_at: datetime
    sealed: bool
    drawn: bool
    ended: bool

    @property
    def left(self) -> int:
        return max(0, self.owed - self.sent - self.dead)

    @property
    def speed(self) -> float | None:
        """Letters a minute as they went out so far."""
        if self.first is None or self.last is None or self.sent < _SPEED_LETTERS or self.last - self.first < _SPEED_TIME:
            return None
        return (self.sent - 1) / ((self.last - self.first) / timedelta(minutes=1))


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """`in_time`: whether all are out before the draw; None where nobody can say. `finishes_at`: when, if that is known."""

    in_time: bool | None
    finishes_at: datetime | None
    says: str


def seal_mail(session: Session, seen: CampaignView, projection: Projection | None, *, rate: int) -> SealMail:
    """Count the letters about the seal of this campaign."""
    campaign, log = seen.campaign, seen.log
    theirs = Entrant.campaign_id == campaign.id
    written_to = theirs, Entrant.state == "confirmed", Entrant.made_up.is_(False)
    owed = session.execute(select(func.count()).select_from(Entrant).where(*written_to)).scalar_one()
    result, sealed = (log.result, log.sealed) if log else (None, None)
    sent = sent_about(session, SEALED, select(Entrant.id).where(theirs), until=result.at if result else None)
    more = projection.entries - log.eligible if projection and log else 0
    return SealMail(
        owed=owed + more,
        projected=projection is not None,
        sent=sent.number,
        in_time=sent.until,
        dead=sent.dead,
        kept=sent.there > 0,
        first=sent.first,
        last=sent.last,
        rate=rate,
        starts_at=sealed.at if sealed else campaign.seals_at,
        draws_at=result.at if result else seen.draws_at,
        sealed=sealed is not None,
        drawn=result is not None,
        ended=log is not None and log.void is not None and sealed is None,
    )


def outlook(mail: SealMail, *, zone: str, now: datetime) -> Outlook:
    """In a sentence with its arithmetic; moments on the clock of `zone`."""
    if mail.ended:
        return Outlook(in_time=None, finishes_at=None, says="The draw is void and was never sealed: no letter about a seal is owed.")
    if not mail.owed:
        says = f"Nobody who gets letters is in, so none about the seal is owed.{_capacity(mail)}"
        return Outlook(in_time=None, finishes_at=None, says=says)
    if mail.drawn:
        return _looked_back(mail, zone)
    if mail.sealed and not mail.left:
        return _all_sent(mail, zone)
    return _looked_ahead(mail, zone, now)


def _capacity(mail: SealMail) -> str:
    if mail.sealed or not mail.rate:
        return ""
    time = mail.draws_at - mail.starts_at
    room = int(mail.rate * (time / timedelta(minutes=1)))
    return f" At MAIL_RATE={mail.rate:,} a minute {room:,} of them fit into the {lasting(time)} between seal and draw."


def _looked_back(mail: SealMail, zone: str) -> Outlook:
    if not mail.kept:
        return Outlook(in_time=None, finishes_at=None, says="It is drawn, and the outbox holds no letter about its seal (any more).")
    all_out = mail.in_time + mail.dead >= mail.owed
    says = f"{mail.in_time:,} of {_letters(mail.owed)} about the seal were sent before the draw of {when(mail.draws_at, zone)}."
    return Outlook(in_time=all_out, finishes_at=mail.last if not mail.left else None, says=says + _dead(mail))


def _all_sent(mail: SealMail, zone: str) -> Outlook:
    if mail.last is None:
        return Outlook(in_time=None, finishes_at=None, says=f"No letter about the seal was sent.{_dead(mail)}")
    in_time = mail.last <= mail.draws_at
    says = f"{_letters(mail.sent)} about the seal: the last one went out {when(mail.last, zone)}, {_distance(mail.last, mail.draws_at)}."
    return Outlook(in_time=in_time, finishes_at=mail.last, says=says + _dead(mail))


def _looked_ahead(mail: SealMail, zone: str, now: datetime) -> Outlook:
    begins = max(now, mail.starts_at)
    time = mail.draws_at - begins
    still = " still to go" if mail.sealed else ""
    what = f"{_letters(mail.left)} about the seal{still}{' (as projected)' if mail.projected else ''}"
    rate = mail.rate or mail.speed
    if time <= timedelta(0):
        says = f"{what}, and the time of the draw, {when(mail.draws_at, zone)}, is over.{_dead(mail)}"
        return Outlook(in_time=False, finishes_at=None, says=says)
    least = ceil(mail.left / (time / timedelta(minutes=1)))
    if not rate:
        says = (
            f"{what}. MAIL_RATE is 0, no bound, so nobody can say how long they take: to be out before the draw, the mail server must "
            f"take {least:,} a minute ({mail.left:,} in {lasting(time)})."
        )
        return Outlook(in_time=None, finishes_at=None, says=says + _dead(mail))
    takes = timedelta(minutes=mail.left / rate)
    ends, name = begins + takes, f"MAIL_RATE={mail.rate:,}" if mail.rate else f"{rate:,.0f}, the speed so far,"
    says = f"{what}, at {name} a minute, take {lasting(takes)}: out by {when(ends, zone)}, {_distance(ends, mail.draws_at)}"
    if ends <= mail.draws_at:
        return Outlook(in_time=True, finishes_at=ends, says=f"{says}, if no other letters are owed meanwhile.{_dead(mail)}")
    mend = f"Set MAIL_RATE to {least:,} or more, if your mail server takes that many."
    return Outlook(in_time=False, finishes_at=ends, says=f"{says}. {mend}{_dead(mail)}")


def _letters(number: int) -> str:
    return counted(number, "letter")


def _distance(moment: datetime, draws_at: datetime) -> str:
    if moment <= draws_at:
        return f"{lasting(draws_at - moment)} before the draw"
    return f"{lasting(moment - draws_at)} AFTER the draw"


def _dead(mail: SealMail) -> str:
    return f" {mail.dead:,} more could not be sent: `flask mail list --state dead`." if mail.dead else ""
