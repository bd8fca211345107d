"""The Python interface as the README shows it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mechshift
from build.boards import Truth, a_submitted_record, write_submission
from mechshift.benchmark.interchange.eap_ig import save_graph
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.plan import Cell
from mechshift.benchmark.run.progress import Silent
from mechshift.errors import NotComputable, PairError, UsageError
from mechshift.metrics import group_mean, jaccard, top_edges


@pytest.fixture(autouse=True)
def _observed_once(observed_once: Callable[[], None]) -> None:
    observed_once()


@pytest.mark.usefixtures("quick")
def test_a_record_and_arrays_in_ten_lines(tmp_path: Path) -> None:
    pair = mechshift.load("tiny")
    record = mechshift.run(pair, "quick", tasks=["greater-than"], out=tmp_path)
    scores = mechshift.edge_scores(pair, "greater-than", out=tmp_path)
    means = [group_mean(sums, scores.counts) for sums in (scores.arm, scores.mdm)]
    point = record.tasks[0].comparison.curve[1]
    overlap = jaccard(*(top_edges(mean, scores.graph.mask, point.edges) for mean in means))

    assert record == read_model(tmp_path / "tiny-quick-greater-than.json", Record)
    assert point.edge.jaccard.model_dump()["value"] == overlap
    assert scores.arm.shape == scores.mdm.shape == (len(scores.clusters), *scores.graph.mask.shape)
    assert scores.counts.sum() == record.tasks[0].pool.discovery
    assert not np.array_equal(scores.arm, scores.mdm)


PUBLIC = [
    *(
        "Board",
        "Circuit",
        "ControlledRun",
        "EdgeScores",
        "Finding",
        "Graph",
        "Pair",
        "PairVerdict",
        "Protocol",
        "Record",
    ),
    *(
        "RecordComparison",
        "Robustness",
        "ScoreSums",
        "Task",
        "compare",
        "edge_scores",
        "leaderboard",
        "load",
        "read",
        "report",
        "robustness",
        "run",
        "run_with_controls",
    ),
    *("validate", "verdict"),
]


def test_what_is_public_is_found_without_torch(measured: tuple[Record, Path]) -> None:
    program = (
        "import sys, mechshift\n"
        f"assert {PUBLIC} == mechshift.__all__ and set({PUBLIC}) <= set(dir(mechshift))\n"
        "mechshift.Record, mechshift.Protocol, mechshift.Task, mechshift.Graph, mechshift.EdgeScores\n"
        "assert not {'torch', 'pandas'} & set(sys.modules)\n"
        "record = mechshift.read(sys.argv[1])\n"
        "assert isinstance(record, mechshift.Record) and len(record.to_frame()) > 50\n"
        "assert 'torch' not in sys.modules\n"
        "assert all(getattr(mechshift, name).__name__ == name for name in mechshift.__all__)\n"
    )
    (record,) = measured[1].glob("*.json")
    subprocess.run([sys.executable, "-c", program, str(record)], check=True)


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="'mechshift' has no attribute 'walk'"):
        _ = mechshift.walk  # type: ignore[attr-defined]


@pytest.fixture
def results(measured: tuple[Record, Path], quick: None, tmp_path: Path) -> Path:
    """A copy of the folder of a run on greater-than and countdown, under the protocol called quick."""
    shutil.copytree(measured[1], tmp_path / "results")
    return tmp_path / "results"


def test_a_pair_can_be_named_and_a_folder_be_a_text(
    measured: tuple[Record, Path], results: Path, tiny: Pair
) -> None:
    record = mechshift.run("tiny", tasks=["greater-than", "countdown"], out=str(results), progress=False)
    assert record == measured[0]
    one = mechshift.run(tiny, record.protocol, tasks="countdown", out=results)
    # What circuits of other tasks do is another thing where no other task is asked.
    (alone,) = (task.model_copy(update={"function": None, "cells": {}}) for task in one.tasks)
    assert alone == record.tasks[1].model_copy(update={"function": None, "cells": {}})
    named, loaded = (mechshift.edge_scores(pair, "countdown", out=str(results)) for pair in ("tiny", tiny))
    np.testing.assert_array_equal(named.mdm, loaded.mdm)


class Threads(Silent):
    """A progress that remembers how many threads torch has while cells are computed."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Callable[[int], None]]:
        def advance(done: int) -> None:
            # A cell that was computed beside the other member's is told when it is there, as one piece.
            if done < total:
                self.seen.add(torch.get_num_threads())

        yield advance


def test_a_run_from_python_has_the_threads_of_one_from_the_command_line(
    tiny: Pair, tmp_path: Path, small: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = Threads()
    monkeypatch.setattr("mechshift.benchmark.run.progress.choose_progress", lambda quiet: progress)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        scores = mechshift.edge_scores(tiny, "infilling", small, out=tmp_path)
        after = torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
    assert (progress.seen, after) == ({1}, 3)
    one = mechshift.edge_scores(tiny, "infilling", small, out=tmp_path / "one")
    assert (scores.arm.tobytes(), scores.mdm.tobytes()) == (one.arm.tobytes(), one.mdm.tobytes())


def test_files_are_read_by_what_they_are(
    measured: tuple[Record, Path], results: Path, tmp_path: Path
) -> None:
    (record,) = results.glob("*.json")
    assert mechshift.read(str(record)) == measured[0]
    (kept,) = results.glob("cells/countdown/circuit-mdm.*.safetensors")
    circuit = mechshift.read(kept)
    assert isinstance(circuit, mechshift.Circuit)
    assert repr(circuit).startswith(
        f"Circuit({circuit.size:,} of 3,628 edges, member='mdm', task='countdown'"
    )
    (scores,) = results.glob("cells/countdown/scores-mdm.*.safetensors")
    sums = mechshift.read(scores)
    assert isinstance(sums, mechshift.ScoreSums)
    np.testing.assert_allclose(sums.attribution.scores(), circuit.scores)
    assert max(len(repr(sums)), len(repr(sums.attribution))) < 200
    save_graph(tmp_path / "graph.json", circuit.graph, circuit.edges, 128, circuit.scores)
    graph = mechshift.read(tmp_path / "graph.json")
    assert isinstance(graph, mechshift.Circuit)
    np.testing.assert_array_equal(graph.edges, circuit.edges)
    # As the library writes it, with a space after each colon.
    (tmp_path / "spaced").write_text(json.dumps(json.loads((tmp_path / "graph.json").read_text())))
    np.testing.assert_array_equal(mechshift.read(tmp_path / "spaced").edges, circuit.edges)


def test_records_are_compared_by_path_or_as_they_are(measured: tuple[Record, Path], results: Path) -> None:
    record, _ = measured
    found = mechshift.compare(str(results), record, cells=False)
    assert isinstance(found, mechshift.RecordComparison)
    assert found.verdict.startswith("None of ")
    assert len(found.to_frame()) == len(found.values)


def test_what_cannot_be_read_is_told(results: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is a folder\nname one of the records in it: .*tiny-quick-"):
        mechshift.read(results)
    with pytest.raises(UsageError, match="cells holds no record of this version: there are countdown/, "):
        mechshift.read(results / "cells")
    with pytest.raises(NotComputable, match=r"there is no file .*\ndid you mean tiny-quick-"):
        mechshift.read(results / "tiny-quick.json")
    for content in (b"", b"text", b"12345678{", b"PK\3\4", b'{"cfg": 1}', b"{}", bytes(range(256))):
        (tmp_path / "strange").write_bytes(content)
        with pytest.raises(NotComputable, match="strange"):
            mechshift.read(tmp_path / "strange")


def test_a_frame_of_scores_has_a_row_per_edge() -> None:
    graph = mechshift.Graph(2, 3, 3)
    sums = np.random.default_rng(0).standard_normal((2, 2, *graph.mask.shape))
    scores = mechshift.EdgeScores(graph, sums[0], sums[1], np.array([1, 3]), ("a", "b"))
    frame = scores.to_frame()
    assert [f"{row.source}->{row.destination}" for row in frame.itertuples()] == graph.edge_names()
    row = frame[(frame.source == "a1.h2") & (frame.destination == "m1")].iloc[0]
    # Two layers of three heads and an MLP: a1.h2 is source 1 + 4 + 2, m1 destination 10 + 9.
    expected = [(values[0, 7, 19] + values[1, 7, 19]) / 4 for values in sums]
    assert (row.source_layer, row.destination_layer) == (1, 1)
    assert (row.source_kind, row.destination_kind) == ("head", "mlp")
    np.testing.assert_allclose([row.arm, row.mdm], expected)
    ends = frame[(frame.source == "input") & (frame.destination == "logits")].iloc[0]
    assert (ends.source_layer, ends.destination_layer) == (-1, 2)
    assert repr(scores) == f"EdgeScores({graph.edges} edges, 4 examples in 2 groups of 2 templates)"


def test_a_pair_is_written_in_a_line_and_shown_as_its_members(tiny: Pair) -> None:
    assert repr(tiny).startswith("Pair('tiny', 6 layers, 8 heads, ARM '")
    assert len(repr(tiny).splitlines()) == 1
    assert "MDM" in repr(tiny)
    assert "(full attention, shift), on cpu)" in repr(tiny)
    named = replace(tiny, spec=replace(tiny.spec, name="<b>bold</b>"))
    shown = named._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert tiny.mdm_provenance.digest[:12] in shown


def test_two_checkpoints_may_be_paths_and_have_a_dtype(tiny: Pair) -> None:
    arm, mdm = Path(tiny.spec.arm.checkpoint), Path(tiny.spec.mdm.checkpoint)
    pair = mechshift.load(arm, mdm, name="mine", dtype="bfloat16", device="cpu", offline=True)
    assert pair.spec.name == "mine-bfloat16"
    assert {pair.arm_provenance.dtype, pair.mdm_provenance.dtype} == {"bfloat16"}


def test_errors_name_arguments_and_not_options(tmp_path: Path) -> None:
    calls: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        (("tiny",), {"shift": False}, "shift=False would declare"),
        (("a", "b"), {"mask_token": " "}, "mask_token= is empty"),
        ((tmp_path,), {}, "arm= and mdm="),
        (("tiny",), {"dtype": "float64"}, "unknown dtype 'float64'"),
    ]
    for arguments, options, message in calls:
        with pytest.raises(UsageError) as raised:
            mechshift.load(*arguments, **options)
        assert message in str(raised.value)
        assert "--" not in str(raised.value)


def test_two_checkpoints_load_with_what_is_declared(tiny: Pair) -> None:
    arm, mdm = tiny.spec.arm.checkpoint, tiny.spec.mdm.checkpoint
    declared = {"shift": False, "attention": "block:4", "mask_token": "2", "device": "cpu"}
    with pytest.raises(PairError, match="declared with no shift, block:4 and mask token 2: it fills"):
        mechshift.load(arm, mdm, **declared)
    pair = mechshift.load(arm, mdm, **declared, accept_behaviour=True)
    assert (str(pair.mdm.attention), pair.mdm.shift, pair.mdm.mask_id) == ("block:4", False, 2)
    assert "declared with no shift, block:4" in pair.confounds[0]
    assert pair.spec.name == "arm--mdm"


def test_unknown_names_are_refused(tiny: Pair, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean tiny"):
        mechshift.load("tinny")
    with pytest.raises(UsageError, match="did you mean v2"):
        mechshift.run(tiny, "v", out=tmp_path)
    with pytest.raises(UsageError, match="did you mean ioi"):
        mechshift.run(tiny, tasks=["io"], out=tmp_path)
    with pytest.raises(UsageError, match="did you mean ioi"):
        mechshift.edge_scores(tiny, "io", out=tmp_path)
    with pytest.raises(PairError, match="no hub model 'no/model'"):
        mechshift.load("no/model", "no/model")
    assert list(tmp_path.iterdir()) == []


def test_scores_on_too_few_examples_are_refused(
    tiny: Pair, small: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding = small.changed(minimum=1000)
    monkeypatch.setattr("mechshift.benchmark.record.protocol._PROTOCOLS", {"quick": demanding})
    with pytest.raises(NotComputable, match=r"infilling: ARM solves .* fewer than the 1000"):
        mechshift.edge_scores(tiny, "infilling", out=tmp_path)
    assert not list(tmp_path.rglob("scores-*"))


@pytest.mark.parametrize(
    "declared",
    [{"as_control": True}, {"shift": False}, {"attention": "block:4"}, {"mask_token": "x"}],
)
def test_a_named_pair_has_its_own_declarations(declared: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="which has its own declarations"):
        mechshift.load("tiny", **declared)


def test_a_board_is_read_without_torch(tmp_path: Path) -> None:
    for name, planning in (("low", 0.6), ("high", 0.3)):
        write_submission(tmp_path, a_submitted_record(name, Truth(planning=planning)))
    board = mechshift.leaderboard(str(tmp_path), sort="overlap_planning")
    assert isinstance(board, mechshift.Board)
    assert [(row.record.pair.name, row.rank) for row in board.rows] == [("low", 1), ("high", 2)]
    assert board.to_frame()["overlap_planning_low"].is_monotonic_decreasing
    program = "import sys, mechshift; mechshift.leaderboard(sys.argv[1]); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
