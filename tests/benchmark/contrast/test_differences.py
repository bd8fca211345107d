"""B − A against brute force: the same resamples of prompts drawn by hand, and means of tasks by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from build.records import a_failed_task, a_record, a_task, number
from build.resampled import a_resampled_record, a_resampled_task, bounds, draw_prompts, resampled
from mechshift.benchmark.contrast.comparable import find_unmatched, match_tasks
from mechshift.benchmark.contrast.differences import Apart, RowDifferences, p_value, subtract_values
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy, Number, Resampling
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.row import pair_quantities
from mechshift.benchmark.record.summary import similarity_of, summarise
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.metrics import cluster_weights, holm

LOCAL = ("ioi", "induction", "greater-than", "arithmetic")
PLANNING = ("infilling", "article", "countdown", "sudoku")
TASKS = (*LOCAL, *PLANNING)


def by_hand(before: np.ndarray, after: np.ndarray, freedom: float = 39) -> tuple[float, float, float]:
    """The mean difference of prompts, and the centred and expanded percentile interval of its resamples."""
    weights = cluster_weights(np.arange(len(before)), 200, 0)
    share = weights / weights.sum(axis=1, keepdims=True)
    draws = share @ (after - before)
    value = float((after - before).mean())
    low, centre, high = np.quantile(draws, [0.025, 0.5, 0.975])
    wider = stats.t.isf(0.025, freedom) / stats.norm.isf(0.025)
    return value, value - wider * (centre - low), value + wider * (high - centre)


def sampled(values: np.ndarray) -> Number:
    """Their mean, which knows of how many it is."""
    return resampled(values).estimated(Resampling(len(values) - 1, 200, len(values) - 1))


def records(noise: float = 0.02) -> tuple[Record, Record, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """A and B of eight tasks, two of each kind: B is .1 lower on planning, else A with a little noise."""
    values = {}
    for place, name in enumerate(TASKS):
        before = draw_prompts(place)
        after = before + np.random.default_rng(100 + place).normal(0, noise, before.shape)
        values[name] = before, after - 0.1 * (name in PLANNING)
    a, b = (a_resampled_record({name: both[side] for name, both in values.items()}) for side in (0, 1))
    return a, b, values


def row(a: Record, b: Record, paired: bool = True) -> RowDifferences:
    sizes = a.summary.one_size.edges, b.summary.one_size.edges
    return RowDifferences(match_tasks(a, b), find_unmatched(a, b), sizes, paired)


def test_pairs_give_the_interval_of_the_prompts_differences() -> None:
    before = draw_prompts(0)[:, 0]
    after = before + np.random.default_rng(1).normal(0.05, 0.01, len(before))
    found = subtract_values(sampled(before), sampled(after), paired=True)
    assert found.pairing == "paired"
    assert bounds(found.difference) == pytest.approx(by_hand(before, after), abs=1e-12)


def test_independent_values_have_movers_interval() -> None:
    a, b = Number(value=0.5, low=0.4, high=0.7), Number(value=0.8, low=0.7, high=0.85)
    found = subtract_values(a, b, paired=True)  # no draws are at hand
    assert found.pairing == "independent"
    below, above = math.hypot(0.8 - 0.7, 0.7 - 0.5), math.hypot(0.85 - 0.8, 0.5 - 0.4)
    assert bounds(found.difference) == pytest.approx((0.3, 0.3 - below, 0.3 + above))


def test_a_difference_of_accuracies_is_newcombes() -> None:
    # Newcombe (1998), method 10: 56 of 70 against 48 of 80 gives .20, .0524 to .3339.
    a, b = Accuracy(solved=48, tried=80).share, Accuracy(solved=56, tried=70).share
    found = subtract_values(a, b, paired=True)
    assert bounds(found.difference) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_value_without_interval_leaves_the_difference_without_one() -> None:
    assert subtract_values(number(3), number(5, 1), paired=True) == Apart(Number(value=2))
    assert p_value(number(3), number(5, 1), Number(value=2)) is None


def test_there_is_no_difference_from_what_is_missing() -> None:
    gone, other = Missing(missing="too few"), Missing(missing="no gap")
    for a, b, reason in (
        (gone, number(1), "A: too few"),
        (number(1), gone, "B: too few"),
        (gone, gone, "A and B: too few"),
        (gone, other, "A: too few; B: no gap"),
    ):
        found = subtract_values(a, b, paired=True)
        assert found == Apart(Missing(missing=reason))
        assert p_value(a, b, found.difference) is None


def test_what_machines_round_differently_is_no_difference() -> None:
    values = draw_prompts(0)[:, 0]
    for change, p in ((7e-6, 1.0), (8e-6, 0.0)):  # 2⁻¹⁷ is 7.6e-6
        a, b = sampled(values), sampled(values + change)
        found = subtract_values(a, b, paired=True).difference
        assert p_value(a, b, found) == pytest.approx(p)


def one_of_many(values: np.ndarray, share: np.ndarray) -> Number:
    """The mean of values [units] with its draws: what `resampled` gives, without a loop over resamples."""
    draws, value = share @ values, float(values.mean())
    low, centre, high = np.quantile(draws, [0.025, 0.5, 0.975])
    wider = stats.t.isf(0.025, len(values) - 1) / stats.norm.isf(0.025)
    found = Number(value=value, low=value - wider * (centre - low), high=value + wider * (high - centre))
    return found.drawn(draws).estimated(Resampling(len(values) - 1, len(draws), len(values) - 1))


def test_any_false_difference_of_pairs_is_as_rare_as_stated() -> None:
    """60 quantities that did not change, on the same ten units, by Holm: any star in one run of twenty."""
    units, runs, false = 10, 25, 0
    generator = np.random.default_rng([units, 11])
    weights = cluster_weights(np.arange(units), 200, 0)
    share = weights / weights.sum(axis=1, keepdims=True)
    for _ in range(runs):
        before = generator.normal(0.5, 0.2, (60, units))
        after = before + generator.normal(0, 0.05, before.shape)
        p = []
        for values in zip(before, after, strict=True):
            a, b = (one_of_many(one, share) for one in values)
            found = subtract_values(a, b, paired=True)
            assert found.pairing == "paired"
            p.append(p_value(a, b, found.difference) or 0.0)
        false += min(holm(p)) <= 0.05
    # Three standard errors of a share of .05 in 25 runs. More runs, and 24 units, in tests/metrics.
    assert false / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_the_p_value_over_other_tasks_is_welchs_by_the_few_tasks_of_a_kind() -> None:
    """Two tasks of each kind: with a normal tail, or one degree more, it would be far smaller."""
    a, b, _ = records()
    kinds: dict[tuple[str, str], list[float]] = {}
    for one, other in zip(a.tasks, b.tasks, strict=True):
        before, after = similarity_of(one), similarity_of(other)
        assert isinstance(before, Number)
        assert isinstance(after, Number)
        kinds.setdefault((one.suite, one.surface), []).append(after.value - before.value)
    assert all(len(values) == 2 for values in kinds.values())
    parts = [np.var(values, ddof=1) / 2 / 4 for values in kinds.values()]
    contrast = sum((1 if suite == "local" else -1) / 2 * np.mean(each) for (suite, _), each in kinds.items())
    freedom = sum(parts) ** 2 / sum(part**2 for part in parts)
    expected = 2 * stats.t.sf(abs(contrast) / math.sqrt(sum(parts)), freedom)
    found = row(a, b).summary().similarity.across
    assert isinstance(found, Number)
    assert found.value == pytest.approx(contrast)
    assert p_value(number(0), number(1), found) == pytest.approx(expected)


def test_the_p_value_of_a_pair_is_by_the_deviation_of_its_draws() -> None:
    before = draw_prompts(0)[:, 0]
    after = before + np.random.default_rng(1).normal(0.02, 0.05, len(before))
    a, b = sampled(before), sampled(after)
    weights = cluster_weights(np.arange(40), 200, 0)
    error = np.std(weights @ (after - before) / 40, ddof=1)
    statistic = abs((after - before).mean()) / error
    found = subtract_values(a, b, paired=True).difference
    assert p_value(a, b, found) == pytest.approx(2 * stats.t.sf(statistic, 1 / (1 / 39 + 1 / 199)))


def test_accuracies_have_the_normal_p_value_of_their_intervals() -> None:
    a, b = Accuracy(solved=48, tried=80).share, Accuracy(solved=56, tried=70).share
    found = subtract_values(a, b, paired=False).difference
    # Newcombe's interval .0524 to .3339 of .2: the lower side decides.
    assert p_value(a, b, found) == pytest.approx(2 * stats.norm.sf(0.2 / (0.2 - 0.0524) * 1.959964), rel=2e-3)


def test_resamples_that_lack_a_value_in_turn_leave_an_independent_interval() -> None:
    a, b = sampled(draw_prompts(0)[:, 0]), sampled(draw_prompts(1)[:, 0])
    assert a.draws is not None
    assert b.draws is not None
    lacking = [draws.copy() for draws in (a.draws, b.draws)]
    lacking[0][:8], lacking[1][8:16] = np.nan, np.nan  # 4 % of each, 8 % of the differences
    found = subtract_values(
        *(each.drawn(draws).estimated(a.resampling) for each, draws in ((a, lacking[0]), (b, lacking[1]))),
        paired=True,
    )
    assert found.pairing == "independent"
    assert found == subtract_values(a, b, paired=False)


def test_every_difference_of_rows_is_the_difference_of_the_rows_values() -> None:
    a, b, _ = records()
    for paired in (True, False):
        found = row(a, b, paired).summary()
        for quantity in pair_quantities():
            mine, other, apart = (quantity.of(one) for one in (a.summary, b.summary, found))
            assert isinstance(mine, Number)
            assert isinstance(other, Number)
            assert isinstance(apart, Number), quantity.name
            assert apart.value == pytest.approx(other.value - mine.value, abs=1e-12), quantity.name
            assert (apart.low is None) == (mine.low is None), quantity.name


def test_a_rows_difference_combines_the_tasks_paired_intervals() -> None:
    a, b, values = records()
    # Fifteen templates, by their record.
    overlaps = {name: by_hand(*(side[:, 0] for side in values[name]), freedom=14) for name in TASKS}

    def mean_of(names: tuple[str, ...]) -> tuple[float, float, float]:
        each = [overlaps[name] for name in names]
        value = sum(one[0] for one in each) / len(each)
        below = math.sqrt(sum((one[0] - one[1]) ** 2 for one in each)) / len(each)
        above = math.sqrt(sum((one[2] - one[0]) ** 2 for one in each)) / len(each)
        return value, value - below, value + above

    found = row(a, b).summary()
    local, planning = mean_of(LOCAL), mean_of(PLANNING)
    assert bounds(found.overlap["local"]) == pytest.approx(local, abs=1e-12)
    assert bounds(found.overlap["planning"]) == pytest.approx(planning, abs=1e-12)
    shift = local[0] - planning[0]
    low = shift - math.hypot(local[0] - local[1], planning[2] - planning[0])
    high = shift + math.hypot(local[2] - local[0], planning[0] - planning[1])
    assert bounds(found.overlap_shift) == pytest.approx((shift, low, high), abs=1e-12)
    assert bounds(found.one_size.shift) == pytest.approx((shift, low, high), abs=1e-12)


def test_without_pairs_a_rows_difference_is_that_of_independent_rows() -> None:
    a, b, _ = records()
    found = row(a, b, paired=False).summary()
    for quantity in pair_quantities():
        expected = subtract_values(quantity.of(a.summary), quantity.of(b.summary), paired=False).difference
        if quantity.name == "one_size_edges":
            assert quantity.of(found) == Number(value=0)
        elif quantity.name != "task_dependent_shift_across":  # whose interval is of the tasks, not of prompts
            assert bounds(quantity.of(found)) == pytest.approx(bounds(expected), abs=1e-12), quantity.name


def test_the_interval_of_a_rows_difference_covers_the_truth() -> None:
    """Simulated pairs of records whose prompts are shared: 95 % intervals hold the true difference of .1."""
    held = {True: 0, False: 0}
    trials = 60
    for trial in range(trials):
        generator = np.random.default_rng([trial, 7])
        tasks = {}
        for name in LOCAL:
            before = generator.normal(0.5, 0.2, (40, 1))
            tasks[name] = before, before + generator.normal(0.1, 0.05, before.shape)
        a, b = (
            a_record(tasks=tuple(_only_overlap(name, both[side]) for name, both in tasks.items()))
            for side in (0, 1)
        )
        for paired in held:
            # On examples that differ nothing is shared; here all is, and only pairs use that.
            _, low, high = bounds(row(a, b, paired).summary().overlap["local"])
            held[paired] += low <= 0.1 <= high
    # Four standard errors of a share of .93 in 60 trials, .033 each, to the lower side.
    assert 0.8 <= held[True] / trials < 1
    assert held[False] == trials


def _only_overlap(name: str, values: np.ndarray) -> TaskRecord:
    task = a_task(name)
    comparison = task.comparison
    edge = comparison.compared.edge.model_copy(update={"normalised": resampled(values[:, 0])})
    compared = comparison.compared.model_copy(update={"edge": edge})
    return task.model_copy(update={"comparison": comparison.model_copy(update={"compared": compared})})


def test_rows_of_other_sizes_have_no_difference_at_one_size() -> None:
    values = draw_prompts(0)
    a = a_resampled_record({"ioi": values, "countdown": values})
    larger = {name: a_resampled_task(name, values, size=200) for name in ("ioi", "countdown")}
    b = a_resampled_record(larger)
    found = row(a, b).summary()
    assert found.one_size.edges == 100
    reason = Missing(missing="their one sizes differ: 100 edges in A, 200 in B")
    assert found.one_size.overlap == {"local": reason, "planning": reason}
    assert isinstance(found.overlap["local"], Number)


def test_a_suite_of_other_tasks_or_with_a_failed_one_has_no_difference() -> None:
    a, b, _ = records()
    fewer = tuple(task for task in b.tasks if task.task != "induction")
    shorter = b.model_copy(update={"tasks": fewer, "summary": summarise(fewer, ())})
    found = row(a, shorter).summary()
    assert found.overlap["local"] == Missing(missing="induction is only in A")
    assert found.accuracy_arm["local"] == Missing(missing="induction is only in A")
    assert isinstance(found.overlap["planning"], Number)
    assert isinstance(found.faithfulness["arm"], Missing)
    failed = (a_failed_task("induction", "too few"),)
    broken = b.model_copy(update={"tasks": fewer, "failed": failed, "summary": summarise(fewer, failed)})
    found = row(a, broken).summary()
    assert found.overlap["local"] == Missing(missing="no comparison on induction")
    assert isinstance(found.accuracy_arm["local"], Number)


def test_other_examples_are_not_paired() -> None:
    values = draw_prompts(0)
    a = a_resampled_record({"ioi": values})
    b = a_resampled_record({"ioi": a_resampled_task("ioi", values, fingerprint="beef")})
    assert [task.unpaired for task in match_tasks(a, b)] == ["their examples differ"]
    (same,) = match_tasks(a, a)
    assert same.unpaired == ""
    assert replace(row(a, b), paired=False).summary() == row(a, b).summary()
