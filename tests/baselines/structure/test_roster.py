"""The roster is that of the reference pairs, and says what each is there for."""

import tomllib
from importlib.resources import files

from mechshift.baselines.structure.roster import BASE, CONTROL, PAIRS, POST_TRAINED, SCRATCH, SEEDS, about

LISTED = tomllib.loads(files("mechshift.baselines").joinpath("pairs.toml").read_text(encoding="utf-8"))


def trained_here(pair: str) -> bool:
    return LISTED[pair]["mdm"].get("path", "").startswith("reference/")


def test_every_pair_that_was_trained_here_is_compared_once() -> None:
    assert sorted(PAIRS) == sorted(pair for pair in LISTED if trained_here(pair))


def test_the_control_is_the_one_that_is_listed_as_such() -> None:
    assert [pair for pair in PAIRS if LISTED[pair].get("control")] == [CONTROL]


def test_claims_are_about_pairs_with_another_start_than_random_weights_and_the_control() -> None:
    assert set(PAIRS) - set(POST_TRAINED) == {CONTROL, SCRATCH}
    assert {BASE, *SEEDS} <= set(POST_TRAINED)


def test_how_a_pair_was_made_is_said_in_its_listing() -> None:
    assert about() == {pair: LISTED[pair]["about"] for pair in PAIRS}
