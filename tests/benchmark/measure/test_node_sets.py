"""Which nodes are set to zero together: as many of each third, ranked as brute force ranks them."""

import itertools

import numpy as np
import pytest

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.measure.node_sets import (
    layers_of,
    node_importance,
    node_sets,
    number_of_sets,
    set_size,
)
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.protocol import Ablating

ABLATING = Ablating(ablated=4, ablated_heads=3, ablated_mlps=5, ablated_neurons=4, random_sets=6)


def made_up(layers: int = 6, heads: int = 4, neurons: int | None = 10, seed: int = 0) -> ScoreSums:
    graph, generator = Graph(layers, heads, heads // 2), np.random.default_rng(seed)
    sums = generator.normal(size=(2, *graph.mask.shape)) * graph.mask
    effects = None if neurons is None else generator.normal(size=(2, layers, neurons)).astype(np.float32)
    attribution = Attribution(
        graph,
        Integration("left", 5),
        sums,
        np.array([2, 3]),
        *np.zeros((2, 5)),
        groups=np.array([0, 0, 1, 1, 1]),
        neuron_sums=effects,
    )
    return ScoreSums(attribution, ("a", "b"), np.arange(5))


def by_edges(scores: ScoreSums) -> dict[str, float]:
    """The absolute mean scores of all edges at each head and MLP, edge by edge; shared inputs in halves."""
    graph = scores.graph
    mean = np.abs(scores.attribution.score_sums.sum(axis=0) / 5)
    found = dict.fromkeys(graph.source_names[1:], 0.0)
    for source, target in itertools.product(range(graph.sources), range(graph.destinations)):
        score = mean[source, target] if graph.mask[source, target] else 0.0
        name = graph.destination_names[target].partition("<")[0]
        if source:
            found[graph.source_names[source]] += score
        if ".g" in name:
            layer, group = name.split(".g")
            for head in (2 * int(group), 2 * int(group) + 1):
                found[f"{layer}.h{head}"] += score / 2
        elif name != "logits":
            found[name] += score
    return found


def test_heads_and_mlps_are_ranked_by_all_edges_and_neurons_by_their_effects() -> None:
    scores = made_up()
    importance, expected = node_importance(scores), by_edges(scores)
    heads = [[expected[f"a{layer}.h{head}"] for head in range(4)] for layer in range(6)]
    np.testing.assert_allclose(importance["heads"], heads)
    np.testing.assert_allclose(importance["mlps"], [[expected[f"m{layer}"]] for layer in range(6)])
    assert scores.attribution.neuron_sums is not None
    effects = np.abs(scores.attribution.neuron_sums.sum(axis=0) / 5)
    np.testing.assert_allclose(importance["neurons"], effects, rtol=1e-6)


def test_every_third_has_its_top_nodes_and_as_many() -> None:
    scores = made_up()
    found, expected = node_sets(scores, ABLATING, 0), by_edges(scores)
    for third, layers in (("early", (0, 1)), ("middle", (2, 3)), ("late", (4, 5))):
        heads = sorted(itertools.product(layers, range(4)), key=lambda h: -expected[f"a{h[0]}.h{h[1]}"])
        assert found[f"heads, {third}"].tolist() == sorted(map(list, heads[:3]))
        # Half of the two MLPs of a third, although five were asked for.
        best = max(layers, key=lambda layer: expected[f"m{layer}"])
        assert found[f"mlps, {third}"].tolist() == [[best, 0]]
        assert found[f"neurons, {third}"].shape == (4, 2)
        assert set(found[f"neurons, {third}"][:, 0]) <= set(layers)


def test_random_sets_are_as_large_from_all_layers_and_the_same_for_both_members() -> None:
    one, other = (node_sets(made_up(seed=seed), ABLATING, 7) for seed in (0, 1))
    seen = set()
    for kind, size in (("heads", 3), ("mlps", 1), ("neurons", 4)):
        for number in range(6):
            places = one[f"{kind}, random {number}"]
            assert len(np.unique(places, axis=0)) == size
            assert np.array_equal(places, other[f"{kind}, random {number}"])
            seen |= {(kind, layer) for layer in places[:, 0].tolist()}
    assert {layer for kind, layer in seen if kind == "heads"} == set(range(6))
    again = node_sets(made_up(), ABLATING, 8)
    assert any(not np.array_equal(one[name], again[name]) for name in one if "random" in name)


@pytest.mark.parametrize(
    ("layers", "thirds"),
    [
        (1, ([], [0], [])),
        (2, ([0], [], [1])),
        (3, ([0], [1], [2])),
        (4, ([0], [1, 2], [3])),
        (7, ([0, 1], [2, 3, 4], [5, 6])),
    ],
)
def test_thirds_of_few_layers(layers: int, thirds: tuple[list[int], ...]) -> None:
    assert tuple(layers_of(third, layers) for third in ("early", "middle", "late")) == thirds
    names = list(node_sets(made_up(layers), ABLATING, 0))
    wanted = [name for name, own in zip(("early", "middle", "late"), thirds, strict=True) if own]
    assert names[: len(wanted)] == [f"heads, {name}" for name in wanted]
    assert len(names) == number_of_sets(6, neurons=True, layers=layers) == 3 * (len(wanted) + 6)


def test_of_a_small_third_half_is_taken_and_one_at_least() -> None:
    assert set_size(layers=6, of_layer=4, most=3) == 3
    assert set_size(layers=6, of_layer=4, most=9) == 4
    assert set_size(layers=4, of_layer=4, most=9) == 2
    assert set_size(layers=4, of_layer=1, most=9) == 1
    assert set_size(layers=1, of_layer=1, most=9) == 1


def test_without_effects_of_neurons_there_is_no_set_of_them() -> None:
    found = node_sets(made_up(neurons=None), ABLATING, 0)
    assert not any(name.startswith("neurons") for name in found)
    assert len(found) == number_of_sets(6, neurons=False)
