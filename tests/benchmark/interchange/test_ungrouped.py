from collections.abc import Callable

import numpy as np
import pytest
import torch

from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.intervention import run_circuits
from mechshift.benchmark.interchange.ungrouped import copies, ungrouped, ungrouped_edges
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.ungrouping import ungroup


@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 4), (4, 2), (4, 1), (6, 2)])
def test_every_copy_of_a_shared_input_is_kept(heads: int, kv_heads: int) -> None:
    graph = Graph(3, heads, kv_heads)
    edges = graph.mask & (np.random.default_rng(0).random(graph.mask.shape) < 0.4)
    kept = set(zip(*np.nonzero(edges), strict=True))
    column = {name: index for index, name in enumerate(graph.destination_names)}
    shared = "g" if kv_heads < heads else "h"
    expected = set()
    for number, name in enumerate(ungrouped(graph).destination_names):
        read = name
        if name.endswith(("<k>", "<v>")):
            layer, head = name[:-3].split(".h")
            read = f"{layer}.{shared}{int(head) * kv_heads // heads}{name[-3:]}"
        expected |= {(row, number) for row in range(graph.sources) if (row, column[read]) in kept}
    found = ungrouped(graph).checked(ungrouped_edges(graph, edges))
    assert set(zip(*np.nonzero(found), strict=True)) == expected


@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 4), (4, 2), (6, 2)])
def test_the_copies_of_all_edges_are_all_edges(heads: int, kv_heads: int) -> None:
    graph = Graph(3, heads, kv_heads)
    assert graph.mask.sum(axis=0) @ copies(graph) == Graph(3, heads, heads).edges
    np.testing.assert_array_equal(ungrouped_edges(graph, graph.mask), Graph(3, heads, heads).mask)


@pytest.mark.parametrize("intervention", ["patch", "zero"])
def test_the_copies_compute_the_same_in_the_ungrouped_model(
    intervention: str, member: Callable[..., Member]
) -> None:
    shared = member("mdm", "full")
    graph = Graph.of(shared.backbone.shape)
    generator = np.random.default_rng(1)
    edges = graph.mask & (generator.random((6, *graph.mask.shape)) < np.linspace(0, 0.9, 6)[:, None, None])
    clean, corrupted = torch.from_numpy(generator.integers(1, 19, (2, 3, 5)))
    index = torch.arange(3)
    batch = Batch(clean, corrupted, index, index + 1, LogitDifference(index, index + 1, index + 4, 3), index)
    expected = run_circuits(shared, batch, edges, intervention)  # type: ignore[arg-type]
    alone = run_circuits(ungroup(shared), batch, ungrouped_edges(graph, edges), intervention)  # type: ignore[arg-type]
    assert np.ptp(expected, axis=0).min() > 0.1
    np.testing.assert_allclose(alone, expected, rtol=1e-4, atol=1e-5)
