"""What is said of two divisions of the tasks: chance is asked first, then the intervals over prompts."""

import pytest

from mechshift.baselines.report.over_seeds import _stronger
from mechshift.baselines.structure.family import Blocks, BothIntervals
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number

GONE = Missing(missing="one seed")


def blocks(low: float, high: float, p: float | None) -> Blocks:
    """A division whose difference between same and other lies between those bounds."""
    found = BothIntervals(prompts=Number(value=(low + high) / 2, low=low, high=high), seeds=GONE)
    return Blocks(
        same=found, other=found, difference=found, p=GONE if p is None else Number(value=p), dealt=100
    )


@pytest.mark.parametrize(
    ("suite", "surface", "said"),
    [
        (
            (0.1, 0.2, 0.5),
            (0.3, 0.4, 0.06),
            "Neither division is clear of what dealing the tasks out by chance",
        ),
        ((0.1, 0.2, 0.5), (0.3, 0.4, 0.04), "Words and symbols divide circuits more than local tasks"),
        ((0.3, 0.4, 0.01), (0.1, 0.2, 0.01), "Local tasks and planning divide circuits more than words"),
        ((0.1, 0.3, 0.01), (0.2, 0.4, 0.01), "Neither division is told to divide circuits more"),
        ((0.1, 0.2, None), (0.3, 0.4, 0.01), "Which of the two divides circuits more is not known"),
    ],
)
def test_the_stronger_division_is_named_where_it_is_clear_of_chance(
    suite: tuple[float, float, float | None], surface: tuple[float, float, float | None], said: str
) -> None:
    assert _stronger(blocks(*suite), blocks(*surface)).startswith(said)
