"""The table of settings: every environment variable that is read, as the README shows it."""

from typing import NamedTuple


class Setting(NamedTuple):
    """A row of the README's table of settings."""

    name: str
    default: str
    meaning: str
    secret: bool = False


SETTINGS = (
    Setting("SITE_URL", "http://127.0.0.1:PORT", "Where readers find the site; mail links, feeds and the draw's log use it"),
    Setting("SITE_NAME", "The Daily Draw", "The name in the masthead and in mails"),
    Setting("SITE_TIMEZONE", "UTC", "IANA zone in which dates are shown"),
    Setting("PORT", "8000", "Port of gunicorn; moves the default of SITE_URL, too"),
    Setting("WEB_CONCURRENCY", "2", "gunicorn workers"),
    Setting("WEB_THREADS", "8", "Threads in each of them"),
    Setting("ACCESS_LOG", "on", "`off`: no line in the log for each request"),
    Setting(
        "METRICS_TOKEN",
        "none: /metrics answers this machine only",
        "Who sends `Authorization: Bearer …` with it may read /metrics",
        secret=True,
    ),
    Setting("DATABASE_URL", "SQLite in INSTANCE_PATH", "`postgresql://…` or `sqlite:////absolute/path`", secret=True),
    Setting("PAGE_CACHE_MB", "64", "Megabytes of memory that each worker may fill with finished pages; 0 keeps none"),
    Setting("INSTANCE_PATH", "instance/", "Folder of database, keys, pictures and unsent mail"),
    Setting("MEDIA_PATH", "INSTANCE_PATH/media", "Folder of imported pictures"),
    Setting("SECRET_KEY", "a file in INSTANCE_PATH/keys", "Signs links and form tokens; replacing it ends the links in mails", secret=True),
    Setting(
        "MAIL_URL",
        "none: mail becomes .eml files",
        "`smtp://user:pass@host:587` (STARTTLS) or `smtps://…:465`; write @ and / in user or password as %40 and %2F",
        secret=True,
    ),
    Setting("MAIL_FROM", "SITE_NAME <no-reply@host of SITE_URL>", "Sender of every mail"),
    Setting(
        "BOUNCE_ADDRESS",
        "the address in MAIL_FROM",
        "Where other mail servers report mail that did not arrive; each letter has its own `…+…` before the @ ([mail](docs/mail.md))",
    ),
    Setting("MAIL_RATE", "0", "How many letters a minute all senders together hand over at most; 0 is as fast as they can"),
    Setting("POSTAL_ADDRESS", "none", "The publisher's postal address, at the foot of every mail"),
    Setting("CONTACT", "none", "E-mail address for readers' questions"),
    Setting("PROXY_HOPS", "0", "How many proxies in front are ours; only so many X-Forwarded-For values are believed"),
    Setting("STAFF_NETWORKS", "none", "Networks of the publisher's own people, as `203.0.113.0/24, 2001:db8::/48`: no ad is counted there"),
    Setting(
        "AD_FREE_SECTIONS",
        "none",
        "Sections whose articles and headlines carry no ads, as `Obituaries, Corrections`; a single article: `ads: false`",
    ),
    Setting(
        "ADS_TXT",
        "none: nobody may sell our ads",
        "Lines of /ads.txt, between line breaks (`ADS_TXT_FILE`) or semicolons; OWNERDOMAIN is added ([ads](docs/ads.md))",
    ),
    Setting("REDIS_URL", "none: limits are counted in the database", "`redis://…` or `valkey://…`: where limits are counted", secret=True),
    Setting("DISPOSABLE", "flag", "Throw-away e-mail addresses: `flag` them for the review, or `refuse` them"),
    Setting("PURGE", "off", "`on`: `flask tick` deletes what was kept long enough, as `flask entrant purge --yes` does"),
    Setting("MAINTENANCE", "off", "`on`: pages are served and forms answer 503, filled in; commands work"),
    Setting("FORM_UNDER_ATTACK", "off", "`on`: every registration is asked for once more, on a page made for it alone"),
    Setting("LIMITS", "on", "`off`: no limits; only with a loopback SITE_URL"),
    Setting("LIMIT_IPV4", "60 per hour", "Entries from an IPv4 address (or an IPv6 /48) before the form asks twice"),
    Setting("LIMIT_IPV4_REFUSED", "600 per hour", "Entries from an IPv4 address (or an IPv6 /48) before it must wait"),
    Setting("LIMIT_IPV6", "10 per hour", "Entries from an IPv6 /64 before the form asks twice"),
    Setting("LIMIT_IPV6_REFUSED", "100 per hour", "Entries from an IPv6 /64 before it must wait"),
    Setting("LIMIT_ADDRESS", "3 per 6 hours", "Mails that forms can send to one e-mail address"),
    Setting("LIMIT_DOMAIN", "200 per hour", "The same for one mail domain; the ten largest providers have no such limit"),
    Setting("LIMIT_MAILS", "2000 per hour", "The same for all addresses together; further mails wait, entries do not"),
)
