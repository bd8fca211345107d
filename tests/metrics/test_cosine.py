import numpy as np
import pytest
from scipy import stats

from mechshift.metrics import (
    Estimate,
    Undefined,
    cluster_weights,
    disattenuated_cosine,
    group_products,
    paired_difference,
    systematic_change,
    systematic_change_estimate,
    unpaired_cosine,
)

GROUPS = 24
COUNTS = np.arange(GROUPS) % 3 + 4
CLUSTERS = np.arange(GROUPS) // 6


def model(truth: np.ndarray, seed: int, noise: float = 4.0, groups: int = GROUPS) -> np.ndarray:
    """Score sums of a model over groups of `COUNTS` prompts."""
    counts = COUNTS[:groups, None]
    return counts * truth + np.sqrt(counts) * noise * np.random.default_rng(seed).normal(
        size=(groups, len(truth))
    )


def scores(seed: int, edges: int = 300) -> np.ndarray:
    return np.random.default_rng([seed, 1]).standard_t(3, size=edges)


def rho(a: np.ndarray, b: np.ndarray, **options: int) -> Estimate:
    found = disattenuated_cosine(group_products(a, b), COUNTS, CLUSTERS, **options)
    assert isinstance(found, Estimate)
    return found


def slow_rho(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> float:
    def product(x: np.ndarray, y: np.ndarray) -> float:
        return sum(
            weights[g] * weights[h] * float(x[g] @ y[h])
            for g in range(len(x))
            for h in range(len(y))
            if g != h
        )

    return product(a, b) / np.sqrt(product(a, a) * product(b, b))


def test_value_and_draws_are_those_of_a_double_loop_over_groups() -> None:
    a, b = model(scores(0), 0), model(scores(0) + scores(1), 1)
    found = rho(a, b, resamples=5, seed=3)
    assert found.value == pytest.approx(slow_rho(a, b, np.ones(GROUPS)))
    expected = [slow_rho(a, b, row) for row in cluster_weights(CLUSTERS, 5, 3)]
    assert found.draws == pytest.approx(np.array(expected))


def test_of_templates_that_are_drawn_no_product_is_of_one_template() -> None:
    a, b = model(scores(0), 0), model(scores(0) + scores(1), 1)
    templates = np.arange(GROUPS) % 12
    found = disattenuated_cosine(group_products(a, b), COUNTS, templates, resamples=5, seed=3)
    assert isinstance(found, Estimate)
    assert found.draws is not None
    weights = [np.ones(GROUPS), *cluster_weights(templates, 5, 3)]
    for value, row in zip([found.value, *found.draws], weights, strict=True):
        inner = {}
        for name, (x, y) in {"ab": (a, b), "aa": (a, a), "bb": (b, b)}.items():
            inner[name] = sum(
                row[g] * row[h] * float(x[g] @ y[h])
                for g in range(GROUPS)
                for h in range(GROUPS)
                if templates[g] != templates[h]
            )
        assert value == pytest.approx(inner["ab"] / np.sqrt(inner["aa"] * inner["bb"]))


def test_what_templates_have_of_their_own_does_not_count() -> None:
    """Two models whose templates move all scores alike, and whose means have nothing in common."""
    generator = np.random.default_rng(2)
    templates = np.arange(GROUPS) // 2
    found = []
    for _ in range(60):
        effects = 1.5 * generator.normal(size=(12, 300))[templates]
        first, second = generator.standard_t(3, size=(2, 300))
        a, b = (COUNTS[:, None] * (truth + effects) for truth in (first, second))
        rho = disattenuated_cosine(group_products(a, b), COUNTS, templates, resamples=20)
        assert isinstance(rho, Estimate)
        found.append(rho.value)
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(60)


def test_the_estimate_lies_in_its_interval() -> None:
    found = rho(model(scores(0), 0), model(scores(1) + scores(0), 1))
    assert found.low < found.value < found.high


def test_one_model_on_two_samples_of_prompts_gives_one_on_average() -> None:
    truth = scores(0)
    found = [rho(model(truth, seed), model(truth, 1000 + seed), resamples=20).value for seed in range(100)]
    # A plain cosine of the means is about .8 here.
    assert abs(np.mean(found) - 1) < 4 * np.std(found) / 10
    plain = np.corrcoef(model(truth, 0).sum(axis=0), model(truth, 1).sum(axis=0))[0, 1]
    assert plain < 0.97


@pytest.mark.parametrize("groups", [8, 24])
def test_the_estimate_does_not_drift_with_the_number_of_prompts(groups: int) -> None:
    first, second = scores(0), 0.6 * scores(0) + 0.8 * scores(1)
    truth = float(first @ second / np.sqrt((first @ first) * (second @ second)))
    errors = []
    for seed in range(100):
        a, b = model(first, seed, groups=groups), model(second, 1000 + seed, groups=groups)
        products = group_products(a, b)
        found = disattenuated_cosine(products, COUNTS[:groups], np.zeros(groups), resamples=20)
        assert isinstance(found, Estimate)
        errors.append(found.value - truth)
    assert abs(np.mean(errors)) < 4 * np.std(errors) / 10
    assert abs(np.mean(errors)) < 0.02


def test_noise_that_both_models_share_does_not_count() -> None:
    shared = model(np.zeros(300), 5)
    found = [
        rho(shared + COUNTS[:, None] * scores(2 * n), shared + COUNTS[:, None] * scores(2 * n + 1)).value
        for n in range(60)
    ]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(60)


def test_nothing_changes_with_scale_or_order() -> None:
    a, b = model(scores(0), 0), model(scores(0) + scores(1), 1)
    found = rho(a, b)
    assert rho(1e-30 * a, 1e30 * b).value == pytest.approx(found.value)
    assert rho(-a, b).value == pytest.approx(-found.value)
    order = np.random.default_rng(0).permutation(GROUPS)
    again = disattenuated_cosine(group_products(a[order], b[order]), COUNTS[order], CLUSTERS[order])
    assert isinstance(again, Estimate)
    assert again.value == pytest.approx(found.value)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    first, second = scores(0), 0.8 * scores(0) + 0.6 * scores(1)
    truth = float(first @ second / np.sqrt((first @ first) * (second @ second)))
    held = []
    for seed in range(150):
        found = rho(model(first, seed), model(second, 1000 + seed))
        held.append(found.low <= truth <= found.high)
    # Of 150 intervals of 95 %, 132 or fewer hold it in one case of a thousand.
    assert sum(held) > 132


def test_estimates_of_the_same_resamples_are_paired() -> None:
    a, b, c = (model(scores(0) + 0.3 * scores(n), 9, noise=4) for n in range(3))
    difference = paired_difference(rho(a, b), rho(a, c))
    assert isinstance(difference, Estimate)
    assert difference.high - difference.low < rho(a, b).high - rho(a, b).low


def test_scores_that_are_noise_have_no_cosine() -> None:
    noise, signal = model(np.zeros(300), 0), model(scores(0), 1)
    for a, b, which in ((noise, signal, "first"), (signal, noise, "second")):
        found = disattenuated_cosine(group_products(a, b), COUNTS, CLUSTERS)
        assert isinstance(found, Undefined)
        assert f"{which} model" in found.reason


def test_a_square_must_be_known_to_within_half_of_itself() -> None:
    faint = [model(0.13 * scores(0), seed) for seed in range(40)]
    defined = 0
    for sums in faint:
        found = disattenuated_cosine(group_products(sums, model(scores(0), 99)), COUNTS, CLUSTERS)
        products = group_products(sums, sums).aa
        weights = cluster_weights(CLUSTERS)
        own = np.array([_square(products, row) for row in weights])
        value = _square(products, np.ones(GROUPS))
        wider = stats.t.isf(0.025, GROUPS - 4) / stats.norm.isf(0.025)  # four templates
        low = value - wider * (np.median(own) - np.quantile(own, 0.025))
        assert isinstance(found, Estimate) == (low > value / 2 > 0)
        defined += isinstance(found, Estimate)
    assert 0 < defined < len(faint)


def _square(products: np.ndarray, weights: np.ndarray) -> float:
    scaled = products * np.outer(weights, weights)
    examples = weights * COUNTS
    return float((scaled.sum() - np.trace(scaled)) / (examples.sum() ** 2 - (examples**2).sum()))


def test_two_tasks_of_different_groups() -> None:
    first, second = scores(0), 0.6 * scores(0) + 0.8 * scores(1)
    truth = float(first @ second / np.sqrt((first @ first) * (second @ second)))
    a, b = model(first, 0), model(second, 1, groups=10)
    products = group_products(a, b)
    found = unpaired_cosine(products, COUNTS, COUNTS[:10], CLUSTERS, np.zeros(10))
    assert isinstance(found, Estimate)
    own = [
        sum(x[g] @ x[h] for g in range(len(x)) for h in range(len(x)) if g != h)
        / (n.sum() ** 2 - (n**2).sum())
        for x, n in ((a, COUNTS), (b, COUNTS[:10]))
    ]
    across = a.sum(axis=0) @ b.sum(axis=0) / (COUNTS.sum() * COUNTS[:10].sum())
    assert found.value == pytest.approx(across / np.sqrt(own[0] * own[1]))
    assert found.low < truth < found.high


def test_equal_numbers_of_groups_are_drawn_independently() -> None:
    a = model(scores(0), 0)
    same = unpaired_cosine(group_products(a, a), COUNTS, COUNTS, CLUSTERS, CLUSTERS)
    assert isinstance(same, Estimate)
    assert same.draws is not None
    assert np.std(same.draws) > 1e-3


def test_the_systematic_part_of_a_change() -> None:
    # Two members that take the same step s from A, and steps of their own: cosines from the vectors.
    a, step, own, other = np.eye(4)
    first, second = a + step + own, a + step + other

    def cosine(x: np.ndarray, y: np.ndarray) -> float:
        return float(x @ y / np.sqrt((x @ x) * (y @ y)))

    found = systematic_change(cosine(first, second), cosine(a, first), cosine(a, second))
    assert found == pytest.approx((2 / 3 - 1 / 3) / (1 - 1 / 3))
    assert systematic_change(0.72, 0.8, 0.9) == pytest.approx(0)
    assert systematic_change(1.0, 0.8, 0.8) == pytest.approx(1)
    assert isinstance(systematic_change(1.0, 1.0, 1.0), Undefined)


def test_the_systematic_part_is_estimated_by_the_same_resamples() -> None:
    common = scores(0)
    members = [common, common + scores(1), common + scores(1) + 0.5 * scores(2)]
    a, first, second = (model(member, seed, noise=1) for seed, member in enumerate(members))
    estimates = [rho(first, second), rho(a, first), rho(a, second)]
    found = systematic_change_estimate(*estimates)
    assert isinstance(found, Estimate)
    assert found.draws is not None
    rows = zip(*(one.draws for one in estimates if one.draws is not None), strict=True)
    expected = [(x - y * z) / (1 - y * z) for x, y, z in rows]
    assert found.draws == pytest.approx(np.array(expected))
    unchanged = [rho(model(common, n), model(common, n + 50)) for n in range(3)]
    assert isinstance(systematic_change_estimate(*unchanged), Undefined)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (lambda p: disattenuated_cosine(p, COUNTS[:5], CLUSTERS), "labels"),
        (lambda p: disattenuated_cosine(p, COUNTS[:5], CLUSTERS[:5]), "groups"),
        (lambda p: disattenuated_cosine(p, 0 * COUNTS, CLUSTERS), "positive"),
        (lambda p: disattenuated_cosine(p, COUNTS, CLUSTERS, resamples=0), "resamples"),
        (lambda p: disattenuated_cosine(p, COUNTS, CLUSTERS, level=1.0), "level"),
        (lambda p: unpaired_cosine(p, COUNTS, COUNTS[:9], CLUSTERS, CLUSTERS[:9]), "must be"),
        (lambda p: systematic_change(np.nan, 0.5, 0.5), "NaN"),
        (lambda p: systematic_change(0.5, 1e308, 1e308), "no cosines"),
    ],
)
def test_bad_input_is_refused(bad: object, says: str) -> None:
    assert callable(bad)
    with pytest.raises(ValueError, match=says):
        bad(group_products(model(scores(0), 0), model(scores(1), 1)))
