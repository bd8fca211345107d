from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import (
    TEMPLATES_DRAWN,
    Estimate,
    Undefined,
    bootstrap,
    bootstrap_scores,
    cluster_weights,
    group_mean,
    half_splits,
    paired_difference,
    paired_statistic,
    templates_drawn,
    unit_freedom,
)
from mechshift.metrics.undefined import Value

CLUSTERS = np.repeat(np.arange(6), [1, 2, 3, 4, 5, 6])
MANY = np.repeat(np.arange(12), [1, 2, 3] * 4)


def test_few_templates_stay_and_groups_are_drawn_within_each() -> None:
    weights = cluster_weights(CLUSTERS, resamples=4000, seed=1)
    for cluster, size in enumerate(np.bincount(CLUSTERS)):
        within = weights[:, cluster == CLUSTERS]
        assert np.allclose(within.sum(axis=1), size)
        assert np.allclose(within * (size - 1) / size, np.round(within * (size - 1) / size)) or size == 1
    assert np.allclose(weights.mean(axis=0), 1, atol=0.08)
    # n/(n − 1) times a count of n − 1 draws: (n/(n − 1))² (n − 1) · 1/n · (1 − 1/n) = 1, whatever n.
    assert np.allclose(weights.var(axis=0), CLUSTERS > 0, atol=0.1)


def test_many_templates_are_drawn_with_all_their_groups() -> None:
    weights = cluster_weights(MANY, resamples=4000, seed=1)
    first = weights[:, np.unique(MANY, return_index=True)[1]]
    assert (weights == first[:, MANY]).all()
    assert np.allclose(first.sum(axis=1), 12)
    assert np.allclose(first * 11 / 12, np.round(first * 11 / 12))
    assert np.allclose(first.mean(axis=0), 1, atol=0.08)
    assert np.allclose(first.var(axis=0), 1, atol=0.15)


def test_templates_of_a_single_group_are_drawn_from_among_each_other() -> None:
    weights = cluster_weights([0, 1, 2, 3, 3, 3], resamples=1000)
    assert np.allclose(weights[:, :3].sum(axis=1), 3)
    assert np.allclose(weights[:, 3:].sum(axis=1), 3)
    assert set(np.unique(weights[:, :3])) == {0, 1.5, 3}


@pytest.mark.parametrize(
    ("clusters", "drawn"),
    [
        (range(TEMPLATES_DRAWN), True),
        (range(TEMPLATES_DRAWN - 1), True),  # single groups: there is nothing but templates to draw
        ([*range(TEMPLATES_DRAWN - 1)] * 2, False),
        ([*range(TEMPLATES_DRAWN), 0], True),
        ([0] * 20, False),
        (["ABBA", "BABA"] * 20, False),
    ],
)
def test_whether_templates_are_drawn(clusters: list, drawn: bool) -> None:
    assert templates_drawn(clusters) is drawn
    weights = cluster_weights(clusters, resamples=50)
    label = np.unique(clusters, return_inverse=True)[1]
    totals = np.stack([weights[:, label == each].sum(axis=1) for each in range(label.max() + 1)])
    assert np.allclose(totals, totals[:, :1]) is not drawn


@pytest.mark.parametrize(
    "clusters", [np.repeat(np.arange(4), 6), np.repeat(np.arange(9), 2), np.repeat(np.arange(12), 3)]
)
def test_the_variance_of_a_mean_is_that_of_the_textbook(clusters: np.ndarray) -> None:
    """Σ s_h²/n_h of equal strata over their number squared, or s²/T of the means of T clusters."""
    data = np.random.default_rng(3).normal(size=len(clusters)) + clusters
    weights = cluster_weights(clusters, resamples=20000)
    found = (weights @ data / weights.sum(axis=1)).var()
    groups = data.reshape(clusters.max() + 1, -1)
    if templates_drawn(clusters):
        expected = groups.mean(axis=1).var(ddof=1) / len(groups)
    else:
        expected = groups.var(axis=1, ddof=1).sum() / groups.shape[1] / len(groups) ** 2
    assert found == pytest.approx(expected, rel=0.05)


def test_weights_repeat_with_the_seed_and_change_with_it() -> None:
    assert (cluster_weights(CLUSTERS, 5, seed=3) == cluster_weights(CLUSTERS, 5, seed=3)).all()
    assert (cluster_weights(CLUSTERS, 5, seed=3) != cluster_weights(CLUSTERS, 5, seed=4)).any()


def test_halves_are_even_in_total_and_in_every_cluster() -> None:
    halves = half_splits(CLUSTERS, splits=200, seed=0)
    assert set(halves.sum(axis=1)) <= {10, 11}
    for cluster in range(6):
        size = (cluster == CLUSTERS).sum()
        assert set(halves[:, cluster == CLUSTERS].sum(axis=1)) <= {size // 2, (size + 1) // 2}
    assert np.allclose(halves.mean(axis=0), 0.5, atol=0.12)
    assert len(np.unique(halves, axis=0)) > 150


def test_group_mean_weighs_every_example_the_same() -> None:
    generator = np.random.default_rng(0)
    values, group = generator.normal(size=(30, 4)), generator.integers(0, 5, 30)
    sums = np.stack([values[group == g].sum(axis=0) for g in range(5)])
    counts = np.bincount(group, minlength=5)
    assert np.allclose(group_mean(sums, counts), values.mean(axis=0))
    weights = np.array([[2, 0, 1, 0, 3], [1, 1, 1, 1, 1]])
    repeated = np.concatenate([np.tile(values[group == g], (w, 1)) for g, w in enumerate(weights[0])])
    assert np.allclose(group_mean(sums, counts, weights)[0], repeated.mean(axis=0))


def test_interval_of_a_mean_agrees_with_its_standard_error() -> None:
    data = np.random.default_rng(5).normal(size=200)
    found = bootstrap(lambda w: {"mean": float(w @ data / w.sum())}, np.arange(200), resamples=2000)["mean"]
    assert isinstance(found, Estimate)
    half = 1.96 * data.std() / np.sqrt(200)
    assert found.value == pytest.approx(data.mean())
    assert (found.low, found.high) == pytest.approx((data.mean() - half, data.mean() + half), abs=0.15 * half)


def test_interval_is_centred_although_resamples_are_biased() -> None:
    data = np.random.default_rng(6).normal(size=40)
    found = bootstrap(lambda w: {"square": float((w @ data / w.sum()) ** 2 * 100)}, np.arange(40), 1000)[
        "square"
    ]
    assert isinstance(found, Estimate)
    assert found.low < found.value < found.high


@pytest.mark.parametrize(("templates", "groups"), [(1, 24), (6, 4), (12, 2)])
def test_intervals_hold_the_mean_as_often_as_they_say(templates: int, groups: int) -> None:
    """The truth is the mean of these templates where they are held fixed, else that of all templates."""
    generator, trials, covered = np.random.default_rng(10), 300, 0
    clusters = np.repeat(np.arange(templates), groups)
    for trial in range(trials):
        effects = 2 * generator.normal(size=templates)
        truth = 0 if templates_drawn(clusters) else effects.mean()
        data = effects[clusters] + generator.normal(size=len(clusters))
        found = bootstrap(lambda w, x=data: {"mean": float(w @ x / w.sum())}, clusters, seed=trial)["mean"]
        covered += found.low <= truth <= found.high
    # Outer quantiles of 200 draws, of which the truth misses some, cost half a per cent.
    least, most = stats.binom.ppf([1e-4, 1 - 1e-4], trials, [0.94, 0.955])
    assert least <= covered <= most


def test_of_ten_units_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    """By normal quantiles it would in 91.8 % of samples: P(|t| < 1.96) of nine degrees of freedom."""
    units, trials = 10, 2000
    data = np.random.default_rng(12).normal(size=(trials, units))
    held = dict.fromkeys(("percentile", "found"), 0)

    def means(weights: np.ndarray) -> dict[int, Value]:
        # All samples by the same resamples: one call instead of as many as there are samples.
        return dict(enumerate((data @ weights / units).tolist()))

    for sample in bootstrap(means, np.arange(units), resamples=1000).values():
        assert isinstance(sample, Estimate)
        assert sample.draws is not None
        below, centre, above = np.quantile(sample.draws, [0.025, 0.5, 0.975])
        held["percentile"] += sample.value - (centre - below) <= 0 <= sample.value + (above - centre)
        held["found"] += sample.low <= 0 <= sample.high
    # 2,000 samples tell a share near .95 to ± .005; all share their resamples, which adds as much.
    assert held["percentile"] / trials == pytest.approx(2 * stats.t.cdf(1.96, 9) - 1, abs=0.015)
    assert held["found"] / trials == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize(
    ("clusters", "freedom"),
    [
        (range(12), 11),  # single groups: drawn from among each other
        (np.repeat(range(11), 3), 10),  # templates are drawn
        (np.repeat(range(6), 4), 18),  # groups are, within six templates
        ([0, 0, 0, 1, 1, 2, 3, 4], 5),  # 2 + 1, and three single ones, which are one stratum
        ([0, 0, 0, 1], 2),  # the single one always stays
        ([0, 1], 1),
    ],
)
def test_degrees_of_freedom_are_how_many_ways_weights_can_vary(clusters: Sequence[int], freedom: int) -> None:
    drawn = cluster_weights(clusters, 400)
    assert unit_freedom(clusters) == freedom == np.linalg.matrix_rank(drawn - 1)


@pytest.mark.parametrize(("groups", "freedom"), [(2, 1), (5, 4), (24, 23)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_is_wider_by_student_over_normal(groups: int, freedom: int, level: float) -> None:
    data = np.random.default_rng(13).gamma(2, size=groups)
    found = bootstrap(lambda w: {"": float(w @ data / w.sum())}, range(groups), 300, 4, level)[""]
    draws = cluster_weights(range(groups), 300, 4) @ data / groups
    low, centre, high = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2])
    wider = stats.t.ppf((1 + level) / 2, freedom) / stats.norm.ppf((1 + level) / 2)
    assert isinstance(found, Estimate)
    assert found.freedom == freedom
    assert (found.low, found.high) == pytest.approx(
        (data.mean() - wider * (centre - low), data.mean() + wider * (high - centre))
    )


def test_a_paired_statistic_is_known_as_its_least_known_part_is() -> None:
    draws = np.random.default_rng(14).normal(size=(2, 200))
    few, many = (
        Estimate(0.0, -9.0, 9.0, 0.95, 200, draws=one, freedom=freedom)
        for one, freedom in zip(draws, (4.0, 30.0), strict=True)
    )
    for one, other in ((few, many), (many, few)):
        found = paired_statistic(lambda a, b: a + b, [one, other])
        assert isinstance(found, Estimate)
        assert found.freedom == 4
        reach = np.quantile(draws.sum(axis=0), 0.975) - np.median(draws.sum(axis=0))
        assert found.high == pytest.approx(reach * stats.t.isf(0.025, 4) / stats.norm.isf(0.025))


def test_without_degrees_of_freedom_there_is_no_paired_statistic() -> None:
    (first,) = _means(np.arange(20.0))
    with pytest.raises(ValueError, match="degrees of freedom"):
        paired_difference(first, replace(first, freedom=None))


def test_intervals_cover_the_mean_of_clustered_data() -> None:
    generator = np.random.default_rng(7)
    clusters, covered = np.repeat(np.arange(20), 3), 0
    for trial in range(150):
        data = np.repeat(generator.normal(size=20), 3) + generator.normal(size=60)
        found = bootstrap(lambda w, x=data: {"mean": float(w @ x / w.sum())}, clusters, seed=trial)["mean"]
        assert isinstance(found, Estimate)
        covered += found.low <= 0 <= found.high
    assert 0.9 <= covered / 150 <= 1.0


def test_pairing_removes_what_both_models_share() -> None:
    generator = np.random.default_rng(8)
    shared, counts = generator.normal(size=(20, 3, 3)), np.full(20, 4)
    found = bootstrap_scores(
        lambda a, b: {"a": float(a.mean()), "shift": float((b - a).mean())},
        [shared, shared + 0.4],
        counts,
        np.arange(20),
    )
    assert found["shift"].value == pytest.approx(0.1)
    assert found["shift"].high - found["shift"].low == pytest.approx(0, abs=1e-12)
    assert found["a"].high - found["a"].low > 0.01


def test_undefined_estimates_stay_undefined_and_rare_undefined_resamples_are_counted() -> None:
    def statistic(weights: np.ndarray) -> dict:
        return {
            "never": Undefined("nothing to measure"),
            "rarely": Undefined("a gap") if weights[0] >= 4 else float(weights[1]),
            "often": Undefined("a gap") if weights[0] == 0 else float(weights[1]),
        }

    found = bootstrap(statistic, np.arange(12), resamples=400)
    assert found["never"] == Undefined("nothing to measure")
    assert isinstance(found["rarely"], Estimate)
    assert 0 < found["rarely"].undefined < 20
    assert isinstance(found["often"], Undefined)
    assert found["often"].reason.endswith("of 400 resamples a gap")


def test_a_statistic_of_two_values_lies_in_its_interval() -> None:
    """Nearly all resamples give .6 as the sample does, and their mean is .59."""
    found = bootstrap(lambda w: {"x": 0.6 if w[0] < 4 else 0.2}, np.arange(20))["x"]
    assert found == Estimate(0.6, 0.6, 0.6, 0.95, 200)


def test_the_interval_is_the_percentile_one_moved_by_the_median_and_expanded() -> None:
    draws = iter([7.0, *(float(n) ** 2 for n in range(101))])
    found = bootstrap(lambda w: {"x": next(draws)}, np.arange(5), resamples=101, level=0.9)["x"]
    # Of 0, 1, 4, …, 10000 the 5th, 50th and 95th percentiles are 25, 2500 and 9025; of five units t has four
    # degrees of freedom.
    wider = stats.t.isf(0.05, 4) / stats.norm.isf(0.05)
    assert isinstance(found, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx((7, 7 - 2475 * wider, 7 + 6525 * wider))


def test_clipping_keeps_the_value() -> None:
    assert Estimate(0.9, 0.8, 1.1, 0.95, 200).clipped(0, 1) == Estimate(0.9, 0.8, 1.0, 0.95, 200)
    assert Estimate(0.0, -0.2, 0.3, 0.95, 200).clipped(0, 1) == Estimate(0.0, 0.0, 0.3, 0.95, 200)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0.6, 0.608, 0.608), r"must lie in its interval: 0\.6 \[0\.608, 0\.608\]"),
        ((0.6, 0.5, 0.5), "must lie in its interval"),
        ((0.0, 1.0, -1.0), "must lie in its interval"),
        ((np.nan, 0.0, 1.0), "must be finite"),
        ((0.0, np.nan, 1.0), "must be finite"),
        ((0.0, -np.inf, 1.0), "must be finite"),
        ((0.0, 0.0, np.inf), "must be finite"),
    ],
)
def test_an_estimate_outside_its_interval_cannot_be_made(numbers: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Estimate(*numbers, level=0.95, resamples=200)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cluster_weights([1]), "two groups or more"),
        (lambda: cluster_weights([[1, 2]]), "its shape is .1, 2."),
        (lambda: cluster_weights([1, 2], resamples=0), "resamples must be at least 1"),
        (lambda: half_splits([1, 2], splits=0), "splits must be at least 1"),
        (lambda: group_mean([[np.nan]], [1]), "NaN"),
        (lambda: group_mean([[1.0]], [1, 2]), "one entry per group"),
        (lambda: group_mean([[1.0]], [0]), "counts must be positive"),
        (lambda: group_mean([[1.0], [2.0]], [1, 1], [1, 1, 1]), "weights must be"),
        (lambda: group_mean([[1.0], [2.0]], [1, 1], [0, 0]), "nor all 0"),
        (lambda: group_mean([[1e308], [1e308]], [1e-3, 1e-3]), "scale the sums down"),
        (lambda: cluster_weights([0.0, float("nan"), 1.0]), "clusters holds NaN"),
        (lambda: bootstrap(lambda w: {"x": 1.0}, [1, 2], level=1.0), "level"),
        (lambda: bootstrap(lambda w: {"x": float("nan")}, [1, 2]), "'x' returned NaN"),
        (lambda: bootstrap(lambda w: {"x": float("inf")}, [1, 2]), "or an infinity"),
        (lambda: bootstrap(lambda w: {"x": 1.0}, [1, 2], level=float("nan")), "not nan"),
        (lambda: Estimate(1.0, 0.0, 2.0, level=1.0, resamples=200), "level must lie strictly between"),
        (lambda: Estimate(1.5, 1.0, 2.0, 0.95, 200).clipped(0, 1), "1.5 lies outside the range 0 to 1"),
        (lambda: Estimate(0.5, 0.0, 2.0, 0.95, 200).clipped(0, float("nan")), "outside the range"),
        (lambda: bootstrap_scores(dict, [], [1], [1]), "sums is empty"),
        (
            lambda: bootstrap_scores(lambda a: {}, [np.ones((2, 3))], [1, 1], [1, 2, 3]),
            "3 labels for 2 groups",
        ),
    ],
)
def test_wrong_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def _means(*data: np.ndarray, seed: int = 3, resamples: int = 400) -> list[Estimate]:
    """Weighted means of each data set, every one resampled by itself from the same seed."""
    found = []
    for values in data:
        mean = bootstrap(
            lambda w, values=values: {"": float(w @ values / w.sum())}, range(len(values)), resamples, seed
        )[""]
        assert isinstance(mean, Estimate)
        found.append(mean)
    return found


def test_a_paired_difference_is_that_of_a_bootstrap_of_the_difference() -> None:
    a, b = np.random.default_rng(5).normal(size=(2, 40)) + np.array([[0.3], [0.0]])
    first, second, together = _means(a, b, a - b)
    found = paired_difference(first, second)
    assert isinstance(found, Estimate)
    assert [found.value, found.low, found.high] == pytest.approx(
        [together.value, together.low, together.high]
    )


def test_what_both_owe_to_the_prompts_cancels() -> None:
    luck, own = np.random.default_rng(6).normal(size=(2, 40)) * np.array([[1.0], [0.1]])
    first, second = _means(luck, luck + own)
    found = paired_difference(first, second)
    assert isinstance(found, Estimate)
    assert found.high - found.low < 0.2 * (first.high - first.low)


def test_without_draws_or_of_other_resamples_nothing_is_paired() -> None:
    (first,), (other,) = _means(np.arange(20.0)), _means(np.arange(20.0), resamples=300)
    with pytest.raises(ValueError, match="draws"):
        paired_difference(first, Estimate(1.0, 0.5, 1.5, 0.95, 400))
    with pytest.raises(ValueError, match="resamples"):
        paired_difference(first, other)


def test_a_difference_of_what_is_seldom_defined_is_undefined() -> None:
    draws = np.linspace(0, 1, 100)
    often, seldom = draws.copy(), draws.copy()
    often[:3], seldom[:20] = np.nan, np.nan
    whole, some, few = (
        Estimate(0.5, 0.1, 0.9, 0.95, 100, draws=one, freedom=9) for one in (draws, often, seldom)
    )
    found = paired_difference(whole, some)
    assert isinstance(found, Estimate)
    assert found.undefined == 3
    assert isinstance(paired_difference(whole, few), Undefined)


def test_a_paired_statistic_is_that_of_a_bootstrap_of_the_statistic() -> None:
    a, b = np.random.default_rng(5).normal(5, 1, size=(2, 40))
    first, second = _means(a, b)
    together = bootstrap(lambda w: {"": float((w @ a) / (w @ b))}, range(40), resamples=400, seed=3)[""]
    found = paired_statistic(lambda x, y: x / y, [first, second])
    assert isinstance(together, Estimate)
    assert isinstance(found, Estimate)
    assert [found.value, found.low, found.high] == pytest.approx(
        [together.value, together.low, together.high]
    )


def test_a_paired_statistic_may_be_undefined() -> None:
    (first,) = _means(np.arange(20.0))
    assert paired_statistic(lambda x: Undefined("never"), [first]) == Undefined("never")
    seldom = paired_statistic(lambda x: x if x > first.low else Undefined("low"), [first])
    assert isinstance(seldom, Estimate)
    assert seldom.undefined > 0
    with pytest.raises(ValueError, match="must be estimates"):
        paired_statistic(lambda: 1.0, [])


@pytest.mark.parametrize(
    ("value", "low", "clear"), [(1.0, 0.6, True), (1.0, 0.5, False), (-1.0, -1.1, False), (0.0, 0.0, False)]
)
def test_a_number_is_clear_of_zero_where_it_is_known_to_within_half(
    value: float, low: float, clear: bool
) -> None:
    assert Estimate(value, low, value + 1, 0.95, 200).clear is clear
