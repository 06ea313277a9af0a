"""`flask doctor` finds each broken situation that it is made for, and names the mend; a sound installation it leaves in peace."""

import json
import shutil
import socketserver
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.resolver
import dns.rrset
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskCliRunner

from tests.conftest import make_app
from tests.serving import free_port
from tests.sweepstakes.campaigns import DRAWS, NOW, SEALS, done, enter, open_one
from webapp.database import MovedTo, db, writing
from webapp.keys import add_data_key
from webapp.mail.models import Outbox
from webapp.ops import checks_outside, checks_place, tick
from webapp.ops.doctoring import Check, Patient, examine
from webapp.site import keyring, settings
from webapp.sweepstakes.models import Entrant

Said = dict[str, list[dict[str, str]]]


def ask(run: FlaskCliRunner) -> Said:
    """What is said about each check that is not in order."""
    result = run.invoke(args=["doctor", "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    answer = json.loads(result.stdout)
    assert result.exit_code == (1 if answer["faults"] else 0)
    said: Said = {}
    for one in answer["checks"]:
        assert one["level"] != "FAULT" or one["mend"], one
        if one["level"] != "ok":
            said.setdefault(one["check"], []).append(one)
    return said


@contextmanager
def site(folder: Path, **environ: str) -> Iterator[FlaskCliRunner]:
    """A site in which everything is in order but that nobody serves it and no mail server is set."""
    sound = {"POSTAL_ADDRESS": "Paper Street 1", "CONTACT": "desk@example.com", "PORT": str(free_port())}
    app = make_app(folder, **(sound | environ))
    with app.app_context():
        yield app.test_cli_runner()
        app.extensions["page_cache"].close()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def running(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance folder of a site with an open campaign and a tick a moment ago, to copy and to break."""
    folder = tmp_path_factory.mktemp("running")
    shutil.copytree(installed, folder / "instance")
    with time_machine.travel(NOW, tick=False), site(folder / "instance") as run:
        run.invoke(args=["init"])
        open_one(run, folder)
        enter(5)
        tick(now=NOW)
    return folder / "instance"


def execute(statement: str) -> None:
    file = settings().database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection:
        for one in statement.split(";"):
            connection.execute(one)
        connection.commit()


def lose(name: str) -> Callable[[], None]:
    def act() -> None:
        (settings().instance / name).unlink()

    return act


def half_restored() -> None:
    (settings().instance / ".restore-x").mkdir()


def half_rekeyed() -> None:
    (settings().keys / ".data.new").touch()


def garbled() -> None:
    (settings().keys / "index").write_text("zz\n")


def letter(**facts: Any) -> None:
    with writing() as session:
        row = {"kind": "confirm", "ref": 1, "dedupe_key": "d", "message_id": "m", "next_at": NOW, "created_at": NOW}
        session.add(Outbox(**(row | facts)))


def unknown_key() -> None:
    add_data_key(settings().keys)
    with writing() as session:
        session.get_one(Entrant, 1).name = keyring().seal("entrant.name", "Ada")
    data = settings().keys / "data"
    data.write_text(data.read_text().splitlines()[0] + "\n")


def behind() -> None:
    file = settings().keys / "logs" / "win-100.signed"
    file.write_text(f"{100:020d} {'00' * 32}\n")


def tampered() -> None:
    execute("DROP TRIGGER draw_leaf_no_update; UPDATE draw_leaf SET data = x'7b7d' WHERE \"index\" = 2")


def lost_picture() -> None:
    execute(
        "INSERT INTO news_picture (sha256, width, height, variants) "
        'VALUES (x\'00\', 1, 1, \'[{"file": "gone-480.jpg", "width": 1, "height": 1, "format": "jpg"}]\')'
    )


def lost_card() -> None:
    execute(
        "INSERT INTO news_article (slug, guid, headline, authors, tags, published, lead, ads, status, body, words, source, made_up, card) "
        "VALUES ('bare', 'bare', 'Rain', '[]', '[]', '2026-11-01', 0, 1, 'published', '', 1, '', 0, x'ababababababababab')"
    )


def damaged() -> None:
    file = Path(settings().database_url.removeprefix("sqlite:///"))
    with file.open("r+b") as opened:
        opened.seek(4096 * 3)
        opened.write(b"\xff" * 4096)


def unopenable() -> None:
    file = Path(settings().database_url.removeprefix("sqlite:///"))
    file.rename(file.with_name("elsewhere"))
    file.mkdir()


def stray() -> None:
    with closing(sqlite3.connect(settings().database_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE sweepstakes_entrant SET campaign_id = 99 WHERE id = 5")
        connection.commit()


def huge_wal() -> None:
    file = Path(settings().database_url.removeprefix("sqlite:///"))
    with file.with_name(file.name + "-wal").open("wb") as log:
        log.truncate(100 * 1024 * 1024)


def moved() -> None:
    with writing() as session:
        session.add(MovedTo(destination="postgresql://there/daily", at=NOW))


@dataclass(frozen=True)
class Situation:
    """What is done to the site, and what is then said: the check, its level, words of the finding, words of the mend."""

    make: Callable[[], object]
    check: str
    level: str
    what: str
    mend: str
    environ: tuple[tuple[str, str], ...] = ()
    at: datetime = NOW


def nothing() -> None:
    """The settings or the clock are enough."""


HTTPS = (("SITE_URL", "https://news.example"), ("MAIL_URL", "smtp://127.0.0.1:1"))
SITUATIONS = {
    "keys open to others": Situation(lambda: (settings().keys / "data").chmod(0o644), "permissions", "FAULT", "keys/data", "chmod 600"),
    "database open to others": Situation(
        lambda: Path(settings().database_url.removeprefix("sqlite:///")).chmod(0o666), "permissions", "FAULT", "sqlite3", "chmod 600"
    ),
    "instance open to others": Situation(lambda: settings().instance.chmod(0o777), "permissions", "FAULT", "mode 777", "chmod 711"),
    "pictures closed": Situation(lambda: settings().media.chmod(0o700), "permissions", "warn", "closed to those", "chmod 755"),
    "pictures' folder gone": Situation(lambda: shutil.rmtree(settings().media), "media", "FAULT", "is not there", "MEDIA_PATH"),
    "a picture gone": Situation(lost_picture, "media", "FAULT", "gone-480.jpg", "flask article import"),
    "a card gone": Situation(lost_card, "media", "FAULT", "abababababababab-card.png", "flask article import"),
    "a killed restoration": Situation(half_restored, "instance", "warn", ".restore-x", "rm -r"),
    "the clock is behind": Situation(nothing, "clock", "FAULT", "was recorded at 2026-12-01", "timedatectl", at=NOW - timedelta(days=3)),
    "data key gone": Situation(lose("keys/data"), "keys", "FAULT", "keys/data", "flask restore KEYS.zip"),
    "index key gone": Situation(lose("keys/index"), "keys", "FAULT", "keys/index", "flask restore KEYS.zip"),
    "secret gone": Situation(lose("keys/secret"), "keys", "FAULT", "keys/secret", "flask init"),
    "a key damaged": Situation(garbled, "keys", "FAULT", "damaged", "flask restore KEYS.zip"),
    "a killed rekey": Situation(half_rekeyed, "keys", "warn", "rekey", "rm "),
    "rows under an unknown key": Situation(unknown_key, "data-keys", "FAULT", "1 values of sweepstakes_entrant.name", "keys' backup"),
    "a log's key gone": Situation(lose("keys/logs/win-100"), "log-keys", "FAULT", "nobody can confirm", "--reason key_lost"),
    "another log's key": Situation(
        lambda: (settings().keys / "logs" / "win-100").write_text("11" * 32), "log-keys", "FAULT", "not the one", "key_lost"
    ),
    "a log behind what was signed": Situation(behind, "log-keys", "FAULT", "signed and published with 100", "Restore the newest backup"),
    "the last signed size gone": Situation(lose("keys/logs/win-100.signed"), "log-keys", "warn", "win-100.signed", "writes it anew"),
    "a changed leaf": Situation(tampered, "logs", "FAULT", "draw_leaf, leaf 2", "restore the newest backup"),
    "a trigger gone": Situation(
        lambda: execute("DROP TRIGGER draw_leaf_no_delete"), "triggers", "FAULT", "draw_leaf_no_delete", "flask restore"
    ),
    "migration behind": Situation(
        lambda: execute("UPDATE alembic_version SET version_num = '0001'"), "schema", "FAULT", "is at 0001", "flask init"
    ),
    "migration ahead": Situation(
        lambda: execute("UPDATE alembic_version SET version_num = '9999'"), "schema", "FAULT", "newer than this code", "Update the code"
    ),
    "moved away": Situation(moved, "moved", "FAULT", "moved to postgresql://there/daily", "Set DATABASE_URL"),
    "database damaged": Situation(damaged, "integrity", "FAULT", "damaged", "restore the newest backup"),
    "database that cannot be opened": Situation(unopenable, "integrity", "FAULT", "cannot be looked at", "Run as the owner"),
    "a row that points nowhere": Situation(stray, "integrity", "FAULT", "sweepstakes_entrant points", "restore the newest backup"),
    "never ticked": Situation(lose("tick.json"), "tick", "FAULT", "no tick ever", "flask mail send --loop"),
    "stale tick": Situation(nothing, "tick", "FAULT", "The last tick was at 2026-12-01", "flask tick", at=NOW + timedelta(hours=1)),
    "not sealed in time": Situation(nothing, "overdue", "FAULT", "should have been sealed", "flask tick", at=SEALS + timedelta(hours=1)),
    "letters given up": Situation(lambda: letter(state="dead"), "outbox", "warn", "1 letters were given up", "--state dead"),
    "letters wait": Situation(lambda: letter(next_at=NOW - timedelta(hours=2)), "outbox", "FAULT", "due for 120 minutes", "send --loop"),
    "mail server away": Situation(
        nothing, "mail-server", "FAULT", "nothing listens", "flask mail test", (("MAIL_URL", "smtp://127.0.0.1:1"),)
    ),
    "no mail server": Situation(nothing, "mail-server", "warn", "become files", "Set MAIL_URL"),
    "Valkey away": Situation(nothing, "valkey", "FAULT", "limits are off", "REDIS_URL", (("REDIS_URL", "redis://127.0.0.1:1/0"),)),
    "nobody serves": Situation(nothing, "reached", "warn", "cannot be reached", "Start the site"),
    "unsafe settings": Situation(
        nothing, "settings", "FAULT", "MAIL_URL: is missing", "nobody could confirm", (("SITE_URL", "https://x.example"),)
    ),
    "a database of another make": Situation(
        nothing, "settings", "FAULT", "DATABASE_URL", "postgresql://", (("DATABASE_URL", "mysql://x"),)
    ),
    "a proxy that is not believed": Situation(nothing, "proxy", "warn", "PROXY_HOPS is 0", "PROXY_HOPS=1", HTTPS),
    "mail from nowhere": Situation(nothing, "sender", "FAULT", "news.example", "Set MAIL_FROM", HTTPS),
    "limits off": Situation(nothing, "limits", "warn", "LIMITS is off", "Unset LIMITS", (("LIMITS", "off"),)),
    "no postal address": Situation(nothing, "publisher", "warn", "POSTAL_ADDRESS", "mail law", (("POSTAL_ADDRESS", ""),)),
    "no SITE_URL": Situation(nothing, "site-url", "warn", "SITE_URL is not set", "Set SITE_URL"),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_situation_is_found_with_its_mend(running: Path, tmp_path: Path, name: str) -> None:
    situation = SITUATIONS[name]
    shutil.copytree(running, tmp_path / "instance")
    with time_machine.travel(situation.at, tick=False), site(tmp_path / "instance", **dict(situation.environ)) as run:
        situation.make()
        said = ask(run)
    found = [one for one in said.get(situation.check, []) if one["level"] == situation.level]
    assert any(situation.what in one["what"] and situation.mend in one["mend"] for one in found), said


def test_a_sound_installation_is_left_in_peace(running: Path, tmp_path: Path) -> None:
    shutil.copytree(running, tmp_path / "instance")
    with time_machine.travel(NOW, tick=False), site(tmp_path / "instance", SITE_URL=f"http://127.0.0.1:{free_port()}") as run:
        assert set(ask(run)) == {"mail-server", "reached"}
        lines = run.invoke(args=["doctor"]).output
    assert "ok    triggers – The public log cannot be changed." in lines
    assert lines.endswith("0 faults, 2 warnings.\n")


def test_on_both_databases_a_trigger_that_is_gone_is_found(app: Flask, run: FlaskCliRunner, tmp_path: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        run.invoke(args=["init"])
        open_one(run, tmp_path)
        enter(3)
        done(run, "close", "win-100", "--now", "--yes")
        said = ask(run)
        assert {check for check, found in said.items() if any(one["level"] == "FAULT" for one in found)} <= {"tick", "durability"}
        sqlite = db.engine.dialect.name == "sqlite"
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER draw_log_grows" + ("" if sqlite else " ON draw_log"))
        assert "draw_log_grows" in ask(run)["triggers"][0]["what"]
        if not sqlite:  # the tests' own server waits for no disk
            assert "fsync is off" in said["durability"][0]["what"]
    with time_machine.travel(DRAWS + timedelta(hours=1), tick=False):
        assert "should have been drawn" in ask(run)["overdue"][0]["what"]


def patient(**changes: Any) -> Patient:
    return Patient(
        **({"settings": settings(), "faults": (), "now": NOW, "free": lambda _: 10**12, "mounts": "", "lookup": lambda *_: []} | changes)
    )


def levels(checks: tuple[Check, ...], name: str, someone: Patient) -> dict[str, str]:
    chosen = [check for check in checks if check.name == name]
    return {one.level: one.what + one.mend for one in examine(someone, chosen, schema_is_there=True)}


def test_what_the_machine_is_like(running: Path, tmp_path: Path) -> None:
    with site(running):
        mounts = f"/dev/vda / ext4 rw 0 0\nserver:/x {running} nfs4 rw 0 0\n"
        assert "nfs4" in levels(checks_place.CHECKS, "file-system", patient(mounts=mounts))["FAULT"]
        assert "ok" in levels(checks_place.CHECKS, "file-system", patient(mounts="/dev/vda / ext4 rw 0 0\n"))
        assert "50 MiB" in levels(checks_place.CHECKS, "disk", patient(free=lambda _: 50 * 2**20))["FAULT"]
        assert "warn" in levels(checks_place.CHECKS, "disk", patient(free=lambda _: 500 * 2**20))
        assert "3.9 is too old" in levels(checks_place.CHECKS, "python", patient(python=(3, 9)))["FAULT"]


RECORDS = {
    ("good.example.org.", "TXT"): ['"v=spf1 -all"'],
    ("_dmarc.good.example.org.", "TXT"): ['"v=DMARC1; p=reject"'],
    ("good.example.org.", "MX"): ["10 mail.example.org."],
}


class NameServer(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, socket = self.request
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        asked = question.question[0]
        kind = "TXT" if asked.rdtype == 16 else "MX"
        for record in RECORDS.get((str(asked.name), kind), []):
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, record))
        socket.sendto(answer.to_wire(), self.client_address)


def test_the_records_that_mail_needs_are_named_as_they_must_be_set(running: Path) -> None:
    with socketserver.UDPServer(("127.0.0.1", 0), NameServer) as server, site(running, MAIL_URL="smtp://127.0.0.1:25"):
        threading.Thread(target=server.serve_forever).start()
        try:
            resolver = dns.resolver.Resolver(configure=False)
            resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
            once = checks_outside.lookup_by(resolver)

            def lookup(name: str, kind: str) -> list[str] | None:
                """A server on a busy machine may take longer than a doctor waits."""
                return next((found for _ in range(10) if (found := once(name, kind)) is not None), None)

            def of(domain: str) -> dict[str, str]:
                here = replace(settings(), mail_from=f"Paper <draw@{domain}>", bounce_address=f"draw@{domain}")
                found = examine(
                    patient(settings=here, lookup=lookup), [c for c in checks_outside.CHECKS if c.name == "dns"], schema_is_there=True
                )
                return {one.what.split(" has no ")[-1][:5]: one.mend for one in found if one.level != "ok"}

            assert of("good.example.org") == {}
            missing = of("bare.example.org")
            assert 'bare.example.org. TXT "v=spf1' in missing["SPF r"]
            assert '_dmarc.bare.example.org. TXT "v=DMARC1' in missing["DMARC"]
            assert "MX 10" in missing["MX re"]
        finally:
            server.shutdown()
    with site(running, MAIL_URL="smtp://127.0.0.1:25"):
        resolver.lifetime = 0.2
        here = replace(settings(), mail_from="Paper <draw@good.example.org>")
        found = levels(checks_outside.CHECKS, "dns", patient(settings=here, lookup=lambda *_: None))
        assert "DNS does not answer" in found["warn"]
