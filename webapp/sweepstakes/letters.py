"""Letters to entrants: pure functions from facts to a letter.

What stands in a letter to an unconfirmed address comes from us alone: the name there was typed by we know not whom,
and would make the form a way to mail anything to anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.mail import Button, Fixed, Letter, Paragraph
from webapp.sweepstakes.entrants import Person
from webapp.sweepstakes.letter_parts import address, hello, letter_to, number, receipt_file, trusted
from webapp.sweepstakes.wording import in_words, when


@dataclass(frozen=True, kw_only=True)
class Links:
    """Addresses a letter names: where to confirm, the entrant's own page, the campaign's, its rules, and where receipts are checked.

    `operator_trusted`: what the page of the draw says of it, and the letter must say as well.
    """

    confirm: str
    own: str
    draw: str
    rules: str
    verify: str
    operator_trusted: bool = False


def confirm_letter(person: Person, links: Links, *, site_name: str) -> Letter:
    """Asks to press the button that makes an entry of a registration."""
    contest = person.contest
    return letter_to(
        person,
        f"Confirm your entry: {contest.title}",
        Paragraph(f"This address was registered for {contest.title} on {site_name}: {address(person)}"),
        Paragraph("If that was you, open this page and press the button there. Until then you are not in the draw."),
        Button("Confirm my entry", links.confirm),
        Paragraph(f"Confirmations count until {when(contest.confirm_until, contest.timezone)}. No purchase necessary."),
        Paragraph("If it was not you, do nothing: without your confirmation there is no entry, and no newsletter."),
        *trusted(links.operator_trusted),
        Paragraph(f"Official rules: {links.rules}"),
    )


def already_in_letter(person: Person, links: Links, *, site_name: str) -> Letter:
    """Says to somebody who registered again that one entry is all there is, and that they have it."""
    contest = person.contest
    return letter_to(
        person,
        f"You are in already: {contest.title}",
        Paragraph(f"Your address was registered again for {contest.title} on {site_name}. There is one entry per person, and you have it."),
        Paragraph(f"Your entry number: {number(person)}"),
        Button("My entry and receipt", links.own),
        Paragraph("If it was not you, do nothing: your entry stands as it is."),
        *trusted(links.operator_trusted),
    )


def you_are_in_letter(person: Person, links: Links, *, receipt: str) -> Letter:
    """The entry number and the receipt, with the address exactly as the receipt's commitment has it (PROTOCOL §2)."""
    contest = person.contest
    return letter_to(
        person,
        f"You are in: {contest.title}, entry {number(person)}",
        hello(person),
        Paragraph(f"you are in the draw of {contest.title}. Keep this letter: with it you can check that the draw was straight."),
        Paragraph(f"Your entry number: {number(person)}"),
        Paragraph(f"The list of entries is sealed {when(contest.seals_at, contest.timezone)}."),
        Paragraph(f"The draw is {when(contest.draws_at, contest.timezone)}. Winners get a letter; everybody can look here:"),
        Button("The draw", links.draw),
        *trusted(links.operator_trusted),
        Paragraph("Your receipt, and your address exactly as it was used for it. Who has both can tell that you entered, so keep them."),
        Fixed(address(person)),
        Fixed(receipt),
        Paragraph(f"Check it at {links.verify} (nothing is sent anywhere). The receipt is attached as a file, too, and is always here:"),
        Button("My entry and receipt", links.own),
        attachments=receipt_file(person, receipt),
    )


def your_link_letter(newest: Person, entries: Sequence[tuple[Person, Links]], *, site_name: str) -> Letter:
    """The links to all own pages of one address: `entries` are its rows and their links, newest first."""
    links = [
        part
        for person, theirs in entries
        for part in (Paragraph(_standing(person, theirs)), Button(f"My entry: {person.contest.title}", theirs.own))
    ]
    return letter_to(
        newest,
        f"Your link: what we hold at {site_name}",
        Paragraph(
            f"Somebody, most likely you, asked on {site_name} for the link to your own page. There you see what we hold about you, get "
            "your receipt, withdraw, end the newsletter or have your data erased. Whoever has the link can do the same: keep it."
        ),
        *links,
        Paragraph("If it was not you, do nothing: nobody but you got this letter."),
    )


def excluded_letter(person: Person, links: Links, *, reason: str) -> Letter:
    """Tells somebody, in time before the seal, that their entry does not count, under which number and why (PROTOCOL §3)."""
    contest = person.contest
    return letter_to(
        person,
        f"Your entry does not count: {contest.title}, entry {number(person)}",
        hello(person),
        Paragraph(f"we have excluded your entry number {number(person)} from the draw of {contest.title}."),
        Paragraph(
            f"The reason: {in_words(reason)} (code {reason}). Number and code stand in the public log of the draw; your name does not."
        ),
        Paragraph(
            f"The list of entries is sealed {when(contest.seals_at, contest.timezone)}. If you think that we are wrong, write to us "
            f"before. Official rules: {links.rules}"
        ),
        Button("What we hold about you", links.own),
        *trusted(links.operator_trusted),
    )


def subscription_letter(to: str, link: str, *, since: str | None, site_name: str) -> Letter:
    """Asks to confirm the newsletter; of who gets it `since` then, says so. `link`: behind it is the button, or the end of it."""
    if since is not None:
        return Letter(
            to=to,
            subject=f"You get the newsletter of {site_name}",
            parts=(
                Paragraph(f"This address gets the newsletter of {site_name}, by your wish of {since}: {to}"),
                Paragraph("The address and that wish are all that we hold for it. Behind this link you can end it; then they are deleted."),
                Button("My newsletter", link),
            ),
        )
    return Letter(
        to=to,
        subject=f"Confirm: the newsletter of {site_name}",
        parts=(
            Paragraph(f"The newsletter of {site_name} was asked for with this address: {to}"),
            Paragraph("If that was you, open this page and press the button there. Until then you do not get it."),
            Button("Send me the newsletter", link),
            Paragraph("If it was not you, do nothing: without your confirmation there is no newsletter, and the address is deleted."),
        ),
    )


def _standing(person: Person, links: Links) -> str:
    entry = "" if person.entry_index is None else f", entry number {number(person)}"
    label = "; operator-trusted" if links.operator_trusted else ""
    return f"{person.contest.title}{entry} ({'not confirmed' if person.state == 'pending' else person.state}{label}):"
