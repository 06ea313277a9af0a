"""A connection to the mail server: TLS with certificate check, log-in; and what keeps it from working, in a sentence each."""

import smtplib
import socket
import ssl

from webapp.config import MailServer, is_loopback

# X509_V_ERR_… of OpenSSL's x509_vfy.h
_CERTIFICATE = {
    9: "its certificate is not valid yet, or this machine's clock is slow",
    10: "its certificate has expired; it must be renewed there",
    18: "its certificate is self-signed: give it one of a known authority, or name yours in SSL_CERT_FILE",
    19: "its certificate is of an authority that this machine does not know: name that in SSL_CERT_FILE",
    20: "its certificate is of an authority that this machine does not know: name that in SSL_CERT_FILE",
    62: "its certificate is for another host name: write in MAIL_URL the name that stands in the certificate",
    64: "its certificate is for another address: write in MAIL_URL the host name that stands in the certificate",
}
_PLAIN: dict[type[Exception], str] = {
    socket.gaierror: "no machine is known by this name",
    ConnectionRefusedError: "nothing listens there",
    TimeoutError: "no answer within {timeout:g} seconds",
    UnicodeError: "host, user and password must be plain ASCII",
}


class Unreachable(Exception):
    """No mail can be handed over at all now; the letters are not to blame. Its words are a sentence, and name no reader."""


def open_smtp(server: MailServer, our_name: str, timeout: float) -> smtplib.SMTP:
    """A connection that is ready for mail. STARTTLS with certificate check unless the server is this very machine. Raises Unreachable."""
    try:
        smtp = _dial(server, our_name, timeout)
    except (OSError, UnicodeError) as error:
        raise _unreachable(server, _why(error, server, timeout)) from error
    try:
        _prepare(smtp, server)
    except (OSError, UnicodeError) as error:
        smtp.close()
        raise _unreachable(server, _why(error, server, timeout)) from error
    except BaseException:
        smtp.close()
        raise
    return smtp


def _dial(server: MailServer, our_name: str, timeout: float) -> smtplib.SMTP:
    if server.tls:
        return smtplib.SMTP_SSL(server.host, server.port, our_name, timeout=timeout, context=ssl.create_default_context())
    return smtplib.SMTP(server.host, server.port, our_name, timeout=timeout)


def _prepare(smtp: smtplib.SMTP, server: MailServer) -> None:
    smtp.ehlo_or_helo_if_needed()
    if not server.tls and not is_loopback(server.host):
        if not smtp.has_extn("starttls"):
            raise _unreachable(server, "it offers no STARTTLS, so letters and password would cross the network for all to read")
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()
    if server.user is not None:
        if not smtp.has_extn("auth"):
            raise _unreachable(server, "it takes no password on this port: leave user and password out of MAIL_URL, or name another port")
        smtp.login(server.user, server.password or "")


def _unreachable(server: MailServer, why: str) -> Unreachable:
    return Unreachable(f"The mail server {server.host}:{server.port} cannot be used: {why}.")


def _why(error: Exception, server: MailServer, timeout: float) -> str:
    plain = next((words for kind, words in _PLAIN.items() if isinstance(error, kind)), None)
    if plain:
        return plain.format(timeout=timeout)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, f"its certificate is no good ({error.verify_message})")
    if isinstance(error, ssl.SSLError):
        hint = "; smtp:// is for ports that begin without TLS, such as 587" if server.tls else ""
        return f"it does not speak TLS as it should ({error.reason or 'no reason given'}){hint}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"it does not accept the user and password of MAIL_URL ({answer_in_words(error.smtp_code, error.smtp_error)})"
    return in_words(error)


def answer_in_words(code: int, answer: bytes | str) -> str:
    """A server's answer on one line, 300 characters at most, without any e-mail address: it is kept, listed and logged."""
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return without_addresses(f"{code} {' '.join(words.split())}")[:300]


def in_words(error: Exception) -> str:
    """What went wrong on the line, on the same terms."""
    if isinstance(error, smtplib.SMTPResponseException):
        return answer_in_words(error.smtp_code, error.smtp_error)
    return without_addresses(f"{type(error).__name__}: {error}")[:300]


def without_addresses(words: str) -> str:
    """`words` with every e-mail address in them left out: servers like to repeat to whom they did not deliver."""
    return " ".join(_hidden(word) if "@" in word else word for word in words.split(" "))


def _hidden(word: str) -> str:
    return "<…>" + word[word.rfind(">") + 1 :] if ">" in word else "<…>"
