"""What this room registers for entrants who are in: their own page and the ways out."""

from flask import Flask

from webapp.sweepstakes import leaving_views, link_views, own_views, unsubscribe_views


def register(app: Flask) -> None:
    """Register the pages behind an entrant's link."""
    for views in (link_views, own_views, leaving_views, unsubscribe_views):
        app.register_blueprint(views.pages)
