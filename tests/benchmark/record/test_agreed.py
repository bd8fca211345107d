"""Nothing is stated where two weightings do not say the same."""

import pytest

from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.quantities.agreed import agreed

UP, DOWN = Number(value=0.2, low=0.1, high=0.3), Number(value=-0.4, low=-0.5, high=-0.1)
UNCLEAR, TOUCHING = Number(value=0.1, low=-0.1, high=0.3), Number(value=0.1, low=0.0, high=0.3)


def test_both_on_one_side_give_the_value_by_mass() -> None:
    assert agreed(UP, Number(value=0.7, low=0.6, high=0.8)) == UP
    assert agreed(DOWN, Number(value=-0.1, low=-0.2, high=-0.01)) == DOWN


def test_what_is_0_by_construction_is_said_to_be() -> None:
    nothing = Number(value=0.0, low=0.0, high=0.0)
    assert agreed(nothing, nothing) == nothing
    assert agreed(nothing, Number(value=0.0, low=-0.1, high=0.1)) == Missing(
        missing="the interval of the value by mass contains 0"
    )


@pytest.mark.parametrize(
    ("mass", "squares", "reason"),
    [
        (UP, DOWN, "the two weightings disagree in sign"),
        (UNCLEAR, UP, "the interval of the value by mass contains 0"),
        (UP, UNCLEAR, "the interval of the value by squared mass contains 0"),
        (UP, TOUCHING, "the interval of the value by squared mass contains 0"),
        (Missing(missing="why"), UP, "by mass: why"),
        (UP, Missing(missing="why"), "by squared mass: why"),
        (Number(value=1.0), UP, "the value by mass has no interval"),
    ],
)
def test_elsewhere_there_is_a_reason(mass: Number | Missing, squares: Number | Missing, reason: str) -> None:
    assert agreed(mass, squares) == Missing(missing=reason)
