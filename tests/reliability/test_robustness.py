"""The script that moves weights: its paths, its noise and its table."""

import pytest
import torch
from reliability.measured import ESTIMATORS
from reliability.robustness import between, harmless, noisy
from reliability.tables import robustness_table

ONE = {"matrix": torch.tensor([[1.0, 3.0], [5.0, 7.0]]), "norm": torch.ones(2)}
OTHER = {"matrix": torch.zeros(2, 2), "norm": torch.full((2,), 3.0)}


def test_a_path_leads_from_one_to_the_other() -> None:
    half = between(ONE, OTHER, 0.5)
    assert half["matrix"].tolist() == [[0.5, 1.5], [2.5, 3.5]]
    assert half["norm"].tolist() == [2.0, 2.0]
    assert between(ONE, OTHER, 1.0)["matrix"].tolist() == OTHER["matrix"].tolist()


def test_noise_grows_with_its_level_and_leaves_vectors_alone() -> None:
    square = {"matrix": torch.randn(100, 100, dtype=torch.float64), "norm": torch.ones(2)}
    small, large = (noisy(square, level) for level in (0.1, 0.2))
    assert large["norm"].tolist() == [1.0, 1.0]
    apart = [each["matrix"] - square["matrix"] for each in (small, large)]
    torch.testing.assert_close(apart[1], 2 * apart[0])
    assert float(apart[0].std()) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(("right", "largest"), [([1, 1, 0.99, 1], 0.2), ([0.5, 1, 1, 1], 0), ([1] * 4, 0.4)])
def test_noise_is_harmless_up_to_the_first_wrong_answer(right: list[float], largest: float) -> None:
    accuracies = dict(zip((0.1, 0.2, 0.3, 0.4), right, strict=True))
    assert harmless(accuracies.__getitem__, list(accuracies)) == largest


def test_the_table_has_a_row_for_each_estimator_and_task() -> None:
    values = {name: [0.5, 0.4, 0.6] for name in ESTIMATORS}
    result = {"paths": {"control": [values] * 4}, "level": 0.3, "noise": values}
    lines = robustness_table(ESTIMATORS, {"ioi": result, "agreement": result}).splitlines()
    assert len(lines) == 2 + 2 * len(ESTIMATORS)
    assert lines[2] == "| ρ | ioi | .50, .50, .50, .50 | .50 at 0.3 |"
