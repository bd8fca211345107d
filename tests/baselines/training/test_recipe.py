import math
from dataclasses import replace

import pytest
from transformers import LlamaForCausalLM

from mechshift.baselines.training.recipe import Optimisation, Recipe, get_recipe, list_recipes
from mechshift.benchmark.record.protocol import V2
from mechshift.errors import UsageError

MEGABYTES_5 = 5 * 10**6
NAMES = {
    "tiny", "tiny-noshift", "tiny-continued", "tiny-continued-low", "tiny-scratch", "tiny-block",
    *(f"tiny{kind}-seed-{seed}" for kind in ("", "-continued") for seed in range(2, 6)),
}  # fmt: skip


@pytest.fixture
def tiny() -> Recipe:
    return get_recipe("tiny")


def test_all_reference_pairs_have_a_recipe() -> None:
    assert {recipe.name for recipe in list_recipes()} == NAMES


def test_an_unknown_recipe_offers_those_that_exist() -> None:
    with pytest.raises(UsageError, match="did you mean tiny-block"):
        get_recipe("tiny-blok")


def test_a_model_fits_into_five_megabytes(tiny: Recipe) -> None:
    model = LlamaForCausalLM(tiny.architecture.config(640))
    assert 4 * sum(parameter.numel() for parameter in model.parameters()) <= MEGABYTES_5


def test_a_reference_pair_has_enough_edges_to_resolve(tiny: Recipe) -> None:
    layers, heads = tiny.architecture.layers, tiny.architecture.heads
    sources = [1 + layer * (heads + 1) for layer in range(layers)]
    edges = sum(3 * heads * before + before + heads for before in sources) + 1 + layers * (heads + 1)
    assert edges >= 3628


def test_every_task_of_the_board_is_in_the_mixture(tiny: Recipe) -> None:
    tasks = tiny.tasks()
    levels = [(task.card.name, task.card.default_level) for task in tasks.values()]
    assert {(task.name, task.level) for task in V2.tasks} <= set(levels)
    assert len(set(levels)) == len(levels)
    assert math.fsum(tiny.mixture.values()) == pytest.approx(1)


def test_a_mixture_names_a_task_or_one_of_its_levels(tiny: Recipe) -> None:
    mixed = replace(tiny, mixture={"infilling": 0.5, "infilling/one-cue": 0.5}).tasks()
    found = {name: (task.card.name, task.card.default_level) for name, task in mixed.items()}
    assert found == {"infilling": ("infilling", "words"), "infilling/one-cue": ("infilling", "one-cue")}


def test_all_pairs_share_one_arm(tiny: Recipe) -> None:
    for recipe in list_recipes():
        assert all(getattr(recipe, field) == getattr(tiny, field) for field in tiny.of_arm)
    assert replace(tiny, arm=Optimisation(1, 1.0)).arm != tiny.arm
    assert {"architecture", "mixture", "arm", "pool", "prompt_weight", "seed"} == set(tiny.of_arm)


def test_all_second_stages_have_the_same_data_and_all_but_two_the_same_optimisation(
    tiny: Recipe,
) -> None:
    planned = tiny.second.optimisation
    expected = {
        "tiny-scratch": replace(planned, steps=tiny.arm.steps + planned.steps),
        "tiny-continued-low": replace(planned, peak_rate=0.1 * tiny.arm.peak_rate, final=1.0),
    }
    assert tiny.arm.final == 0.1
    for recipe in list_recipes():
        assert recipe.second.optimisation == expected.get(recipe.name, planned)
        assert (recipe.mixture, recipe.in_place, recipe.pool) == (tiny.mixture, tiny.in_place, tiny.pool)
    assert get_recipe("tiny-continued").second.seed == tiny.second.seed


def test_what_each_pair_differs_in(tiny: Recipe) -> None:
    second = {recipe.name: recipe.second for recipe in list_recipes()}
    shown = {
        name: (each.role, str(each.attention), each.shift, each.start, each.seed)
        for name, each in second.items()
    }
    assert shown == {
        "tiny": ("mdm", "full", True, "arm", 1),
        "tiny-noshift": ("mdm", "full", False, "arm", 1),
        "tiny-continued": ("control", "causal", True, "arm", 1),
        "tiny-scratch": ("mdm", "full", True, "random", 1),
        "tiny-block": ("mdm", "block:4", False, "arm", 1),
        **{f"tiny-seed-{seed}": ("mdm", "full", True, "arm", seed) for seed in range(2, 6)},
        "tiny-continued-low": ("control", "causal", True, "arm", 1),
        **{f"tiny-continued-seed-{seed}": ("control", "causal", True, "arm", seed) for seed in range(2, 6)},
    }
    assert second["tiny-scratch"].diffusion == second["tiny"].diffusion
