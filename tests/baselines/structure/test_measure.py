"""The data of a made-up family are what its construction says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from build.known_family import EDGES, EXAMPLES, GROUPS, KINDS, FamilyOfKnownTruth
from mechshift.baselines.structure.family import BothIntervals, FamilyStructure
from mechshift.baselines.structure.measure import measure_family, standardised
from mechshift.baselines.structure.roster import CONTROLS, SEEDS
from mechshift.benchmark.record.files import read_model, write_model
from mechshift.benchmark.record.number import Measured, Number
from mechshift.metrics import Undefined, cluster_weights

S = FamilyOfKnownTruth.step**2
MDM, CONTROL = (1 + 3 * S) ** -0.5, (1 + 2 * S) ** -0.5
"""ρ with the ARM: |a|² = 1, and a change of three or of two orthogonal parts of length `step`."""


def systematic(common: int, first: float, second: float) -> float:
    """By hand, of members whose changes have so many parts in common."""
    between = (1 + common * S) * first * second
    return (between - first * second) / (1 - first * second)


def value(of: Measured) -> float:
    assert isinstance(of, Number), of
    return of.value


def holds(of: BothIntervals, truth: float) -> None:
    assert value(of.prompts) == pytest.approx(truth, abs=0.02)
    assert isinstance(of.seeds, Number)
    assert of.seeds.value == value(of.prompts)


@pytest.fixture(scope="module")
def family() -> FamilyStructure:
    return measure_family(FamilyOfKnownTruth().runs())


def test_what_is_kept_of_the_arm_is_what_was_built(family: FamilyStructure) -> None:
    for task in KINDS:
        holds(family.retained["mdm"].tasks[task], MDM)
        holds(family.retained["control"].tasks[task], CONTROL)
        holds(family.attributable.tasks[task], MDM - CONTROL)
    holds(family.attributable.groups["all"], MDM - CONTROL)
    holds(family.attributable.groups["local − planning"], 0)


def test_the_systematic_part_is_what_seeds_were_given_in_common(family: FamilyStructure) -> None:
    expected = {
        "mdm": systematic(2, MDM, MDM),
        "control": systematic(1, CONTROL, CONTROL),
        "mdm × control": systematic(1, MDM, CONTROL),
    }
    assert set(family.systematic) == set(expected)
    for name, truth in expected.items():
        holds(family.systematic[name].groups["all"], truth)
    # Two of three parts, and one of two.
    assert expected["mdm"] == pytest.approx(2 / 3)
    assert expected["control"] == pytest.approx(1 / 2)


def test_seeds_that_are_alike_by_construction_have_a_narrow_interval(family: FamilyStructure) -> None:
    found = family.retained["mdm"].groups["all"].seeds
    assert isinstance(found, Number)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low < 0.02


def test_every_two_members_are_compared_once(family: FamilyStructure) -> None:
    members = ["ARM", *SEEDS, *CONTROLS]
    pairs = [frozenset((each.first, each.second)) for each in family.between_members]
    assert len(pairs) == len(set(pairs)) == len(members) * (len(members) - 1) // 2
    two = next(e for e in family.between_members if {e.first, e.second} == {SEEDS[0], CONTROLS[1]})
    assert value(two.tasks["sudoku"]) == pytest.approx((1 + S) * MDM * CONTROL, abs=0.02)


def test_tasks_of_one_surface_share_half_and_others_nothing(family: FamilyStructure) -> None:
    found = {frozenset((e.first, e.second)): e for e in family.between_tasks["ARM"]}
    assert len(found) == 6
    for pair, each in found.items():
        alike = len({KINDS[task].surface for task in pair}) == 1
        assert value(each.cosine) == pytest.approx(0.5 if alike else 0, abs=0.03)
        assert isinstance(each.standardised, Number)
        assert each.standardised.low is None


def test_blocks_say_that_words_and_symbols_divide_the_tasks_and_suites_do_not(
    family: FamilyStructure,
) -> None:
    arm = next(each for each in family.blocks if each.recipe == "ARM")
    assert value(arm.surface.same.prompts) == pytest.approx(0.5, abs=0.03)
    assert value(arm.surface.difference.prompts) == pytest.approx(0.5, abs=0.03)
    assert value(arm.suite.difference.prompts) == pytest.approx(-0.25, abs=0.03)
    # Two tasks a surface, one of each suite: four ways, in pairs that differ by what the kinds are called.
    assert (arm.surface.dealt, value(arm.surface.p)) == (4, 0.5)
    assert value(arm.suite.p) == 1
    mdm = next(each for each in family.blocks if each.recipe == "mdm")
    assert isinstance(mdm.surface.difference.seeds, Number)


def test_prompts_that_pairs_share_in_part_move_no_value() -> None:
    """Noise that two pairs share would bias their ρ and the systematic part if it were not left out."""
    moved = measure_family(FamilyOfKnownTruth().runs({SEEDS[1]: 30, CONTROLS[2]: 7}))
    assert set(moved.same_prompts.values()) == {False}
    holds(moved.systematic["mdm"].groups["all"], systematic(2, MDM, MDM))
    holds(moved.attributable.groups["all"], MDM - CONTROL)


def test_the_file_is_read_back_as_it_was(family: FamilyStructure, tmp_path: Path) -> None:
    write_model(family, tmp_path / "structure.json")
    assert read_model(tmp_path / "structure.json", FamilyStructure) == family
    assert set(family.same_prompts.values()) == {True}


def test_standardised_rho_between_tasks_by_loops(family: FamilyStructure) -> None:
    """Units are of both tasks' spread within templates; products are within neither task of one group."""
    one, other = (FamilyOfKnownTruth().runs().tasks[task].arm[SEEDS[0]] for task in ("agreement", "article"))
    templates = np.arange(GROUPS) // 6
    two = replace(one, templates=tuple(map(str, templates)))
    variance = np.zeros(EDGES)
    for scores, labels in ((two, templates), (other, np.zeros(GROUPS))):
        found = np.zeros(EDGES)
        for template in set(labels.tolist()):
            of = scores.sums[labels == template]
            found += ((of / EXAMPLES - of.mean(axis=0) / EXAMPLES) ** 2).sum(axis=0)
        variance += found / found.sum()
    x, y = (each.sums * variance**-0.375 for each in (two, other))
    across = sum(float(a @ b) for a in x for b in y) / GROUPS**2
    own = [
        sum(float(of[g] @ of[h]) for g in range(GROUPS) for h in range(GROUPS) if g != h)
        / (GROUPS * (GROUPS - 1))
        for of in (x, y)
    ]
    drawn = [
        np.concatenate([np.ones((1, GROUPS)), cluster_weights(each.templates, 50)]) for each in (two, other)
    ]
    rho = standardised((two, drawn[0]), (other, drawn[1]))
    assert rho == pytest.approx(across / np.sqrt(own[0] * own[1]))


def test_standardised_rho_of_noise_alone_is_a_reason() -> None:
    one = FamilyOfKnownTruth().runs().tasks["agreement"].arm[SEEDS[0]]
    noise = replace(one, sums=np.random.default_rng(0).normal(size=one.sums.shape))
    drawn = np.concatenate([np.ones((1, GROUPS)), cluster_weights(one.templates, 50)])
    found = standardised((one, drawn), (noise, drawn))
    assert isinstance(found, Undefined)
    assert "noise" in found.reason
