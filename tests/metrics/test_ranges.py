"""No finite input gives NaN, an infinity or a value outside its range; what has no value says so.

Every public function is called with drawn input, much of it at the ends of what a float can hold.
"""

import inspect
import math
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mechshift import metrics
from mechshift.metrics import Estimate, Undefined

INFINITE = float("inf")
EXTREMES = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    1e-310,
    1.0,
    -1.0,
    1 - 2**-53,
    1 / 3,
    1e308,
    -1e308,
    sys.float_info.max,
]
NUMBERS = st.sampled_from(EXTREMES) | st.floats(allow_nan=False, allow_infinity=False)
MASSES = NUMBERS.map(abs)
SHARES = st.floats(0, 1) | st.sampled_from([0.0, 5e-324, 1 / 3, 1 - 2**-53, 1.0])
SHAPE = (2, 3)
EDGES = np.array([[1, 1, 1], [0, 1, 1]], dtype=bool)
NODES = np.eye(2), np.eye(2, 3)
GROUPS = 4
CLUSTERS = [0, 0, 1, 1]
CIRCUIT = np.array([True, False, True, False])


def of(elements: st.SearchStrategy, *shape: int) -> st.SearchStrategy:
    """Arrays of a shape, many of them of one or two numbers many times over."""
    return arrays(np.float64, shape, elements=elements, fill=elements)


def circuits() -> st.SearchStrategy:
    return arrays(np.bool_, SHAPE).map(lambda mask: mask & EDGES)


def profiles() -> st.SearchStrategy:
    """Of three layers; summing to 1 as exactly as division makes it, or to what the check lets pass."""
    off = st.sampled_from([1.0, 1 + 9e-7, 1 - 9e-7])
    masses = of(st.sampled_from([0.0, 5e-324, 1e-300, 1e-12, 0.1, 1.0]) | st.floats(0, 1), 3)
    drawn = masses.filter(lambda mass: mass.sum() > 1e-300)
    return st.builds(lambda mass, factor: mass / mass.sum() * factor, drawn, off)


def estimates() -> st.SearchStrategy:
    three = st.lists(NUMBERS, min_size=3, max_size=3).map(sorted)
    return three.map(lambda each: Estimate(each[1], each[0], each[2], 0.95, 200))


def drawn_estimates() -> st.SearchStrategy:
    draws = of(NUMBERS | st.just(math.nan), 5)
    return st.builds(lambda one, drawn: replace(one, draws=drawn, freedom=4), estimates(), draws)


def cosines() -> st.SearchStrategy:
    draws = of(st.floats(-1.1, 0.9) | st.just(math.nan), 5)
    return st.builds(
        lambda value, drawn: Estimate(value, value, value, 0.95, 5, 0, drawn, 4), st.floats(-1.1, 0.9), draws
    )


def grids() -> st.SearchStrategy:
    shares = st.floats(0, 1, exclude_min=True) | st.sampled_from([5e-324, 1e-300, 0.5, 1 - 2**-53, 1.0])
    return st.lists(shares, min_size=2, max_size=4, unique=True).map(sorted)


def curves(points: int | None = None) -> st.SearchStrategy:
    if points is not None:
        return st.tuples(st.just(metrics.MIB_SHARES), of(NUMBERS, points))
    return grids().flatmap(lambda grid: st.tuples(st.just(grid), of(NUMBERS, len(grid))))


def sizes() -> st.SearchStrategy:
    return st.integers(1, 400).flatmap(
        lambda edges: st.tuples(st.integers(0, edges), st.integers(0, edges), st.just(edges))
    )


ANY = (-INFINITE, INFINITE)
SHARE = (0.0, 1.0)
SUMS = of(NUMBERS, GROUPS, *SHAPE)
COUNTS = of(st.integers(1, 100) | MASSES.filter(bool), GROUPS)
K = st.integers(1, int(EDGES.sum()))
MODERATE = st.floats(-1e100, 1e100) | st.sampled_from([0.0, 5e-324, 1e-200, 1.0])
SIGNAL = of(MODERATE, GROUPS, *SHAPE) | st.integers(0, 99).map(
    lambda seed: 1 + np.random.default_rng(seed).random((GROUPS, *SHAPE))
)
"""Sums of which products of groups are clear of noise, among others."""
EXAMPLES = of(st.integers(1, 100), GROUPS)
OPTIONS = {"splits": 2, "resamples": 3}

SLOW = {"node_overlap", "overlap_curve", "overlap_values"}
"""Those that simulate 200 random circuits for their floor."""
UNDEFINED = {"circuit_transfer", "standardised_cosine"}
"""Those that seldom have a value: of numbers without a spread, or not clear of noise, there is none."""

CASES: dict[str, tuple[Callable[..., Any], tuple[st.SearchStrategy, ...], tuple[float, float]]] = {
    "areas_of_one_curve": (metrics.areas_of_one_curve, (NUMBERS, NUMBERS), SHARE),
    "average_precision": (
        lambda labels, values: metrics.average_precision(labels | ~labels.any(axis=-1)[..., None], values),
        (arrays(np.bool_, (3, 1, 6)), of(NUMBERS, 2, 6)),
        SHARE,
    ),
    "bootstrap": (
        lambda data: metrics.bootstrap(lambda w: {"x": float(w @ (data / GROUPS))}, CLUSTERS, 5),
        (of(NUMBERS, GROUPS),),
        ANY,
    ),
    "bootstrap_scores": (
        lambda sums, counts: metrics.bootstrap_scores(
            lambda mean: {"x": float(mean[0, 0])}, [sums], counts, CLUSTERS, 5
        ),
        (SUMS, COUNTS),
        ANY,
    ),
    "carrying_edges": (metrics.carrying_edges, (SIGNAL, EXAMPLES), ANY),
    "chance_intersection": (lambda s: metrics.chance_intersection(*s), (sizes(),), (0.0, 400.0)),
    "chance_jaccard": (lambda s: metrics.chance_jaccard(*s), (sizes(),), SHARE),
    "chance_node_jaccard": (
        lambda a, b: metrics.chance_node_jaccard(EDGES, a, b, *NODES, draws=3),
        (K, K),
        SHARE,
    ),
    "chance_tail": (lambda s, x: metrics.chance_tail(x, *s), (sizes(), st.integers(0, 400)), SHARE),
    "circuit_overlap": (
        lambda a, b, n, k: metrics.circuit_overlap(a, b, n, CLUSTERS, EDGES, k, **OPTIONS),
        (SUMS, SUMS, COUNTS, K),
        ANY,
    ),
    "clipped_profile": (
        lambda mass, layer: metrics.clipped_profile(mass, layer, 3),
        (of(NUMBERS, 5), of(st.integers(-1, 3), 5)),
        SHARE,
    ),
    "cluster_weights": (
        lambda labels: metrics.cluster_weights(labels, 5),
        (of(NUMBERS, GROUPS),),
        (0.0, GROUPS**2),
    ),
    "cancellation_ratio": (metrics.cancellation_ratio, (of(MODERATE, GROUPS, 4), EXAMPLES), SHARE),
    "circuit_transfer": (
        lambda runs: metrics.circuit_transfer(runs[0], runs[1], runs[2:4], runs[4], runs[5], CLUSTERS, 3),
        (of(MODERATE, 6, GROUPS),),
        ANY,
    ),
    "cmd": (lambda curve: metrics.cmd(*curve), (curves(10),), (0.0, INFINITE)),
    "compared_effects": (
        lambda a, b: metrics.compared_effects(
            *(metrics.ComponentEffects(x, x, x[:, 0], x[:, 1], CIRCUIT) for x in (a, b)), CLUSTERS, 3, 3
        ),
        (of(MODERATE, GROUPS, 4), of(MODERATE, GROUPS, 4)),
        ANY,
    ),
    "component_products": (
        lambda sums: metrics.component_products(sums, EDGES, *NODES),
        (of(MODERATE, GROUPS, *SHAPE),),
        ANY,
    ),
    "cpr": (lambda curve: metrics.cpr(*curve), (curves(10),), ANY),
    "depth_profile": (
        lambda mass, layer: metrics.depth_profile(mass, layer, 3),
        (of(MASSES, 5), of(st.integers(-1, 3), 5)),
        SHARE,
    ),
    "across_seeds": (metrics.across_seeds, (of(NUMBERS, 3, 2),), ANY),
    "depth_shift": (metrics.depth_shift, (profiles(), profiles(), profiles()), ANY),
    "difference": (metrics.difference, (estimates(), estimates()), ANY),
    "disattenuated_cosine": (
        lambda a, b, n: metrics.disattenuated_cosine(metrics.group_products(a, b), n, CLUSTERS, 3),
        (SIGNAL, SIGNAL, EXAMPLES),
        ANY,
    ),
    "early_share": (metrics.early_share, (profiles(),), SHARE),
    "edge_priority": (
        lambda sums, n: metrics.edge_priority(sums, n, CLUSTERS, EDGES, "consistent") / EDGES.sum(),
        (SUMS, COUNTS),
        SHARE,
    ),
    "effect_concentration": (
        lambda effects: metrics.effect_concentration(effects, CIRCUIT, draws=3),
        (of(NUMBERS, 4),),
        (-1.0, 1.0),
    ),
    "effective_components": (metrics.effective_components, (of(MASSES, 5),), (1.0, 5.0)),
    "extrapolated_jaccard": (
        lambda a, b, n: metrics.extrapolated_jaccard(a, b, n, CLUSTERS, EDGES, **OPTIONS),
        (SIGNAL, SIGNAL, EXAMPLES),
        ANY,
    ),
    "faithfulness": (metrics.faithfulness, (of(NUMBERS, 3), NUMBERS, NUMBERS), ANY),
    "gini": (metrics.gini, (of(MASSES, 5),), (0.0, 0.8)),
    "group_mean": (metrics.group_mean, (SUMS, COUNTS, of(MASSES, 2, GROUPS)), ANY),
    "group_products": (
        lambda a, b, scale: vars(metrics.group_products(a, b, EDGES, scale)),
        (of(MODERATE, GROUPS, *SHAPE), of(MODERATE, GROUPS, *SHAPE), of(SHARES, *SHAPE)),
        ANY,
    ),
    "grouped_sharpness": (
        lambda entropies, n, mass: metrics.grouped_sharpness(entropies, n, CLUSTERS, mass, resamples=3),
        (of(SHARES, GROUPS, 3), EXAMPLES, of(MASSES, 3)),
        (0.0, 3.0),
    ),
    "half_splits": (lambda labels: metrics.half_splits(labels, 2), (of(NUMBERS, GROUPS),), SHARE),
    "holm": (metrics.holm, (of(SHARES, 4),), SHARE),
    "importance_entropy": (metrics.importance_entropy, (of(MASSES, 5),), SHARE),
    "inverse_spread": (
        lambda a, b, n, power: metrics.inverse_spread(a, b, n, power=power),
        (SIGNAL, SIGNAL, EXAMPLES, SHARES),
        (0.0, INFINITE),
    ),
    "jaccard": (metrics.jaccard, (circuits(), circuits()), SHARE),
    "log_area": (lambda curve, cut: metrics.log_area(*curve, bounded=cut), (curves(), st.booleans()), ANY),
    "mean_estimate": (metrics.mean_estimate, (st.lists(estimates(), min_size=1, max_size=4),), ANY),
    "mean_product": (metrics.mean_product, (of(MODERATE, GROUPS, GROUPS), EXAMPLES), ANY),
    "mean_relative_depth": (metrics.mean_relative_depth, (profiles(),), SHARE),
    "node_degree": (lambda c: metrics.node_degree(c, *NODES), (circuits(),), (0.0, 12.0)),
    "node_importance": (
        lambda scores, c, nodes: metrics.node_importance(scores, c, nodes, NODES[1]),
        (of(NUMBERS, *SHAPE), circuits(), of(MASSES, 2, 2) | st.just(NODES[0])),
        (0.0, INFINITE),
    ),
    "node_jaccard": (lambda a, b: metrics.node_jaccard(a, b, *NODES), (circuits(), circuits()), SHARE),
    "node_overlap": (
        lambda a, b, n, k: metrics.node_overlap(a, b, n, CLUSTERS, EDGES, k, *NODES, **OPTIONS),
        (SUMS, SUMS, COUNTS, K),
        ANY,
    ),
    "normalised_overlap": (metrics.normalised_overlap, (SHARES, SHARES, SHARES, st.just(1e-3) | SHARES), ANY),
    "output_entropy": (metrics.output_entropy, (of(NUMBERS | st.just(-INFINITE), 2, 2, 3),), SHARE),
    "output_sharpness": (metrics.output_sharpness, (of(NUMBERS, 2, 2, 3), of(MASSES, 2)), SHARE),
    "overlap_curve": (
        lambda a, b, n, k: metrics.overlap_curve(a, b, n, CLUSTERS, EDGES, [k], *NODES, **OPTIONS),
        (SUMS, SUMS, COUNTS, K),
        ANY,
    ),
    "overlap_values": (
        lambda a, b, n, k: metrics.overlap_values(a, b, n, CLUSTERS, EDGES, [k], *NODES, "frequent", 2),
        (SUMS, SUMS, COUNTS, K),
        SHARE,
    ),
    "paired_difference": (metrics.paired_difference, (drawn_estimates(), drawn_estimates()), ANY),
    "paired_statistic": (
        lambda estimate: metrics.paired_statistic(max, [estimate, estimate]),
        (drawn_estimates(),),
        ANY,
    ),
    "prompt_faithfulness": (
        metrics.prompt_faithfulness,
        (of(NUMBERS, 2, 4), of(NUMBERS, 4), of(NUMBERS, 4), st.floats(0, 1)),
        ANY,
    ),
    "random_circuits": (lambda k: list(metrics.random_circuits(EDGES, k, 2)), (K,), SHARE),
    "random_specialisation": (
        lambda scores, c: metrics.random_specialisation(scores, c, EDGES, *NODES, draws=3),
        (of(NUMBERS, *SHAPE), circuits()),
        SHARE,
    ),
    "pairs_of_seeds": (metrics.pairs_of_seeds, (of(NUMBERS, 4, 4),), ANY),
    "score_clusters": (
        lambda sums: metrics.score_clusters(sums, np.ones(6), most=2, draws=1),
        (of(MODERATE, 6, 4),),
        (-1.0, INFINITE),
    ),
    "resampled_cosine": (
        lambda a, b, n: metrics.resampled_cosine(
            metrics.group_products(a, b), n, n, np.ones((3, GROUPS)), np.ones((3, GROUPS)), 4
        ),
        (SIGNAL, SIGNAL, EXAMPLES),
        ANY,
    ),
    "seeds_difference": (metrics.seeds_difference, (of(NUMBERS, 3), of(NUMBERS, 2)), ANY),
    "seeds_difference_p": (metrics.seeds_difference_p, (of(NUMBERS, 3), of(NUMBERS, 2), NUMBERS), SHARE),
    "beyond_seeds": (metrics.beyond_seeds, (of(NUMBERS, 3),), ANY),
    "seeds_mean": (metrics.seeds_mean, (of(NUMBERS, 3),), ANY),
    "weighted_estimate": (
        lambda weights, a, b: metrics.weighted_estimate(list(weights), [a, b]),
        (of(SHARES, 2), estimates(), estimates()),
        ANY,
    ),
    "place_shares": (metrics.place_shares, (of(NUMBERS, 3, 4),), SHARE),
    "rank_biased_overlap": (
        lambda a, b, k, p: metrics.rank_biased_overlap(a, b, EDGES, k, p),
        (of(NUMBERS, *SHAPE), of(NUMBERS, *SHAPE), K, SHARES),
        SHARE,
    ),
    "relative_profile": (metrics.relative_profile, (profiles(), profiles()), SHARE),
    "sign_carriers": (
        lambda value, others: len(metrics.sign_carriers(value, dict(zip("abc", others, strict=True)))),
        (NUMBERS, of(NUMBERS, 3)),
        (0.0, 3.0),
    ),
    "sign_stability": (
        lambda values: vars(metrics.sign_stability(dict(zip("abc", values, strict=True)))) | {"carriers": 0},
        (of(NUMBERS, 3),),
        ANY,
    ),
    "signed_wasserstein": (metrics.signed_wasserstein, (profiles(), profiles()), (-1.0, 1.0)),
    "smallest_budget": (
        lambda curve, level: metrics.smallest_budget(*curve, threshold=level),
        (curves(), NUMBERS),
        SHARE,
    ),
    "spearman_over_union": (
        metrics.spearman_over_union,
        (
            of(NUMBERS, *SHAPE),
            of(NUMBERS, *SHAPE),
            circuits(),
            circuits(),
            st.sampled_from(["absolute", "signed"]),
        ),
        (-1.0, 1.0),
    ),
    "specialisation": (metrics.specialisation, (of(MASSES, 5),), SHARE),
    "split_half_jaccard": (
        lambda a, n, k: metrics.split_half_jaccard(a, n, CLUSTERS, EDGES, k, splits=2),
        (SUMS, COUNTS, K),
        SHARE,
    ),
    "spread_strata": (
        lambda clusters: metrics.spread_strata(clusters, GROUPS),
        (of(NUMBERS, GROUPS),),
        (0.0, float(GROUPS)),
    ),
    "squared_place_shares": (
        lambda a, b: metrics.squared_place_shares([a, b], np.ones(GROUPS), CLUSTERS, EDGES, 3),
        (SIGNAL, SIGNAL),
        ANY,
    ),
    "squared_placement": (
        lambda a, b: metrics.squared_placement(
            metrics.component_products(a, EDGES, *NODES),
            metrics.component_products(b, EDGES, *NODES),
            np.ones(GROUPS),
            CLUSTERS,
            [0, 1],
            2,
            [0.5, 0.5],
            3,
        ),
        (SIGNAL, SIGNAL),
        ANY,
    ),
    "standardised_cosine": (
        # Four groups are too few to be clear of noise.
        lambda a, b, n: metrics.standardised_cosine(
            np.tile(a, (6, 1, 1)), np.tile(b, (6, 1, 1)), np.tile(n, 6), np.zeros(24), resamples=3
        ),
        (SIGNAL, SIGNAL, EXAMPLES),
        ANY,
    ),
    "strongest_share": (
        lambda a, b, n: metrics.strongest_share(a, b, n, CLUSTERS, k=2, splits=2),
        (SIGNAL, SIGNAL, EXAMPLES),
        ANY,
    ),
    "student_quantile": (
        lambda share, freedom: metrics.student_quantile(0.01 + 0.98 * share, freedom),
        (SHARES, st.integers(1, 10**4)),
        ANY,
    ),
    "student_tail": (metrics.student_tail, (NUMBERS, st.integers(1, 10**4)), SHARE),
    "systematic_change": (metrics.systematic_change, (NUMBERS, NUMBERS, NUMBERS), ANY),
    "systematic_change_estimate": (
        metrics.systematic_change_estimate,
        (cosines(), cosines(), cosines()),
        ANY,
    ),
    "templates_drawn": (metrics.templates_drawn, (of(NUMBERS, GROUPS),), SHARE),
    "top_edges": (lambda scores, k: metrics.top_edges(scores, EDGES, k), (of(NUMBERS, *SHAPE), K), SHARE),
    "top_share": (metrics.top_share, (of(MASSES, 5), st.integers(1, 7)), SHARE),
    "touched_components": (lambda c: metrics.touched_components(c, *NODES), (circuits(),), SHARE),
    "transport": (metrics.transport, (profiles(), profiles()), SHARE),
    "unit_freedom": (metrics.unit_freedom, (of(NUMBERS, GROUPS),), (1.0, GROUPS - 1)),
    "unpaired_cosine": (
        lambda a, b, n: metrics.unpaired_cosine(metrics.group_products(a, b), n, n, CLUSTERS, CLUSTERS, 3),
        (SIGNAL, SIGNAL, EXAMPLES),
        ANY,
    ),
    "weighted_jaccard": (
        lambda a, b: metrics.weighted_jaccard(a, b, EDGES),
        (of(NUMBERS, *SHAPE), of(NUMBERS, *SHAPE)),
        SHARE,
    ),
    "weighted_sharpness": (metrics.weighted_sharpness, (of(SHARES, 3), of(MASSES, 3)), SHARE),
    "wilson_interval": (
        metrics.wilson_interval,
        (st.integers(0, 10**12), st.integers(1, 10**12)),
        SHARE,
    ),
}


def numbers_in(result: Any) -> list[float]:
    """Every number of a result, whatever it is made of."""
    if isinstance(result, Undefined):
        return []
    if is_dataclass(result):
        # Draws are how a value came about: those that have none are NaN.
        values = [getattr(result, field.name) for field in fields(result) if field.compare]
        return [x for value in values for x in numbers_in(value)]
    if isinstance(result, Mapping):
        return [x for value in result.values() for x in numbers_in(value)]
    if isinstance(result, (list, tuple)):
        return [x for value in result for x in numbers_in(value)]
    return np.asarray(result, dtype=np.float64).ravel().tolist()


def test_every_public_function_is_here() -> None:
    functions = {name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))}
    assert set(CASES) == functions


@pytest.mark.parametrize("name", CASES)
def test_values_are_numbers_in_their_range(name: str) -> None:
    function, arguments, (low, high) = CASES[name]
    answered, tries = 0, 20 if name in SLOW else 60 if name in UNDEFINED else 25

    @settings(max_examples=tries, deadline=None, derandomize=True, database=None)
    @given(st.tuples(*arguments))
    def holds(drawn: tuple) -> None:
        nonlocal answered
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", metrics.DifferentCurves)
                found = numbers_in(function(*drawn))
        except ValueError:
            return
        answered += bool(found)
        assert all(math.isfinite(x) and low <= x <= high for x in found), found

    holds()
    # Input that is refused shows nothing: the strategies have to draw enough that is not.
    assert answered >= 3
