"""The training loop: seeded, logged as CSV, and resumable after being killed at any moment."""

import csv
import io
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from ...errors import UsageError
from ...files import write_text
from .data import Sampler
from .objectives import Objective
from .recipe import Optimisation

SAVE_EVERY = 100
EVALUATE_EVERY = 500
LOG, STATE = "log.csv", "state.pt"

Evaluate = Callable[[LlamaForCausalLM], dict[str, float]]
Optimisers = tuple[torch.optim.Optimizer, ...]


@dataclass
class TrainingState:
    """Steps done and seconds they took, the rows of the log, and the losses since the last of them."""

    step: int = 0
    seconds: float = 0.0
    rows: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


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

    Writes `log.csv` (step, loss, learning rate, seconds, accuracies by task) and `state.pt` (weights,
    optimiser and progress, read back with `weights_only`) to the folder. A step's batch and noise depend on
    seed and step alone, so that an interrupted training continues as if it had not been; its seconds are
    those of the steps that were kept. Raises UsageError where the checkpoint is another version's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimisers = _optimisers(model, optimisation)
    progress = _resume(model, optimisers, folder)
    # Rows beyond the checkpoint are dropped, because those steps are run again.
    _write_log(progress, folder)
    started = time.monotonic() - progress.seconds
    for step in range(progress.step, optimisation.steps):
        model.train()
        rate = learning_rate(optimisation, step)
        # The numbers depend on the step and not on what was drawn before, so a resumed training draws the
        # same.
        loss = objective(model, sampler.batch(step), step, np.random.default_rng([seed, step, 1]))
        _descend(model, optimisers, loss, rate, optimisation.clip)
        progress.losses.append(loss.item())
        done = progress.step = step + 1
        if done % EVALUATE_EVERY == 0 or done == optimisation.steps:
            model.eval()
            scores = {"step": done, "loss": float(np.mean(progress.losses)), "rate": rate}
            progress.rows.append(scores | {"seconds": time.monotonic() - started} | evaluate(model))
            progress.losses = []
            _write_log(progress, folder)
        if done % SAVE_EVERY == 0 or done == optimisation.steps:
            progress.seconds = time.monotonic() - started
            _save(model, optimisers, progress, folder)
    model.eval()


def learning_rate(optimisation: Optimisation, step: int) -> float:
    """The rate of a step: linear warm-up, then a cosine from the peak to the final rate."""
    if step < optimisation.warmup:
        return optimisation.peak_rate * (step + 1) / optimisation.warmup
    progress = (step - optimisation.warmup) / max(1, optimisation.steps - optimisation.warmup)
    decay = (1 + float(np.cos(np.pi * progress))) / 2
    return optimisation.peak_rate * (optimisation.final + (1 - optimisation.final) * decay)


def require_muon() -> None:
    """Raises UsageError where this torch has no Muon."""
    if not hasattr(torch.optim, "Muon"):
        raise UsageError(
            f"the reference pairs are trained with Muon, which torch {torch.__version__} does not have",
            "install torch 2.9 or newer",
        )


def _optimisers(model: LlamaForCausalLM, optimisation: Optimisation) -> Optimisers:
    """Muon for the matrices inside the layers, AdamW for embeddings and gains, at one rate."""
    # Muon orthogonalises updates of matrices; embeddings and gains are left to AdamW.
    matrices = [p for p in model.model.layers.parameters() if p.dim() > 1]
    inside = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in inside]
    rate, decay = optimisation.peak_rate, optimisation.weight_decay
    return (
        torch.optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, weight_decay=0.0, betas=(0.9, 0.95)),
    )


def _descend(model: nn.Module, optimisers: Optimisers, loss: Tensor, rate: float, clip: float) -> None:
    model.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()


def _resume(model: nn.Module, optimisers: Optimisers, folder: Path) -> TrainingState:
    """How far the folder's checkpoint is, whose weights and optimisers are taken over; else the beginning."""
    path = folder / STATE
    if not path.exists():
        return TrainingState()
    state = torch.load(path, weights_only=True)
    if state.get("progress", {}).keys() != {one.name for one in fields(TrainingState)}:
        raise UsageError(
            f"{path} was written by another version of mechshift",
            f"go on with that version, or delete {folder} to train it anew",
        )
    model.load_state_dict(state["model"])
    for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(kept)
    return TrainingState(**state["progress"])


def _save(model: nn.Module, optimisers: Optimisers, progress: TrainingState, folder: Path) -> None:
    partial = folder / "state.partial"
    kept = [optimiser.state_dict() for optimiser in optimisers]
    torch.save({"model": model.state_dict(), "optimisers": kept, "progress": asdict(progress)}, partial)
    # Moved into place once whole, so that a kill leaves the previous checkpoint.
    os.replace(partial, folder / STATE)


def _write_log(progress: TrainingState, folder: Path) -> None:
    """Of the rows that are kept, so that those beyond the checkpoint of an interrupted training go."""
    path = folder / LOG
    if not progress.rows:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(progress.rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in progress.rows)
    write_text(path, text.getvalue())
