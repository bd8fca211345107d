import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import (
    Estimate,
    Undefined,
    bootstrap,
    bootstrap_scores,
    cluster_weights,
    templates_drawn,
)
from mechshift.metrics.undefined import Value


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap(lambda w: {"x": 1.0}, [1, 2], level=1.0), "level"),
        (lambda: bootstrap(lambda w: {"x": float("nan")}, [1, 2]), "'x' returned NaN"),
        (lambda: bootstrap(lambda w: {"x": float("inf")}, [1, 2]), "or an infinity"),
        (lambda: bootstrap(lambda w: {"x": 1.0}, [1, 2], level=float("nan")), "not nan"),
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
