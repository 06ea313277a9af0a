"""A real SMTP server that does the wrong thing at a chosen step, until it is repaired."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

# In the order of a session; "text" is the answer to the message itself.
STEPS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "text")
GOOD = {"greeting": "220 hello", "DATA": "354 go on", "QUIT": "221 bye"}


@dataclass
class Faulty:
    """`fault`: at which step, and what: an answer, `drop` the line, `stall`, or `take and drop`."""

    port: int
    fault: tuple[str, str] | None = None
    taken: list[EmailMessage] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self, connection: socket.socket) -> None:
        """One session."""
        with connection, suppress(OSError), connection.makefile("rb") as lines:
            going = self._answer(connection, "greeting")
            while going and (line := lines.readline()):
                command = line.split()[0].decode().upper()
                going = self._answer(connection, "EHLO" if command == "HELO" else command)
                if command == "DATA" and going and self._fault("DATA") is None:
                    text = b"".join(iter(lines.readline, b".\r\n"))
                    if self._fault("text") in {None, "take and drop"}:
                        message = message_from_bytes(text.replace(b"\r\n..", b"\r\n."), policy=policy.default)
                        assert isinstance(message, EmailMessage)
                        self.taken.append(message)
                    going = self._answer(connection, "text")

    def _fault(self, step: str) -> str | None:
        return self.fault[1] if self.fault and self.fault[0] == step else None

    def _answer(self, connection: socket.socket, step: str) -> bool:
        """Say what is to be said; whether the session goes on."""
        fault = self._fault(step)
        if fault == "stall":
            self.over.wait(20)
        if fault in {"stall", "drop", "take and drop"}:
            return False
        connection.sendall(f"{fault or GOOD.get(step, '250 well')}\r\n".encode())
        return not (fault or "").startswith(("421", "554"))


@contextmanager
def faulty() -> Iterator[Faulty]:
    """The server, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Faulty(listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=server.serve, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server
        server.over.set()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
