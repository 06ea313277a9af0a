"""Put the sample edition, the house ads and a demo campaign in place. What is there already stays as it is."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from secrets import token_bytes

from sqlalchemy import select

from webapp import clock, console
from webapp.ads import HouseAd, store_house_ads
from webapp.clock import stamp
from webapp.database import db, writing
from webapp.draw import LogKey
from webapp.news import Article, read_edition, store
from webapp.site import keyring, settings
from webapp.sweepstakes import BEACON_SECRET, Campaign, Publisher, beacon_terms, create, describe, open_campaign

CAMPAIGN = "win-100"
EDITION = Path(__file__).parent / "edition"
HOUSE_ADS = (
    HouseAd("house-draw", "Do not trust us. Check: every draw comes with its proof.", "/draws"),
    HouseAd("house-newsletter", "The headlines, in your inbox: a newsletter that leaves when you say so.", "/newsletter"),
    HouseAd("house-support", "Advertise here, without tracking: no cookies, no profiles, honest counts.", "/advertising"),
)


class NotHere(Exception):
    """The demo refuses: this is a real paper."""


@dataclass(frozen=True)
class Filled:
    """How many articles and house ads the sample edition has, and whether its campaign was opened now."""

    articles: int
    ads: int
    opened: bool


def is_empty() -> bool:
    """Whether there is neither an article nor a campaign."""
    return db.session.scalar(select(Article.id).limit(1)) is None and db.session.scalar(select(Campaign.id).limit(1)) is None


def fill(*, quiet: bool = False) -> Filled:
    """Make everything of the sample edition that is not there yet. Raises NotHere."""
    _refuse_on_a_real_paper()
    now = clock.now()
    here, bar = settings(), partial(console.progress, quiet=quiet)
    plan = read_edition(db.session(), [EDITION], media=here.media, paper=here.site_name, now=now, progress=bar)
    with writing() as session:
        summary = store(session, plan, now=now, made_up=True)
        ads = store_house_ads(session, EDITION / "ads", settings().media, HOUSE_ADS, advertiser=settings().site_name)
    return Filled(len(summary.new) + len(summary.changed) + len(summary.unchanged), ads, _open_campaign())


def _refuse_on_a_real_paper() -> None:
    if settings().https:
        raise NotHere("This is a public site (SITE_URL is https): made-up entrants have no place here. Try it where SITE_URL is unset.")
    real = db.session.scalar(select(Campaign.slug).where(~Campaign.made_up).limit(1))
    if real is not None:
        raise NotHere(f"There is a real campaign ({real}): made-up entrants have no place beside it. Use another INSTANCE_PATH.")


def _open_campaign() -> bool:
    """Create and open the demo campaign; False if it is there."""
    now = clock.now()
    if db.session.scalar(select(Campaign.id).where(Campaign.slug == CAMPAIGN)) is not None:
        return False
    opens = now - timedelta(minutes=1)
    source = (EDITION.parent / "campaign.toml").read_text(encoding="utf-8")
    times = f'opens_at = {stamp(opens)}\ncloses_at = {stamp(now + timedelta(days=30))}\ntimezone = "{settings().timezone.key}"\n'
    description = describe((times + source).encode(), now=now)
    secret = token_bytes(32)
    sealed = keyring().seal(BEACON_SECRET, secret.hex())
    key = LogKey.make(settings().keys / "logs", CAMPAIGN, f"{settings().host}/draws/{CAMPAIGN}/log")
    publisher = Publisher(name=settings().site_name, url=settings().site_url, contact=settings().contact)
    terms = beacon_terms(description, secret)
    with writing() as session:
        create(session, description, beacon=terms, sealed_secret=sealed, actor="demo", now=now, made_up=True)
        open_campaign(session, CAMPAIGN, key=key, publisher=publisher, actor="demo", now=now)
    return True
