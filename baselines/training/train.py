"""The training loop: seeded, logged as CSV, and resumable after being killed at any moment."""

import csv
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import LlamaForCausalLM

from ...errors import UsageError
from .data import Sampler
from .objectives import Objective
from .recipe import Optimisation

SAVE_EVERY = 100
EVALUATE_EVERY = 500

Evaluate = Callable[[LlamaForCausalLM], dict[str, float]]
Optimisers = tuple[torch.optim.Optimizer, ...]


def train(
    model: LlamaForCausalLM,
    objective: Objective,
    sampler: Sampler,
    optimisation: Optimisation,
    evaluate: Evaluate,
    folder: Path,
    seed: int,
) -> None:
    """Train the model in place, from the folder's checkpoint where there is one.

    Writes `log.csv` (step, loss, learning rate, seconds, accuracies by task) and `state.pt` (weights and
    optimiser, read back with `weights_only`) to the folder. A step's batch and noise depend on seed and
    step alone, so that an interrupted training continues as if it had not been.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimisers = _optimisers(model, optimisation)
    first, losses = _resume(model, optimisers, folder)
    started = time.monotonic()
    for step in range(first, optimisation.steps):
        model.train()
        rate = learning_rate(optimisation, step)
        loss = objective(model, sampler.batch(step), step, np.random.default_rng([seed, step, 1]))
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), optimisation.clip)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()
        losses.append(loss.item())
        done = step + 1
        if done % EVALUATE_EVERY == 0 or done == optimisation.steps:
            model.eval()
            scores = {"step": done, "loss": float(np.mean(losses)), "rate": rate}
            _log(folder, scores | {"seconds": time.monotonic() - started} | evaluate(model))
            losses = []
        if done % SAVE_EVERY == 0 or done == optimisation.steps:
            _save(model, optimisers, done, losses, folder)
    model.eval()


def learning_rate(optimisation: Optimisation, step: int) -> float:
    """The rate of a step: linear warm-up, then a cosine to a tenth of the peak."""
    if step < optimisation.warmup:
        return optimisation.peak_rate * (step + 1) / optimisation.warmup
    progress = (step - optimisation.warmup) / max(1, optimisation.steps - optimisation.warmup)
    return optimisation.peak_rate * (0.55 + 0.45 * float(np.cos(np.pi * progress)))


def _optimisers(model: LlamaForCausalLM, optimisation: Optimisation) -> Optimisers:
    """Muon for the matrices inside the layers, AdamW for embeddings and gains, at one rate.

    Raises UsageError where this torch has no Muon.
    """
    if not hasattr(torch.optim, "Muon"):
        raise UsageError(
            f"the reference pairs are trained with Muon, which torch {torch.__version__} does not have",
            "install torch 2.9 or newer",
        )
    matrices = [p for p in model.model.layers.parameters() if p.dim() > 1]
    inside = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in inside]
    rate, decay = optimisation.peak_rate, optimisation.weight_decay
    return (
        torch.optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, weight_decay=0.0, betas=(0.9, 0.95)),
    )


def _resume(model: nn.Module, optimisers: Optimisers, folder: Path) -> tuple[int, list[float]]:
    """The step to continue with, and the losses since the last row of the log."""
    path = folder / "state.pt"
    if not path.exists():
        (folder / "log.csv").unlink(missing_ok=True)
        return 0, []
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(kept)
    _drop_rows_after(folder / "log.csv", state["step"])
    return int(state["step"]), list(state.get("losses", []))


def _save(model: nn.Module, optimisers: Optimisers, step: int, losses: list[float], folder: Path) -> None:
    partial = folder / "state.partial"
    kept = [optimiser.state_dict() for optimiser in optimisers]
    state = {"model": model.state_dict(), "optimisers": kept, "step": step, "losses": losses}
    torch.save(state, partial)
    os.replace(partial, folder / "state.pt")


def _log(folder: Path, row: dict[str, float]) -> None:
    path = folder / "log.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow({key: f"{value:.6g}" for key, value in row.items()})


def _drop_rows_after(path: Path, step: int) -> None:
    """Rows that an interrupted run logged beyond its last checkpoint are written again."""
    if not path.exists():
        return
    header, *rows = path.read_text().splitlines(keepends=True)
    path.write_text(header + "".join(row for row in rows if int(row.split(",")[0]) <= step))
