"""A recipe small enough to be trained by a test."""

from collections.abc import Callable
from typing import Any

import pytest
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from build.models import random_model
from mechshift.baselines.training import vocabulary
from mechshift.baselines.training.recipe import Architecture, Diffusion, Optimisation, Recipe, SecondStage
from mechshift.tasks import list_tasks

FEW = 600
"""Training examples of a task that a vocabulary is made of."""


@pytest.fixture(autouse=True)
def _small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "SAMPLE", FEW)


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer of all tasks, made of few examples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "SAMPLE", FEW)
        return vocabulary.build_tokenizer(list_tasks(), seed=0)


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
