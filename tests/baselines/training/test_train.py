import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer, register_optimizer_step_pre_hook
from transformers import LlamaForCausalLM, PreTrainedModel

from mechshift.baselines.training import train as module
from mechshift.baselines.training.data import Sampler, TaskTexts, TrainingBatch
from mechshift.baselines.training.objectives import Objective, masked_diffusion, next_token
from mechshift.baselines.training.recipe import Architecture, Diffusion, Optimisation
from mechshift.baselines.training.train import learning_rate, require_muon, train
from mechshift.errors import UsageError

Build = Callable[[int], LlamaForCausalLM]
FOUR_STEPS = Optimisation(steps=4, peak_rate=1e-2, batch=6, warmup=2)
OBJECTIVES = {"arm": next_token(0.1), "mdm": masked_diffusion(Diffusion(shift=True, anneal=3), 2)}


class Killed(BaseException):
    """Stands for a signal that ends the process."""


def sampler() -> Sampler:
    tokens = np.random.default_rng(0).integers(3, 11, size=(20, 6))
    return Sampler({"only": TaskTexts(tokens, np.tile(np.arange(6) > 3, (20, 1)))}, {"only": 1.0}, 6, seed=0)


def killed_at(step: int, objective: Objective) -> Objective:
    def loss(model: PreTrainedModel, batch: TrainingBatch, now: int, rng: np.random.Generator) -> Tensor:
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
    monkeypatch.setattr(module, "SAVE_EVERY", 3)
    with pytest.raises(Killed):
        run(toy(0), killed_at(2, OBJECTIVES["arm"]), tmp_path)
    assert [row["step"] for row in log(tmp_path)] == ["2"]
    run(toy(0), OBJECTIVES["arm"], tmp_path)
    assert [row["step"] for row in log(tmp_path)] == ["2", "4"]


@pytest.mark.parametrize("left", ["", "step,lo", "step,loss\n2,0.1\n9,0.1\n", None])
def test_the_log_is_made_again_from_the_checkpoint(left: str | None, toy: Build, tmp_path: Path) -> None:
    run(toy(0), OBJECTIVES["arm"], tmp_path / "whole")
    with pytest.raises(Killed):
        run(toy(0), killed_at(3, OBJECTIVES["arm"]), tmp_path / "killed")
    path = tmp_path / "killed" / "log.csv"
    path.unlink()
    if left is not None:
        path.write_text(left)
    run(toy(0), OBJECTIVES["arm"], tmp_path / "killed")
    assert log(tmp_path / "killed") == log(tmp_path / "whole")


def test_a_kill_while_the_log_is_written_leaves_the_one_before(
    toy: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def half(self: Path, data: str, *arguments: Any, **options: Any) -> int:
        if data.count("\n") < 3:  # a header and a row
            return write(self, data, *arguments, **options)
        write(self, data[:4], *arguments, **options)
        raise Killed

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(Killed):
        run(toy(0), OBJECTIVES["arm"], tmp_path)
    assert [row["step"] for row in log(tmp_path)] == ["2"]


@pytest.mark.parametrize(("killed", "expected"), [(None, ["20", "45"]), (2, ["20", "45"]), (3, ["20", "45"])])
def test_seconds_go_on_from_the_checkpoint(
    killed: int | None, expected: list[str], toy: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step takes ten seconds, an evaluation five; it is logged with the seconds at its beginning."""
    now = 1000.0

    def clocked(model: PreTrainedModel, batch: TrainingBatch, step: int, rng: np.random.Generator) -> Tensor:
        nonlocal now
        now += 10
        return OBJECTIVES["arm"](model, batch, step, rng)

    def evaluate(model: LlamaForCausalLM) -> dict[str, float]:
        nonlocal now
        now += 5
        return {}

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    if killed is not None:
        with pytest.raises(Killed):
            train(toy(0), killed_at(killed, clocked), sampler(), FOUR_STEPS, evaluate, tmp_path, 0)
        now = 70_000.0
    train(toy(0), clocked, sampler(), FOUR_STEPS, evaluate, tmp_path, 0)
    with (tmp_path / "log.csv").open() as file:
        assert [row["seconds"] for row in csv.DictReader(file)] == expected


def test_a_checkpoint_of_another_version_is_refused_and_left_alone(toy: Build, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,loss\n2,0.1\n")
    torch.save(
        {"model": toy(0).state_dict(), "optimisers": [], "step": 2, "losses": []}, tmp_path / "state.pt"
    )
    before = (tmp_path / "state.pt").read_bytes()
    with pytest.raises(UsageError, match="written by another version"):
        run(toy(0), OBJECTIVES["arm"], tmp_path)
    assert (tmp_path / "log.csv").read_text() == "step,loss\n2,0.1\n"
    assert (tmp_path / "state.pt").read_bytes() == before


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
    found = [learning_rate(rates, step) for step in (0, 1, 2, 3, 4, 6, 8, 10, 12)]
    eighth = 0.9 / math.sqrt(2)  # 0.9 cos(π/4): between 2 and 0.2 lies 1.1 ± 0.9
    assert found == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 1.1 + eighth, 1.1, 1.1 - eighth, 0.2])


def test_learning_rate_without_warm_up_begins_at_the_peak() -> None:
    assert learning_rate(Optimisation(steps=10, peak_rate=3.0, warmup=0), 0) == pytest.approx(3.0)


def test_both_optimisers_step_at_the_rate_of_the_step(toy: Build, tmp_path: Path) -> None:
    rates: dict[str, list[float]] = {"Muon": [], "AdamW": []}

    def remember(optimiser: Optimizer, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        rates[type(optimiser).__name__].extend(group["lr"] for group in optimiser.param_groups)

    hook = register_optimizer_step_pre_hook(remember)
    try:
        run(toy(0), OBJECTIVES["arm"], tmp_path)
    finally:
        hook.remove()
    by_hand = pytest.approx([0.005, 0.01, 0.01, 0.0055])  # two steps up to 0.01, then half of a cosine
    assert rates == {"Muon": by_hand, "AdamW": by_hand}


@pytest.mark.parametrize(("scale", "clipped"), [(1000.0, True), (0.001, False)])
def test_a_gradient_longer_than_the_clip_is_shortened_to_it(
    scale: float, clipped: bool, toy: Build, tmp_path: Path
) -> None:
    def scaled(model: PreTrainedModel, batch: TrainingBatch, step: int, rng: np.random.Generator) -> Tensor:
        return scale * OBJECTIVES["arm"](model, batch, step, rng)

    model, twin = toy(0), toy(0)
    one_step = Optimisation(steps=1, peak_rate=1e-2, batch=6, warmup=2, clip=0.7)
    train(model, scaled, sampler(), one_step, lambda model: {}, tmp_path, 0)
    loss = scaled(twin, sampler().batch(0), 0, np.random.default_rng([0, 0, 1]))
    whole = torch.cat([one.flatten() for one in torch.autograd.grad(loss, list(twin.parameters()))])
    found = torch.cat([one.grad.flatten() for one in model.parameters() if one.grad is not None])
    length = whole.norm().item()
    assert (length > 0.7) == clipped
    torch.testing.assert_close(found, whole * (0.7 / length if clipped else 1.0))


def test_muon_has_the_matrices_of_the_layers_and_adamw_the_rest() -> None:
    model = LlamaForCausalLM(Architecture(layers=2, heads=2, width=8, mlp_width=12).config(11))
    muon, adamw = module._optimisers(model, Optimisation(steps=4, peak_rate=1e-2, weight_decay=0.3))
    assert [type(one).__name__ for one in (muon, adamw)] == ["Muon", "AdamW"]
    projections = [f"self_attn.{one}_proj" for one in "qkvo"] + [
        f"mlp.{one}_proj" for one in ("gate", "up", "down")
    ]
    gains = ["input_layernorm", "post_attention_layernorm"]
    assert named(model, muon) == sorted(
        f"model.layers.{layer}.{one}.weight" for layer in (0, 1) for one in projections
    )
    assert named(model, adamw) == sorted(
        ["model.embed_tokens.weight", "model.norm.weight"]
        + [f"model.layers.{layer}.{one}.weight" for layer in (0, 1) for one in gains]
    )
    assert [group["weight_decay"] for group in muon.param_groups] == [0.3]
    assert [group["weight_decay"] for group in adamw.param_groups] == [0.0]


def named(model: LlamaForCausalLM, optimiser: Optimizer) -> list[str]:
    """The names of an optimiser's parameters in alphabetical order."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return sorted(names[id(one)] for group in optimiser.param_groups for one in group["params"])


def test_a_torch_without_muon_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(UsageError, match="trained with Muon, which torch"):
        require_muon()
