"""The file verifier and the browser's say the same, line by line, of draws made by chance, lawful and bent."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.draw.maker import Maker, bent, random_draw
from tests.draw.verifiers import Case, by_file, by_script, chromium, script_page

LAWFUL = 600
BENT = 400


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium() as browser:
        yield script_page(browser, tmp_path_factory.mktemp("page"))


def case_of(random: Random, maker: Maker) -> Case:
    """The draw with a receipt of somebody in it, if anybody is, from any time since."""
    if not maker.people or random.random() < 0.2:
        return Case.of(maker.made())
    person = random.choice(maker.people)
    size = random.choice([maker.size, random.randrange(person.index + 1, maker.size + 1)])
    return Case.of(maker.made(), receipt=maker.receipt(person, size).encode(), email=person.email)


@pytest.mark.browser
def test_lawful_draws(page: Any) -> None:
    random = Random(1)
    makers = [random_draw(random) for _ in range(LAWFUL)]
    cases = [case_of(random, maker) for maker in makers]
    ours, theirs = by_file(cases), by_script(page, cases)
    for maker, case, file, script in zip(makers, cases, ours, theirs, strict=True):
        assert file.comparable == script.comparable
        gone = case.receipt and "took no part: removed before the seal" in file.ending
        assert gone or file.ending == "verified, seal time unproven", maker.leaves
        if maker.ranks and not gone:
            assert any(f"Rank 1 is entry {maker.ranks[0][1]:,}, ticket {maker.ranks[0][0].hex()}." in line for line in file.said)


@pytest.mark.browser
def test_bent_draws(page: Any) -> None:
    random = Random(2)
    draws = [bent(random, random_draw(random, most=12)) for _ in range(BENT)]
    cases = [Case.of(draw, vkey=draw.vkey) for draw in draws]
    ours, theirs = by_file(cases), by_script(page, cases)
    for case, file, script in zip(cases, ours, theirs, strict=True):
        assert file.comparable == script.comparable, case
    endings = {outcome.ending for outcome in ours}
    assert len(endings) > 60
    assert sum(outcome.ending.startswith("invalid: ") for outcome in ours) > 0.6 * len(ours)
