"""Who is asking: the client's address, believed only as far as our own proxies wrote it down.

Werkzeug's ProxyFix would do for the address, but it answers a short or broken header with a neighbour's value.
"""

import ipaddress
from ipaddress import IPv4Address, IPv6Address

from flask import Flask, current_app, request

from webapp.site import settings

Address = IPv4Address | IPv6Address


def init_app(app: Flask) -> None:
    app.extensions["behind_a_proxy_unasked"] = False


def client_address() -> Address | None:
    """The address of this request's client; None if it cannot be told apart from everybody else's."""
    forwarded = request.environ.get("HTTP_X_FORWARDED_FOR")
    hops = settings().proxy_hops
    address = find_address(request.environ.get("REMOTE_ADDR"), forwarded, hops)
    if address is None and hops == 0:
        _warn()
    return address


def _warn() -> None:
    if not current_app.extensions["behind_a_proxy_unasked"]:
        current_app.extensions["behind_a_proxy_unasked"] = True
        current_app.logger.warning(
            "a proxy on this machine forwards requests, but PROXY_HOPS is 0: limits per client address are off. Set PROXY_HOPS=1."
        )


def find_address(peer: str | None, forwarded: str | None, hops: int) -> Address | None:
    """The client's address out of the connection's `peer` and X-Forwarded-For, of which the last `hops` values are ours.

    That is the value our outermost proxy wrote; the peer where the header is too short or holds no address there.
    None for a proxy nobody told us of (no hops, yet a header from this very machine), and for a peer without address (unix socket).
    """
    own = parse_address(peer or "")
    if hops:
        values = (forwarded or "").split(",")
        return (parse_address(values[-hops]) if len(values) >= hops else None) or own
    if own is not None and own.is_loopback and forwarded is not None:
        return None
    return own


def parse_address(text: str) -> Address | None:
    """An address as proxies write it: bare, with a port, in brackets, IPv4 within IPv6; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        text = host if not port or port.startswith(":") else ""
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def network_key(address: Address) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 connection is given."""
    return _network(address, 32, 64)


def shortened(address: Address) -> str:
    """What may be kept for the abuse window: the /24 of an IPv4 address, the /48 of an IPv6 one."""
    return _network(address, 24, 48)


def _network(address: Address, bits4: int, bits6: int) -> str:
    bits = bits4 if isinstance(address, IPv4Address) else bits6
    spare = address.max_prefixlen - bits
    return f"{type(address)(int(address) >> spare << spare)}/{bits}"  # as ip_network says it, in a tenth of its time
