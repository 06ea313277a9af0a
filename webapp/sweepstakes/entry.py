"""What this room registers for entrants: pages, letters, and the form that other pages show."""

from flask import Flask

from webapp.mail import before_mail, register_mailbox_key
from webapp.sweepstakes import claim_views, confirm_views, entry_views, labelling, newsletter_views
from webapp.sweepstakes.mailboxes import mailbox_key
from webapp.sweepstakes.wording import when


def register(app: Flask) -> None:
    """Register the entrants' pages, letters and template globals."""
    app.register_blueprint(entry_views.pages)
    app.register_blueprint(confirm_views.pages)
    app.register_blueprint(claim_views.pages)
    app.register_blueprint(newsletter_views.pages)
    app.template_global("win_card")(entry_views.win_card)
    app.template_global("between_campaigns")(entry_views.between_campaigns)
    app.template_global("published_winners")(claim_views.published_winners)
    app.template_global("operator_trusted")(labelling.is_trusted)
    app.template_global("campaign_time")(when)
    register_mailbox_key(app, mailbox_key)
    before_mail(app, _register_letters)


def _register_letters(app: Flask) -> None:
    from webapp.sweepstakes import draw_mail, entry_mail, subscription_mail

    entry_mail.register(app)
    draw_mail.register(app)
    subscription_mail.register(app)
