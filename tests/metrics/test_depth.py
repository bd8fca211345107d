import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from mechshift.metrics import (
    Undefined,
    depth_profile,
    depth_shift,
    early_share,
    mean_relative_depth,
    node_degree,
    relative_profile,
    signed_wasserstein,
    transport,
)


def profiles(seed: int, layers: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(layers), size=2)


def test_profile_by_hand_leaves_out_input_and_logits() -> None:
    found = depth_profile([10, 1, 2, 3, 2, 10], layer=[-1, 0, 0, 1, 2, 3], layers=3)
    assert found.tolist() == [3 / 8, 3 / 8, 2 / 8]


@pytest.mark.parametrize("scale", [1e308, 5e-324])
def test_masses_at_the_ends_of_the_range_make_a_profile(scale: float) -> None:
    found = depth_profile([1e300, *scale * np.array([1.0, 1.0, 1.0])], layer=[-1, 0, 0, 1], layers=2)
    assert found.tolist() == pytest.approx([2 / 3, 1 / 3])


def test_a_layer_that_random_edges_hardly_reach_takes_all_of_the_relative_profile() -> None:
    assert relative_profile([0.5, 0.5], [1.0, 1e-320]).tolist() == pytest.approx([0.0, 1.0])
    found = depth_shift([0.5, 0.5], [0.4, 0.6], [1e-320, 1.0])
    assert found["arm"]["early_share_over_uniform"] == Undefined("the ratio's denominator is 0")


def test_a_profile_that_is_rounded_does_not_leave_the_range() -> None:
    rounded = np.array([1 + 9e-7, 0.0])
    assert early_share(rounded) <= 1
    assert mean_relative_depth(rounded[::-1]) == 1.0


def test_profile_without_mass_is_undefined() -> None:
    assert depth_profile([5, 0, 0], [-1, 0, 1], 2) == Undefined("no layer holds any importance")


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 6, 12, 28, 32])
def test_flat_profile_is_the_reference_at_any_depth(layers: int) -> None:
    flat = np.full(layers, 1 / layers)
    assert early_share(flat) == pytest.approx(1 / 3)
    if layers > 1:
        assert mean_relative_depth(flat) == pytest.approx(0.5)


def test_early_share_counts_whole_layers_where_a_third_is_whole_and_part_of_one_where_not() -> None:
    assert early_share([0.1, 0.2, 0.3, 0.1, 0.2, 0.1]) == pytest.approx(0.3)
    assert early_share([0.1, 0.6, 0.2, 0.1]) == pytest.approx(0.1 + 0.6 / 3)
    assert early_share([1, 0, 0]) == 1.0
    assert early_share([0, 0, 1]) == 0.0


def test_mean_depth_at_its_ends() -> None:
    assert mean_relative_depth([1, 0, 0, 0]) == 0.0
    assert mean_relative_depth([0, 0, 0, 1]) == 1.0
    assert isinstance(mean_relative_depth([1.0]), Undefined)


def test_transport_agrees_with_scipy_and_its_parts_with_the_means() -> None:
    for seed in range(30):
        layers = 2 + seed % 11
        a, b = profiles(seed, layers)
        depth = np.arange(layers) / (layers - 1)
        moved = transport(a, b)
        assert moved.total == pytest.approx(wasserstein_distance(depth, depth, a, b))
        assert moved.net == pytest.approx(mean_relative_depth(a) - mean_relative_depth(b))
        back = transport(b, a)
        assert (moved.early, moved.late) == pytest.approx((back.late, back.early))


def test_signed_wasserstein_has_the_size_of_the_distance_and_the_sign_of_the_movement() -> None:
    for seed in range(30):
        a, b = profiles(seed, 6)
        found = signed_wasserstein(a, b)
        assert abs(found) == pytest.approx(wasserstein_distance(np.arange(6) / 5, np.arange(6) / 5, a, b))
        assert (found > 0) == (mean_relative_depth(b) < mean_relative_depth(a))
        assert signed_wasserstein(b, a) == pytest.approx(-found)


def test_signed_wasserstein_at_its_ends() -> None:
    assert signed_wasserstein([0, 0, 1], [1, 0, 0]) == 1.0
    assert signed_wasserstein([1, 0, 0], [0, 0, 1]) == -1.0
    assert signed_wasserstein([0.2, 0.3, 0.5], [0.2, 0.3, 0.5]) == 0.0
    assert isinstance(signed_wasserstein([0.5, 0, 0.5], [0, 1, 0]), Undefined)
    assert isinstance(signed_wasserstein([1.0], [1.0]), Undefined)


def test_relative_profile_of_the_graph_itself_is_flat() -> None:
    # One component per layer, 5 layers, an edge from every source to every later component.
    edges = np.triu(np.ones((5, 5), bool), 1)
    uniform = depth_profile(node_degree(edges, np.eye(5), np.eye(5)), np.arange(5), 5)
    assert uniform.tolist() == [0.2] * 5
    outgoing = depth_profile(node_degree(edges, np.eye(5), np.zeros((5, 5))), np.arange(5), 5)
    assert outgoing.tolist() == [0.4, 0.3, 0.2, 0.1, 0.0]
    assert np.allclose(
        relative_profile([0.3, 0.2, 0.2, 0.3, 0.0], outgoing), np.array([0.75, 2 / 3, 1, 3, 0]) / (65 / 12)
    )


def transformer(
    layers: int, heads: int, groups: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Edges of sequential blocks, incidence of heads and MLPs with both axes, and the layer of each."""
    sources = [(-1, -1)] + [(layer, head) for layer in range(layers) for head in range(heads + 1)]
    destinations: list[tuple[int, str, int]] = []
    for layer in range(layers):
        destinations += [(layer, "q", head) for head in range(heads)]
        destinations += [(layer, kind, group) for kind in "kv" for group in range(groups)]
        destinations.append((layer, "mlp", heads))
    destinations.append((layers, "logits", 0))
    edges = np.zeros((len(sources), len(destinations)), bool)
    to = np.zeros((len(sources) - 1, len(destinations)))
    for column, (layer, kind, index) in enumerate(destinations):
        for row, (before, node) in enumerate(sources):
            same_block = kind == "mlp" and before == layer and node < heads
            edges[row, column] = before < layer or same_block
            if row and before == layer:
                if kind in "kv":
                    to[row - 1, column] = groups / heads if node // (heads // groups) == index else 0
                else:
                    to[row - 1, column] = node == index
    return edges, np.eye(len(sources))[1:], to, np.array([layer for layer, _ in sources[1:]])


@pytest.mark.parametrize(
    ("layers", "heads", "groups"),
    [(2, 1, 1), (3, 2, 1), (6, 8, 8), (6, 8, 2), (7, 6, 3), (12, 4, 4), (9, 14, 2)],
)
def test_uniform_edges_of_sequential_blocks_are_flat_over_depth(layers: int, heads: int, groups: int) -> None:
    edges, of_sources, of_destinations, layer = transformer(layers, heads, groups)
    incoming = np.bincount(layer, node_degree(edges, 0 * of_sources, of_destinations))
    outgoing = np.bincount(layer, node_degree(edges, of_sources, 0 * of_destinations))
    step = (heads + 2 * groups + 1) * (heads + 1)
    assert np.allclose(np.diff(incoming), step)
    assert np.allclose(np.diff(outgoing), -step)
    uniform = depth_profile(node_degree(edges, of_sources, of_destinations), layer, layers)
    assert np.allclose(uniform, 1 / layers)
    for arm, mdm in (profiles(seed, layers) for seed in range(5)):
        found = depth_shift(arm, mdm, uniform)
        assert found["arm"]["early_share_over_uniform"] == pytest.approx(3 * found["arm"]["early_share"])
        assert found["arm"]["mean_depth_over_uniform"] == pytest.approx(2 * found["arm"]["mean_depth"])
        assert found["shift"]["wasserstein_over_uniform"] == pytest.approx(found["shift"]["wasserstein"])


def test_relative_profile_where_no_edge_can_be_is_undefined() -> None:
    assert isinstance(relative_profile([0.5, 0.5], [1.0, 0.0]), Undefined)


def test_shift_by_hand() -> None:
    arm, mdm, uniform = [0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [0.5, 0.25, 0.25]
    found = depth_shift(arm, mdm, uniform)
    expected = {
        ("arm", "early_share"): 0.2,
        ("mdm", "early_share"): 0.4,
        ("mdm", "early_share_over_uniform"): 0.8,
        ("arm", "mean_depth"): 0.65,
        ("arm", "mean_depth_over_uniform"): 0.65 / 0.375,
        ("shift", "early_share"): 0.2,
        ("shift", "early_share_over_uniform"): 0.4,
        ("shift", "early_share_ratio"): 2.0,
        ("shift", "mean_depth"): -0.25,
        ("shift", "wasserstein"): 0.25,
        # relative: (.4, 1.2, 2)/3.6 and (.8, 1.6, .8)/3.2: cumulative 1/9, 4/9 and 1/4, 3/4
        ("shift", "wasserstein_over_uniform"): (1 / 4 - 1 / 9 + 3 / 4 - 4 / 9) / 2,
    }
    assert {(of, name): found[of][name] for of, name in expected} == pytest.approx(expected)


def test_shift_from_an_arm_without_early_mass_has_no_ratio() -> None:
    found = depth_shift([0, 0, 1.0], [0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3])
    assert isinstance(found["shift"]["early_share_ratio"], Undefined)
    assert found["shift"]["early_share"] == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: depth_profile([1.0, np.nan], [0, 1], 2), "importance holds 1 NaN"),
        (lambda: depth_profile([1.0, -1.0], [0, 1], 2), "must not be negative"),
        (lambda: depth_profile([1.0], [0, 1], 2), "importance .1,., layer .2,."),
        (lambda: depth_profile([], [], 2), "importance is empty"),
        (lambda: depth_profile([1.0], [0.5], 2), "whole numbers"),
        (lambda: depth_profile([1.0], [0], 0), "layers must be at least 1"),
        (lambda: early_share([0.5, 0.6]), "sums to 1.1"),
        (lambda: mean_relative_depth([]), "profile is empty"),
        (lambda: transport([1.0, 0.0], [1.0, 0.0, 0.0]), "before .2,., after .3,."),
        (lambda: relative_profile([1.0, 0.0], [np.nan, 1.0]), "uniform holds 1 NaN"),
    ],
)
def test_wrong_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
