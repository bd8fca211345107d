"""The figures for pairs of 7B on the page are those that are computed, from the published dimensions."""

from pathlib import Path

import pytest
from tabulate import tabulate

from mechshift.benchmark.record.protocol import PAPER, V2
from speed.seven_billion import DREAM, HEADERS, PAIRS, peaks, shares_table, sizes_of, table

PAGE = Path(__file__).parents[2] / "docs" / "dry-run.md"
PUBLISHED = {"Qwen2.5-7B / Dream-7B": 7_615_616_512, "LLaMA-2-7B / DiffuLLaMA": 6_738_415_616}
"""Numbers of parameters on the models' cards."""


@pytest.mark.parametrize("pair", PAIRS)
def test_parameters_are_those_that_were_published(pair: str) -> None:
    assert sizes_of(pair).parameters == PUBLISHED[pair]


def test_the_page_has_the_computed_figures() -> None:
    shown = tabulate(table(), HEADERS, tablefmt="github", disable_numparse=True)
    assert shown in PAGE.read_text(encoding="utf-8")


def test_the_page_has_the_computed_shares() -> None:
    assert shares_table(DREAM) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("protocol", [V2, PAPER], ids=lambda protocol: protocol.name)
@pytest.mark.parametrize("pair", PAIRS)
def test_sixty_four_rows_of_thirty_tokens_fit_on_one_card(pair: str, protocol: object) -> None:
    assert isinstance(protocol, type(V2))
    found = peaks(sizes_of(pair), protocol, 64, 30)
    assert 4 * PUBLISHED[pair] < max(stage.on_device for stage in found) < 80e9
