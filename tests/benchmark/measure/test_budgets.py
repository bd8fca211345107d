"""Numbers of edges at the shares of a grid."""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from mechshift.benchmark.measure.budgets import budgets
from mechshift.benchmark.record.protocol import GRID


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        (3_628, (3, 7, 18, 36, 72, 181, 362, 725, 1_814, 3_628)),  # the reference pair
        (32_491, (32, 64, 162, 324, 649, 1_624, 3_249, 6_498, 16_245, 32_491)),  # GPT-2
        # Qwen2.5-7B, whose key/value heads are shared.
        (
            1_592_881,
            (1_592, 3_185, 7_964, 15_928, 31_857, 79_644, 159_288, 318_576, 796_440, 1_592_881),
        ),
    ],
)
def test_shares_are_rounded_down_as_mib_does(edges: int, expected: Sequence[int]) -> None:
    """MIB, arXiv 2504.13151: `int(share * edges)` of the shares .1, .2, .5, 1, … 50, 100 %, here by hand."""
    assert budgets(GRID, edges) == list(expected)


@pytest.mark.parametrize("edges", [*range(1, 400), 3_628, 32_491, 1_592_881])
def test_a_share_is_meant_as_the_decimal_that_it_is_written_as(edges: int) -> None:
    shares = [share / 1000 for share in range(1, 1001)]
    exact = [max(1, int(Fraction(share, 1000) * edges)) for share in range(1, 1001)]
    assert budgets(shares, edges) == exact


def test_there_is_at_least_one_edge() -> None:
    assert budgets((0.001, 0.5, 1.0), 100) == [1, 50, 100]
    assert budgets((0.001, 0.5, 1.0), 1) == [1, 1, 1]
