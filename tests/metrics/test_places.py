"""Shares of score by place."""

import numpy as np
import pytest

from mechshift.metrics import place_shares
from mechshift.metrics.undefined import Undefined


def test_shares_are_of_absolute_scores_edge_by_edge() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(3, 4, 5))
    held = [0.0, 0.0, 0.0]
    for place in range(3):
        for row in range(4):
            for column in range(5):
                held[place] += abs(scores[place, row, column])
    found = place_shares(scores)
    assert not isinstance(found, Undefined)
    assert found == pytest.approx(np.array(held) / sum(held))
    assert place_shares(-1e200 * scores) == pytest.approx(found)


def test_what_cancels_within_an_edge_counts() -> None:
    assert place_shares([[1.0], [-1.0]]) == pytest.approx([0.5, 0.5])


def test_nothing_has_no_shares() -> None:
    assert isinstance(place_shares(np.zeros((3, 2))), Undefined)


@pytest.mark.parametrize("wrong", [np.zeros(0), 1.0, [np.nan], [[1.0], [np.inf]]])
def test_bad_input_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="scores_by_place"):
        place_shares(wrong)
