"""A recipe small enough to be trained by a test."""

from collections.abc import Callable
from typing import Any

import pytest
from transformers import PreTrainedModel

from build.models import random_model
from mechshift.baselines.training import vocabulary
from mechshift.baselines.training.recipe import Architecture, Diffusion, Optimisation, Recipe, SecondStage


@pytest.fixture(autouse=True)
def _small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "SAMPLE", 600)


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        name="toy",
        architecture=Architecture(layers=1, heads=2, width=8, mlp_width=12),
        mixture={"ioi": 0.5, "infilling": 0.5},
        arm=Optimisation(steps=3, peak_rate=1e-2, batch=8, warmup=2),
        second=SecondStage(
            "a toy",
            "arm",
            Diffusion(shift=True, anneal=2),
            Optimisation(steps=3, peak_rate=1e-2, batch=8, warmup=2),
        ),
        in_place=0.2,
        pool=60,
    )


@pytest.fixture
def toy() -> Callable[[int], PreTrainedModel]:
    """A model of eleven tokens with weights from a seed; its second layer reads what leaks in its first."""

    def build(seed: int) -> PreTrainedModel:
        sizes: dict[str, Any] = {"vocabulary": 11, "width": 8, "mlp_width": 12, "heads": 2}
        return random_model("llama", seed=seed, spread=None, initializer_range=0.5, **sizes)

    return build
