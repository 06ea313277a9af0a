"""The rules of seal, draw and what follows: each step only in its place and time, each refusal with its reason."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.draw.logs import DAY, DRAWS, HOUR, OPERATOR, SEALS, SECRET, THE_BEACON, act, drand, drawn_log, facts, replay_vectors, small_log
from tests.draw.vectors import LEAVES, VECTORS
from webapp import draw
from webapp.database import db, writing
from webapp.draw import leaves

SECOND = timedelta(seconds=1)


def test_the_seal_counts_signs_and_comes_once(app: Flask) -> None:
    small_log(5)
    act(draw.remove_entry, "withdraw", 2, "entrant_request")
    sealed = act(draw.seal, now=SEALS + timedelta(microseconds=5))
    assert (sealed.at, sealed.size, sealed.entries, sealed.eligible) == (SEALS, 8, 5, 4)
    assert (sealed.late, sealed.draws_at, sealed.round) == (False, DRAWS, None)
    with pytest.raises(draw.AlreadySealed) as again:
        act(draw.seal, now=SEALS + HOUR)
    assert again.value.sealed == sealed == facts().sealed


def test_the_seal_is_not_early_but_for_an_operators_log_on_demand(app: Flask) -> None:
    small_log(5)
    with pytest.raises(draw.NotDue, match="The seal is not due before 2026-01-10T00:00:00Z"):
        act(draw.seal, now=SEALS - SECOND)
    early = act(draw.seal, now=SEALS - DAY, allow_early=True)
    assert early.draws_at == SEALS - DAY
    assert act(draw.draw, THE_BEACON, now=SEALS - DAY).at == SEALS - DAY
    assert draw.verify(db.session(), "small").operator_trusted


def test_a_drand_log_never_seals_early(app: Flask) -> None:
    small_log(5, beacon=drand())
    with pytest.raises(draw.NotDue):
        act(draw.seal, now=SEALS - SECOND, allow_early=True)
    assert facts().sealed is None


@pytest.mark.parametrize(
    ("late_by", "days"),
    [
        (timedelta(), 0),
        (SECOND, 1),
        (HOUR, 1),
        (DAY, 1),
        (DAY + SECOND, 2),
        (7 * DAY, 7),
    ],
)
def test_a_late_seal_moves_the_draw_by_whole_days(app: Flask, late_by: timedelta, days: int) -> None:
    small_log(5, beacon=drand())
    at = DRAWS - HOUR + late_by
    sealed = act(draw.seal, now=at, late_reason="power_cut")
    assert (sealed.late, sealed.draws_at) == (days > 0, DRAWS + days * DAY)
    assert sealed.reason == ("power_cut" if days else None)
    assert sealed.round == draw.round_at(DRAWS + days * DAY) == facts().beacon["round"]
    assert sealed.draws_at >= at + HOUR
    assert draw.verify(db.session(), "small").late == (days > 0)


def test_a_seal_more_than_seven_days_late_leaves_only_the_void(app: Flask) -> None:
    small_log(5)
    with pytest.raises(draw.TooLate, match="must be voided"):
        act(draw.seal, now=DRAWS - HOUR + 7 * DAY + SECOND)
    act(draw.void, "sealed_too_late", now=DRAWS + 8 * DAY)
    status = facts()
    assert status.void is not None
    assert (status.void.reason, status.sealed) == ("sealed_too_late", None)
    with pytest.raises(draw.LogVoid):
        act(draw.seal, now=DRAWS + 8 * DAY)
    assert not draw.verify(db.session(), "small").sealed


def test_a_late_operators_seal_moves_the_draw_too_and_names_no_round(app: Flask) -> None:
    small_log(5)
    assert act(draw.seal, now=DRAWS).round is None
    with pytest.raises(draw.NotDue, match="2026-01-12"):
        act(draw.draw, THE_BEACON, now=DRAWS)
    act(draw.draw, THE_BEACON, now=DRAWS + DAY)
    assert draw.verify(db.session(), "small").late


def test_no_draw_without_seal_in_time_or_by_another_beacon(app: Flask) -> None:
    small_log(5)
    with pytest.raises(draw.NotSealed):
        act(draw.draw, THE_BEACON, now=DRAWS)
    act(draw.seal, now=SEALS)
    with pytest.raises(draw.NotDue, match="The draw is not due before 2026-01-11T00:00:00Z"):
        act(draw.draw, THE_BEACON, now=DRAWS - SECOND)
    for wrong in (draw.Beacon(kind="operator", round=None, value=bytes(32)), draw.Beacon(kind="drand", round=1, value=bytes(48))):
        with pytest.raises(draw.BadBeacon):
            act(draw.draw, wrong, now=DRAWS)
    assert facts().result is None
    assert facts().size == 7


def test_a_drand_draw_takes_only_the_signature_of_its_round(app: Flask) -> None:
    small_log(5, beacon=drand())
    act(draw.seal, now=SEALS)
    signature = bytes.fromhex(leaves.parse(LEAVES[24])["beacon"]["signature"])
    for round in (1000, draw.round_at(DRAWS)):
        with pytest.raises(draw.BadBeacon):
            act(draw.draw, draw.Beacon(kind="drand", round=round, value=signature), now=DRAWS)
    assert facts().result is None


def test_a_second_draw_changes_nothing_and_tells_the_first_result(app: Flask) -> None:
    first = drawn_log()
    with pytest.raises(draw.AlreadyDrawn) as again:
        act(draw.draw, THE_BEACON, now=DRAWS + DAY)
    assert again.value.result == first == facts().result
    assert first.beacon.value == SECRET
    assert [ranked.rank for ranked in first.ranking] == [1, 2, 3, 4]
    with pytest.raises(draw.AlreadyDrawn):
        act(draw.void, "regret", now=DRAWS + DAY)


def test_a_ranking_made_beforehand_is_the_one_made_under_the_lock(app: Flask) -> None:
    small_log(50)
    act(draw.seal, now=SEALS)
    heard: list[int] = []
    ranking = draw.rank(db.session(), "small", THE_BEACON, now=DRAWS, progress=heard.append)
    assert heard == [52]
    assert act(draw.draw, THE_BEACON, now=DRAWS, ranking=ranking).ranking == ranking
    assert draw.verify(db.session(), "small").ranking == ranking


def test_with_nobody_eligible_there_is_only_the_void(app: Flask) -> None:
    small_log(1)
    act(draw.remove_entry, "exclude", 1, "duplicate")
    act(draw.seal, now=SEALS)
    with pytest.raises(draw.NobodyEligible, match="only be voided"):
        act(draw.draw, THE_BEACON, now=DRAWS)
    act(draw.void, "nobody_eligible", now=DRAWS)
    assert draw.verify(db.session(), "small").ranking == ()


def test_removed_entries_draw_no_ticket_and_fewer_than_asked_are_all_ranked(app: Flask) -> None:
    small_log(4)
    act(draw.remove_entry, "withdraw", 2, "entrant_request")
    act(draw.seal, now=SEALS)
    result = act(draw.draw, THE_BEACON, now=DRAWS)
    assert {ranked.index for ranked in result.ranking} == {1, 3, 4}


def test_a_forfeited_prize_goes_to_the_lowest_unused_rank_and_the_others_keep_theirs(app: Flask) -> None:
    drawn_log()
    assert [winner.rank for winner in facts().winners] == [1, 2]
    act(draw.forfeit, 1, "declined", now=DRAWS + HOUR)
    assert [winner.rank for winner in facts().winners] == [2, 3]
    act(draw.forfeit, 3, "ineligible", now=DRAWS + 2 * HOUR)
    assert [winner.rank for winner in facts().winners] == [2, 4]
    act(draw.forfeit, 4, "erasure", now=DRAWS + 3 * HOUR)
    status = facts()
    assert ([winner.rank for winner in status.winners], status.not_awarded) == ([2], 1)
    assert [(step.kind, step.rank, step.reason) for step in status.steps] == [
        ("forfeit", 1, "declined"),
        ("forfeit", 3, "ineligible"),
        ("forfeit", 4, "erasure"),
    ]
    assert draw.verify(db.session(), "small").size == facts().size


def test_no_answer_waits_for_the_claim_days_after_draw_or_offer(app: Flask) -> None:
    drawn_log()
    with pytest.raises(draw.TooEarly, match="2026-01-25T00:00:00Z"):
        act(draw.forfeit, 1, "no_answer", now=DRAWS + 14 * DAY - SECOND)
    act(draw.forfeit, 1, "no_answer", now=DRAWS + 20 * DAY)
    third = facts().winners[-1]
    assert (third.rank, third.offered_at, third.answer_by) == (3, DRAWS + 20 * DAY, DRAWS + 34 * DAY)
    with pytest.raises(draw.TooEarly):
        act(draw.forfeit, 3, "no_answer", now=DRAWS + 34 * DAY - SECOND)
    act(draw.forfeit, 3, "no_answer", now=DRAWS + 34 * DAY)
    assert draw.verify(db.session(), "small").size == facts().size


def test_award_and_payment_come_once_in_order_and_to_winners_only(app: Flask) -> None:
    small_log()
    with pytest.raises(draw.NotDrawn):
        act(draw.award, 1, now=DRAWS)
    act(draw.seal, now=SEALS)
    act(draw.draw, THE_BEACON, now=DRAWS)
    for do in (draw.award, draw.paid):
        for rank in (3, 5):
            with pytest.raises(draw.NotAWinner):
                act(do, rank, now=DRAWS)
    with pytest.raises(draw.NotAWinner):
        act(draw.forfeit, 3, "erasure", now=DRAWS)
    with pytest.raises(draw.NotAwarded):
        act(draw.paid, 1, now=DRAWS)
    act(draw.award, 1, now=DRAWS)
    with pytest.raises(draw.AlreadyAwarded):
        act(draw.award, 1, now=DRAWS)
    act(draw.paid, 1, now=DRAWS + DAY)
    assert [winner.state for winner in facts().winners] == ["paid", "drawn"]
    for refused in (lambda: act(draw.paid, 1, now=DRAWS + DAY), lambda: act(draw.forfeit, 1, "declined", now=DRAWS + DAY)):
        with pytest.raises(draw.AlreadyPaid):
            refused()
    act(draw.forfeit, 2, "declined", now=DRAWS + DAY)
    for refused in (lambda: act(draw.award, 2, now=DRAWS + DAY), lambda: act(draw.forfeit, 2, "declined", now=DRAWS + DAY)):
        with pytest.raises(draw.AlreadyForfeited):
            refused()
    with pytest.raises(draw.BadTerms):
        act(draw.forfeit, 3, "did_not_like_them", now=DRAWS + DAY)


def test_a_clock_that_runs_backwards_is_noticed(app: Flask) -> None:
    drawn_log()
    act(draw.award, 1, now=DRAWS + HOUR)
    with pytest.raises(draw.ClockBehind, match="2026-01-11T01:00:00Z"):
        act(draw.paid, 1, now=DRAWS)


def test_a_receipt_before_the_seal_is_of_the_present_tree_and_after_it_of_the_sealed_one(app: Flask) -> None:
    small_log(5)
    with pytest.raises(draw.NotSealed):
        act(draw.receipt, 3, bytes(32), sealed=True)
    assert facts().checkpoint in act(draw.receipt, 3, bytes(32))
    sealed = act(draw.seal, now=SEALS)
    act(draw.draw, THE_BEACON, now=DRAWS)
    assert sealed.checkpoint in act(draw.receipt, 3, bytes(32)) == act(draw.receipt, 3, bytes(32), sealed=True)
    for index in (0, 6, 7, 99):
        with pytest.raises(draw.NotAnEntry):
            act(draw.receipt, index, bytes(32))


def test_two_campaigns_do_not_know_each_other(app: Flask) -> None:
    small_log(3, beacon=OPERATOR)
    with writing() as session:
        replay_vectors(session)
    act(draw.remove_entry, "withdraw", 2, "entrant_request")
    assert facts(VECTORS["campaign"]).checkpoint == VECTORS["final_checkpoint"]
    assert draw.verify(db.session(), VECTORS["campaign"]).eligible == 18
    assert draw.verify(db.session(), "small").eligible == 2
