import pytest
from transformers import LlamaForCausalLM

from mechshift.baselines.training.recipe import TINY
from mechshift.tasks import list_tasks

MEGABYTES_8 = 8 * 2**20


def test_the_reference_pair_fits_into_eight_megabytes() -> None:
    model = LlamaForCausalLM(TINY.architecture.config(512))
    assert 4 * sum(parameter.numel() for parameter in model.parameters()) <= MEGABYTES_8


def test_the_reference_pair_has_enough_edges_to_resolve() -> None:
    layers, heads = TINY.architecture.layers, TINY.architecture.heads
    sources = [1 + layer * (heads + 1) for layer in range(layers)]
    edges = sum(3 * heads * before + before + heads for before in sources) + 1 + layers * (heads + 1)
    assert edges >= 3628


def test_every_task_is_in_the_mixture() -> None:
    assert set(TINY.mixture) == {task.card.name for task in list_tasks()}
    assert sum(TINY.mixture.values()) == pytest.approx(1)
