"""Settings: read from the environment (here and nowhere else), parsed to values and faults."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr, quote
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from webapp.settings_reader import Fault, Limits, MailServer, Network, Reader, is_loopback, is_private, is_url
from webapp.settings_table import SETTINGS, Setting

__all__ = ["ROOT", "SETTINGS", "Fault", "Limits", "MailServer", "Setting", "Settings", "is_loopback", "is_private", "read_settings"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the installation was told, ready for use."""

    site_url: str
    site_url_given: bool
    site_name: str
    timezone: ZoneInfo
    port: int
    workers: int
    threads: int
    page_cache_bytes: int
    access_log: bool
    metrics_token: str | None
    database_url: str
    instance: Path
    media: Path
    secret_key: str | None
    mail_server: MailServer | None
    mail_from: str
    bounce_address: str
    mail_rate: int
    postal_address: str | None
    contact: str | None
    proxy_hops: int
    staff_networks: tuple[Network, ...]
    ad_free_sections: frozenset[str]
    ads_txt: tuple[str, ...]
    redis_url: str | None
    limits: Limits | None
    form_under_attack: bool
    disposable_refused: bool
    purge: bool
    maintenance: bool

    @property
    def https(self) -> bool:
        return self.site_url.startswith("https://")

    @cached_property
    def keys(self) -> Path:
        return self.instance / "keys"

    @property
    def host(self) -> str:
        """SITE_URL without its scheme: what the draw's origins begin with."""
        return self.site_url.split("://", 1)[1]


def read_settings(environ: Mapping[str, str] | None = None) -> tuple[Settings, tuple[Fault, ...]]:
    """The settings in `environ` (default: the process's own), and every fault found in them."""
    read = Reader(os.environ if environ is None else environ)
    port = read.whole("PORT", 8000, 1, 65535)
    site_url = read.url("SITE_URL", f"http://127.0.0.1:{port}")
    instance = (ROOT / (read.text("INSTANCE_PATH") or "instance")).resolve()
    own_database = f"sqlite:///{instance / 'daily-draw.sqlite3'}"
    database = read.text("DATABASE_URL") or own_database
    if not database.startswith(("postgresql://", "postgresql+psycopg://", "sqlite:////")) or not is_url(database):
        database = own_database  # so that the app can be made, and the fault be told; nothing is done with it
        read.fault(
            "DATABASE_URL",
            "names a database that is not supported",
            "Write postgresql://user:password@host/name or sqlite:////absolute/path.",
        )
    name = read.text("SITE_NAME") or "The Daily Draw"
    if not name.isprintable():
        read.fault("SITE_NAME", f"{name!r} holds a line break or another control character", "Write one line of text.")
        name = "The Daily Draw"
    sender = read.text("MAIL_FROM") or _default_sender(name, urlsplit(site_url).hostname)
    if "@" not in parseaddr(sender)[1] or "\n" in sender or not parseaddr(sender)[1].isascii():
        read.fault(
            "MAIL_FROM", f"{sender!r} holds no e-mail address in plain ASCII", "Write for example The Daily Draw <draw@news.example.com>."
        )
    bounces, contact = read.address("BOUNCE_ADDRESS"), read.address("CONTACT")
    settings = Settings(
        site_url=site_url,
        site_url_given=read.text("SITE_URL") is not None,
        site_name=name,
        timezone=read.zone("SITE_TIMEZONE"),
        port=port,
        workers=read.whole("WEB_CONCURRENCY", 2, 1, 64),
        threads=read.whole("WEB_THREADS", 8, 1, 64),
        page_cache_bytes=read.whole("PAGE_CACHE_MB", 64, 0, 100_000) * 2**20,
        access_log=read.choice("ACCESS_LOG", "on", "off") == "on",
        metrics_token=read.text("METRICS_TOKEN"),
        database_url=database,
        instance=instance,
        media=(ROOT / (read.text("MEDIA_PATH") or instance / "media")).resolve(),
        secret_key=read.text("SECRET_KEY"),
        mail_server=read.mail_server("MAIL_URL"),
        mail_from=sender,
        bounce_address=bounces or parseaddr(sender)[1],
        mail_rate=read.whole("MAIL_RATE", 0, 0, 100_000),
        postal_address=read.text("POSTAL_ADDRESS"),
        contact=contact,
        proxy_hops=read.whole("PROXY_HOPS", 0, 0, 10),
        staff_networks=read.networks("STAFF_NETWORKS"),
        ad_free_sections=frozenset(part.strip() for part in (read.text("AD_FREE_SECTIONS") or "").split(",")) - {""},
        ads_txt=read.ads_txt("ADS_TXT"),
        redis_url=read.redis("REDIS_URL"),
        limits=read.limits(),
        form_under_attack=read.choice("FORM_UNDER_ATTACK", "off", "on") == "on",
        disposable_refused=read.choice("DISPOSABLE", "flag", "refuse") == "refuse",
        purge=read.choice("PURGE", "off", "on") == "on",
        maintenance=read.choice("MAINTENANCE", "off", "on") == "on",
    )
    _refuse_what_is_unsafe(settings, read)
    return settings, tuple(read.faults)


def _default_sender(name: str, host: str | None) -> str:
    address = f"no-reply@{host}"
    plain = f"{name} <{address}>"
    return plain if parseaddr(plain) == (name, address) else f'"{quote(name)}" <{address}>'


def _refuse_what_is_unsafe(settings: Settings, read: Reader) -> None:
    if settings.secret_key is not None and len(settings.secret_key) < 32:
        read.fault("SECRET_KEY", "is shorter than 32 characters", "Unset it (flask init makes one) or write 32 random characters or more.")
    if settings.metrics_token is not None and len(settings.metrics_token) < 16:
        read.fault("METRICS_TOKEN", "is shorter than 16 characters", "Unset it, or write 16 random characters or more.")
    host = urlsplit(settings.site_url).hostname or ""
    if settings.limits is None and not is_loopback(host):
        read.fault("LIMITS", "is off on a site that others reach", "Unset it: limits keep the form from mailing strangers.")
    if not settings.https:
        if settings.site_url_given and not is_loopback(host) and not is_private(host):
            read.fault("SITE_URL", "is plain http on a public host", "Write https://…: links in mails and the entry form need it.")
        return
    if settings.mail_server is None:
        read.fault("MAIL_URL", "is missing on a public site", "Write smtp://user:password@host:587: nobody could confirm an entry.")
    if settings.postal_address is None:
        read.fault("POSTAL_ADDRESS", "is missing on a public site", "Write the publisher's postal address: mail law asks for it.")
