import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM, PreTrainedModel

from mechshift.baselines.training import train as module
from mechshift.baselines.training.data import Batch, Pool, Sampler
from mechshift.baselines.training.objectives import Objective, masked_diffusion, next_token
from mechshift.baselines.training.recipe import Diffusion, Optimisation
from mechshift.baselines.training.train import Optimisers, learning_rate, train

Build = Callable[[int], LlamaForCausalLM]
FOUR_STEPS = Optimisation(steps=4, peak_rate=1e-2, batch=6, warmup=2)
OBJECTIVES = {"arm": next_token(0.1), "mdm": masked_diffusion(Diffusion(shift=True, anneal=3), 2)}


class Killed(BaseException):
    """Stands for a signal that ends the process."""


def sampler() -> Sampler:
    tokens = np.random.default_rng(0).integers(3, 11, size=(20, 6))
    return Sampler({"only": Pool(tokens, np.tile(np.arange(6) > 3, (20, 1)))}, {"only": 1.0}, 6, seed=0)


def killed_at(step: int, objective: Objective) -> Objective:
    def loss(model: PreTrainedModel, batch: Batch, now: int, rng: np.random.Generator) -> Tensor:
        if now == step:
            raise Killed
        return objective(model, batch, now, rng)

    return loss


def run(model: LlamaForCausalLM, objective: Objective, folder: Path, seed: int = 0) -> dict[str, Tensor]:
    train(model, objective, sampler(), FOUR_STEPS, lambda model: {"task": 0.5}, folder, seed)
    return model.state_dict()


def log(folder: Path) -> list[dict[str, str]]:
    """The rows of the log without their seconds."""
    with (folder / "log.csv").open() as file:
        return [
            {key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)
        ]


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAVE_EVERY", 2)
    monkeypatch.setattr(module, "EVALUATE_EVERY", 2)


@pytest.mark.parametrize("step", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_a_killed_training_ends_with_the_same_weights_and_log(
    kind: str, step: int, toy: Build, tmp_path: Path
) -> None:
    objective = OBJECTIVES[kind]
    expected = run(toy(0), objective, tmp_path / "whole")
    with pytest.raises(Killed):
        run(toy(0), killed_at(step, objective), tmp_path / "killed")
    (tmp_path / "killed" / "state.partial").write_bytes(b"half a checkpoi")
    found = run(toy(0 if step < 2 else 5), objective, tmp_path / "killed")  # the second from a checkpoint
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert log(tmp_path / "killed") == log(tmp_path / "whole")


@pytest.mark.parametrize(("save", "evaluate"), [(2, 1), (2, 3), (1, 4)])
@pytest.mark.parametrize("step", [1, 3])
def test_the_log_does_not_depend_on_where_checkpoints_fall(
    step: int, save: int, evaluate: int, toy: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAVE_EVERY", save)
    monkeypatch.setattr(module, "EVALUATE_EVERY", evaluate)
    run(toy(0), OBJECTIVES["arm"], tmp_path / "whole")
    with pytest.raises(Killed):
        run(toy(0), killed_at(step, OBJECTIVES["arm"]), tmp_path / "killed")
    run(toy(0), OBJECTIVES["arm"], tmp_path / "killed")
    assert log(tmp_path / "killed") == log(tmp_path / "whole")


def test_what_was_logged_after_the_last_checkpoint_is_logged_again_only_once(
    toy: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = module._save

    def killed_before_the_second(
        model: nn.Module, optimisers: Optimisers, step: int, losses: list[float], folder: Path
    ) -> None:
        if step == 4:
            raise Killed
        save(model, optimisers, step, losses, folder)

    monkeypatch.setattr(module, "_save", killed_before_the_second)
    with pytest.raises(Killed):
        run(toy(0), OBJECTIVES["arm"], tmp_path)
    assert [row["step"] for row in log(tmp_path)] == ["2", "4"]
    monkeypatch.setattr(module, "_save", save)
    run(toy(0), OBJECTIVES["arm"], tmp_path)
    assert [row["step"] for row in log(tmp_path)] == ["2", "4"]


def test_a_finished_training_is_kept(toy: Build, tmp_path: Path) -> None:
    expected = run(toy(0), OBJECTIVES["arm"], tmp_path)
    before = (tmp_path / "log.csv").read_bytes(), (tmp_path / "state.pt").read_bytes()
    found = run(toy(5), killed_at(0, OBJECTIVES["arm"]), tmp_path)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert ((tmp_path / "log.csv").read_bytes(), (tmp_path / "state.pt").read_bytes()) == before


def test_another_seed_draws_other_noise(toy: Build, tmp_path: Path) -> None:
    first, again, other = (
        run(toy(0), OBJECTIVES["mdm"], tmp_path / str(index), seed) for index, seed in enumerate((0, 0, 1))
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_training_lowers_the_loss(toy: Build, tmp_path: Path) -> None:
    longer = replace(FOUR_STEPS, steps=60)
    train(toy(0), next_token(0.1), sampler(), longer, lambda model: {}, tmp_path, 0)
    losses = [float(row["loss"]) for row in log(tmp_path)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_models_are_evaluated_in_evaluation_mode(toy: Build, tmp_path: Path) -> None:
    modes: list[bool] = []

    def evaluate(model: LlamaForCausalLM) -> dict[str, float]:
        modes.append(model.training)
        return {}

    train(toy(0), OBJECTIVES["arm"], sampler(), FOUR_STEPS, evaluate, tmp_path, 0)
    assert modes == [False] * 2


def test_learning_rate_by_hand() -> None:
    rates = Optimisation(steps=12, peak_rate=2.0, warmup=4)
    found = [learning_rate(rates, step) for step in (0, 1, 2, 3, 4, 8, 12)]
    assert found == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 1.1, 0.2])


def test_learning_rate_without_warm_up_begins_at_the_peak() -> None:
    assert learning_rate(Optimisation(steps=10, peak_rate=3.0, warmup=0), 0) == pytest.approx(3.0)
