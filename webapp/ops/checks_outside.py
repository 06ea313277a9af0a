"""Checks of what the site leans on: mail server and DNS, Valkey, its own address as others reach it."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from email.utils import parseaddr, parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from webapp.config import is_loopback, is_private
from webapp.database import db
from webapp.mail import mail_server_problem, queue_state
from webapp.ops.doctoring import Check, Finding, Lookup, Patient, fault, warn

if TYPE_CHECKING:
    from dns.resolver import Resolver

TIMEOUT = 5
LATE = timedelta(minutes=15)
SKEW = timedelta(seconds=30)


def mail_server(patient: Patient) -> Iterator[Finding]:
    # Without a server it would make the folder that letters go into.
    problem = mail_server_problem(patient.settings) if patient.settings.mail_server or patient.settings.instance.is_dir() else None
    if problem:
        yield fault(problem, "Mend it or MAIL_URL, then: flask mail test you@your.domain")
    if patient.settings.mail_server is None:
        yield warn("MAIL_URL is not set: letters become files in instance/outbox.", "Set MAIL_URL=smtp://user:password@host:587.")


def outbox(patient: Patient) -> Iterator[Finding]:
    queue = queue_state(db.session(), now=patient.now)
    if queue.dead:
        yield warn(f"{queue.dead} letters were given up.", "`flask mail list --state dead` says why; then `flask mail retry --all`.")
    if queue.oldest_due_seconds > LATE.total_seconds():
        minutes = int(queue.oldest_due_seconds // 60)
        yield fault(
            f"A letter has been due for {minutes:,} minutes.", "Run `flask mail send --loop` as a service; `flask mail list` shows more."
        )


def dns(patient: Patient) -> Iterator[Finding]:
    """The records without which large providers refuse our letters, or nobody can answer them."""
    domain = parseaddr(patient.settings.mail_from)[1].rpartition("@")[2].lower()
    if patient.settings.mail_server is None or is_loopback(domain) or is_private(domain):
        return
    texts, policies, hosts = patient.lookup(domain, "TXT"), patient.lookup(f"_dmarc.{domain}", "TXT"), patient.lookup(domain, "MX")
    if texts is None or policies is None or hosts is None:
        yield warn(f"DNS does not answer for {domain}.", "Look at /etc/resolv.conf, then ask again.")
        return
    if not any(text.lower().startswith("v=spf1") for text in texts):
        yield fault(f"{domain} has no SPF record.", f'Set in DNS: {domain}. TXT "v=spf1 include:YOUR-MAIL-PROVIDER -all"')
    if not any(text.lower().startswith("v=dmarc1") for text in policies):
        yield fault(
            f"{domain} has no DMARC record.", f'Set in DNS: _dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'
        )
    bounces = patient.settings.bounce_address.rpartition("@")[2].lower()
    if not (hosts if bounces == domain else patient.lookup(bounces, "MX")):
        yield fault(
            f"{bounces} has no MX record: bounces get lost.", f"Set in DNS: {bounces}. MX 10 YOUR-MAIL-HOST, or set BOUNCE_ADDRESS."
        )


def valkey(patient: Patient) -> Iterator[Finding]:
    if patient.settings.redis_url is None:
        return
    import redis

    try:
        with closing(redis.Redis.from_url(patient.settings.redis_url, socket_timeout=2, socket_connect_timeout=2)) as client:
            client.ping()
    except redis.RedisError as error:
        yield fault(
            f"Valkey does not answer ({error}): limits are off.", "Start it, mend REDIS_URL, or unset it: then the database counts."
        )


def reached(patient: Patient) -> Iterator[Finding]:
    url = patient.settings.site_url
    level = fault if patient.settings.https else warn
    try:
        status, body, date = _get(url, "/healthz")
    except (OSError, http.client.HTTPException) as error:
        yield level(f"{url} cannot be reached ({error or type(error).__name__}).", "Start the site, and look at DNS, proxy and SITE_URL.")
        return
    if (status, body) != (200, b"ok\n"):
        yield level(
            f"Another site answers at {url} (or a proxy keeps /healthz to itself): status {status}.", "Look at SITE_URL and the proxy."
        )
    if date and abs(parsedate_to_datetime(date) - patient.now) > SKEW:
        yield warn(f"The clock of {url} says {date}, ours {patient.now:%H:%M:%S} UTC.", "Set both: timedatectl set-ntp true")


def _get(url: str, path: str) -> tuple[int, bytes, str | None]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    )
    with closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(1000), answer.getheader("Date")


def system_lookup() -> Lookup:
    """Ask the system's name servers."""
    from dns.resolver import NoResolverConfiguration, Resolver

    try:
        return lookup_by(Resolver())
    except NoResolverConfiguration:
        return lambda _name, _kind: None


def lookup_by(resolver: "Resolver") -> Lookup:
    """Ask `resolver`; None if no server answers, an empty list if there is no such record."""
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    def lookup(name: str, kind: str) -> list[str] | None:
        try:
            answer = resolver.resolve(name, kind, lifetime=3)
        except (NXDOMAIN, NoAnswer):
            return []
        except DNSException:
            return None
        return [b"".join(row.strings).decode("utf-8", "replace") if kind == "TXT" else str(row) for row in answer]

    return lookup


CHECKS = (
    Check("mail-server", "The mail server takes letters.", mail_server),
    Check("outbox", "Letters go out.", outbox, needs_schema=True),
    Check("dns", "SPF, DMARC and MX are set, or no mail leaves this machine.", dns),
    Check("valkey", "Valkey answers, or is not used.", valkey),
    Check("reached", "The site answers at SITE_URL.", reached),
)
