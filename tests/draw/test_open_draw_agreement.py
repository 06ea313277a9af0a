"""The file verifier and the browser's say the same, line by line, of draws made by chance, lawful and bent."""

from random import Random
from typing import Any

import pytest

from tests.draw.maker import Maker, bent, random_draw
from tests.draw.verifiers import Case, agree, script_page

LAWFUL = 600
BENT = 400


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return script_page(browser, tmp_path_factory.mktemp("page"))


def case_of(random: Random, maker: Maker) -> Case:
    """The draw with a receipt of somebody in it, if anybody is, from any time since."""
    if not maker.people or random.random() < 0.2:
        return Case.of(maker.made())
    person = random.choice(maker.people)
    size = random.choice([maker.size, random.randrange(person.index + 1, maker.size + 1)])
    return Case.of(maker.made(), receipt=maker.receipt(person, size).encode(), email=person.email)


@pytest.mark.browser
@pytest.mark.slow
def test_lawful_draws(page: Any) -> None:
    random = Random(1)
    makers = [random_draw(random) for _ in range(LAWFUL)]
    cases = [case_of(random, maker) for maker in makers]
    for maker, case, outcome in zip(makers, cases, agree(page, cases), strict=True):
        gone = case.receipt and "took no part: removed before the seal" in outcome.ending
        assert gone or outcome.ending == "verified, seal time unproven", maker.leaves
        if maker.ranks and not gone:
            first = f"Rank 1 is entry {maker.ranks[0][1]:,}, ticket {maker.ranks[0][0].hex()}."
            assert any(first in line for line in outcome.said)


@pytest.mark.browser
@pytest.mark.slow
def test_bent_draws(page: Any) -> None:
    random = Random(2)
    draws = [bent(random, random_draw(random, most=12)) for _ in range(BENT)]
    cases = [Case.of(draw, vkey=draw.vkey) for draw in draws]
    endings = [outcome.ending for outcome in agree(page, cases)]
    assert len(set(endings)) > 60
    assert sum(ending.startswith("invalid: ") for ending in endings) > 0.6 * len(endings)
