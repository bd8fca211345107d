"""What is lost without made-up sets of nodes is what was made up."""

from dataclasses import replace

import numpy as np
import pytest

from build.ablations import HEADS, LOSSES, MLPS, made_up_ablations
from mechshift.benchmark.compare.causality import compare_causality
from mechshift.benchmark.measure.ablations import Ablations
from mechshift.benchmark.record.causality import Causality, KindLoss, Loss
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.protocol import Statistics
from mechshift.metrics import cluster_weights

STATISTICS = Statistics(resampling_seed=0, resamples=40, splits=2)
UNPAIRED = Missing(missing="the members were not run on the same examples")


def value(of: Measured) -> float:
    assert isinstance(of, Number), of
    return of.value


def values(loss: Loss) -> list[float]:
    return [value(each) for each in vars(loss).values()]


@pytest.fixture(scope="module")
def found() -> Causality:
    weaker = {name: (one / 2, other) for name, (one, other) in LOSSES.items()}
    return compare_causality(made_up_ablations(), made_up_ablations(weaker), STATISTICS)


def test_losses_and_their_differences(found: Causality) -> None:
    heads = found.arm.heads
    assert (heads.nodes, heads.random_sets, found.arm.examples) == (2, 2, 20)
    # Early, middle, late, the mean of both random sets; early less each of these.
    assert values(heads.faithfulness) == pytest.approx([0.8, 0.3, 0.5, 0.1, 0.5, 0.3, 0.7])
    assert values(heads.accuracy) == pytest.approx([0.6, 0.2, 0.1, 0.1, 0.4, 0.5, 0.5])
    assert values(found.arm.mlps.faithfulness) == pytest.approx([1, 1, 1, 1, 0, 0, 0])
    assert isinstance(found.arm.neurons, KindLoss)
    assert values(found.arm.neurons.faithfulness) == pytest.approx([0.1, 0.1, 0.1, 0.1, 0, 0, 0], abs=1e-12)


def test_shifts_are_mdm_less_arm(found: Causality) -> None:
    assert value(found.mdm.heads.faithfulness.early_less_random) == pytest.approx(0.35)
    shifts = {kind: value(each) for kind, each in found.shift.items()}
    assert shifts == pytest.approx({"heads": -0.35, "mlps": 0, "neurons": 0}, abs=1e-12)


def test_accuracy_is_of_what_the_whole_member_gets_right() -> None:
    half = made_up_ablations({**HEADS, **MLPS}, solved=10)
    arm = compare_causality(half, half, STATISTICS).arm
    assert value(arm.accuracy) == 0.5
    # Six tenths of all examples are lost, of which the member had no more than half.
    assert value(arm.heads.accuracy.early) == pytest.approx(0.5)
    assert value(arm.heads.accuracy.random) == pytest.approx(0.1)


def test_intervals_are_those_of_resampled_prompts(found: Causality) -> None:
    """Draw by draw, a ratio of weighted means by hand."""
    runs = made_up_ablations()
    generator = np.random.default_rng(1)
    noisy = replace(runs, without=runs.without + generator.normal(size=runs.without.shape))
    lost = compare_causality(noisy, noisy, STATISTICS).arm.heads.faithfulness.early
    weights = cluster_weights(noisy.templates, STATISTICS.resamples, STATISTICS.resampling_seed)
    early = noisy.without[noisy.names.index("heads, early")]
    expected = (weights @ (noisy.whole - early)) / (weights @ (noisy.whole - noisy.empty))
    assert isinstance(lost, Number)
    assert lost.draws == pytest.approx(expected)
    assert lost.bounded
    assert lost.low is not None
    assert lost.high is not None
    assert lost.low < lost.value < lost.high


def test_no_share_of_prompts_is_beyond_1(found: Causality) -> None:
    for each in (found.arm.mlps.accuracy.early, found.arm.accuracy):
        assert isinstance(each, Number)
        assert (each.low, each.value, each.high) == pytest.approx((1, 1, 1))
        assert each.high == 1


def test_members_are_paired_by_example_and_not_by_batch(found: Causality) -> None:
    order = np.random.default_rng(3).permutation(20)
    runs = made_up_ablations(templates=2)
    arrays = ("whole", "empty", "without", "whole_right", "right", "examples")
    mixed = replace(
        runs,
        templates=tuple(runs.templates[place] for place in order),
        **{name: getattr(runs, name)[..., order] for name in arrays},
    )
    both = compare_causality(runs, mixed, STATISTICS)
    assert both.arm == both.mdm
    for each in both.shift.values():
        assert isinstance(each, Number)
        assert (each.low, each.value, each.high) == pytest.approx((0, 0, 0))


def test_of_other_examples_there_is_no_shift() -> None:
    runs = made_up_ablations()
    other = replace(runs, examples=runs.examples + 1)
    both = compare_causality(runs, other, STATISTICS)
    assert both.shift == dict.fromkeys(("heads", "mlps", "neurons"), UNPAIRED)
    assert values(both.mdm.heads.faithfulness) == values(both.arm.heads.faithfulness)


def test_neurons_that_one_member_alone_has_give_no_shift() -> None:
    both = compare_causality(made_up_ablations(), made_up_ablations({**HEADS, **MLPS}), STATISTICS)
    assert isinstance(both.arm.neurons, KindLoss)
    assert (
        both.mdm.neurons == both.shift["neurons"] == Missing(missing="effects of neurons were not measured")
    )
    assert isinstance(both.shift["heads"], Number)


def flat() -> Ablations:
    runs = made_up_ablations()
    return replace(runs, whole=runs.empty)


def test_a_member_without_a_gap_has_reasons_and_keeps_its_accuracies() -> None:
    both = compare_causality(flat(), made_up_ablations(), STATISTICS)
    assert all(isinstance(each, Missing) for each in vars(both.arm.heads.faithfulness).values())
    assert isinstance(both.shift["heads"], Missing)
    assert value(both.arm.heads.accuracy.early) == pytest.approx(0.6)
