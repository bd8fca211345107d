"""Average precision against scikit-learn's, ties included, and against curves drawn by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mechshift.metrics import average_precision


@pytest.mark.parametrize("levels", [2, 3, 5, 1000])
@pytest.mark.parametrize("share", [0.03, 0.5, 0.9])
def test_it_is_scikit_learns_with_few_and_with_many_ties(levels: int, share: float) -> None:
    generator = np.random.default_rng(levels)
    values = generator.integers(0, levels, (4, 7, 60)) / 8.0 - 1
    labels = generator.random((3, 1, 7, 60)) < share
    labels[..., 11] = True
    found = average_precision(labels, values)
    assert found.shape == (3, 4, 7)
    expected = [
        [
            [average_precision_score(of, by) for of, by in zip(labels[i, 0], row, strict=True)]
            for row in values
        ]
        for i in range(3)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_float32_values_tie_as_they_are() -> None:
    values = np.array([0.1, 0.1, 0.3, 0.30000001], np.float32)
    assert values[2] == values[3]
    labels = np.array([False, True, True, False])
    assert average_precision(labels, values) == pytest.approx(average_precision_score(labels, values))


def test_curves_by_hand() -> None:
    assert average_precision([True, True, False], [3, 2, 1]) == 1
    # The label last: at full recall precision is 1 of 4.
    assert average_precision([False, False, False, True], [4, 3, 2, 1]) == 0.25
    assert average_precision([True, False, False, True], [7, 7, 7, 7]) == 0.5
    # Half of the recall at 1/1, the other half at 2/4.
    assert average_precision([True, False, False, True], [9, 5, 5, 5]) == 0.75


def test_values_that_know_nothing_have_about_the_base_rate() -> None:
    generator = np.random.default_rng(0)
    labels = generator.permuted(np.arange(400) < 60) & np.ones((50, 1), bool)
    assert average_precision(labels, generator.random((50, 400))).mean() == pytest.approx(0.15, abs=0.02)


@pytest.mark.parametrize(
    ("labels", "values", "message"),
    [
        ([True, False], [1.0], "not of the same cases"),
        ([[True, False]] * 2, [[1.0, 2.0]] * 3, "do not go with"),
        ([False, False], [1.0, 2.0], "has no case"),
        ([[True, False], [False, False]], [1.0, 2.0], "has no case"),
        ([True, False], [1.0, np.nan], "NaN"),
        ([1, 0], [1.0, 2.0], "must be boolean"),
        (True, 1.0, "not of the same cases"),
    ],
)
def test_bad_input(labels: object, values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        average_precision(labels, values)
