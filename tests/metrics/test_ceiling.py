from dataclasses import replace

import numpy as np
import pytest

from mechshift.metrics import (
    CircuitOverlap,
    Estimate,
    Undefined,
    chance_jaccard,
    circuit_overlap,
    half_splits,
    jaccard,
    node_jaccard,
    node_overlap,
    normalised_overlap,
    overlap_curve,
    split_half_jaccard,
    top_edges,
)

EDGES = np.random.default_rng(0).random((20, 30)) < 0.8
K = 40
GROUPS = 24


def model(truth: int, sample: int, noise: float = 1.0) -> np.ndarray:
    """Score sums of one model: its own scores, the prompts' noise on top; other values where no edge is."""
    scores = np.random.default_rng(truth).standard_t(3, EDGES.shape)
    sums = scores + noise * np.random.default_rng([truth, sample]).normal(size=(GROUPS, *EDGES.shape))
    return np.where(EDGES, sums, np.nan)


def overlap(a: np.ndarray, b: np.ndarray, **options) -> CircuitOverlap:
    return circuit_overlap(a, b, np.ones(GROUPS), np.arange(GROUPS), EDGES, K, **options)


def test_split_half_agrees_with_a_loop_over_halves() -> None:
    sums = model(1, 0)
    counts = np.random.default_rng(1).integers(1, 9, GROUPS)
    expected = []
    for half in half_splits(np.arange(GROUPS) // 2, 10, seed=5):
        means = [sums[h].sum(axis=0) / counts[h].sum() for h in (half, ~half)]
        expected.append(jaccard(*(top_edges(mean, EDGES, K) for mean in means)))
    found = split_half_jaccard(sums, counts, np.arange(GROUPS) // 2, EDGES, K, splits=10, seed=5)
    assert found == pytest.approx(np.mean(expected))


def test_overlap_agrees_with_a_loop_over_halves() -> None:
    a, b = model(1, 0), model(2, 0)
    found = overlap(a, b, splits=4, resamples=2, seed=7)
    cross = []
    for half in half_splits(np.arange(GROUPS), 4, seed=7):
        for one, other in ((half, ~half), (~half, half)):
            cross.append(jaccard(top_edges(a[one].mean(0), EDGES, K), top_edges(b[other].mean(0), EDGES, K)))
    assert found.cross.value == pytest.approx(np.mean(cross))
    assert found.jaccard.value == jaccard(top_edges(a.mean(0), EDGES, K), top_edges(b.mean(0), EDGES, K))
    assert found.ceiling_a.value == pytest.approx(
        split_half_jaccard(a, np.ones(GROUPS), np.arange(GROUPS), EDGES, K, splits=4, seed=7)
    )
    assert found.floor == chance_jaccard(K, K, int(EDGES.sum()))


def test_two_samples_of_one_model_have_normalised_overlap_one() -> None:
    values = [overlap(model(3, 2 * i), model(3, 2 * i + 1), resamples=1).normalised.value for i in range(20)]
    assert np.mean(values) == pytest.approx(1.0, abs=0.03)


def test_independent_models_have_normalised_overlap_zero() -> None:
    values = [overlap(model(10 + i, 0), model(50 + i, 0), resamples=1).normalised.value for i in range(40)]
    assert np.mean(values) == pytest.approx(0.0, abs=0.02)


def test_noise_lowers_the_raw_overlap_of_one_model_with_itself_but_not_the_normalised_one() -> None:
    def mean(noise: float) -> tuple[float, float]:
        pairs = [(model(3, 2 * i, noise), model(3, 2 * i + 1, noise)) for i in range(20)]
        found = [overlap(a, b, resamples=1) for a, b in pairs]
        return (
            float(np.mean([one.jaccard.value for one in found])),
            float(np.mean([one.normalised.value for one in found])),
        )

    clean, noisy = mean(0.5), mean(3.0)
    assert clean[0] - noisy[0] > 0.2
    assert (clean[1], noisy[1]) == pytest.approx((1.0, 1.0), abs=0.05)


def test_the_same_data_twice_reaches_one_exactly_and_lies_in_its_interval() -> None:
    found = overlap(model(1, 0), model(1, 0))
    assert found.jaccard.value == 1.0
    assert found.normalised.value == pytest.approx(1.0)
    assert found.cross.value == pytest.approx(found.ceiling_a.value)


def test_intervals_hold_the_expected_values() -> None:
    names = ("jaccard", "cross", "ceiling_a", "normalised")
    shared = np.random.default_rng(3).standard_t(3, EDGES.shape)
    own = np.random.default_rng(4).standard_t(3, EDGES.shape)

    def draw(seed: int, resamples: int) -> CircuitOverlap:
        noise = 1.5 * np.random.default_rng([9, seed]).normal(size=(2, GROUPS, *EDGES.shape))
        return overlap(shared + noise[0], 0.8 * shared + 0.6 * own + noise[1], resamples=resamples, splits=4)

    points = [draw(seed, 1) for seed in range(100)]
    expected = {name: np.mean([getattr(point, name).value for point in points]) for name in names}
    trials = [draw(1000 + seed, 100) for seed in range(25)]
    for name in names:
        estimates = [getattr(trial, name) for trial in trials]
        assert all(isinstance(estimate, Estimate) for estimate in estimates)
        covered = np.mean([estimate.low <= expected[name] <= estimate.high for estimate in estimates])
        assert covered >= 0.8, name


def test_node_overlap_counts_components() -> None:
    sources, destinations = (
        np.eye(20),
        np.vstack([np.eye(19, 30), np.concatenate([np.zeros(19), np.ones(11)])]),
    )
    a, b = model(1, 0), model(2, 0)
    found = node_overlap(
        a, b, np.ones(GROUPS), np.arange(GROUPS), EDGES, 8, sources, destinations, splits=2, resamples=20
    )
    circuits = [top_edges(x.mean(0), EDGES, 8) for x in (a, b)]
    assert found.jaccard.value == node_jaccard(*circuits, sources, destinations)
    assert 0 < found.floor < found.ceiling_a.value <= 1


@pytest.mark.parametrize("groups", [GROUPS, 4])
@pytest.mark.parametrize("by", ["absolute", "signed"])
def test_a_curve_is_one_overlap_for_each_size(by: str, groups: int) -> None:
    """Four groups: resamples that empty a half are among them."""
    a, b = model(1, 0)[:groups], model(1, 1)[:groups]
    counts = np.random.default_rng(2).integers(1, 5, groups)
    matrices = np.eye(20), np.vstack([np.eye(19, 30), np.concatenate([np.zeros(19), np.ones(11)])])
    everything = a, b, counts, np.arange(groups) // 2, EDGES
    options = {"by": by, "splits": 3 if groups > 4 else 1, "resamples": 20, "seed": 4}
    sizes = [40, 3, 1, int(EDGES.sum()), 40]
    curve = overlap_curve(*everything, sizes, *matrices, **options)
    assert curve == [
        (
            circuit_overlap(*everything, size, **options),
            node_overlap(*everything, size, *matrices, **options),
        )
        for size in sizes
    ]


def test_a_curve_refuses_a_size_beyond_the_edges() -> None:
    sums, matrices = model(1, 0), (np.eye(20), np.eye(20, 30))
    with pytest.raises(ValueError, match="k must be between 1"):
        overlap_curve(sums, sums, np.ones(GROUPS), np.arange(GROUPS), EDGES, [3, 0], *matrices)


def test_normalised_overlap_by_hand() -> None:
    assert normalised_overlap(0.2, 0.64, 0.25, 0.1) == pytest.approx(0.1 / 0.3)
    assert normalised_overlap(0.05, 0.5, 0.5, 0.1) == pytest.approx(-0.125)
    assert normalised_overlap(0.5, 0.5, 0.5, 0.1) == pytest.approx(1.0)


def test_a_ceiling_of_pure_noise_is_undefined_with_its_reason() -> None:
    assert "does not exceed the floor" in normalised_overlap(0.1, 0.2, 0.2, 0.3).reason
    noise = [np.where(EDGES, np.random.default_rng(s).normal(size=(GROUPS, *EDGES.shape)), 0) for s in (1, 2)]
    found = overlap(*noise)
    assert isinstance(found.normalised, Undefined)
    assert isinstance(found.cross, Estimate)


def test_a_few_groups_give_values_and_resamples_that_empty_a_half_are_left_out() -> None:
    sums = model(1, 0)[:6]
    found = circuit_overlap(sums, sums, np.ones(6), range(6), EDGES, K, splits=3)
    assert found.jaccard.value == 1.0
    assert found.ceiling_a.value == pytest.approx(found.ceiling_b.value)


def test_halves_that_most_resamples_empty_have_no_overlap() -> None:
    """Of two groups one is drawn, and the half of the other is empty."""
    sums = model(1, 0)[:2]
    found = circuit_overlap(sums, sums, np.ones(2), [0, 0], EDGES, K)
    assert found.jaccard.value == 1.0
    assert found.cross == Undefined("in 200 of 200 resamples a half is empty")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sums_a": np.full((GROUPS, 20, 30), np.nan)}, "sums_a .* NaN"),
        ({"sums_b": np.ones((GROUPS, 20, 29))}, "shapes differ"),
        ({"sums_b": np.ones((3, 20, 30))}, "24 groups, sources, destinations"),
        ({"counts": np.zeros(GROUPS)}, "counts must be"),
        ({"clusters": np.arange(3)}, "3 labels for 24 groups"),
        ({"edges": np.zeros((20, 30), bool)}, "no edge at all"),
        ({"k": 0}, "k must be between 1"),
        ({"by": "size"}, "'absolute', 'signed' or 'positive'"),
    ],
)
def test_wrong_input_is_refused(change: dict, message: str) -> None:
    arguments = {
        "sums_a": model(1, 0),
        "sums_b": model(2, 0),
        "counts": np.ones(GROUPS),
        "clusters": np.arange(GROUPS),
        "edges": EDGES,
        "k": K,
    }
    with pytest.raises(ValueError, match=message):
        circuit_overlap(**(arguments | change))


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_normalised_overlap_refuses_what_is_no_jaccard(value: float) -> None:
    with pytest.raises(ValueError, match="cross must lie between 0 and 1"):
        normalised_overlap(value, 0.5, 0.5, 0.1)


def test_the_jaccard_index_above_its_floor_is_scaled_with_its_interval() -> None:
    found = overlap(model(0, 0), model(1, 1), resamples=20)
    above, plain = found.above_floor, found.jaccard
    assert isinstance(above, Estimate)
    assert isinstance(plain, Estimate)
    for name in ("value", "low", "high"):
        expected = (getattr(plain, name) - found.floor) / (1 - found.floor)
        assert getattr(above, name) == pytest.approx(expected)
    assert above.draws is not None
    assert plain.draws is not None
    assert above.draws == pytest.approx((plain.draws - found.floor) / (1 - found.floor))


def test_a_circuit_of_all_edges_has_nothing_above_its_floor() -> None:
    every = replace(overlap(model(0, 0), model(1, 1), resamples=3), floor=1.0)
    assert isinstance(every.above_floor, Undefined)
