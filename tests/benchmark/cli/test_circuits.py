"""`mechshift circuits export` and `import` from their arguments to the files and what is printed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mechshift.benchmark.circuits.circuit import Circuit
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.circuits.scores import Attribution, Integration
from mechshift.benchmark.interchange.eap_ig import save_graph
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.record import Record

Command = Callable[..., Any]
SHARES = ("0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5")


def keep_circuit(path: Path, graph: Graph, **about: str) -> Circuit:
    scores = np.random.default_rng(0).standard_normal(graph.mask.shape) * graph.mask
    circuit = Circuit.of(graph, scores, graph.edges // 3, about=about)
    circuit.save(path)
    return circuit


def keep_scores(path: Path, graph: Graph) -> None:
    sums = np.random.default_rng(0).standard_normal((2, *graph.mask.shape)) * graph.mask
    groups = np.array([0, 1])
    found = Attribution(graph, Integration(), sums, np.array([1, 1]), groups * 1.0, groups * 0.5, groups)
    ScoreSums(found, ("a", "b"), groups).save(path)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_a_run_kept_goes_out_and_comes_back(
    measured: tuple[Record, Path], command: Command, tmp_path: Path
) -> None:
    (kept,) = measured[1].glob("cells/greater-than/circuit-mdm.*.safetensors")
    expected = Circuit.load(kept)
    done = command("circuits", "export", kept, "--to", "eap-ig", "--d-model", 128, "--out", "graph.json")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"graph.json: {expected.size} edges in the circuit\n"
    assert json.loads((tmp_path / "graph.json").read_text())["cfg"]["d_model"] == 128
    done = command("circuits", "import", "graph.json", "--out", "back.safetensors")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"back.safetensors: {expected.size} edges in the circuit\n"
    found = Circuit.load(tmp_path / "back.safetensors")
    np.testing.assert_array_equal(found.edges, expected.edges)
    np.testing.assert_array_equal(found.scores, np.where(expected.graph.mask, expected.scores, 0))


def test_a_record_names_its_circuits_by_task_and_member(
    measured: tuple[Record, Path], command: Command, tmp_path: Path
) -> None:
    (record,) = measured[1].glob("*.json")
    renamed = tmp_path / "renamed"
    renamed.write_bytes(record.read_bytes())
    (tmp_path / "cells").symlink_to(record.parent / "cells")
    width = ["--to", "eap-ig", "--d-model", 128, "--out"]
    for task, member in (("greater-than", "mdm"), ("countdown", "arm")):
        (kept,) = measured[1].glob(f"cells/{task}/circuit-{member}.*.safetensors")
        command("circuits", "export", kept, *width, "kept.json")
        # By what is in it, and not by its suffix.
        for file in (record, renamed):
            done = command("circuits", "export", file, task, member, *width, "named.json")
            assert (done.code, done.err) == (0, "")
            assert (tmp_path / "named.json").read_bytes() == (tmp_path / "kept.json").read_bytes()


def test_what_names_no_circuit_is_told_and_nothing_is_to_be_deleted(
    measured: tuple[Record, Path], command: Command, tmp_path: Path
) -> None:
    (record,) = measured[1].glob("*.json")
    alone = tmp_path / "record.json"
    alone.write_bytes(record.read_bytes())
    circuit = keep_circuit(tmp_path / "kept.safetensors", Graph(2, 3, 3))
    (tmp_path / "text").write_text("text")
    save_graph(tmp_path / "graph", circuit.graph, circuit.edges, 8, circuit.scores)
    cases: list[tuple[list[object], int, str]] = [
        ([record], 2, "is JSON, as a record is"),
        ([record, "ioi"], 2, "name task and member of the record"),
        ([record, "ioi", "mdm"], 2, "unknown task of"),
        ([record, "countdwn", "mdm"], 2, "did you mean countdown?"),
        ([alone, "countdown", "mdm"], 3, "does not hold circuit-mdm."),
        ([tmp_path], 2, "is a folder"),
        (["kept.safetensors", "ioi", "arm"], 2, "is not a record"),
        (["graph"], 2, "read it with mechshift circuits import"),
        (["graph", "ioi", "arm"], 2, "read it with mechshift circuits import"),
        (["text"], 3, "cannot be read"),
        (["nothing.safetensors"], 3, "nothing.safetensors"),
    ]
    for arguments, code, says in cases:
        done = command(
            "circuits", "export", *arguments, "--to", "eap-ig", "--d-model", 8, "--out", "new.json"
        )
        assert (done.code, done.out) == (code, "")
        assert says in done.err
        assert "delete" not in done.err
    assert not (tmp_path / "new.json").exists()


def test_scores_that_a_run_kept_become_nine_circuits(
    measured: tuple[Record, Path], command: Command, tmp_path: Path
) -> None:
    (kept,) = measured[1].glob("cells/countdown/scores-arm.*.safetensors")
    found = ScoreSums.load(kept)
    done = command("circuits", "export", kept, "--to", "mib", "--d-model", 128, "--out", "countdown_tiny")
    assert (done.code, done.err) == (0, "")
    assert files(tmp_path) == {f"countdown_tiny/{share}.json" for share in SHARES}
    done = command("circuits", "import", "countdown_tiny", "--out", "circuits", "--json")
    assert (done.code, done.err) == (0, "")
    printed = json.loads(done.out)
    assert [one["path"] for one in printed] == [f"circuits/{share}.safetensors" for share in SHARES]
    for one, share in zip(printed, SHARES, strict=True):
        graph = found.graph
        budget = graph.edges * round(1000 * float(share)) // 1000
        expected = graph.prune(graph.select(found.attribution.scores(), budget))
        circuit = Circuit.load(tmp_path / one["path"])
        assert one["edges"] == circuit.size
        np.testing.assert_array_equal(circuit.edges, expected)


def test_scores_alone_have_no_edge_in_the_circuit(command: Command, tmp_path: Path) -> None:
    graph = Graph(2, 3, 3)
    keep_scores(tmp_path / "scores.safetensors", graph)
    done = command(
        "circuits", "export", "scores.safetensors", "--to", "eap-ig", "--d-model", 8, "--out", "g.json"
    )
    assert done.out == "g.json: 0 edges in the circuit\n"
    edges = json.loads((tmp_path / "g.json").read_text())["edges"]
    assert {entry["in_graph"] for entry in edges.values()} == {False}
    assert len({entry["score"] for entry in edges.values()}) == graph.edges


def test_json_says_the_same_and_nothing_else(command: Command, tmp_path: Path) -> None:
    circuit = keep_circuit(tmp_path / "kept", Graph(2, 3, 3))
    done = command(
        "circuits", "export", "kept", "--to", "eap-ig", "--d-model", 8, "--out", "g.json", "--json"
    )
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == [{"path": "g.json", "edges": circuit.size}]


def test_the_width_of_an_imported_model_need_not_be_given_again(command: Command, tmp_path: Path) -> None:
    keep_circuit(tmp_path / "kept", Graph(2, 3, 3), d_model="24")
    assert command("circuits", "export", "kept", "--to", "eap-ig", "--out", "g.json").code == 0
    assert json.loads((tmp_path / "g.json").read_text())["cfg"]["d_model"] == 24


def test_signed_scores_make_other_circuits(command: Command, tmp_path: Path) -> None:
    graph = Graph(2, 3, 3)
    circuit = keep_circuit(tmp_path / "kept", graph, d_model="24")
    for by in ("absolute", "signed"):
        done = command("circuits", "export", "kept", "--to", "mib", "--by", by, "--out", f"ioi_{by}")
        assert done.code == 0
    assert command("circuits", "export", "kept", "--to", "mib", "--out", "ioi_none").code == 0
    half = {}
    for by in ("absolute", "signed", "none"):
        content = json.loads((tmp_path / f"ioi_{by}" / "0.5.json").read_text())["edges"]
        half[by] = {name for name, entry in content.items() if entry["in_graph"]}
    best = graph.prune(graph.select(circuit.scores, graph.edges // 2, "signed"))
    assert half["signed"] == set(graph.edge_names(best))
    assert half["absolute"] == half["none"] != half["signed"]


def test_a_grouped_circuit_becomes_nine_circuits_of_the_ungrouped_graph(
    command: Command, tmp_path: Path
) -> None:
    keep_circuit(tmp_path / "kept", Graph(2, 4, 2), d_model="24")
    assert command("circuits", "export", "kept", "--to", "mib", "--out", "ioi_tiny").code == 0
    content = json.loads((tmp_path / "ioi_tiny" / "0.5.json").read_text())
    assert len(content["edges"]) == Graph(2, 4, 4).edges


def test_a_pt_file_is_imported(command: Command, tmp_path: Path) -> None:
    graph = Graph(2, 3, 3)
    content = {
        "cfg": {"n_layers": 2, "n_heads": 3, "parallel_attn_mlp": False, "d_model": 8},
        "src_nodes": list(graph.source_names),
        "dst_nodes": list(graph.destination_names),
        "edges_scores": torch.arange(graph.mask.size).reshape(graph.mask.shape).float(),
        "edges_in_graph": torch.from_numpy(graph.mask.copy()),
        "nodes_in_graph": torch.ones(graph.sources, dtype=torch.bool),
    }
    torch.save(content, tmp_path / "graph.pt")
    assert command("circuits", "import", "graph.pt", "--out", "back.safetensors").code == 0
    np.testing.assert_array_equal(Circuit.load(tmp_path / "back.safetensors").edges, graph.mask)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("export kept --to eap-ig --out g.json", 2, ("state the model's width", "give --d-model")),
        ("export kept --to eap-ig --out g.json --d-model 0", 2, ("--d-model",)),
        ("export kept --to eap-ig --out g.json --d-model 8 --by signed", 2, ("--by ranks edges",)),
        ("export kept --to eap-ig --d-model 8", 2, ("Missing option '--out'",)),
        ("export kept --out g.json --d-model 8", 2, ("Missing option '--to'",)),
        ("export kept --to tlens --out g.json --d-model 8", 2, ("'eap-ig', 'mib'",)),
        ("export kept --to mib --out circuits --d-model 8", 2, ("circuits is not called TASK_MODEL",)),
        ("export kept --to mib --out ioi_full --d-model 8", 3, ("ioi_full cannot be written: it is there",)),
        (
            "export grouped --to eap-ig --out g.json --d-model 8",
            2,
            ("2 heads share a key/value input", "MIB"),
        ),
        ("export nothing --to eap-ig --out g.json --d-model 8", 3, ("there is no file nothing",)),
        ("export text --to mib --out ioi_tiny --d-model 8", 3, ("text cannot be read",)),
        ("export kept --to eap-ig --out ioi_full --d-model 8", 3, ("ioi_full cannot be written",)),
        ("import text --out back.safetensors", 3, ("text cannot be imported",)),
        ("import nothing --out back.safetensors", 3, ("nothing cannot be imported", "No such file")),
        ("import kept --out back.safetensors", 3, ("kept cannot be imported",)),
        ("import ioi_full --out back", 3, ("it has 0 .json and .pt files, not nine",)),
        ("import text", 2, ("Missing option '--out'",)),
    ],
)
def test_a_wrong_command_is_explained_and_leaves_nothing(
    arguments: str, code: int, says: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    keep_circuit(tmp_path / "kept", Graph(2, 4, 4))
    keep_circuit(tmp_path / "grouped", Graph(2, 4, 2))
    (tmp_path / "text").write_text("text")
    (tmp_path / "ioi_full").mkdir()
    before = set(tmp_path.rglob("*"))
    done = command("circuits", *arguments.split())
    assert (done.code, done.out) == (code, "")
    for text in says:
        assert text in " ".join(done.err.replace("│", " ").split())
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("width", ["", "0", "many", "9" * 5000, "-3"])
def test_a_width_that_is_none_has_to_be_given(width: str, command: Command, tmp_path: Path) -> None:
    keep_circuit(tmp_path / "kept", Graph(2, 3, 3), d_model=width)
    done = command("circuits", "export", "kept", "--to", "eap-ig", "--out", "g.json")
    assert done.code == 2
    assert "give --d-model" in done.err
