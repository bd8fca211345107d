"""Scores shuffled within cells keep each cell's scores, and deal them out evenly."""

from collections import Counter, defaultdict
from itertools import islice

import numpy as np
import pytest

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.shuffling import edge_cells, shuffled_scores
from mechshift.errors import UsageError

GRAPHS = [Graph(3, 2, 2), Graph(2, 4, 2), Graph(4, 2, 1)]


def named_cell(name: str) -> tuple[str, str, int]:
    """The cell of an edge, read from its name: `a0.h1->a2.h0<q>`."""
    source, destination = name.split("->")
    of_source = -1 if source == "input" else int(source.lstrip("am").partition(".")[0])
    start = "input" if source == "input" else "head" if "." in source else "mlp"
    if destination == "logits":
        return start, "logits", 10_000 - of_source
    end = destination[-2] if "<" in destination else "mlp"
    return start, end, int(destination.lstrip("am").partition(".")[0]) - of_source


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_cells_are_kinds_and_distance_of_the_names(graph: Graph) -> None:
    by_name = defaultdict(set)
    for name, cell in zip(graph.edge_names(), edge_cells(graph), strict=True):
        by_name[named_cell(name)].add(int(cell))
    assert all(len(cells) == 1 for cells in by_name.values())
    assert set().union(*by_name.values()) == set(range(len(by_name)))


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_every_cell_keeps_its_scores(graph: Graph) -> None:
    scores = np.where(graph.mask, np.arange(1.0, graph.mask.size + 1).reshape(graph.mask.shape), 0)
    cells = edge_cells(graph)
    for found in shuffled_scores(graph, scores, times=3, seed=0):
        assert not found[~graph.mask].any()
        assert not np.array_equal(found, scores)
        for cell in range(cells.max() + 1):
            kept = [sorted(each[graph.mask][cells == cell].tolist()) for each in (found, scores)]
            assert kept[0] == kept[1]


def test_every_score_comes_to_every_place_of_its_cell_equally_often() -> None:
    graph = Graph(2, 2, 2)
    cells = edge_cells(graph)
    largest = np.flatnonzero(cells == np.bincount(cells).argmax())
    scores = np.zeros(graph.mask.shape)
    scores[graph.mask] = np.arange(graph.edges)
    times = 4000
    seen = Counter(
        int(found[graph.mask][largest[0]]) for found in shuffled_scores(graph, scores, times, seed=1)
    )
    assert set(seen) == set(largest.tolist())
    expected = times / len(largest)
    # Five standard deviations of a binomial count.
    assert all(abs(count - expected) < 5 * expected**0.5 for count in seen.values())


def test_the_seed_decides_and_more_draws_begin_alike() -> None:
    graph = Graph(2, 2, 1)
    scores = np.where(graph.mask, np.random.default_rng(0).normal(size=graph.mask.shape), 0)
    first = np.stack(list(shuffled_scores(graph, scores, 3, seed=5)))
    assert (first == np.stack(list(islice(shuffled_scores(graph, scores, 9, seed=5), 3)))).all()
    assert (first != np.stack(list(shuffled_scores(graph, scores, 3, seed=6)))).any()


def test_scores_of_another_graph_are_refused() -> None:
    with pytest.raises(UsageError, match="scores have shape"):
        next(shuffled_scores(Graph(2, 2, 2), np.zeros((3, 3)), 1, seed=0))
