"""Evidence on fewer prompts, against sums that are put together prompt by prompt."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from build.evidence import GRAPH, evidence
from build.records import a_task
from mechshift.benchmark.asking.grouping import Grouping
from mechshift.benchmark.asking.pool import Solved
from mechshift.benchmark.circuits.scores import Outside
from mechshift.benchmark.compare.compare import compare
from mechshift.benchmark.measure.circuit_runs import CircuitRuns
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.robustness.fewer import drawn_groups, fewer_prompts, without_templates
from mechshift.benchmark.robustness.kept import KeptTask

GROUPING = Grouping(
    discovery=(),
    evaluation=tuple(
        Solved(index=index, order=(0,), template="abc"[place // 4])
        for place, index in enumerate(range(1, 25, 2))
    ),
    group=(),
    templates=tuple("aabbccdd"),
    evaluation_group=tuple(place // 2 for place in range(12)),
    evaluation_templates=tuple("aabbcc"),
)


def some_runs(seed: int) -> CircuitRuns:
    """On the twelve evaluation examples; two shuffled circuits on the second and the last."""
    generator = np.random.default_rng(seed)
    names = ("own", "other", "own, half", "other, half", "own alone", "other alone", "task x", "half, task x")
    whole, empty = generator.normal(3, 0.3, 12), generator.normal(-2, 0.3, 12)
    level = np.array([0.9, 0.8, 0.7, 0.6, 0.2, 0.2, 0.1, 0.1])[:, None]
    return CircuitRuns(
        GRAPH,
        40,
        names,
        whole,
        empty,
        empty + level * (whole - empty) + 0.05 * generator.normal(size=(len(names), 12)),
        np.full(len(names), 20),
        generator.normal(size=(2, 2)),
        np.array([1, 11]),
        tuple("aaaabbbbcccc"),
        np.arange(1, 25, 2),
    )


@pytest.fixture
def kept() -> KeptTask:
    runs = some_runs(1), some_runs(2)
    return KeptTask(a_task("ioi"), V2, evidence(3), evidence(4), runs, GROUPING)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_groups_are_as_many_of_every_template_as_can_be(share: float, seed: int) -> None:
    for templates in ("aaaabbbbccccddddeeeeffff", "aabbccddeeffgghhiijj", "aaaaaab"):
        found = drawn_groups(templates, share, seed)
        assert found == sorted(set(found))
        assert len(found) == max(1, round(share * len(templates)))
        there, taken = Counter(templates), Counter(templates[group] for group in found)
        most = max(taken.values())
        # A template has fewer than another only where it has no more, or is the last to be dealt to.
        assert all(taken[name] >= min(there[name], most - 1) for name in there)


def test_every_group_is_drawn_as_often_as_any_other() -> None:
    drawn = Counter(group for seed in range(2000) for group in drawn_groups("aaaabbbb", 0.5, seed))
    # 1,000 of 2,000 each, of which the standard error is 22.
    assert all(abs(drawn[group] - 1000) < 4 * 22.4 for group in range(8))


def test_another_seed_draws_other_groups() -> None:
    assert len({tuple(drawn_groups("aaaabbbbcccc", 0.5, seed)) for seed in range(5)}) > 1


def left(kept: KeptTask, gone: str) -> tuple[list[int], list[int]]:
    """Groups of either half that are of another template."""
    halves = kept.grouping.templates, kept.grouping.evaluation_templates
    discovery, evaluation = ([g for g, name in enumerate(half) if name != gone] for half in halves)
    return discovery, evaluation


def test_without_a_template_nothing_of_it_is_left(kept: KeptTask) -> None:
    found = without_templates(kept, fold=1, folds=4)
    assert isinstance(found, KeptTask)
    discovery, evaluation = left(kept, "b")
    examples = [
        one.index
        for one, group in zip(GROUPING.evaluation, GROUPING.evaluation_group, strict=True)
        if group in evaluation
    ]
    assert discovery == [0, 1, 4, 5, 6, 7]
    assert examples == [1, 3, 5, 7, 17, 19, 21, 23]
    for one, whole in ((found.arm, kept.arm), (found.mdm, kept.mdm)):
        _check_scores(one, whole, discovery)
        _check_evaluated(one, whole, evaluation, examples)
    assert found.runs is not None
    assert kept.runs is not None
    for ran, all_ran in zip(found.runs, kept.runs, strict=True):
        at = [place for place, index in enumerate(all_ran.examples) if index in examples]
        assert ran.examples.tolist() == examples
        assert ran.templates == tuple("aaaacccc")
        for mine, theirs in ((ran.whole, all_ran.whole), (ran.circuits[3], all_ran.circuits[3])):
            assert mine.tolist() == [theirs[place] for place in at]
        assert ran.shuffled_at.tolist() == [1, 7]
        assert ran.shuffled.tolist() == all_ran.shuffled.tolist()


def _check_scores(one: Evidence, whole: Evidence, groups: list[int]) -> None:
    """Means over the examples of those groups, one group after the other in plain Python."""
    sums, counts = np.zeros(GRAPH.mask.shape), 0
    for group in groups:
        sums = sums + whole.scores.attribution.score_sums[group]
        counts += int(whole.scores.attribution.counts[group])
    np.testing.assert_allclose(one.scores.attribution.scores(), sums / counts, atol=1e-12)
    of = [int(group) for group in whole.scores.attribution.groups]
    at = [place for place, group in enumerate(of) if group in groups]
    assert one.scores.examples.tolist() == [whole.scores.examples[place] for place in at]
    assert one.scores.attribution.clean.tolist() == [whole.scores.attribution.clean[place] for place in at]
    assert one.scores.attribution.groups.tolist() == [groups.index(of[place]) for place in at]
    assert one.scores.templates == tuple(whole.scores.templates[group] for group in groups)


def _check_evaluated(one: Evidence, whole: Evidence, groups: list[int], examples: list[int]) -> None:
    swept = [place for place, index in enumerate(whole.sweep.examples) if index in examples]
    assert one.sweep.whole.tolist() == [whole.sweep.whole[place] for place in swept]
    assert one.sweep.circuits[1, 4].tolist() == [whole.sweep.circuits[1, 4, place] for place in swept]
    assert one.entropies.counts == tuple(whole.entropies.counts[group] for group in groups)
    name = next(iter(whole.entropies.components))
    assert one.entropies.components[name] == tuple(
        whole.entropies.components[name][group] for group in groups
    )
    assert one.effects.drops.tolist() == [whole.effects.drops[group].tolist() for group in groups]
    assert one.effects.examples.tolist() == examples


def test_the_places_of_sources_and_the_neurons_are_of_the_same_groups(kept: KeptTask) -> None:
    def with_places(one: Evidence, seed: int) -> Evidence:
        sums = np.random.default_rng(seed).normal(size=(2, 8, *GRAPH.mask.shape)).astype(np.float32)
        neurons = np.random.default_rng(seed).normal(size=(8, 4, 5)).astype(np.float32)
        attribution = replace(one.scores.attribution, outside=Outside(sums), neuron_sums=neurons)
        return replace(one, scores=replace(one.scores, attribution=attribution))

    whole = replace(kept, arm=with_places(kept.arm, 0), mdm=with_places(kept.mdm, 1))
    found = without_templates(whole, fold=3, folds=4)
    assert isinstance(found, KeptTask)
    mine, theirs = found.mdm.scores.attribution, whole.mdm.scores.attribution
    assert mine.outside is not None
    assert mine.outside.sums is not None
    assert theirs.outside is not None
    assert theirs.outside.sums is not None
    assert mine.outside.sums.tolist() == theirs.outside.sums[:, :6].tolist()
    assert mine.neuron_sums is not None
    assert theirs.neuron_sums is not None
    assert mine.neuron_sums.tolist() == theirs.neuron_sums[:6].tolist()


def test_numbers_are_those_of_a_task_that_never_had_the_other_prompts(kept: KeptTask) -> None:
    """Sums of the groups left out are replaced by what no number survives; none of it is in any."""

    def spoilt(one: Evidence, groups: list[int]) -> Evidence:
        sums = one.scores.attribution.score_sums.copy()
        sums[[group for group in range(8) if group not in groups]] = 1e12
        attribution = replace(one.scores.attribution, score_sums=sums)
        return replace(one, scores=replace(one.scores, attribution=attribution))

    discovery, _ = left(kept, "d")
    poisoned = replace(kept, arm=spoilt(kept.arm, discovery), mdm=spoilt(kept.mdm, discovery))
    clean, dirty = (without_templates(one, fold=3, folds=4) for one in (kept, poisoned))
    assert isinstance(clean, KeptTask)
    assert isinstance(dirty, KeptTask)
    few = V2.changed(resamples=10, splits=2)
    assert clean.computed(few, edges=60).comparison == dirty.computed(few, edges=60).comparison


def test_computed_at_one_size_is_what_a_run_computes_there(kept: KeptTask) -> None:
    """But for the curve over all sizes, which a variation does without."""
    few = V2.changed(resamples=10, splits=2, circuit_edges=60)
    whole = compare(kept.arm, kept.mdm, few.sweeping, few.compared, few.statistics)
    found = kept.computed(V2.changed(resamples=10, splits=2), edges=60).comparison
    assert found == whole.model_copy(update={"curve": ()})
    assert isinstance(found.depth_shift["early_share"], Number)


def test_too_few_prompts_are_a_reason_and_no_number(kept: KeptTask) -> None:
    assert isinstance(fewer_prompts(kept, 0.05, 0), Missing)
    found = without_templates(kept, fold=0, folds=5)
    assert found == Missing(missing="ioi has 4 templates, and 5 are left out in turn")


@pytest.fixture
def few_runs(kept: KeptTask) -> KeptTask:
    assert kept.runs is not None
    runs = [replace(each, shuffled_at=np.array([4, 5])) for each in kept.runs]
    return replace(kept, runs=(runs[0], runs[1]))


def test_without_an_example_of_shuffled_circuits_there_is_no_floor_and_no_failure(few_runs: KeptTask) -> None:
    found = without_templates(few_runs, fold=1, folds=4)
    assert isinstance(found, KeptTask)
    task = found.computed(V2.changed(resamples=10, splits=2), edges=60)
    assert task.function is not None
    assert task.function.arm.shuffled.examples == 0
    assert isinstance(task.function.arm.shuffled.p, Missing)
    assert isinstance(task.function.arm.compared.transfer, Number)
