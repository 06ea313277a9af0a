"""Letters about a draw: sealed, won, reminder, not this time. Pure functions from facts to a letter."""

from base64 import b64encode
from dataclasses import dataclass

from webapp.draw import LogStatus, Sealed, Winner
from webapp.mail import Button, Fixed, Letter, Paragraph
from webapp.sweepstakes.entrants import Person
from webapp.sweepstakes.letter_parts import address, hello, letter_to, number, receipt_file, trusted
from webapp.sweepstakes.letters import Links
from webapp.sweepstakes.wording import counted, in_words, when

ASKS_FOR_NOTHING = (
    "This letter asks for nothing: no payment, no password, no bank details and no answer by mail. A prize here never costs anything; "
    "whoever asks for money in its name is not us."
)


@dataclass(frozen=True, kw_only=True)
class WonFacts:
    """A person who holds a prize, and where they claim it."""

    person: Person
    winner: Winner
    links: Links
    claim: str
    operator_trusted: bool


def sealed_letter(person: Person, log: LogStatus, sealed: Sealed, links: Links, *, receipt: str) -> Letter:
    """Makes the inbox a witness: size, root and checkpoint of the sealed list, before the draw (PROTOCOL §3)."""
    contest = person.contest
    root = b64encode(sealed.root).decode()
    return letter_to(
        person,
        f"The list is sealed: {contest.title}, entry {number(person)}",
        hello(person),
        Paragraph(
            f"the list of entries of {contest.title} was sealed {when(sealed.at, contest.timezone)}. Since then no entry can be added "
            f"or removed. Yours is in it: entry number {number(person)}. There {_eligible(sealed)}."
        ),
        *_late(person, sealed),
        Paragraph(
            "Keep this letter: it is your witness. Its date shows when the list below was fixed. If anybody ever shows you another "
            "root for this draw, you hold the proof against it."
        ),
        Fixed(f"size S         {sealed.size}\nroot R         {root}\nroot R in hex  {sealed.root.hex()}"),
        Paragraph("The sealed checkpoint, as we signed it, and the public key of the log:"),
        Fixed(sealed.checkpoint),
        Fixed(log.vkey),
        Paragraph(f"{_draw_follows(person, sealed)} Winners get a letter; everybody can look here:"),
        Button("The draw", links.draw),
        *trusted(log.operator_trusted),
        Paragraph(
            "To check: your receipt, attached anew and now against the sealed list, proves that you are in it. Drop it on "
            f"{links.verify} (nothing is sent anywhere) and compare size and root with this letter. After the draw the same page "
            "shows your ticket and the winner's. Your address, exactly as the receipt has it:"
        ),
        Fixed(address(person)),
        attachments=receipt_file(person, receipt),
    )


def won_letter(facts: WonFacts) -> Letter:
    """Tells a winner; asks for nothing, and names the number to compare on the public page."""
    person, contest = facts.person, facts.person.contest
    return letter_to(
        person,
        f"Your entry {number(person)} won: {contest.title}",
        hello(person),
        Paragraph(f"your entry number {number(person)} holds a prize of {contest.title}: {contest.prize}."),
        Paragraph("Do not take our word for it. The same number stands on the public page of the draw; compare it:"),
        Button("The result", facts.links.draw),
        Paragraph(ASKS_FOR_NOTHING),
        Paragraph(
            f"On the claim page you tell us where the prize should go. Please do so before {_until(facts)}; after that it may go to "
            "the next in line."
        ),
        Button("Claim the prize", facts.claim),
        *trusted(facts.operator_trusted),
        Paragraph(f"If you do not want it, do nothing. Check the draw: {facts.links.verify}. Official rules: {facts.links.rules}"),
    )


def reminder_letter(facts: WonFacts) -> Letter:
    """Tells a winner who has not claimed yet that the time is nearly over."""
    person, contest = facts.person, facts.person.contest
    return letter_to(
        person,
        f"Your prize is still unclaimed: {contest.title}, entry {number(person)}",
        hello(person),
        Paragraph(f"your entry number {number(person)} holds a prize of {contest.title}: {contest.prize}. Nobody has claimed it yet."),
        Paragraph(f"The time to claim it ends {_until(facts)}. After that it may go to the next in line."),
        Button("Claim the prize", facts.claim),
        Paragraph("Compare the number on the public page of the draw:"),
        Button("The result", facts.links.draw),
        Paragraph(ASKS_FOR_NOTHING),
        *trusted(facts.operator_trusted),
    )


def not_this_time_letter(person: Person, log: LogStatus, links: Links) -> Letter:
    """The result, to somebody who did not win, and how to check it. The last letter about this draw."""
    assert log.result is not None and log.sealed is not None  # noqa: S101 - owed by a draw
    contest = person.contest
    winning = "; ".join(f"{winner.index:,}" for winner in log.winners)
    result = f"Winning entry number{'s' if len(log.winners) > 1 else ''}: {winning}." if winning else "No prize was awarded."
    return letter_to(
        person,
        f"Drawn: {contest.title}",
        hello(person),
        Paragraph(
            f"{contest.title} was drawn {when(log.result.at, contest.timezone)} from "
            f"{counted(log.sealed.eligible, 'eligible entry', 'eligible entries')}. {result} Your number was {number(person)}: "
            "not this time. Thank you for taking part."
        ),
        Button("The result", links.draw),
        *trusted(log.operator_trusted),
        Paragraph(
            f"You need not believe us. Drop your receipt on {links.verify} (nothing is sent anywhere): it shows your ticket and the "
            "winner's, recomputed from the public list, whose size and root are in the letter you got when it was sealed."
        ),
        Paragraph("This is the last letter about this draw."),
    )


def _draw_follows(person: Person, sealed: Sealed) -> str:
    if sealed.at < person.contest.seals_at:
        return "It was sealed early, as an operator-trusted draw may be, and can be drawn at any moment."
    decided = "" if sealed.round is None else f" It is decided by round {sealed.round:,} of the public beacon drand quicknet."
    return f"The draw is {when(sealed.draws_at, person.contest.timezone)}.{decided}"


def _eligible(sealed: Sealed) -> str:
    return "is 1 eligible entry" if sealed.eligible == 1 else f"are {sealed.eligible:,} eligible entries"


def _late(person: Person, sealed: Sealed) -> tuple[Paragraph, ...]:
    if not sealed.late:
        return ()
    moved = when(sealed.draws_at, person.contest.timezone)
    return (Paragraph(f"This is a late seal ({in_words(sealed.reason or '')}): the draw moved to {moved}."),)


def _until(facts: WonFacts) -> str:
    return when(facts.winner.answer_by, facts.person.contest.timezone)
