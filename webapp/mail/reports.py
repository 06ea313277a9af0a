"""Read what mail servers report of letters: delivery status (RFC 3464, in multipart/report, RFC 6522) and complaints (RFC 5965).

Reports come from anybody. Whatever is wrong with one, it is read as no report.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from webapp.mail.connecting import without_addresses
from webapp.mail.delivering import NO_MAILBOX, no_mailbox

# Letters and reports are far smaller; what is said of a letter stands in front of its copy.
LARGEST = 512 * 1024
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a letter. `action`: failed, delayed, delivered, relayed or expanded (RFC 3464 §2.3.3), or complaint.

    `status`: an enhanced code (RFC 3463), may be empty; `words`: what the server said, without addresses.
    """

    action: str
    status: str = ""
    words: str = ""

    @property
    def no_mailbox(self) -> bool:
        """Whether the mailbox does not exist, for good. 5.0.0 says nothing: then the server's words decide."""
        if self.action != "failed":
            return False
        return self.status in NO_MAILBOX or (self.status in {"", "5.0.0"} and no_mailbox(self.words))

    def __str__(self) -> str:
        # Most servers begin their words with code and status.
        status = "" if self.status in self.words else self.status
        return " ".join(filter(None, [self.action, status, self.words]))


def read_report(content: bytes) -> Report | None:
    """The report in a mail; None if it is none."""
    try:
        parts = list(message_from_bytes(content[:LARGEST]).walk())
    except (RecursionError, ValueError, LookupError):
        return None
    found = [report for part in parts for report in _reports(part)]
    return next((report for report in found if report.action in {"failed", "complaint"}), found[0] if found else None)


def _reports(part: Message) -> Iterator[Report]:
    kind = part.get_content_type()
    fields = part.get_payload()
    if not isinstance(fields, list):
        return
    blocks = [block for block in fields if isinstance(block, Message)]
    if kind == "message/delivery-status":
        yield from (_of_delivery(block) for block in blocks if "Action" in block)
    elif kind == "message/feedback-report":
        yield from (Report(action="complaint") for block in blocks if _text(block, "Feedback-Type").lower() == "abuse")


def _of_delivery(block: Message) -> Report:
    status = _STATUS.search(_text(block, "Status"))
    said = re.sub(r"^\s*smtp\s*;\s*", "", _text(block, "Diagnostic-Code"), flags=re.IGNORECASE)
    action = re.match(r"[a-z]*", _text(block, "Action").strip().lower())
    return Report(
        action=action[0] if action else "", status=status[1] if status else "", words=without_addresses(" ".join(said.split()))[:300]
    )


def _text(block: Message, name: str) -> str:
    """A field on one line, printable, whatever is in it."""
    return "".join(sign for sign in " ".join(str(block.get(name, "")).split()) if sign.isprintable())
