"""The server's own draws: its database, the file verifier and the browser's say the same of a thousand of them, and of the vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.draw.logs import DAY, HOUR, replay_vectors
from tests.draw.maker import SIGNATURES
from tests.draw.vectors import VECTORS
from tests.draw.verifiers import Case, Outcome, agree, script_page
from webapp import draw
from webapp.database import db, writing

DRAWS = 1000
SECOND = timedelta(seconds=1)


@pytest.fixture
def database_url() -> None:
    """Other tests see that both databases hold the same: SQLite will do."""


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return script_page(browser, tmp_path_factory.mktemp("page"))


@dataclass(frozen=True)
class Person:
    typed: str
    nonce: bytes
    index: int

    @property
    def email(self) -> str:
        return draw.receipt_email(self.typed)


@dataclass(frozen=True)
class Held:
    """What the server says of a draw, what it hands out, and which entry the reader asks for (0: none)."""

    status: draw.LogStatus
    verified: draw.Verified
    case: Case
    index: int = 0
    removed: bool = False


class Campaign:
    """One campaign by chance, from its opening to wherever it stops, made by the acts in the caller's transaction."""

    def __init__(self, session: Session, random: Random, name: str) -> None:
        self.session, self.random = session, random
        host = random.choice(["news.example", "127.0.0.1:8000", "xn--bcher-kva.example"])
        self.key = draw.LogKey(name, f"{host}/draws/{name}/log", random.randbytes(32))
        self.rules = f"Official rules of {name}.\nThe log's key: {self.key.vkey}\n".encode()
        self.people: list[Person] = []
        self.removed: set[int] = set()
        self.early: str | None = None
        self.secret = random.randbytes(32) if random.random() < 0.45 else None
        # drand's signature is at hand for two rounds only: the others are never drawn.
        self.drawable = self.secret is not None or random.random() < 0.85
        self.run()

    @property
    def status(self) -> draw.LogStatus:
        found = draw.status(self.session, self.key.name)
        assert found
        return found

    def act(self, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return do(self.session, self.key, *arguments, **named)

    def run(self) -> None:
        self.open()
        self.enter()
        if self.random.random() < 0.05:
            if self.random.random() < 0.5:
                self.act(draw.void, "key_lost", now=self.terms.closes_at)
            return
        self.seal()
        if self.random.random() < 0.05 or not self.drawable:
            return
        if len(self.people) == len(self.removed) or self.random.random() < 0.03:
            self.act(draw.void, "nobody_eligible", now=self.moment)
            return
        self.draw()
        self.settle()

    def open(self) -> None:
        random = self.random
        draws_at = datetime(2026, 1, 1, tzinfo=UTC) + SECOND * random.randrange(10**8)
        if self.secret is None and self.drawable:
            draws_at = draw.round_time(random.choice(sorted(SIGNATURES)))
        beacon: dict[str, str | int] = {"kind": "drand", "chain": draw.QUICKNET.chain, "round": draw.round_at(draws_at)}
        if self.secret is not None:
            beacon = {"kind": "operator", "commitment": draw.operator_commitment(self.secret)}
        seals_at = draws_at - random.choice([HOUR, DAY, 3 * DAY])
        closes_at = seals_at - random.choice([0, 2]) * HOUR
        self.terms = draw.OpenTerms(
            campaign=self.key.name,
            origin=self.key.origin,
            rules_sha256=sha256(self.rules).hexdigest(),
            opens_at=closes_at - 7 * DAY,
            closes_at=closes_at,
            seals_at=seals_at,
            draws_at=draws_at,
            winners=random.choice([1, 1, 2, 3, 7]),
            alternates=random.choice([0, 1, 3, 10, 40]),
            claim_days=random.choice([0, 14]),
            beacon=beacon,
        )
        self.act(draw.open_log, self.terms, now=self.terms.opens_at)

    def enter(self) -> None:
        random = self.random
        for most in (random.choice([1, 2, 3, 30, 30, 30, 300]), 9):
            first = 1 + len(self.people) + len(self.removed)
            # Only a few addresses need their domain encoded: that is slow.
            new = [
                Person(f" Reader{n}@{'Büro' if n < 3 else 'mail'}.example ", random.randbytes(32), first + n)
                for n in range(random.randrange(most))
            ]
            self.people += new
            if new:
                self.act(draw.append_entries, [draw.commitment(one.nonce, self.key.name, one.email) for one in new])
            for one in random.sample(self.people, min(len(self.people), random.choice([0, 0, 1, 2]))):
                if one.index not in self.removed:
                    self.removed.add(one.index)
                    self.act(draw.remove_entry, *random.choice([("withdraw", one.index, "by_link"), ("exclude", one.index, "duplicate")]))
            if self.people and not self.early:
                self.early = self.act(draw.receipt, self.people[0].index, self.people[0].nonce)

    def seal(self) -> None:
        terms, random = self.terms, self.random
        self.moment = terms.seals_at + SECOND * random.randrange(int((terms.draws_at - HOUR - terms.seals_at).total_seconds()) + 1)
        if self.secret is not None and random.random() < 0.3:
            self.moment = terms.seals_at - SECOND * random.randrange(1, 8 * 86400)
        elif random.random() < 0.3 and (self.secret is not None or not self.drawable):
            self.moment = terms.draws_at - HOUR + SECOND * random.randrange(1, 7 * 86400 + 1)
        self.act(draw.seal, now=self.moment, allow_early=True, late_reason="outage")

    def draw(self) -> None:
        status = self.status
        assert status.sealed
        given = self.secret.hex() if self.secret is not None else SIGNATURES[int(status.beacon["round"])]
        self.moment = status.sealed.draws_at + SECOND * self.random.randrange(86400)
        self.act(draw.draw, draw.parse_beacon(status.beacon, given), now=self.moment)

    def settle(self) -> None:
        """Lawful forfeits, awards and payments."""
        for _ in range(self.random.randrange(6)):
            winners = self.status.winners
            if not winners:
                return
            winner = self.random.choice(winners)
            self.moment += HOUR * self.random.randrange(24 * 10)
            if winner.state != "paid" and self.random.random() < 0.4:
                answered = ["declined", "ineligible", "erasure"]
                reason = self.random.choice(answered if self.moment < winner.answer_by else [*answered, "no_answer", "no_answer"])
                self.act(draw.forfeit, winner.rank, reason, now=self.moment)
            elif winner.state == "drawn":
                self.act(draw.award, winner.rank, now=self.moment)
            elif winner.state == "awarded":
                self.act(draw.paid, winner.rank, now=self.moment)

    def held(self) -> Held:
        """The server's bundle and a receipt of it, as a reader would get them, and what the server itself says."""
        person = self.random.choice(self.people) if self.people and self.random.random() < 0.8 else None
        mine: dict[str, Any] = {"vkey": self.random.choice([None, self.key.vkey])}
        if person:
            receipt = self.act(draw.receipt, person.index, person.nonce)
            mine |= {"receipt": receipt.encode(), "email": person.email}
        if self.early and self.random.random() < 0.5:
            mine["older"] = [self.early.encode()]
        return Held(
            self.status,
            draw.verify(self.session, self.key.name, rules=self.rules, vkey=self.key.vkey),
            Case(b"".join(draw.bundle(self.session, self.key.name, rules=self.rules)), **mine),
            person.index if person else 0,
            person is not None and person.index in self.removed,
        )


def check_agreement(held: Held, outcome: Outcome) -> None:
    """What both verifiers say, `outcome`, is what the server says."""
    status, verified, said = held.status, held.verified, outcome.said
    if held.removed:
        assert outcome.ending.startswith(f"invalid: your entry {held.index:,} took no part: removed before the seal")
    else:
        assert outcome.ending == verified.verdict
    assert f"5. {status.entries:,} entries, {status.removed:,} of them removed, {status.eligible:,} eligible." in said
    if status.sealed:
        seal = f" R = {status.sealed.root.hex()}; leaf {status.sealed.size - 1:,} is the only seal."
        assert any(line.startswith("3. ") and line.endswith(seal) for line in said)
    assert status.operator_trusted == any(line.startswith("   OPERATOR-TRUSTED") for line in said) or not status.sealed
    assert verified.late == any(line.startswith("   LATE SEAL (outage)") for line in said)
    assert (status.void is not None) == any(line.startswith("   Void since") for line in said)
    assert (status.result is not None) == any(line.startswith("8. ") for line in said)
    if status.result:
        check_result(held, said)


def check_result(held: Held, said: list[str]) -> None:
    status, ranking = held.status, held.verified.ranking
    assert status.result
    assert ranking == status.result.ranking
    first = f"the ranking is right. Rank 1 is entry {ranking[0].index:,}, ticket {ranking[0].ticket.hex()}."
    assert f"8. All {status.eligible:,} tickets recomputed; {first}" in said
    index_of = {ranked.rank: ranked.index for ranked in ranking}
    forfeits = [step for step in status.steps if step.kind == "forfeit"]
    expected = [f"9. {len(status.steps):,} forfeits, awards and payments, in order and in time."]
    expected += [f"   Forfeited: entry {index_of[step.rank]:,} (rank {step.rank}, {step.reason})." for step in forfeits]
    expected += [f"   Winner: entry {winner.index:,} (rank {winner.rank}, {winner.state})." for winner in status.winners]
    if status.not_awarded:
        expected.append(f"   Prizes not awarded, for want of alternates: {status.not_awarded}.")
    start = said.index(expected[0])
    assert said[start : start + len(expected)] == expected
    mine = [ranked for ranked in ranking if ranked.index == held.index]
    assert not mine or f"    Your ticket {mine[0].ticket.hex()} is rank {mine[0].rank:,}." in said


@pytest.mark.browser
@pytest.mark.slow
def test_server_and_verifiers_agree_on_a_thousand_draws(app: Flask, page: Any) -> None:
    random = Random(3)
    drawn = {"drand": 0, "operator": 0}
    for start in range(0, DRAWS, 250):
        everything = []
        for number in range(start, start + 250):
            with writing() as session:
                everything.append(Campaign(session, random, f"win-{number}").held())
        for held, outcome in zip(everything, agree(page, [held.case for held in everything]), strict=True):
            check_agreement(held, outcome)
            drawn[held.status.terms.beacon["kind"]] += held.status.result is not None  # type: ignore[index]
    assert min(drawn.values()) > DRAWS / 4


@pytest.mark.browser
def test_server_and_verifiers_agree_on_the_vectors(app: Flask, page: Any) -> None:
    with writing() as session:
        replay_vectors(session)
    session, name, rules = db.session(), VECTORS["campaign"], VECTORS["rules"].encode()
    status = draw.status(session, name)
    assert status
    verified = draw.verify(session, name, rules=rules, vkey=VECTORS["vkey"])
    person = next(person for person in VECTORS["people"] if person["index"] == VECTORS["receipt"]["index"])
    case = Case(b"".join(draw.bundle(session, name, rules=rules)), VECTORS["receipt"]["text"].encode(), person["email"], VECTORS["vkey"])
    (outcome,) = agree(page, [case])
    check_agreement(Held(status, verified, case, person["index"]), outcome)
    assert "   Winner: entry 22 (rank 2, awarded)." in outcome.said
