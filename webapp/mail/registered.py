"""What other rooms tell this one: who writes a letter of some kind, to whom it goes, and what wants a turn in the sender's loop."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from webapp.mail.letters import Letter

Render = Callable[[Session, int], "Letter | None"]
Addressee = Callable[[Session, int], str | None]
Recipients = Callable[[Session, int, int, int], Sequence[int]]
MailboxKey = Callable[[str], bytes]
Turn = Callable[[], None]


def before_mail(app: Flask, register: Callable[[Flask], None]) -> None:
    """Have `register` called before letters are first asked for: a web worker, which only owes them, never does."""
    app.extensions.setdefault("before_mail", []).append(register)


def _kept(app: Flask, name: str) -> dict[str, Any]:
    for register in app.extensions.pop("before_mail", ()):
        register(app)
    return cast(dict[str, Any], app.extensions.setdefault(name, {}))


def register_letter(app: Flask, kind: str, render: Render) -> None:
    """`render(session, ref)` writes letters of `kind` at the moment of sending; None if it is no longer owed."""
    letters(app)[kind] = render


def letters(app: Flask) -> dict[str, Render]:
    """The renderers by kind."""
    return _kept(app, "mail_letters")


def register_addressee(app: Flask, kinds: Collection[str], find: Addressee) -> None:
    """`find(session, ref)` is the address to which letters of `kinds` go, also when no letter is owed any more; None if it is gone."""
    _addressees(app).update(dict.fromkeys(kinds, find))


def addressee(app: Flask, kind: str) -> Addressee:
    """What was registered for `kind`; nobody if nothing was."""
    return _addressees(app).get(kind, lambda _session, _ref: None)


def _addressees(app: Flask) -> dict[str, Addressee]:
    return _kept(app, "mail_addressees")


def register_mailing(app: Flask, kind: str, recipients: Recipients) -> None:
    """`recipients(session, ref, after, limit)` names the next rows after `after`, ascending, that get the letter `kind` about `ref`."""
    mailings(app)[kind] = recipients


def mailings(app: Flask) -> dict[str, Recipients]:
    """Who names the recipients, by kind."""
    return _kept(app, "mail_mailings")


def register_mailbox_key(app: Flask, key_of: MailboxKey) -> None:
    """`key_of(address)` is the blind index by which all spellings of one mailbox are known as one. It raises NotAnAddress."""
    app.extensions["mail_mailbox_key"] = key_of


def mailbox_key(app: Flask) -> MailboxKey:
    """What was registered."""
    return cast(MailboxKey, app.extensions["mail_mailbox_key"])


def on_round(app: Flask, callback: Turn) -> None:
    """Have `callback` called once per round of `flask mail send --loop`, about each second."""
    callbacks(app).append(callback)


def callbacks(app: Flask) -> list[Turn]:
    return cast(list[Turn], app.extensions.setdefault("mail_rounds", []))
