"""The words of the official rules, clause by clause, for one campaign. This is no legal advice.

The elements follow what US sponsors are told to state. A clause that changes here changes no campaign that is open: theirs are frozen.
"""

import textwrap
from typing import NamedTuple

from webapp.sweepstakes.models import Campaign
from webapp.sweepstakes.wording import counted, money, when_exactly

INDENT = "    "


class Publisher(NamedTuple):
    """Who runs the site: its name, its address without a final slash, and an e-mail address for questions, if there is one."""

    name: str
    url: str
    contact: str | None


def _as_lines(text: str) -> str:
    return textwrap.indent(text, INDENT)


def is_operator_trusted(campaign: Campaign) -> bool:
    """Whether the draw's randomness comes from its operator; everything that shows the campaign must say so."""
    return campaign.beacon["kind"] == "operator"


def foreword(campaign: Campaign) -> list[str]:
    said = [
        "NO PURCHASE NECESSARY TO ENTER OR WIN. A PURCHASE OR PAYMENT OF ANY KIND WILL NOT INCREASE YOUR CHANCES OF WINNING. "
        "VOID WHERE PROHIBITED BY LAW."
    ]
    if is_operator_trusted(campaign):
        said.append(
            "THIS DRAW IS OPERATOR-TRUSTED: its randomness is a secret that the operator of this site has made. It shows how a draw "
            "works, but whoever knows the secret could have steered the result."
        )
    return said


def sections(campaign: Campaign, publisher: Publisher, origin: str, vkey: str) -> list[tuple[str, list[str]]]:
    c, page = campaign, f"{publisher.url}/draws/{campaign.slug}"
    contact = f" Questions: {publisher.contact}." if publisher.contact else ""
    each = money(c.prize_minor, c.currency)
    return [
        (
            "Sponsor",
            [
                "The sponsor of this sweepstakes (the “Sponsor”) is:",
                _as_lines(f"{c.sponsor}\n{c.sponsor_address}"),
                *_about(c, publisher, contact),
            ],
        ),
        ("Who may enter", _who(c)),
        (
            "When",
            [
                f"Entry opens {when_exactly(c.opens_at, c.timezone)} and closes {when_exactly(c.closes_at, c.timezone)}. "
                "The first of these moments is inside the entry period, the second is not. The Sponsor's computer is the official clock.",
            ],
        ),
        (
            "How to enter online",
            [
                f"During the entry period, fill in the form at {publisher.url}/register with your name and e-mail address and accept these "
                "rules. We then send a message to that address. Your entry counts once you open the link in it and press the button there, "
                f"at the latest before {when_exactly(c.confirm_until, c.timezone)}. You then get an entry number and a receipt. A "
                "registration that is not confirmed is not an entry.",
                "Limit: one entry per person. Several addresses of one person, and several spellings of one address, make one entry. "
                "Entries made by programs are void. Nothing you buy, read, click or share adds an entry.",
            ],
        ),
        (
            "How to enter by mail, free of charge",
            [
                "Write your full name, your e-mail address and the words below on a card, by hand, and send it in an envelope to:",
                _as_lines(f"{c.title}\n{c.sponsor}\n{c.sponsor_address}"),
                f"It must be postmarked before entry closes and received before {when_exactly(c.confirm_until, c.timezone)}. One card per "
                "envelope. The e-mail address is needed because entry number and receipt are sent to it. The same limit of one entry per "
                "person applies, and an entry by mail has the same chance as one made online. By sending the card you accept these rules. "
                "The words are: “I have read the official rules and meet them.”",
            ],
        ),
        (
            "Prize",
            [
                f"{counted(c.winners, 'prize')}: {c.prize}. Approximate retail value of one prize: {each} ({c.currency}); of all prizes: "
                f"{money(c.prize_minor * c.winners, c.currency)} ({c.currency}). One prize per person. A prize cannot be transferred or "
                "exchanged by the winner; if it cannot be had, the Sponsor gives another of equal or greater value.",
            ],
        ),
        (
            "Odds",
            [
                "The odds of winning depend on the number of eligible entries. Every eligible entry has the same chance: among N of "
                f"them, {c.winners} in N. The number of entries is shown at {page}.",
            ],
        ),
        ("How winners are drawn", _how(c, page, origin, vkey)),
        ("Notice, claim and alternates", _claim(c, page)),
        (
            "Verification",
            [
                "A potential winner must meet these rules and show it when asked: age and residence by an official document, and the "
                "entry by its e-mail address. Nobody needs to pay, buy or give a bank password to receive a prize. An entry is excluded "
                "only for breaking these rules, with a reason code in the public log, and the person is told the reason before the list is "
                "sealed.",
            ],
        ),
        (
            "Taxes",
            [
                "All federal, state and local taxes on a prize are the winner's. Where the law makes the Sponsor report a prize, the "
                "winner must give the form it asks for before the prize is paid. No tax number is ever collected on the site.",
            ],
        ),
        (
            "Publicity",
            [
                "The winning entry numbers are public. A winner's name is published only with the winner's separate consent, which is "
                "no condition of the prize and can be refused without any disadvantage.",
            ],
        ),
        ("Privacy", _privacy(publisher)),
        (
            "General conditions",
            [
                "By entering you accept these rules and the decisions of the Sponsor made under them. The Sponsor is not responsible for "
                "entries or messages that are late, lost or misdirected for reasons outside its control. Nothing here limits rights or "
                "liability that the law does not allow to be limited.",
                "The Sponsor may end this sweepstakes before the draw only by voiding it, publicly and with a reason, if fraud, failure "
                "or the law keeps it from being held as described here. It then makes no draw under these rules, and says on the same "
                "page whether and how the prize is awarded.",
            ],
        ),
        ("Disputes", [_law(c)]),
        (
            "Winners list",
            [
                f"The winning entry numbers stay at {page}. For a list by mail, send a stamped envelope with your address to the Sponsor "
                f"at the address above, marked “Winners list: {c.title}”, to arrive within 90 days after "
                f"{when_exactly(c.draws_at, c.timezone)}.",
            ],
        ),
    ]


def _about(campaign: Campaign, publisher: Publisher, contact: str) -> list[str]:
    return [
        f"It is held on {publisher.name}, {publisher.url}. No other company, and no platform on which it is mentioned, takes part.{contact}"
    ]


def _who(campaign: Campaign) -> list[str]:
    said = [
        f"Open to legal residents of {campaign.eligibility} who are at least {campaign.minimum_age} years old when they enter. Employees, "
        "officers and agents of the Sponsor and of those who work on this sweepstakes, their immediate families and the members of "
        "their households may not enter. Void where prohibited or restricted by law."
    ]
    conditions = campaign.terms.get("conditions")
    return [*said, str(conditions)] if conditions else said


def _how(campaign: Campaign, page: str, origin: str, vkey: str) -> list[str]:
    c = campaign
    return [
        f"The draw follows the protocol Open Draw v1. Every confirmed entry is a line of a public, append-only log at {origin}; its "
        "place there is the entry number. The log names no person. Its public key is:",
        _as_lines(vkey),
        f"The list is sealed {when_exactly(c.seals_at, c.timezone)} and drawn on or after {when_exactly(c.draws_at, c.timezone)}. "
        + (
            "The randomness is the operator's secret, whose SHA-256 hash was put into the log before the first entry:"
            if is_operator_trusted(c)
            else "The randomness is the signature of one round, fixed in the log before the first entry, of the public beacon drand "
            "quicknet. Nobody knows it before the draw, and nobody here can choose it:"
        ),
        _as_lines(
            f"commitment {c.beacon['commitment']}" if is_operator_trusted(c) else f"chain {c.beacon['chain']}\nround {c.beacon['round']}"
        ),
        "From the sealed list and this randomness every eligible entry gets a ticket; the lowest tickets win, in order. The draw needs "
        "no hand and can be repeated by anybody: the page of this draw says how to check it. If the seal is late, the draw moves by "
        "whole days, at most seven, and everything says so"
        + (
            ". Because it is operator-trusted, this campaign may also be closed, sealed and drawn early."
            if is_operator_trusted(c)
            else "; if the round is never published, the sweepstakes is void."
        ),
        f"The first line of the log holds the SHA-256 hash of these rules, exactly as served at {page}/rules.txt, so they cannot be "
        "changed after opening.",
    ]


def _claim(campaign: Campaign, page: str) -> list[str]:
    alternates = (
        f"{counted(campaign.alternates, 'alternate')} {'is' if campaign.alternates == 1 else 'are'} drawn together with the winners. A "
        "forfeited prize goes to the next alternate in rank order; no other rank changes. When no alternate is left, the prize is not "
        f"awarded, and {page} says so."
        if campaign.alternates
        else f"No alternates are drawn. A forfeited prize is not awarded, and {page} says so."
    )
    return [
        "Winners are told by e-mail, to the address they entered with, and can see their entry number on the page of the draw. A winner "
        f"who has not answered {counted(campaign.claim_days, 'day')} after the draw, or after the prize became theirs, who declines, or "
        "who does not meet these rules, forfeits the prize.",
        alternates,
    ]


def _privacy(publisher: Publisher) -> list[str]:
    return [
        "We keep your name and e-mail address, encrypted, to hold this sweepstakes: to confirm the entry, send the receipt, tell the "
        "winners and keep the records the law asks for. The public log holds neither. They are not sold and not given to advertisers. "
        "A newsletter is sent only to those who ask for it; asking or not asking changes no chance.",
        f"The link in your messages, or {publisher.url}/entry, lets you see what we hold, withdraw your entry, or have your data erased. "
        f"The privacy notice is at {publisher.url}/privacy.",
    ]


def _law(campaign: Campaign) -> str:
    law = campaign.terms.get("law") or "the place where the Sponsor has its address"
    return (
        f"These rules are governed by the law of {law}, as far as the law of your home does not protect you better. Please write to "
        "the Sponsor first: most disputes end there."
    )
