"""What a benchmark's table says of chance: a goal is missed only by more than that."""

import pytest

from benchmarks.table import interval, rounds_row


@pytest.mark.parametrize(("rounds", "least", "greatest"), [(1, 1, 1), (3, 1, 3), (6, 1, 6), (10, 1, 10), (20, 4, 17), (24, 6, 19)])
def test_the_medians_interval_is_that_of_the_binomial_distributions_tables(rounds: int, least: int, greatest: int) -> None:
    assert interval([float(value) for value in reversed(range(1, rounds + 1))]) == (least, greatest)


def test_one_odd_round_of_many_makes_no_noise_and_of_few_it_does() -> None:
    many, few = [1.0] * 23 + [9.0], [1.0] * 3 + [9.0]
    assert rounds_row("x", many, [1.0] * 24, goal=2).noise == 0
    assert rounds_row("x", few, [1.0] * 4, goal=2).noise == 4


@pytest.mark.parametrize(
    ("ratio", "better", "ok"), [(1.05, "lower", True), (1.3, "lower", False), (0.95, "higher", True), (0.7, "higher", False)]
)
def test_a_goal_is_missed_only_by_more_than_the_noise(ratio: float, better: str, ok: bool) -> None:
    ratios = [ratio - 0.1, ratio, ratio + 0.1]
    assert rounds_row("x", ratios, [1.0] * 3, goal=1, better=better).ok is ok  # type: ignore[arg-type]


def test_noise_away_from_the_goal_excuses_nothing() -> None:
    assert not rounds_row("x", [1.15] * 7 + [1.2] * 10 + [1.7] * 7, [1.0] * 24, goal=1.1).ok
