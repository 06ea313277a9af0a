"""Settings: read from the environment (here and nowhere else), parsed to values and faults."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from limits import RateLimitItem, parse_many

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Fault:
    """A setting that cannot be used: its name, what is wrong, and what to write instead."""

    name: str
    problem: str
    mend: str

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}. {self.mend}"


@dataclass(frozen=True)
class Setting:
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
    Setting("DATABASE_URL", "SQLite in INSTANCE_PATH", "`postgresql://…` or `sqlite:////absolute/path`", secret=True),
    Setting("INSTANCE_PATH", "instance/", "Folder of database, keys, pictures and unsent mail"),
    Setting("MEDIA_PATH", "INSTANCE_PATH/media", "Folder of imported pictures"),
    Setting("SECRET_KEY", "a file in INSTANCE_PATH/keys", "Signs links and form tokens; replacing it ends the links in mails", secret=True),
    Setting("MAIL_URL", "none: mail becomes .eml files", "`smtp://user:pass@host:587` (STARTTLS) or `smtps://…:465`", secret=True),
    Setting("MAIL_FROM", "SITE_NAME <no-reply@host of SITE_URL>", "Sender of every mail"),
    Setting("BOUNCE_ADDRESS", "the address in MAIL_FROM", "Where other mail servers report mail that did not arrive (Return-Path)"),
    Setting("MAIL_RATE", "0", "How many letters a minute the sender hands over at most; 0 is as fast as it can"),
    Setting("POSTAL_ADDRESS", "none", "The publisher's postal address, at the foot of every mail"),
    Setting("CONTACT", "none", "E-mail address for readers' questions"),
    Setting("PROXY_HOPS", "0", "How many proxies in front are ours; only so many X-Forwarded-For values are believed"),
    Setting("REDIS_URL", "none: limits are counted in the database", "`redis://…` or `valkey://…`: where limits are counted", secret=True),
    Setting("DISPOSABLE", "flag", "Throw-away e-mail addresses: `flag` them for the review, or `refuse` them"),
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


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed in. `tls`: from the first byte (smtps); else STARTTLS unless loopback."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many of what in which time; an empty tuple is no limit. See limits.py for what each one does."""

    ipv4: tuple[RateLimitItem, ...]
    ipv4_refused: tuple[RateLimitItem, ...]
    ipv6: tuple[RateLimitItem, ...]
    ipv6_refused: tuple[RateLimitItem, ...]
    address: tuple[RateLimitItem, ...]
    domain: tuple[RateLimitItem, ...]
    mails: tuple[RateLimitItem, ...]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the installation was told, ready for use."""

    site_url: str
    site_url_given: bool
    site_name: str
    timezone: ZoneInfo
    port: int
    workers: int
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
    redis_url: str | None
    limits: Limits | None
    form_under_attack: bool
    disposable_refused: bool

    @property
    def https(self) -> bool:
        return self.site_url.startswith("https://")

    @property
    def keys(self) -> Path:
        return self.instance / "keys"

    @property
    def host(self) -> str:
        """SITE_URL without its scheme: what the draw's origins begin with."""
        return self.site_url.split("://", 1)[1]


class _Reader:
    """Takes values out of the environment and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[Fault] = []

    def text(self, name: str) -> str | None:
        value = self.environ.get(name)
        path = self.environ.get(f"{name}_FILE")
        if value is None and path:
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                self.fault(f"{name}_FILE", f"cannot be read ({error})", "Name a readable UTF-8 file.")
        return value or None

    def fault(self, name: str, problem: str, mend: str) -> None:
        self.faults.append(Fault(name, problem, mend))

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            self.fault(name, f"{value!r} is not a whole number from {low} to {high}", f"Write for example {name}={default}.")
            return default
        return int(value)

    def choice(self, name: str, default: str, other: str) -> str:
        value = self.text(name) or default
        if value not in {default, other}:
            self.fault(name, f"{value!r} is neither {default} nor {other}", f"Unset it ({default}), or write {name}={other}.")
            return default
        return value

    def zone(self, name: str) -> ZoneInfo:
        value = self.text(name) or "UTC"
        try:
            return ZoneInfo(value)
        except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            self.fault(name, f"{value!r} is not an IANA time zone", "Write for example America/New_York.")
            return ZoneInfo("UTC")

    def url(self, name: str, default: str) -> str:
        value = self.text(name) or default
        parts = _split(value)
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
            self.fault(
                name, f"{value!r} is not the address of a site", "Write scheme and host alone, for example https://news.example.com."
            )
            return default
        return f"{parts.scheme}://{parts.netloc.lower()}"

    def limit(self, name: str) -> tuple[RateLimitItem, ...]:
        value = self.text(name) or _DEFAULTS[name]
        try:
            items = tuple(parse_many(value))
            if all(item.amount for item in items):
                return items
        except ValueError:
            pass
        self.fault(name, f"{value!r} is not a limit", f"Write for example {_DEFAULTS[name]}, or 10 per minute; 100 per day.")
        return ()

    def limits(self) -> Limits | None:
        limits = Limits(
            ipv4=self.limit("LIMIT_IPV4"),
            ipv4_refused=self.limit("LIMIT_IPV4_REFUSED"),
            ipv6=self.limit("LIMIT_IPV6"),
            ipv6_refused=self.limit("LIMIT_IPV6_REFUSED"),
            address=self.limit("LIMIT_ADDRESS"),
            domain=self.limit("LIMIT_DOMAIN"),
            mails=self.limit("LIMIT_MAILS"),
        )
        switch = self.text("LIMITS") or "on"
        if switch not in {"on", "off"}:
            self.fault("LIMITS", f"{switch!r} is neither on nor off", "Unset it, or write LIMITS=off on a machine of your own.")
        return None if switch == "off" else limits

    def redis(self, name: str) -> str | None:
        """As the redis client wants it; Valkey speaks the same language."""
        value = self.text(name)
        if value is None:
            return None
        scheme, colon, rest = value.partition("://")
        scheme = scheme.replace("valkey", "redis")
        if not colon or _split(value) is None or scheme not in {"redis", "rediss", "redis+unix"} or not rest:
            self.fault(name, "is not the address of a Valkey or Redis server", "Write for example redis://:password@127.0.0.1:6379/0.")
            return None
        return f"{scheme}://{rest}"

    def mail_server(self, name: str) -> MailServer | None:
        value = self.text(name)
        if value is None:
            return None
        parts = _split(value)
        if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            self.fault(name, "is not the address of a mail server", "Write for example smtp://user:password@mail.example.com:587.")
            return None
        tls = parts.scheme == "smtps"
        port = parts.port or (465 if tls else 587)
        return MailServer(host=parts.hostname, port=port, user=parts.username, password=parts.password, tls=tls)


_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        return None
    return parts


def is_loopback(host: str) -> bool:
    """Whether `host` (no port) names this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_settings(environ: Mapping[str, str] | None = None) -> tuple[Settings, tuple[Fault, ...]]:
    """The settings in `environ` (default: the process's own), and every fault found in them."""
    read = _Reader(os.environ if environ is None else environ)
    port = read.whole("PORT", 8000, 1, 65535)
    site_url = read.url("SITE_URL", f"http://127.0.0.1:{port}")
    instance = (ROOT / (read.text("INSTANCE_PATH") or "instance")).resolve()
    database = read.text("DATABASE_URL") or f"sqlite:///{instance / 'daily-draw.sqlite3'}"
    if not database.startswith(("postgresql://", "postgresql+psycopg://", "sqlite:////")):
        read.fault(
            "DATABASE_URL",
            "names a database that is not supported",
            "Write postgresql://user:password@host/name or sqlite:////absolute/path.",
        )
    name = read.text("SITE_NAME") or "The Daily Draw"
    sender = read.text("MAIL_FROM") or f"{name} <no-reply@{urlsplit(site_url).hostname}>"
    if "@" not in parseaddr(sender)[1] or "\n" in sender:
        read.fault("MAIL_FROM", f"{sender!r} holds no e-mail address", "Write for example The Daily Draw <draw@news.example.com>.")
    bounces = read.text("BOUNCE_ADDRESS")
    if bounces is not None and ("@" not in bounces or parseaddr(bounces)[1] != bounces):
        read.fault("BOUNCE_ADDRESS", f"{bounces!r} is not a bare e-mail address", "Write for example bounces@news.example.com.")
    settings = Settings(
        site_url=site_url,
        site_url_given=read.text("SITE_URL") is not None,
        site_name=name,
        timezone=read.zone("SITE_TIMEZONE"),
        port=port,
        workers=read.whole("WEB_CONCURRENCY", 2, 1, 64),
        database_url=database,
        instance=instance,
        media=(ROOT / (read.text("MEDIA_PATH") or instance / "media")).resolve(),
        secret_key=read.text("SECRET_KEY"),
        mail_server=read.mail_server("MAIL_URL"),
        mail_from=sender,
        bounce_address=bounces or parseaddr(sender)[1],
        mail_rate=read.whole("MAIL_RATE", 0, 0, 100_000),
        postal_address=read.text("POSTAL_ADDRESS"),
        contact=read.text("CONTACT"),
        proxy_hops=read.whole("PROXY_HOPS", 0, 0, 10),
        redis_url=read.redis("REDIS_URL"),
        limits=read.limits(),
        form_under_attack=read.choice("FORM_UNDER_ATTACK", "off", "on") == "on",
        disposable_refused=read.choice("DISPOSABLE", "flag", "refuse") == "refuse",
    )
    _refuse_what_is_unsafe(settings, read)
    return settings, tuple(read.faults)


def _refuse_what_is_unsafe(settings: Settings, read: _Reader) -> None:
    if settings.secret_key is not None and len(settings.secret_key) < 32:
        read.fault("SECRET_KEY", "is shorter than 32 characters", "Unset it (flask init makes one) or write 32 random characters or more.")
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


def is_private(host: str) -> bool:
    """Whether `host` (no port) is on a private network, by its address or by a name without dots."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return "." not in host
