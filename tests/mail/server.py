"""A real SMTP server that can be told to misbehave."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.serving import LOST, free_port


@dataclass
class Box:
    """What came in, and how the next command is answered: `rcpt`, `data` (None: as usual), `drop` the line after DATA."""

    port: int
    rcpt: str | None = None
    data: str | None = None
    drop: bool = False
    messages: list[EmailMessage] = field(default_factory=list)
    senders: list[str | None] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.rcpt is not None:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.data is not None:
            return self.data
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.senders.append(envelope.mail_from)
        if self.drop:
            assert server.transport is not None
            server.transport.close()
        return "250 OK"


@contextmanager
def smtp_server(box: Box | None = None) -> Iterator[Box]:
    """A server on loopback."""
    box = box or Box(0)
    box.port = box.port or free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=LOST)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def saying(greeting: bytes) -> Iterator[int]:
    """The port of a server that greets so and then says nothing more; without a greeting it is silent from the start."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                kept.append(connection)
                with suppress(OSError):  # whoever asked has gone
                    connection.sendall(greeting)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in kept:
        connection.close()
