"""Limits on what one client, one e-mail address and one mail domain may ask for; the reader is delayed by them, never banned.

Built on the `limits` package (its notation, its sliding window, its scripts in Valkey) and not on its wrapper Flask-Limiter:
that one makes a storage call for every limit, knows only yes and no, and must know its keys before the form is read. Ours are
counted all at once in one transaction, some of them step the form up or delay a mail, and the address counts in its canonical form.
"""

import hashlib
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import cast

from flask import Flask, current_app

from webapp.client import Address, network_key, shortened
from webapp.config import Limits, Settings
from webapp.counting import count
from webapp.limit_notation import Limit
from webapp.limit_storage import PATIENCE, SqliteStorage, Storage, StorageAway
from webapp.limit_windows import Counter, Effect, Outcome, Verdict, judge
from webapp.site import secret

__all__ = ["LARGEST", "Limiter", "Outcome", "Verdict", "hit", "init_app", "limiter"]

# After a fault the storage is left alone for so long: one request waits for it, not all of them.
PAUSE = timedelta(seconds=1)

# The ten largest: any limit per domain would be met there every day.
_PROVIDERS = {
    "Google": "gmail.com googlemail.com",
    "Microsoft": "outlook.com outlook.de outlook.fr hotmail.com hotmail.co.uk hotmail.de hotmail.es hotmail.fr hotmail.it live.com msn.com",
    "Yahoo": "yahoo.com yahoo.ca yahoo.co.in yahoo.co.uk yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it ymail.com rocketmail.com aol.com",
    "Apple": "icloud.com me.com mac.com",
    "Tencent": "qq.com foxmail.com",
    "NetEase": "163.com 126.com yeah.net",
    "VK": "mail.ru bk.ru inbox.ru list.ru",
    "Yandex": "yandex.ru yandex.com ya.ru",
    "1&1": "gmx.de gmx.net gmx.com gmx.at gmx.ch web.de mail.com",
    "Proton": "proton.me protonmail.com pm.me",
}
LARGEST = frozenset(domain for domains in _PROVIDERS.values() for domain in domains.split())


def init_app(app: Flask, settings: Settings) -> None:
    app.extensions["limits"] = Limiter(settings.limits, lambda: open_storage(settings), app.logger)


def limiter() -> "Limiter":
    """The running app's; its `uncounted` is a figure for metrics."""
    return cast(Limiter, current_app.extensions["limits"])


def hit(purpose: str, *, client: Address | None, email: str | None = None, now: datetime) -> Outcome:
    """Count a request of the running app and say what the limits make of it; see Limiter.hit.

    To be called before the request's own write transaction, and never inside it.
    """
    outcome = limiter().hit(purpose, client=client, email=email, secret=secret(), now=now)
    if outcome.cause is not None:
        count("limited", form=purpose, effect=outcome.verdict.name.lower(), cause=outcome.cause)
    if outcome.mail_delay:
        count("limited", form=purpose, effect="mail_delayed", cause="mails")
    return outcome


def open_storage(settings: Settings, patience: float = PATIENCE) -> Storage:
    """Where the settings say; connects nowhere yet. `patience`: seconds it may keep a request waiting."""
    if settings.redis_url is not None:
        from webapp.limit_valkey import ValkeyStorage  # a tenth of a second, for those who have one

        return ValkeyStorage(settings.redis_url, patience)
    if settings.database_url.startswith("postgresql"):
        from webapp.limit_postgresql import PostgresStorage

        return PostgresStorage(settings.database_url, patience, threads=settings.threads)
    return SqliteStorage(settings.instance / "limits.sqlite3", patience)


class Limiter:
    """Counts requests by `limits` (None: not at all). A storage that is away lets everybody pass, quickly, and is counted.

    `uncounted`: requests of this process that passed because the storage was away.
    """

    def __init__(self, limits: Limits | None, storage: Callable[[], Storage], logger: logging.Logger) -> None:
        self._limits = limits
        self._open = storage
        self._logger = logger
        self._lock = threading.Lock()
        self._away_since: datetime | None = None
        self.uncounted = 0

    @cached_property
    def _storage(self) -> Storage:
        return self._open()

    def hit(self, purpose: str, *, client: Address | None, email: str | None, secret: bytes, now: datetime) -> Outcome:
        """Count a request and say what the limits make of it. A refused request counts nowhere.

        `purpose`: what the client is counted for ("register", "confirm" …); limits on mails hold for all purposes together.
        `client`: as in client.py, None for no limit by network. `email`: the canonical address that a mail would go to, if any.
        `secret`: keys the counters' names, so that the storage holds neither addresses nor networks.
        """
        if self._limits is None:
            return Outcome()
        counters = _counters(self._limits, purpose, client, email, secret)
        if not counters or self._resting(now):
            return Outcome()
        try:
            windows = self._storage.hit(counters, now.timestamp())
        except StorageAway as fault:
            self._note_fault(fault, now)
            return Outcome()
        self._note_success()
        return judge(counters, windows)

    def _resting(self, now: datetime) -> bool:
        """Whether the storage failed less than PAUSE ago."""
        since = self._away_since
        if since is None or not since <= now < since + PAUSE:
            return False
        with self._lock:
            self.uncounted += 1
        return True

    def _note_fault(self, fault: StorageAway, now: datetime) -> None:
        with self._lock:
            self.uncounted += 1
            first, self._away_since = self._away_since is None, now
        if first:
            self._logger.warning("limits are off, their storage is away: %s", fault)

    def _note_success(self) -> None:
        if self._away_since is None:
            return
        with self._lock:
            back, self._away_since = self._away_since is not None, None
        if back:
            self._logger.warning("limits are on again, their storage is back; %d requests passed uncounted so far", self.uncounted)


def _counters(limits: Limits, purpose: str, client: Address | None, email: str | None, secret: bytes) -> list[Counter]:
    """Everything a request is counted by, each once."""
    found: dict[str, Counter] = {}

    def add(items: tuple[Limit, ...], effect: Effect, cause: str, identity: str = "") -> None:
        for item in items:
            text = f"{effect.value}/{cause}{identity}/{item.amount}/{item.seconds}"
            name = hashlib.blake2b(text.encode(errors="surrogatepass"), key=secret[:64], digest_size=16).hexdigest()
            found[name] = Counter(name, item.amount, item.seconds, effect, cause)

    if client is not None:
        if client.version == 6:
            narrow = f"/{purpose}/{network_key(client)}"
            add(limits.ipv6, Effect.STEP_UP, "network", narrow)
            add(limits.ipv6_refused, Effect.REFUSE, "network", narrow)
        # A provider gives a house a /64 or many; a whole /48 counts as what stands behind one IPv4 address does.
        wide = f"/{purpose}/{network_key(client) if client.version == 4 else shortened(client)}"
        add(limits.ipv4, Effect.STEP_UP, "network", wide)
        add(limits.ipv4_refused, Effect.REFUSE, "network", wide)
    if email is not None:
        domain = email.rpartition("@")[2]
        add(limits.address, Effect.REFUSE, "address", f"/{email}")
        if domain not in LARGEST:
            add(limits.domain, Effect.REFUSE, "domain", f"/{domain}")
        add(limits.mails, Effect.DELAY, "mails")
    return list(found.values())
