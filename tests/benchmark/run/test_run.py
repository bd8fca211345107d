"""One pair, one protocol, one record: whatever the batch size and however often the run was interrupted."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from build.models import random_model
from mechshift.benchmark.circuits.circuit import Circuit
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import PAPER, QUICK, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.benchmark.run.plan import Cell, kinds_of
from mechshift.benchmark.run.progress import Advance, Silent
from mechshift.benchmark.run.record_file import record_path
from mechshift.benchmark.run.run import run
from mechshift.benchmark.run.store import find_cell
from mechshift.benchmark.tables.show import render
from mechshift.errors import NotComputable, UsageError
from mechshift.tasks import Task, get_task, list_tasks

NAMES = ("greater-than", "countdown")
CELLS = tuple(kind.name for kind in kinds_of(QUICK))
"""The cells of a task in their order."""

Register = Callable[[Task], None]
Measured = tuple[Record, Path]


class Announced(Silent):
    """A progress that remembers what was computed."""

    def __init__(self) -> None:
        self.labels: list[str] = []

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Advance]:
        self.labels.append(f"{cell.task.name}: {cell.name}")
        yield lambda done: None


def content(record: Record) -> dict[str, Any]:
    """All of a record but the digests of its cells, which know of rounding."""
    dumped = record.model_dump(mode="json")
    for task in dumped["tasks"]:
        assert set(task.pop("cells")) == set(CELLS)
    return dumped


def approximate(value: Any) -> Any:
    """The value with a tolerance on every float in it, wherever it lies."""
    if isinstance(value, dict):
        return {key: approximate(each) for key, each in value.items()}
    if isinstance(value, list):
        return [approximate(each) for each in value]
    # Shifts are differences of shares, whose sums are of float32.
    return pytest.approx(value, rel=1e-5, abs=1e-5) if isinstance(value, float) else value


def cells(out: Path) -> dict[Path, Path]:
    """The files of cells, by where they lie in the output folder."""
    return {path.relative_to(out): path for path in sorted((out / "cells").rglob("*")) if path.is_file()}


def test_a_model_is_its_own_control(tiny: Pair, small: Protocol, tmp_path: Path) -> None:
    """Both members one ARM: circuits as alike as two samples of one model are, and nothing shifts."""
    arm = tiny.spec.arm.checkpoint
    more = small.changed(pool=16, minimum=16, candidates=4, groups=4, swept=4, beside=())
    record = run(open_pair(declare_pair(arm, arm, control=True), "cpu"), more, tmp_path, ["ioi"])
    assert record.pair.control
    (task,) = record.tasks
    (overlap,) = (point.edge.normalised for point in task.comparison.curve if point.share == 0.1)
    assert isinstance(overlap, Number)
    assert overlap.value == pytest.approx(1)
    for shifts in (task.comparison.depth_shift, task.comparison.specialisation_shift):
        values = {name: one.value for name, one in shifts.items() if isinstance(one, Number)}
        assert values == pytest.approx({name: float("ratio" in name) for name in values}, abs=1e-6)
    assert task.pool.mdm_in_place == Missing(missing="a control is no MDM and fills nothing in place")


def test_no_number_depends_on_the_batch_size_beyond_rounding(
    measured: Measured, tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    record, out = measured
    again = run(tiny, small, tmp_path, NAMES, rows=5)
    assert content(again) == approximate(content(record))
    scores = [name for name in cells(out) if name.suffix == ".safetensors" and "scores" in name.name]
    assert len(scores) == 2 * len(NAMES)
    for name in scores:
        ours, theirs = (load_file(folder / name)["score_sums"] for folder in (out, tmp_path))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * np.abs(ours).max())


DYING = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path

import mechshift
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.run import run

protocol, out, names, fatal = sys.argv[1], Path(sys.argv[2]), sys.argv[3].split(), sys.argv[4]

class Dying(Silent):
    @contextmanager
    def cell(self, cell, total):
        def advance(done):
            if f"{cell.task.name}: {cell.name}" == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
        yield advance

small = Protocol.model_validate_json(protocol)
run(mechshift.load("tiny", device="cpu"), small, out, names, progress=Dying())
"""


def test_a_killed_run_goes_on_and_gives_the_same_record(
    measured: Measured, tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    # Its first task is there already, so that it is killed the sooner.
    shutil.copytree(measured[1] / "cells" / NAMES[0], tmp_path / "cells" / NAMES[0])
    fatal = f"{NAMES[1]}: sweep-arm"
    arguments = [small.model_dump_json(), str(tmp_path), " ".join(NAMES), fatal]
    killed = subprocess.run([sys.executable, "-c", DYING, *arguments], capture_output=True, text=True)
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, "")
    # The claim of the cell that was being made is void, as its process is gone.
    finished = [path for path in cells(tmp_path).values() if ".claim-" not in path.name]
    before = {path: path.stat().st_mtime_ns for path in finished}
    assert list(tmp_path.glob("*.json")) == []
    announced = Announced()
    record = run(tiny, small, tmp_path, NAMES, progress=announced)
    assert announced.labels == [f"{NAMES[1]}: {cell}" for cell in CELLS[CELLS.index("sweep-arm") :]]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    undisturbed, out = measured
    assert record == undisturbed
    assert record_path(tmp_path, record).read_bytes() == record_path(out, record).read_bytes()
    ours, theirs = cells(tmp_path), cells(out)
    assert ours.keys() == theirs.keys()
    differing = {name for name in ours if ours[name].read_bytes() != theirs[name].read_bytes()}
    assert {name.suffix for name in differing} <= {".seal"}


def test_the_same_run_again_does_nothing_anew(measured: Measured, tiny: Pair, small: Protocol) -> None:
    record, out = measured
    before = {path: path.stat().st_mtime_ns for path in cells(out).values()}
    announced = Announced()
    again = run(tiny, small, out, NAMES, progress=announced)
    assert announced.labels == []
    assert {path: path.stat().st_mtime_ns for path in cells(out).values()} == before
    assert again == record


def test_the_record_is_written_as_it_is_returned(measured: Measured, tiny: Pair, small: Protocol) -> None:
    _, out = measured
    record = run(tiny, small, out, NAMES)
    assert read_model(record_path(out, record), Record) == record


def test_what_was_left_out_is_said(measured: Measured) -> None:
    record, _ = measured
    others = ("ioi", "induction", "agreement", "arithmetic", "infilling", "article", "sudoku", "star-path")
    assert record.reductions == tuple(f"task {name} was not asked for" for name in others)


def test_a_pool_that_is_not_full_is_a_reduction(
    tiny: Pair, small: Protocol, tmp_path: Path, register: Register
) -> None:
    task = get_task("infilling")
    first, *_ = task.card.variants
    register(
        replace(task, check=lambda example, text: example.variant == first and task.check(example, text))
    )
    few = small.changed(minimum=4, candidates=1)
    record = run(tiny, few, tmp_path, ["infilling"])
    (measured_task,) = record.tasks
    assert 4 <= measured_task.pool.common <= few.sampling.pool // 2
    assert f"task infilling has {measured_task.pool.common} of 8 examples" in record.reductions
    assert record_path(tmp_path, record).name == "tiny-quick-infilling-partial.json"


def test_runs_of_other_questions_have_records_of_their_own(measured: Measured, tmp_path: Path) -> None:
    record, _ = measured
    first, second = record.tasks

    def name(*tasks: TaskRecord, **changes: object) -> str:
        return record_path(tmp_path, record.model_copy(update={"tasks": tasks, **changes})).name

    assert name(first, second) == name(second, first) == "tiny-quick-countdown+greater-than.json"
    assert name(first) == "tiny-quick-greater-than.json"
    assert name(second) == "tiny-quick-countdown.json"
    harder = second.model_copy(update={"level": "dream-3"})
    assert name(harder) == "tiny-quick-countdown-dream-3.json"
    whole = tuple(first.model_copy(update={"task": task.name, "level": task.level}) for task in QUICK.tasks)
    assert name(*whole) == "tiny-quick.json"
    (many,) = {name(*whole[:6]), name(*reversed(whole[:6]))}
    assert re.fullmatch(r"tiny-quick-[0-9a-f]{8}\.json", many)
    short = whole[0].model_copy(update={"pool": whole[0].pool.model_copy(update={"common": 3})})
    assert name(short, *whole[1:]) == "tiny-quick-partial.json"


def test_a_run_of_fewer_tasks_leaves_the_record_of_more(
    measured: Measured, tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    # In a copy: one task alone has transfers of its own, and others count what the measured run left.
    record, out = measured[0], shutil.copytree(measured[1], tmp_path / "out")
    before = record_path(out, record).read_bytes()
    fewer = run(tiny, small, out, NAMES[:1])
    assert record_path(out, fewer) != record_path(out, record)
    assert record_path(out, record).read_bytes() == before


def test_pairs_of_the_same_folder_names_have_records_of_their_own(measured: Measured) -> None:
    record, out = measured

    def path(pair: str = "arm--mdm", **mdm: object) -> Path:
        described = record.pair.model_copy(
            update={"name": pair, "mdm": record.pair.mdm.model_copy(update=mdm)}
        )
        return record_path(out, record.model_copy(update={"pair": described}))

    paths = [path(), path(digest="another"), path(attention="block:4"), path(shift=False)]
    assert len(set(paths)) == 4
    assert path() == paths[0]
    for each in (*paths, path("org/arm--org/mdm")):
        assert each.parent == out
        assert re.fullmatch(
            r"(org-)?arm--(org-)?mdm-[0-9a-f]{8}-quick-countdown\+greater-than\.json", each.name
        )


@pytest.mark.parametrize("role", ["arm", "mdm"])
@pytest.mark.parametrize("place", range(len(NAMES)), ids=NAMES)
def test_compared_circuits_are_kept_as_files(place: int, role: str, measured: Measured) -> None:
    record, out = measured
    task = record.tasks[place]
    kept = record_path(out, record)
    circuit = Circuit.load(find_cell(kept, record, task.task, f"circuit-{role}"))
    assert circuit.budget == task.comparison.compared.edges
    sums = ScoreSums.load(find_cell(kept, record, task.task, f"scores-{role}"))
    scores = sums.attribution.scores()
    graph = Graph(record.pair.layers, record.pair.heads, record.pair.kv_heads)
    assert circuit.graph == graph
    np.testing.assert_array_equal(circuit.scores, scores)
    np.testing.assert_array_equal(circuit.edges, graph.prune(graph.select(scores, circuit.budget)))
    assert circuit.about == {"member": role, "task": task.task}


@pytest.fixture
def grouped(tiny: Pair, tmp_path: Path) -> Pair:
    """Two untrained models whose four heads share two key/value heads, with the tokenizer of tiny."""
    sizes = {"vocabulary": len(tiny.tokenizer), "width": 32, "mlp_width": 48, "kv_heads": 2, "positions": 64}
    for seed, role in enumerate(("arm", "mdm")):
        model = random_model("llama", seed=seed, spread=None, initializer_range=0.2, **sizes)
        model.save_pretrained(tmp_path / role)
        tiny.tokenizer.save_pretrained(tmp_path / role)
    return open_pair(declare_pair(str(tmp_path / "arm"), str(tmp_path / "mdm")), "cpu")


def test_the_papers_protocol_from_end_to_end(grouped: Pair, tmp_path: Path, register: Register) -> None:
    """Ungrouped, a layer has 4 × 3 inputs of heads: 12 + 5 edges, 12 · 6 + 10, and 11 into the logits."""
    register(replace(get_task("greater-than"), check=lambda example, text: True))
    few = {"pool": 12, "minimum": 4, "groups": 6, "resamples": 20, "splits": 2, "components": 4}
    protocol = PAPER.changed(**few, minimum_edges=0, circuit_edges=50, grid=(0.001, 0.1, 1.0))
    record = run(grouped, protocol, tmp_path / "out", ["greater-than"])
    assert (record.pair.edges, record.pair.kv_heads, record.protocol.scoring.rule) == (110, 2, "left")
    (found,) = record.tasks
    assert found.pool.discovery == found.pool.evaluation == found.pool.common == 12
    compared = found.comparison.compared
    assert (compared.edges, compared.share) == (50, 50 / 110)
    assert [point.edges for point in found.comparison.curve] == [1, 11, 110]
    assert record.summary.one_size.edges == 50
    assert record.summary.one_size.overlap == record.summary.overlap
    top = [_largest(path, 50) for path in sorted(tmp_path.glob("out/cells/*/scores-*.safetensors"))]
    assert len(top) == 2
    assert isinstance(compared.edge.jaccard, Number)
    assert compared.edge.jaccard.value == pytest.approx(len(top[0] & top[1]) / len(top[0] | top[1]))


def test_an_untrained_arm_without_a_mask_token_is_its_own_control(
    grouped: Pair, small: Protocol, tmp_path: Path, register: Register
) -> None:
    """Any answer passes for right, so that tasks with sets of answers are computed; nothing has moved."""
    arm = Path(grouped.spec.arm.checkpoint)
    special = json.loads((arm / "tokenizer_config.json").read_text())
    del special["mask_token"]
    (arm / "tokenizer_config.json").write_text(json.dumps(special))
    pair = open_pair(declare_pair(str(arm), str(arm), control=True), "cpu")
    for task in list_tasks():
        register(replace(task, check=lambda example, text: True))
    protocol = small.changed(pool=24, splits=4, grid=(0.001, 0.1, 0.2, 0.5, 1.0))
    record = run(pair, protocol, tmp_path / "out")
    assert record.pair.control
    assert record.pair.mask_id >= pair.mdm.backbone.shape.vocabulary
    assert {task.task for task in record.tasks} == {"greater-than", "agreement"}
    # Of so few prompts not every task has a ceiling that is clearly above the floor.
    normalised = [point.edge.normalised for task in record.tasks for point in task.comparison.curve]
    known = [value.value for value in normalised if isinstance(value, Number)]
    assert known
    assert known == pytest.approx([1] * len(known))
    for task in record.tasks:
        assert task.comparison.depth_shift["early_share"] == Number(value=0, low=0, high=0)
        assert task.comparison.specialisation_shift["specialisation"] == Number(value=0, low=0, high=0)


def _largest(path: Path, number: int) -> set[int]:
    """The edges of largest absolute score in a file of score sums [groups, edges]."""
    scores = np.abs(load_file(path)["score_sums"].sum(axis=0))
    return set(sorted(range(len(scores)), key=lambda edge: -scores[edge])[:number])


def test_a_task_that_gives_no_comparison_has_a_reason(
    measured: Measured, tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    pool = measured[0].tasks[0].pool
    demanding = small.changed(minimum=pool.common + 1)
    with pytest.raises(NotComputable) as caught:
        run(tiny, demanding, tmp_path, NAMES[:1])
    expected = f"ARM solves {pool.arm.solved} of {pool.arm.tried}, MDM {pool.mdm.solved}, both {pool.common}"
    assert expected in str(caught.value)
    # That both solve too little is a result too: it is kept, and can be shown.
    (path,) = tmp_path.glob("*.json")
    assert path.name == "tiny-quick-greater-than-partial.json"
    record = read_model(path, Record)
    assert record.tasks == ()
    assert expected in record.failed[0].missing
    assert isinstance(record.summary.accuracy_arm["local"], Number)
    assert isinstance(record.summary.similarity.shift, Missing)
    assert "no comparison on greater-than" in render(record)


def test_a_member_compared_with_itself_is_as_alike_as_two_samples(
    tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    arm = tiny.spec.arm.checkpoint
    same = open_pair(declare_pair(arm, arm, attention="causal", shift=True), "cpu")
    (task,) = run(same, small.changed(pool=12, resamples=20, beside=()), tmp_path, ["infilling"]).tasks
    assert task.pool.arm == task.pool.mdm
    # At the whole graph two circuits are alike by force, and nothing can be normalised.
    *below, whole = task.comparison.curve
    assert isinstance(whole.edge.normalised, Missing)
    assert [point.edge.jaccard for point in below] == [Number(value=1, low=1, high=1)] * len(below)
    # The ceiling of a few edges is not known well enough on so few prompts; that of a tenth of all is.
    normalised = below[-1].edge.normalised
    assert isinstance(normalised, Number)
    assert normalised.value == pytest.approx(1)
    shift = task.comparison.depth_shift
    for name in ("early_share", "mean_depth"):
        found = shift[name]
        assert isinstance(found, Number)
        assert (found.value, found.low, found.high) == pytest.approx((0, 0, 0), abs=1e-6)


def test_a_level_that_a_task_does_not_have_is_refused(tiny: Pair, small: Protocol, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="level 'huge' of task 'greater-than'"):
        run(tiny, small, tmp_path, NAMES, level="huge")
    assert list(tmp_path.iterdir()) == []


def test_no_rows_at_once_are_refused(tiny: Pair, small: Protocol, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="0 token rows"):
        run(tiny, small, tmp_path, NAMES, rows=0)
    assert list(tmp_path.iterdir()) == []
