"""A recipe small enough to be trained by a test."""

from collections.abc import Callable

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

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
def toy() -> Callable[[int], LlamaForCausalLM]:
    """A model of eleven tokens with weights from a seed; its second layer reads what leaks in its first."""

    def build(seed: int) -> LlamaForCausalLM:
        torch.manual_seed(seed)
        config = LlamaConfig(
            vocab_size=11,
            hidden_size=8,
            intermediate_size=12,
            num_hidden_layers=2,
            num_attention_heads=2,
            initializer_range=0.5,
            bos_token_id=None,
            eos_token_id=None,
        )
        return LlamaForCausalLM(config)

    return build
