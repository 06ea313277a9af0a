"""What is not counted, and why: machines, pages fetched ahead, the publisher's own people, floods."""

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network

from webapp.client import Address, network_key

# Programs that say so; whoever hides it is found by its numbers (floods), not by its name.
_MACHINE = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|headless|preview|scan|monitor|fetch|lighthouse|curl|wget|python|java/|go-http|okhttp|libwww|phantom|axios",
    re.IGNORECASE,
)
WINDOW = timedelta(minutes=1)
MOST_PER_WINDOW = 60
_MOST_CLIENTS = 20_000


def machine(user_agent: str | None) -> bool:
    """Whether a User-Agent says that no person looks at the page; having none says so, too."""
    return not user_agent or _MACHINE.search(user_agent) is not None


def ahead(headers: Mapping[str, str]) -> bool:
    """Whether the browser fetched before anybody asked (Sec-Purpose, and what older ones send)."""
    said = f"{headers.get('Sec-Purpose', '')} {headers.get('Purpose', '')} {headers.get('X-Moz', '')}".lower()
    return "prefetch" in said or "prerender" in said or "preview" in said


def ours(address: Address | None, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether the request came from STAFF_NETWORKS."""
    return address is not None and any(address.version == network.version and address in network for network in networks)


class Crowd:
    """How many ads each client asked for in this minute, in memory only and forgotten with it: more than a person reads is a flood."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def is_flood(self, address: Address | None, *, now: datetime) -> bool:
        """Count this request; True beyond MOST_PER_WINDOW a minute. A client without an address of its own is never one."""
        if address is None:
            return False
        key = network_key(address)
        with self._lock:
            began, number = self._seen.pop(key, (now, 0))
            if not timedelta() <= now - began < WINDOW:
                began, number = now, 0
            self._seen[key] = began, number + 1
            if len(self._seen) > _MOST_CLIENTS:
                self._seen.popitem(last=False)
            return number >= MOST_PER_WINDOW
