"""The script that moves weights: its paths, its noise and its table."""

from pathlib import Path

import pytest
import torch
from reliability import tables
from reliability.measured import ESTIMATORS
from reliability.robustness import Asked, between, harmless, noisy
from reliability.tables import robustness_table

from build.asking import encoded
from build.models import random_member
from build.pairs import pair_of
from build.tokenizers import LETTERS
from mechshift.benchmark.asking.states import question

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


def test_other_weights_are_measured_against_the_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    arm, other = (random_member(vocabulary=len(LETTERS), tied=True, seed=seed) for seed in (0, 1))
    weights = {name: value.clone() for name, value in arm.backbone.model.state_dict().items()}
    # Three prompts over and over: of prompts without anything in common there is no mean to compare.
    examples = [encoded(6, [3], [4], place % 3) for place in range(16)]
    asked = [question(arm, each, (0,), place // 2, place) for place, each in enumerate(examples)]
    # No random model solves a task, so the questions are given.
    monkeypatch.setattr(Asked, "_questions", (asked, ("one template",) * 8))
    found = Asked(pair_of(arm, other), weights, "ioi")
    same, moved = (found.estimates(each) for each in (weights, noisy(weights, 0.5)))
    assert set(same) == set(ESTIMATORS)
    assert same["ρ"][0] == pytest.approx(1)
    assert moved["ρ"][0] < 0.999


def test_the_page_has_a_place_for_every_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "metrics.md"
    page.write_text(tables.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(tables, "PAGE", page)
    names = ("simulated", "recorded", "robustness")
    tables.write({name: f"the {name} values" for name in names})
    for name in names:
        assert f"\nthe {name} values\n" in page.read_text(encoding="utf-8")
