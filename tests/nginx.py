"""What reads deploy/ in the tests: nginx and systemd-analyze, installed by `python -m tests.nginx` where they are missing."""

import os
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.serving import LOST, free_port, wait_until
from webapp import clock
from webapp.config import ROOT

HOST = "news.example.com"


def find() -> str | None:
    """nginx's program; None if there is none."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def install() -> str:
    """Install it as Debian and Ubuntu do. Exits with what to do elsewhere."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        wait = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*wait, "update", "-qq"], check=True, env=environ)
        subprocess.run(
            [*wait, "install", "-y", "-qq", "--no-install-recommends", "nginx-light", "systemd"],
            check=True,
            env=environ,
            stdout=subprocess.DEVNULL,
        )
    return find() or sys.exit("No nginx: apt install nginx-light (as root), or brew install nginx.")


@dataclass(frozen=True)
class Front:
    """A running nginx with our deploy/nginx.conf: its TLS port, its plain port, and its process."""

    port: int
    plain: int
    process: subprocess.Popen[bytes]

    def ask(self, path: str, *, data: bytes | None = None, method: str | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body of one request."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", data=data, method=method, headers={"Host": HOST, **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=LOST, context=unchecked()) as answer:
                return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def unchecked() -> ssl.SSLContext:
    """For a certificate that the test has made itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def configuration(folder: Path, upstream: int, more: str = "") -> tuple[Path, int, int]:
    """deploy/nginx.conf in a main file of its own, its places and ports replaced; that file, the TLS port and the plain one.

    `more` is put into its server.
    """
    tls, plain = free_port(), free_port()
    _certificate(folder)
    (folder / "cache").mkdir()
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    for old, new in {
        "listen [::]:80;": "", "listen [::]:443 ssl http2;": "", "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{tls} ssl http2;", "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        f"/etc/letsencrypt/live/{HOST}": str(folder), "/var/cache/nginx/daily-draw": str(folder / "cache"),
        "/var/log/nginx": str(folder), "/srv/daily-draw": str(ROOT),
    }.items():  # fmt: skip
        assert old in text, f"deploy/nginx.conf says {old} no more"
        text = text.replace(old, new)
    text = text.replace("    location / {", f"    {more}\n    location / {{") if more else text
    (folder / "site.conf").write_text(text, encoding="utf-8")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    main = folder / "main.conf"
    main.write_text(
        f"{user} worker_processes 1; pid {folder}/pid; daemon off; error_log {folder}/error.log warn;\n"
        f"events {{ worker_connections 2048; }}\nhttp {{ {places} types {{ text/html html; }} include {folder}/site.conf; }}\n",
        encoding="utf-8",
    )
    return main, tls, plain


@contextmanager
def front(folder: Path, upstream: int, more: str = "") -> Iterator[Front]:
    """nginx before the app on port `upstream`; `more` as in `configuration`."""
    program = find()
    assert program is not None
    main, tls, plain = configuration(folder, upstream, more)
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([program, "-p", str(folder), "-c", str(main), "-e", str(folder / "error.log")], stdout=said, stderr=said)
    running = Front(tls, plain, process)
    try:

        def answers() -> bool:
            assert process.poll() is None, (folder / "said").read_text() + (folder / "error.log").read_text()
            with suppress(OSError):
                running.ask("/healthz")
                return True
            return False

        wait_until(answers, "an answer of nginx")
        yield running
    finally:
        process.terminate()
        process.wait(timeout=LOST)


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = clock.now()
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9)).sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(private)


if __name__ == "__main__":
    complete = find() and (shutil.which("systemd-analyze") or sys.platform != "linux")
    print(f"nginx of the tests: {find() if complete else install()}")
