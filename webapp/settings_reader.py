"""Single values out of the environment, each parsed to a value or a fault."""

import ipaddress
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo

from webapp import ads_txt
from webapp.limit_notation import Limit, read_limits
from webapp.settings_table import SETTINGS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


class Fault(NamedTuple):
    """A setting that cannot be used: its name, what is wrong, and what to write instead."""

    name: str
    problem: str
    mend: str

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}. {self.mend}"


class MailServer(NamedTuple):
    """Where mail is handed in. `tls`: from the first byte (smtps); else STARTTLS unless loopback."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool


class Limits(NamedTuple):
    """How many of what in which time; an empty tuple is no limit. See limits.py for what each one does."""

    ipv4: tuple[Limit, ...]
    ipv4_refused: tuple[Limit, ...]
    ipv6: tuple[Limit, ...]
    ipv6_refused: tuple[Limit, ...]
    address: tuple[Limit, ...]
    domain: tuple[Limit, ...]
    mails: tuple[Limit, ...]


class Reader:
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
        if not parts.netloc.isascii():
            # Neither mail headers nor the draw's log can hold anything else.
            self.fault(name, f"{value!r} is not plain ASCII", "Write the host as the DNS has it, beginning with xn--.")
            return default
        return f"{parts.scheme}://{parts.netloc.lower()}"

    def address(self, name: str) -> str | None:
        """A bare e-mail address."""
        value = self.text(name)
        if value is not None and ("@" not in value or parseaddr(value)[1] != value or not value.isascii()):
            self.fault(name, f"{value!r} is not a bare e-mail address in plain ASCII", "Write for example desk@news.example.com.")
            return None
        return value

    def limit(self, name: str) -> tuple[Limit, ...]:
        value = self.text(name) or _DEFAULTS[name]
        try:
            return read_limits(value)
        except ValueError:
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

    def networks(self, name: str) -> tuple[Network, ...]:
        found: list[Network] = []
        for part in (self.text(name) or "").split(","):
            try:
                found += [ipaddress.ip_network(part.strip(), strict=False)] if part.strip() else []
            except ValueError:
                self.fault(name, f"{part.strip()!r} is not a network", "Write for example 203.0.113.0/24, 2001:db8::/48.")
        return tuple(found)

    def ads_txt(self, name: str) -> tuple[str, ...]:
        lines = ads_txt.lines_of(self.text(name) or "")
        for bad in ads_txt.lint(lines):
            self.fault(name, f"line {bad.number}: {bad.problem}", bad.mend)
        return tuple(line for line in lines if line)

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
        # %40 and %2F for what would end a part (RFC 3986 §3.2.1); users are often addresses themselves.
        user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
        return MailServer(host=parts.hostname, port=port, user=user, password=password, tls=tls)


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        return None
    return parts


def is_url(value: str) -> bool:
    """Whether it has the form of an address, with a number for a port."""
    return _split(value) is not None


def is_loopback(host: str) -> bool:
    """Whether `host` (no port) names this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether `host` (no port) is on a private network, by its address or by a name without dots."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return "." not in host
