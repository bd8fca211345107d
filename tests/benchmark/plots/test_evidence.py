"""Circuits on a page are those of the record, or it says why there are none."""

from pathlib import Path

import numpy as np
import pytest

from build.pages import COMPARED, GRAPH, a_drawn_record, some_scores
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.plots.evidence import STRONGEST, Circuits, NoCircuits, rank, read_circuits


@pytest.mark.parametrize("size", [1, 7, 40, 82])
def test_the_first_edges_are_the_circuit_of_that_size(size: int) -> None:
    scores = some_scores(3).attribution.scores()
    ranked = rank(GRAPH, scores, COMPARED)
    kept = np.zeros_like(GRAPH.mask)
    kept[ranked.sources[:size], ranked.destinations[:size]] = True
    assert np.array_equal(kept, GRAPH.select(scores, size))
    assert np.array_equal(ranked.scores, scores[ranked.sources, ranked.destinations])


def test_a_page_holds_the_strongest_edges_of_a_large_graph() -> None:
    graph = Graph(layers=6, heads=8, kv_heads=8)
    ranked = rank(graph, some_scores(0, graph).attribution.scores(), 500)
    assert len(ranked.scores) == STRONGEST < graph.edges
    assert list(ranked.ranks().values()) == list(range(1, STRONGEST + 1))


def test_shares_are_of_the_compared_circuit() -> None:
    """Summed edge by edge, at both of its ends; an input that two heads share is half of either."""
    scores = some_scores(5).attribution.scores()
    expected = dict.fromkeys(Components(GRAPH).names, 0.0)
    for source, destination in zip(*np.nonzero(GRAPH.select(scores, COMPARED)), strict=True):
        size = abs(scores[source, destination])
        if GRAPH.source_names[source] != "input":
            expected[GRAPH.source_names[source]] += size
        name, _, kind = GRAPH.destination_names[destination].partition("<")
        if kind in ("k>", "v>"):
            layer, group = name.removeprefix("a").split(".g")
            for head in (2 * int(group), 2 * int(group) + 1):
                expected[f"a{layer}.h{head}"] += size / 2
        elif name != "logits":
            expected[name] += size
    total = sum(expected.values())
    shares = rank(GRAPH, scores, COMPARED).shares
    assert shares == pytest.approx([value / total for value in expected.values()])


def test_cells_are_read_beside_the_record(tmp_path: Path) -> None:
    path, record = a_drawn_record(tmp_path)
    found = read_circuits(path, record, record.tasks[0])
    assert isinstance(found, Circuits)
    expected = some_scores(len("ioi")).attribution.scores()
    assert found.arm.scores[0] == expected[GRAPH.mask][np.abs(expected[GRAPH.mask]).argmax()]


def reason(path: Path | None, tmp_path: Path) -> str:
    _, record = a_drawn_record(tmp_path / "other")
    found = read_circuits(path, record, record.tasks[0])
    assert isinstance(found, NoCircuits)
    return found.reason


def test_without_cells_it_says_so(tmp_path: Path) -> None:
    assert "made without" in reason(None, tmp_path)
    assert "does not hold scores-arm" in reason(tmp_path / "record.json", tmp_path)


def test_other_cells_are_not_drawn(tmp_path: Path) -> None:
    path, record = a_drawn_record(tmp_path)
    cells = record.tasks[0].cells
    file = tmp_path / "cells" / "ioi" / f"scores-mdm.{cells['scores-mdm'].key}.safetensors"
    some_scores(9).save(file)
    found = read_circuits(path, record, record.tasks[0])
    assert isinstance(found, NoCircuits)
    assert "is not what the record was made of" in found.reason
    file.write_bytes(b"x")
    assert isinstance(read_circuits(path, record, record.tasks[0]), NoCircuits)
