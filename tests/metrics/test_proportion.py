import pytest
from scipy.stats import binomtest

from mechshift.metrics import wilson_interval

SHARES = [(successes, trials) for trials in (1, 2, 3, 97, 1000) for successes in {0, 1, trials // 3, trials}]


@pytest.mark.parametrize(("successes", "trials"), SHARES)
def test_it_is_the_interval_of_scipy(successes: int, trials: int) -> None:
    expected = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson_interval(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_share_lies_in_its_interval_exactly() -> None:
    for trials in range(1, 120):
        for successes in range(trials + 1):
            low, high = wilson_interval(successes, trials)
            assert 0 <= low <= successes / trials <= high <= 1


@pytest.mark.parametrize(
    ("successes", "trials", "message"),
    [
        (0, 0, "trials must be at least 1"),
        (4, 3, "between 0 and 3"),
        (-1, 3, "successes"),
        (1.0, 3, "whole number"),
    ],
)
def test_wrong_input_is_refused(successes: int, trials: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wilson_interval(successes, trials)
