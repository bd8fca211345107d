import json
import os
import pickle
import time
import zipfile
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.interchange.eap_ig import load_graph
from mechshift.errors import NotComputable

Content = dict[str, Any]
Make = Callable[..., Any]


def as_tensors(graph: Content, nodes: list[str]) -> Content:
    """A graph of the library as its `to_pt` writes it."""
    layers, heads = graph["cfg"]["n_layers"], graph["cfg"]["n_heads"]
    destinations = []
    for layer in range(layers):
        for letter in "qkv":
            for head in range(heads):
                destinations.append(f"a{layer}.h{head}<{letter}>")
        destinations.append(f"m{layer}")
    destinations.append("logits")
    sources = nodes[:-1]
    scores = torch.zeros(len(sources), len(destinations))
    kept = torch.zeros(len(sources), len(destinations), dtype=torch.bool)
    for name, entry in graph["edges"].items():
        source, destination = name.split("->")
        place = sources.index(source), destinations.index(destination)
        scores[place], kept[place] = entry["score"], entry["in_graph"]
    return {
        "cfg": graph["cfg"],
        "src_nodes": sources,
        "dst_nodes": destinations,
        "edges_scores": scores,
        "edges_in_graph": kept,
        "nodes_in_graph": torch.ones(len(sources), dtype=torch.bool),
    }


@pytest.fixture
def content(library_graph: Make, library_nodes: Make) -> Content:
    return as_tensors(library_graph(2, 3), library_nodes(2, 3))


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[object], Path]:
    def save(content: object) -> Path:
        torch.save(content, tmp_path / "graph.pt")
        return tmp_path / "graph.pt"

    return save


def test_it_is_read_as_the_json_of_the_same_graph(
    content: Content, saved: Callable[[object], Path], library_graph: Make, tmp_path: Path
) -> None:
    (tmp_path / "graph.json").write_text(json.dumps(library_graph(2, 3)))
    expected, found = load_graph(tmp_path / "graph.json"), load_graph(saved(content))
    assert (found.graph, found.budget) == (Graph(2, 3, 3), expected.budget)
    np.testing.assert_array_equal(found.edges, expected.edges)
    np.testing.assert_array_equal(found.scores, expected.scores.astype(np.float32))
    assert found.about == {"format": "eap-ig", "file": "graph.pt", "d_model": "16"}


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_scores_of_any_precision_are_read(
    dtype: torch.dtype, content: Content, saved: Callable[[object], Path]
) -> None:
    scores = content["edges_scores"].to(dtype)
    found = load_graph(saved({**content, "edges_scores": scores}))
    np.testing.assert_array_equal(found.scores, scores.to(torch.float64).numpy())


def test_what_no_edge_has_is_left_out(content: Content, saved: Callable[[object], Path]) -> None:
    mask = torch.from_numpy(Graph(2, 3, 3).mask.copy())
    scores = content["edges_scores"].masked_fill(~mask, -torch.inf)
    found = load_graph(saved({**content, "edges_scores": scores}))
    np.testing.assert_array_equal(found.scores, content["edges_scores"].numpy())


def test_a_file_without_scores_says_so(content: Content, saved: Callable[[object], Path]) -> None:
    del content["edges_scores"]
    found = load_graph(saved(content))
    assert found.about["scores"] == "none"
    np.testing.assert_array_equal(found.edges, content["edges_in_graph"].numpy())


class Marks:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_code_in_a_file_is_not_run(content: Content, saved: Callable[[object], Path], tmp_path: Path) -> None:
    path = saved({**content, "note": Marks(tmp_path / "mark")})
    with pytest.raises(NotComputable, match="a pickle that would run code"):
        load_graph(path)
    assert not (tmp_path / "mark").exists()


def test_code_in_a_bare_pickle_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "graph.pt").write_bytes(pickle.dumps(Marks(tmp_path / "mark")))
    with pytest.raises(NotComputable, match="a pickle that would run code"):
        load_graph(tmp_path / "graph.pt")
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("kept", [0, 1, 20, 500, -300, -1])
def test_a_damaged_file_is_refused(kept: int, content: Content, saved: Callable[[object], Path]) -> None:
    path = saved(content)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(NotComputable, match="cannot be imported"):
        load_graph(path)


def test_bytes_of_anything_else_are_refused(tmp_path: Path) -> None:
    for seed in range(40):
        (tmp_path / "graph.pt").write_bytes(np.random.default_rng(seed).bytes(seed * 7))
        with pytest.raises(NotComputable, match="cannot be imported"):
            load_graph(tmp_path / "graph.pt")


def repacked(path: Path, method: int, times: int = 1) -> None:
    """The same members, packed by a method, each of them in the directory as often as that."""
    with zipfile.ZipFile(path) as old:
        members = [(member.filename, old.read(member)) for member in old.infolist()]
    with zipfile.ZipFile(path, "w", method) as new:
        for name, content in members:
            new.writestr(name, content)
        new.filelist += [copy(member) for member in new.filelist] * (times - 1)


@pytest.mark.parametrize(("method", "times"), [(zipfile.ZIP_DEFLATED, 1), (zipfile.ZIP_STORED, 50)])
def test_what_holds_more_than_it_is_large_is_not_read(
    method: int,
    times: int,
    content: Content,
    saved: Callable[[object], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Packed members can be a thousand times as large, and of one many can be made."""
    path = saved(content)
    repacked(path, zipfile.ZIP_STORED)
    assert load_graph(path).graph == Graph(2, 3, 3)
    repacked(path, method, times)
    read: list[Path] = []
    monkeypatch.setattr(torch, "load", lambda path, **_: read.append(path))
    with pytest.raises(NotComputable, match="torch cannot read it"):
        load_graph(path)
    assert not read


@pytest.mark.parametrize(
    "place", [("cfg", "parallel_attn_mlp"), ("cfg", "n_layers"), ("cfg",), ("src_nodes",)]
)
def test_lists_of_lists_that_are_one_are_not_written_out(
    place: tuple[str, ...], content: Content, saved: Callable[[object], Path]
) -> None:
    """In a kilobyte of pickle there is room for 10¹² words."""
    laughs: Any = ["ha"] * 10
    for _ in range(11):
        laughs = [laughs] * 10
    inner = content
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = laughs
    path = saved(content)
    start = time.process_time()
    with pytest.raises(NotComputable, match="cannot be imported"):
        load_graph(path)
    assert time.process_time() - start < 5


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotComputable, match="No such file"):
        load_graph(tmp_path / "graph.pt")


SHAPE = r"no tensor \[9, 21\]"
WRONG: dict[str, tuple[str, Callable[[Any], object], str]] = {
    "more heads": ("cfg", lambda cfg: {**cfg, "n_heads": 4}, "src_nodes are not those of its cfg"),
    "too many heads": ("cfg", lambda cfg: {**cfg, "n_heads": 10**8}, "has more than 1,000,000 nodes"),
    "parallel blocks": ("cfg", lambda cfg: {**cfg, "parallel_attn_mlp": True}, "parallel_attn_mlp is True"),
    "tensor for cfg": ("cfg", lambda cfg: torch.zeros(3), "cfg is no dictionary"),
    "sources turned": ("src_nodes", lambda names: names[::-1], "src_nodes are not those"),
    "number for sources": ("src_nodes", lambda names: 3, "src_nodes are not those"),
    "no logits": ("dst_nodes", lambda names: names[:-1], "dst_nodes are not those"),
    "fewer rows": ("edges_scores", lambda scores: scores[:-1], SHAPE),
    "lists": ("edges_scores", lambda scores: scores.tolist(), SHAPE),
    "complex": ("edges_scores", lambda scores: scores.to(torch.complex64), "are torch.complex64"),
    "integers": ("edges_scores", lambda scores: scores.to(torch.int64), "are torch.int64"),
    "meta": ("edges_scores", lambda scores: scores.to("meta"), "cannot read it"),
    "sparse": ("edges_scores", lambda scores: scores.to_sparse(), "cannot read it"),
    "NaN": ("edges_scores", lambda scores: scores + torch.nan, "not finite"),
    "infinite": ("edges_scores", lambda scores: scores + torch.inf, "not finite"),
    "flags as floats": ("edges_in_graph", lambda edges: edges.float(), "are torch.float32"),
    "flags turned": ("edges_in_graph", lambda edges: edges.T, SHAPE),
    "impossible edges": ("edges_in_graph", lambda edges: edges | True, "writes after its destination"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_entry_is_refused(wrong: str, content: Content, saved: Callable[[object], Path]) -> None:
    name, changed, reason = WRONG[wrong]
    path = saved({**content, name: changed(content[name])})
    with pytest.raises(NotComputable, match=reason):
        load_graph(path)


@pytest.mark.parametrize("name", ["nodes_scores", "neurons_in_graph", "neurons_scores"])
def test_scores_of_nodes_and_neurons_are_refused(
    name: str, content: Content, saved: Callable[[object], Path]
) -> None:
    with pytest.raises(NotComputable, match="only edges can be imported"):
        load_graph(saved({**content, name: torch.ones(9)}))


@pytest.mark.parametrize("content", [[1, 2], {}, {"cfg": {}}, torch.ones(2, 2)])
def test_what_is_no_graph_is_refused(content: object, saved: Callable[[object], Path]) -> None:
    with pytest.raises(NotComputable, match="no dictionary with cfg"):
        load_graph(saved(content))
