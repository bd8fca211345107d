"""The roster is that of the reference pairs, and says what each is there for."""

import tomllib
from importlib.resources import files

from mechshift.baselines.structure.roster import (
    BASE,
    CONTROL,
    CONTROLS,
    LOW,
    PAIRS,
    POST_TRAINED,
    RECIPES,
    SCRATCH,
    SEEDS,
    about,
    control_of,
    is_control,
)
from mechshift.baselines.training.recipe import get_recipe, list_recipes

LISTED = tomllib.loads(files("mechshift.baselines").joinpath("pairs.toml").read_text(encoding="utf-8"))


def trained_here(pair: str) -> bool:
    return LISTED[pair]["mdm"].get("path", "").startswith("reference/")


def test_every_pair_that_was_trained_here_is_compared_once() -> None:
    assert sorted(PAIRS) == sorted(pair for pair in LISTED if trained_here(pair))
    assert sorted(PAIRS) == sorted(recipe.name for recipe in list_recipes())
    assert sorted(PAIRS) == sorted(pair for pairs in RECIPES.values() for pair in pairs)


def test_the_controls_are_those_that_are_listed_as_such() -> None:
    assert {pair for pair in PAIRS if LISTED[pair].get("control")} == {*CONTROLS, LOW}
    assert {pair for pair in PAIRS if is_control(pair)} == {*CONTROLS, LOW}


def test_claims_are_about_pairs_with_another_start_than_random_weights_and_the_controls() -> None:
    assert set(PAIRS) - set(POST_TRAINED) == {*CONTROLS, LOW, SCRATCH}
    assert {BASE, *SEEDS} <= set(POST_TRAINED)


def test_a_seed_is_read_beside_the_control_of_its_own_seed() -> None:
    for pair in SEEDS:
        assert get_recipe(control_of(pair)).second.seed == get_recipe(pair).second.seed
    assert {control_of(pair) for pair in PAIRS if pair not in SEEDS} == {CONTROL}


def test_of_each_recipe_the_weights_of_one_seed_are_kept() -> None:
    for recipe, pairs in RECIPES.items():
        # What the control at a low rate shows is in its record: the family has to fit into 40 MB.
        expected = [] if recipe == "low" else [pairs[0]]
        assert [pair for pair in pairs if LISTED[pair].get("kept", True)] == expected


def test_members_of_the_family_are_computed_in_single_precision_however_they_are_kept() -> None:
    assert {LISTED[pair]["precision"] for pair in PAIRS} == {"float32"}


def test_how_a_pair_was_made_is_said_in_its_listing() -> None:
    assert about() == {pair: LISTED[pair]["about"] for pair in PAIRS}
