"""Campaigns and the people who enter them: from a TOML file to winners, on the command line and on /draws."""

from typing import TYPE_CHECKING

from flask import Flask

from webapp import commands, page_cache
from webapp.doors import lazily

if TYPE_CHECKING:
    from webapp.sweepstakes.advancing import advance, unfinished
    from webapp.sweepstakes.clauses import Publisher
    from webapp.sweepstakes.creating import BEACON_SECRET, AlreadyExists, beacon_terms, create
    from webapp.sweepstakes.describing import Description, FaultyDescription, describe
    from webapp.sweepstakes.done import Done
    from webapp.sweepstakes.finding import CampaignMissing, NotPossible, find
    from webapp.sweepstakes.making_up import MadeUp, make_up_entrants, seal_people
    from webapp.sweepstakes.models import Campaign, Entrant
    from webapp.sweepstakes.opening import open_campaign
    from webapp.sweepstakes.purging import purge_due
    from webapp.sweepstakes.reading import current_campaign
    from webapp.sweepstakes.rekeying import SEALED
else:
    __getattr__ = lazily(
        __name__,
        advancing="advance unfinished",
        clauses="Publisher",
        creating="BEACON_SECRET AlreadyExists beacon_terms create",
        describing="Description FaultyDescription describe",
        done="Done",
        finding="CampaignMissing NotPossible find",
        making_up="MadeUp make_up_entrants seal_people",
        models="Campaign Entrant",
        opening="open_campaign",
        purging="purge_due",
        reading="current_campaign",
        rekeying="SEALED",
    )

__all__ = [
    "BEACON_SECRET",
    "SEALED",
    "AlreadyExists",
    "Campaign",
    "CampaignMissing",
    "Description",
    "Done",
    "Entrant",
    "FaultyDescription",
    "MadeUp",
    "NotPossible",
    "Publisher",
    "advance",
    "beacon_terms",
    "create",
    "current_campaign",
    "describe",
    "find",
    "init_app",
    "make_up_entrants",
    "open_campaign",
    "purge_due",
    "seal_people",
    "unfinished",
]


def init_app(app: Flask) -> None:
    """Register this room's pages, commands and template globals."""
    from webapp.sweepstakes import entry, own, reading, views

    commands.add_lazily(app, {"sweepstakes": "webapp.sweepstakes.cli:sweepstakes", "entrant": "webapp.sweepstakes.entry_cli:entrant"})
    views.register(app)
    entry.register(app)
    own.register(app)
    page_cache.changes_at(app, reading.next_change)
