import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mechshift.benchmark.circuits.circuit import Circuit
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.interchange.mib import (
    areas,
    keep_circuits,
    limits,
    load_circuits,
    nine_circuits,
    save_circuits,
)
from mechshift.errors import NotComputable, OutputError, UsageError

Make = Callable[..., Any]

PER_MILLE = (1, 2, 5, 10, 20, 50, 100, 200, 500)
NAMES = ("0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5")


def some_scores(graph: Graph, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(graph.mask.shape) * graph.mask


def greatest(graph: Graph, scores: NDArray[np.float64], limit: int, signed: bool) -> NDArray[np.bool_]:
    """In the ungrouped graph, edges of highest score one by one with their copies, as long as they fit."""
    shared = graph.heads // graph.kv_heads
    ungrouped = Graph(graph.layers, graph.heads, graph.heads)
    edges = np.zeros_like(ungrouped.mask)
    ranked = sorted(
        zip(*np.nonzero(graph.mask), strict=True),
        key=lambda edge: -(scores[edge] if signed else abs(scores[edge])),
    )
    place = {name: index for index, name in enumerate(ungrouped.destination_names)}
    for source, destination in ranked:
        name = graph.destination_names[destination]
        names = [name]
        if ".g" in name:
            layer, group = name[:-3].split(".g")
            first = int(group) * shared
            names = [f"{layer}.h{head}{name[-3:]}" for head in range(first, first + shared)]
        if edges.sum() + len(names) > limit:
            break
        for copy in names:
            edges[source, place[copy]] = True
    return edges


def folder_of(path: Path, graphs: list[Any]) -> Path:
    path.mkdir()
    for number, graph in enumerate(graphs):
        (path / f"{number}.json").write_text(json.dumps(graph))
    return path


def nine(make: Make, sizes: list[int], layers: int = 3, heads: int = 3, scored: bool = False) -> list[Any]:
    """Graphs of the library with so many edges in each."""
    graphs = []
    for seed, size in enumerate(sizes):
        graph = make(layers, heads, seed=seed, share=0, scored=scored)
        for name in random.Random(seed).sample(list(graph["edges"]), size):
            graph["edges"][name]["in_graph"] = True
        graphs.append(graph)
    return graphs


def test_limits_are_whole_edges_below_the_shares_of_gpt2() -> None:
    assert Graph(12, 12, 12).edges == 32491
    assert limits(Graph(12, 12, 12)) == (32, 64, 162, 324, 649, 1624, 3249, 6498, 16245)


@pytest.mark.parametrize("layers", [4, 7])
def test_a_limit_is_the_largest_number_that_is_no_more_than_its_share(layers: int) -> None:
    graph = Graph(layers, 5, 5)
    for limit, per_mille in zip(limits(graph), PER_MILLE, strict=True):
        assert 1000 * limit <= per_mille * graph.edges < 1000 * (limit + 1)


@pytest.mark.parametrize("by", ["absolute", "signed"])
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
def test_the_circuits_are_the_edges_of_highest_score_that_fit(kv_heads: int, by: str) -> None:
    graph = Graph(3, 4, kv_heads)
    scores = some_scores(graph, kv_heads)
    alone, found = nine_circuits(graph, scores, by)  # type: ignore[arg-type]
    assert alone == Graph(3, 4, 4)
    for edges, per_mille in zip(found, PER_MILLE, strict=True):
        limit = alone.edges * per_mille // 1000
        expected = alone.prune(greatest(graph, scores, limit, by == "signed"))
        np.testing.assert_array_equal(edges, expected)


@pytest.mark.parametrize("scores", [np.zeros, lambda shape: np.full(shape, np.nan)], ids=["zero", "nan"])
def test_without_scores_there_are_no_circuits(scores: Callable[[tuple[int, ...]], Any]) -> None:
    graph = Graph(2, 2, 2)
    with pytest.raises(NotComputable):
        nine_circuits(graph, scores(graph.mask.shape))


@pytest.mark.parametrize("kv_heads", [4, 2])
def test_what_is_written_is_read_back(kv_heads: int, tmp_path: Path) -> None:
    graph = Graph(5, 4, kv_heads)
    scores = some_scores(graph, 7)
    sizes = save_circuits(tmp_path / "ioi_tiny", graph, scores, 16)
    alone, expected = nine_circuits(graph, scores)
    found = load_circuits(tmp_path / "ioi_tiny")
    assert [circuit.size for circuit in found] == [edges.sum() for edges in expected] == list(sizes)
    for circuit, edges in zip(found, expected, strict=True):
        assert circuit.graph == alone
        np.testing.assert_array_equal(circuit.edges, edges)


def test_a_folder_has_nine_files_without_scores(tmp_path: Path) -> None:
    graph = Graph(3, 2, 2)
    save_circuits(tmp_path / "ioi_tiny", graph, some_scores(graph, 0), 24)
    assert {path.name for path in tmp_path.iterdir()} == {"ioi_tiny"}
    assert {path.name for path in (tmp_path / "ioi_tiny").iterdir()} == {f"{name}.json" for name in NAMES}
    for path in (tmp_path / "ioi_tiny").iterdir():
        content = json.loads(path.read_text())
        assert content["cfg"] == {"n_layers": 3, "n_heads": 2, "parallel_attn_mlp": False, "d_model": 24}
        assert {tuple(entry) for entry in content["edges"].values()} == {("in_graph",)}


@pytest.mark.parametrize("name", ["ioi", "_gpt2", "ioi_", "arc_easy_llama3"])
def test_a_folder_is_named_after_task_and_model(name: str, tmp_path: Path) -> None:
    graph = Graph(2, 2, 2)
    with pytest.raises(UsageError, match=f"{name} is not called TASK_MODEL"):
        save_circuits(tmp_path / name, graph, some_scores(graph, 0), 16)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_was(tmp_path: Path) -> None:
    graph = Graph(2, 2, 2)
    (tmp_path / "ioi_tiny").mkdir()
    with pytest.raises(OutputError, match="it is there already"):
        save_circuits(tmp_path / "ioi_tiny", graph, some_scores(graph, 0), 16)
    assert list(tmp_path.rglob("*")) == [tmp_path / "ioi_tiny"]


# Of 3 layers of 3 heads each reads 9·1 + 4, 9·5 + 8 and 9·9 + 12 edges, and the logits 13.
EDGES = 13 + 53 + 93 + 13
MOST = [EDGES * per_mille // 1000 for per_mille in PER_MILLE]


@pytest.mark.parametrize("scored", [True, False])
def test_circuits_come_in_the_order_of_their_sizes(scored: bool, library_graph: Make, tmp_path: Path) -> None:
    graphs = nine(library_graph, list(reversed(MOST)), scored=scored)
    found = load_circuits(folder_of(tmp_path / "ioi_gpt2", graphs))
    assert [circuit.size for circuit in found] == MOST
    assert [circuit.budget for circuit in found] == MOST
    for circuit, graph in zip(found, reversed(graphs), strict=True):
        kept = {name for name, entry in graph["edges"].items() if entry["in_graph"]}
        assert set(circuit.graph.edge_names(circuit.edges)) == kept


def test_smaller_circuits_than_allowed_are_read(library_graph: Make, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "ioi_gpt2", nine(library_graph, [0] * 8 + [3]))
    assert [circuit.size for circuit in load_circuits(folder)] == [0] * 8 + [3]


@pytest.mark.parametrize("place", [0, 4, 8])
def test_one_edge_too_many_is_refused(place: int, library_graph: Make, tmp_path: Path) -> None:
    sizes = [min(most, MOST[place]) if index < place else most for index, most in enumerate(MOST)]
    sizes[place] += 1
    folder = folder_of(tmp_path / "ioi_gpt2", nine(library_graph, sizes))
    with pytest.raises(
        NotComputable, match=rf"{place}.json has {MOST[place] + 1} edges.* at most {MOST[place]} "
    ):
        load_circuits(folder)


@pytest.mark.parametrize("number", [0, 1, 8, 10])
def test_another_number_of_files_is_refused(number: int, library_graph: Make, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "ioi_gpt2", nine(library_graph, [0] * number))
    with pytest.raises(NotComputable, match=f"it has {number} .json and .pt files, not nine"):
        load_circuits(folder)


def test_other_files_are_passed_over_as_mib_does(library_graph: Make, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "ioi_gpt2", nine(library_graph, MOST))
    (folder / "README.md").write_text("text")
    assert [circuit.size for circuit in load_circuits(folder)] == MOST


def test_a_folder_of_another_name_is_not_read(library_graph: Make, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "circuits", nine(library_graph, MOST))
    with pytest.raises(NotComputable, match="circuits is not called TASK_MODEL"):
        load_circuits(folder)


@pytest.mark.parametrize("other", [{"layers": 2}, {"heads": 2}])
def test_circuits_of_different_graphs_are_refused(
    other: dict[str, int], library_graph: Make, tmp_path: Path
) -> None:
    graphs = [*nine(library_graph, [0] * 8), *nine(library_graph, [0], **other)]
    with pytest.raises(NotComputable, match="are of different models"):
        load_circuits(folder_of(tmp_path / "ioi_gpt2", graphs))


def test_circuits_of_models_of_different_width_are_refused(library_graph: Make, tmp_path: Path) -> None:
    graphs = nine(library_graph, [0] * 9)
    graphs[5]["cfg"]["d_model"] = 17
    with pytest.raises(NotComputable, match="are of different models"):
        load_circuits(folder_of(tmp_path / "ioi_gpt2", graphs))


def test_a_damaged_file_among_nine_is_named(library_graph: Make, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "ioi_gpt2", nine(library_graph, MOST))
    (folder / "3.json").write_text("{")
    with pytest.raises(NotComputable, match=r"3\.json cannot be imported"):
        load_circuits(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotComputable, match="No such file"):
        load_circuits(tmp_path / "ioi_gpt2")


def test_circuits_are_kept_as_runs_keep_theirs(library_graph: Make, tmp_path: Path) -> None:
    circuits = load_circuits(folder_of(tmp_path / "ioi_gpt2", nine(library_graph, MOST)))
    keep_circuits(circuits, tmp_path / "kept")
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {f"{name}.safetensors" for name in NAMES}
    for name, expected in zip(NAMES, circuits, strict=True):
        found = Circuit.load(tmp_path / "kept" / f"{name}.safetensors")
        assert (found.graph, found.budget, found.about) == (expected.graph, expected.budget, expected.about)
        np.testing.assert_array_equal(found.edges, expected.edges)


def trapezoids(levels: list[float]) -> tuple[float, float]:
    """MIB's rule: the areas of f and of |1 − f| over shares, the whole model at the end with 1."""
    shares, curve = [per_mille / 1000 for per_mille in PER_MILLE] + [1.0], [*levels, 1.0]
    ratio = distance = 0.0
    for left in range(9):
        width = shares[left + 1] - shares[left]
        ratio += width * (curve[left] + curve[left + 1]) / 2
        distance += width * (abs(1 - curve[left]) + abs(1 - curve[left + 1])) / 2
    return ratio, distance


@pytest.mark.parametrize("seed", range(4))
def test_areas_are_trapezoids_over_the_shares(seed: int) -> None:
    drawn = random.Random(seed)
    levels = [drawn.gauss(0.8, 0.6) for _ in range(9)]
    found = areas(list(range(9)), levels)
    assert (found.cpr, found.cmd) == pytest.approx(trapezoids(levels), abs=1e-12)


def test_areas_of_a_step_by_hand() -> None:
    # 0 up to .2, then 1: a slope of width .3 and a plateau of width .5.
    found = areas([1, 2, 3, 4, 5, 6, 7, 8, 9], [0.0] * 8 + [1.0])
    assert found.cpr == pytest.approx(0.15 + 0.5)
    assert found.cmd == pytest.approx(0.199 + 0.15)


def test_circuits_stand_in_the_order_of_their_sizes() -> None:
    levels = [0.1, 0.3, 0.2, 0.5, 0.4, 0.9, 1.2, 0.8, 1.0]
    order = [4, 8, 1, 0, 6, 2, 7, 3, 5]
    shuffled = areas([10 * place for place in order], [levels[place] for place in order])
    assert shuffled == areas(list(range(9)), levels)


def test_circuits_of_one_size_stand_in_the_order_of_their_faithfulness() -> None:
    assert areas([5] * 9, [0.9, *[0.1] * 8]) == areas(list(range(9)), [*[0.1] * 8, 0.9])


def test_a_circuit_that_does_as_the_whole_model_has_the_best_areas() -> None:
    found = areas(list(range(9)), [1.0] * 9)
    assert found.cpr == pytest.approx(0.999)
    assert found.cmd == 0


@pytest.mark.parametrize(
    ("sizes", "levels"),
    [
        (list(range(8)), [1.0] * 8),
        (list(range(10)), [1.0] * 10),
        (list(range(9)), [1.0] * 8),
        (list(range(9)), [*[1.0] * 8, np.nan]),
        (list(range(9)), [*[1.0] * 8, np.inf]),
    ],
)
def test_anything_but_nine_finite_values_is_refused(sizes: list[int], levels: list[float]) -> None:
    with pytest.raises(UsageError, match=f"{len(sizes)} sizes and {len(levels)} values"):
        areas(sizes, levels)
