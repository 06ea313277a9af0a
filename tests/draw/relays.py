"""A real server on loopback that stands for a drand relay, in every mood."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROUND_42 = "95a9f9f5b231b7714de1553105d8ffdf3dcda24cfdb1e689319bccf79a9c8ce430a91b811fbfaf763900bc998b5d686a"


def answer(round: int = 42, signature: str = ROUND_42, **more: object) -> str:
    return json.dumps({"round": round, "randomness": "00" * 32, "signature": signature, **more})


@dataclass
class Relay:
    """What it answers next, and what it was asked. `drip`: seconds between its bytes."""

    port: int
    scheme: str
    status: int = 200
    body: str = field(default_factory=answer)
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def relay(certificate: Path | None = None, **mood: Any) -> Iterator[Relay]:
    """A running relay; with `certificate` (a PEM file of `make_certificate`) over https."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            with suppress(OSError):  # whoever asked has gone
                self._answer()

        def _answer(self) -> None:
            self.send_response(here.status)
            for name, value in here.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for byte in here.body.encode():
                if not here.drip:
                    break
                self.wfile.write(bytes([byte]))
                time.sleep(here.drip)
            else:
                return
            self.wfile.write(here.body.encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    here = Relay(server.server_address[1], "http" if certificate is None else "https", **mood)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_certificate(file: Path) -> Path:
    """A self-signed certificate of 127.0.0.1 with its key, good today."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return file
