"""Mail to another machine is encrypted, and its server proves who it is: real servers, good and bad, with certificates made here."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from flask.testing import FlaskCliRunner

from tests.mail.conftest import rows
from tests.mail.server import Box
from tests.serving import LOST, free_port
from webapp.config import MailServer
from webapp.mail import mail_server_problem
from webapp.site import settings

Owed = Callable[..., None]

HOST = "mail.publisher.example"
# TLS asks the real clock.
LONG = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
OVER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
YET_TO_COME = datetime(2089, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `file` is its own."""

    folder: Path
    name: str = "An authority"

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", ec.generate_private_key(ec.SECP256R1()))
        itself = self._made(self.name, self.key, LONG, x509.BasicConstraints(ca=True, path_length=0))
        self.file.write_bytes(itself.public_bytes(Encoding.PEM))

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def issue(self, host: str = HOST, span: tuple[datetime, datetime] = LONG) -> ssl.SSLContext:
        """What a server needs to be `host`."""
        return self._context(host, span, self.key, self.name)

    def self_signed(self) -> ssl.SSLContext:
        return self._context(HOST, LONG, None, HOST)

    def _context(self, host: str, span: tuple[datetime, datetime], signer: Any, issuer: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._made(host, key, span, x509.BasicConstraints(ca=False, path_length=None), signer or key, issuer)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file = self.folder / "server.pem"
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _made(
        self,
        subject: str,
        key: ec.EllipticCurvePrivateKey,
        span: tuple[datetime, datetime],
        basic: x509.BasicConstraints,
        signer: Any = None,
        issuer: str | None = None,
    ) -> x509.Certificate:
        signer = signer or key
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(subject))
            .issuer_name(_named(issuer or subject))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(span[0])
            .not_valid_after(span[1])
            .add_extension(basic, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if not basic.ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        return builder.sign(signer, SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def far_away(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    """`HOST` is found, on this machine, but nobody can tell that by its name; our authority is known to TLS."""
    asked = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return asked("127.0.0.1" if host.endswith(".example") else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


@contextmanager
def serving(**how: Any) -> Iterator[Box]:
    """A mail server; `ssl_context`: TLS from the first byte, `tls_context`: STARTTLS."""
    box = Box(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=LOST, **how)
    controller.start()
    try:
        yield box
    finally:
        controller.stop(no_assert=True)


def use(app: Flask, port: int, *, tls: bool = False, host: str = HOST, user: str | None = None, password: str | None = None) -> None:
    there = MailServer(host=host, port=port, user=user, password=password, tls=tls)
    app.extensions["settings"] = replace(settings(), mail_server=there)


@pytest.fixture(params=["sqlite"])
def database_url() -> None:
    """Nothing here depends on the database."""
    return


@pytest.mark.parametrize("tls", [False, True])
def test_letters_go_over_tls_to_a_server_that_proves_who_it_is(
    app: Flask, run: FlaskCliRunner, owed: Owed, authority: Authority, *, tls: bool
) -> None:
    how = {"ssl_context": authority.issue()} if tls else {"tls_context": authority.issue(), "require_starttls": True}
    owed(1, 2)
    with serving(**how) as box:
        use(app, box.port, tls=tls)
        assert mail_server_problem(settings()) is None
        assert "Sent 2" in run.invoke(args=["mail", "send"]).stdout
        assert len(box.messages) == 2


FAULTS: dict[str, tuple[Callable[[Authority, Path], ssl.SSLContext], str]] = {
    "expired": (lambda good, _: good.issue(span=OVER), "its certificate has expired"),
    "not yet valid": (lambda good, _: good.issue(span=YET_TO_COME), "its certificate is not valid yet"),
    "another name": (lambda good, _: good.issue("other.publisher.example"), "its certificate is for another host name"),
    "self-signed": (lambda good, _: good.self_signed(), "its certificate is self-signed"),
    "unknown authority": (
        lambda _, folder: Authority(folder, "Another").issue(),
        "its certificate is of an authority that",
    ),
}


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_certificate_that_is_no_good_is_told_in_a_sentence_and_no_letter_goes_or_suffers(
    app: Flask, run: FlaskCliRunner, owed: Owed, authority: Authority, tmp_path: Path, fault: str, *, tls: bool
) -> None:
    made, words = FAULTS[fault]
    context = made(authority, tmp_path)
    owed(1)
    with serving(**{"ssl_context" if tls else "tls_context": context}) as box:
        use(app, box.port, tls=tls)
        refused = run.invoke(args=["mail", "send"])
        assert box.messages == []
    assert refused.exit_code == 1
    assert f"The mail server {HOST}:{box.port} cannot be used: {words}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [(row.state, row.attempts) for row in rows()] == [("new", 0)]
    # Once it is mended, the letter goes at once.
    with serving(tls_context=authority.issue()) as box:
        use(app, box.port)
        assert "Sent 1" in run.invoke(args=["mail", "send"]).stdout


@pytest.mark.parametrize("answer", ["none", "454 TLS not available"])
def test_a_server_without_starttls_gets_neither_letter_nor_password(
    app: Flask, run: FlaskCliRunner, server: Box, owed: Owed, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if answer != "none":

        async def ehlo(_self: object, _server: object, session: Any, _envelope: object, hostname: str, responses: list[str]) -> list[str]:
            session.host_name = hostname
            return [responses[0], "250-STARTTLS", *responses[1:]]

        monkeypatch.setattr(Box, "handle_EHLO", ehlo, raising=False)
    owed(1)
    use(app, server.port, user="user", password="s3cret")
    refused = run.invoke(args=["mail", "send"])
    assert refused.exit_code == 1
    assert ("it offers no STARTTLS" in refused.stderr) is (answer == "none")
    assert ("454 TLS not available" in refused.stderr) is (answer != "none")
    assert "s3cret" not in refused.stderr
    assert server.messages == []
    assert rows()[0].attempts == 0


def test_on_this_very_machine_no_tls_is_asked_for(app: Flask, run: FlaskCliRunner, server: Box, owed: Owed) -> None:
    owed(1)
    use(app, server.port, host="localhost")
    assert "Sent 1" in run.invoke(args=["mail", "send"]).stdout


class Doorkeeper:
    """Lets in who knows the password."""

    def __call__(self, _server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"user", b"s3cret")
        return AuthResult(success=known, handled=False)


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [
        ("user", "s3cret", None),
        ("user", "guessed", "it does not accept the user and password of MAIL_URL (535 "),
        ("user", "pässwört", "must be plain ASCII"),
    ],
)
def test_a_password_goes_over_tls_alone_and_a_wrong_one_is_told_without_it(
    app: Flask, authority: Authority, user: str, password: str, words: str | None
) -> None:
    with serving(tls_context=authority.issue(), authenticator=Doorkeeper(), auth_require_tls=True) as box:
        use(app, box.port, user=user, password=password)
        problem = mail_server_problem(settings())
    assert problem is None if words is None else words in (problem or "")
    assert password not in (problem or "")


def test_what_else_keeps_a_server_from_being_used_is_a_sentence_each(app: Flask, authority: Authority, server: Box) -> None:
    use(app, server.port, tls=True)
    assert "it does not speak TLS as it should (WRONG_VERSION_NUMBER); smtp:// is for ports" in (mail_server_problem(settings()) or "")
    use(app, server.port, host="127.0.0.1", user="user", password="s3cret")
    assert "it takes no password on this port" in (mail_server_problem(settings()) or "")
    use(app, free_port())
    assert "nothing listens there" in (mail_server_problem(settings()) or "")
    use(app, 25, host="mail.invalid")
    assert "no machine is known by this name" in (mail_server_problem(settings()) or "")
