from itertools import permutations

import numpy as np
import pytest

from mechshift.metrics import Undefined, carrying_edges, half_splits, strongest_share

GENERATOR = np.random.default_rng(0)
GROUPS, EDGES = 6, 15
COUNTS = np.array([2.0, 3, 1, 4, 2, 3])
SCORES = GENERATOR.standard_t(3, size=EDGES)
A, B = COUNTS[:, None] * (SCORES + 0.3 * GENERATOR.normal(size=(2, GROUPS, EDGES)))
CLUSTERS = [0, 0, 0, 1, 1, 1]
MASK = GENERATOR.random(EDGES) < 0.8


def test_powers_are_products_of_different_groups() -> None:
    def power(order: int) -> float:
        rows = list(permutations(range(GROUPS), order))
        total = sum(np.prod(A[list(row)][:, MASK], axis=0).sum() for row in rows)
        return float(total / sum(np.prod(COUNTS[list(row)]) for row in rows))

    found = carrying_edges(np.where(MASK, A, np.nan), COUNTS, MASK)
    assert found == pytest.approx(power(2) ** 2 / power(4))


def test_scaled_sums_are_sums_times_the_scale() -> None:
    scale = np.where(MASK, np.random.default_rng(5).random(EDGES), np.nan)
    scaled = carrying_edges(np.where(MASK, A * scale, 0), COUNTS, MASK)
    assert carrying_edges(A, COUNTS, MASK, scale) == pytest.approx(scaled, rel=1e-12)


@pytest.mark.parametrize("n", [1, 3, 7])
def test_equal_edges_are_counted(n: int) -> None:
    signs = np.where(np.arange(9) < n, (-1.0) ** np.arange(9), 0)
    assert carrying_edges(COUNTS[:, None] * signs, COUNTS) == pytest.approx(n)


def test_noise_does_not_raise_the_count() -> None:
    generator = np.random.default_rng(1)
    scores = np.zeros(2000)
    scores[:5] = 1
    found = [carrying_edges(scores + 0.3 * generator.normal(size=(24, 2000)), np.ones(24)) for _ in range(60)]
    numbers = [each for each in found if not isinstance(each, Undefined)]
    assert len(numbers) == 60
    # The same ratio of plain means is about 23: noise adds 2000 · .3² / 24 to a sum of squares of 5.
    assert np.mean(numbers) == pytest.approx(5, abs=0.25)


@pytest.mark.parametrize("k", [1, 4])
def test_the_strongest_are_found_on_one_half_and_weighed_on_the_other(k: int) -> None:
    held = total = 0.0
    for half in half_splits(CLUSTERS, 3, 5):
        products = []
        for chosen in (np.flatnonzero(half), np.flatnonzero(~half)):
            sums = sum(A[g] * B[h] for g in chosen for h in chosen if g != h)
            products.append(sums / sum(COUNTS[g] * COUNTS[h] for g in chosen for h in chosen if g != h))
        for ranked, weighed in (products, products[::-1]):
            best = sorted(range(EDGES), key=lambda edge: -abs(ranked[edge]))[:k]
            held += sum(weighed[edge] for edge in best)
            total += weighed.sum()
    found = strongest_share(A, B, COUNTS, CLUSTERS, k=k, splits=3, seed=5)
    assert found == pytest.approx(held / total)


def test_all_edges_hold_all_of_it() -> None:
    assert strongest_share(A, B, COUNTS, CLUSTERS, MASK, k=int(MASK.sum())) == pytest.approx(1)


@pytest.mark.parametrize(
    "found",
    [
        carrying_edges(A[:3], COUNTS[:3]),
        carrying_edges(0 * A, COUNTS),
        carrying_edges([[1.0], [-1.0], [1.0], [-1.0]], np.ones(4)),
        strongest_share(A[:3], B[:3], COUNTS[:3], CLUSTERS[:3]),
        strongest_share(A, 0 * B, COUNTS, CLUSTERS),
    ],
    ids=["three groups", "all scores 0", "noise", "three groups to halve", "products that are 0"],
)
def test_what_has_no_value_says_so(found: object) -> None:
    assert isinstance(found, Undefined)


BAD = {
    "NaN": lambda: carrying_edges(np.full((4, 3), np.nan), np.ones(4)),
    "counts of other groups": lambda: carrying_edges(A, COUNTS[:4]),
    "negative counts": lambda: carrying_edges(A, -COUNTS),
    "k of 0": lambda: strongest_share(A, B, COUNTS, CLUSTERS, k=0),
    "k above the number of edges": lambda: strongest_share(A, B, COUNTS, CLUSTERS, k=EDGES + 1),
    "models of other edges": lambda: strongest_share(A, B[:, :4], COUNTS, CLUSTERS),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        BAD[case]()
