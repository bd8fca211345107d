"""Runs without sets of nodes as a part of a run: made, kept, computed again, and in its record."""

import json
import random
import shutil
from pathlib import Path

import pytest

from build.runs import content, record_of
from build.submissions import TASKS, write_run
from mechshift.benchmark.measure.ablations import Ablations
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.causality import KindLoss, MemberCausality
from mechshift.benchmark.record.draws import find_numbers, take_draws, with_draws
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Ablating, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.rerun.rerun import choose_cells, rerun_cells
from mechshift.benchmark.run.rescore import rescore
from mechshift.benchmark.run.run import run
from mechshift.benchmark.tables.table import record_table
from mechshift.errors import NotComputable

TASK = "agreement"
NAMES = ("ablation-arm", "ablation-mdm", "causality")


@pytest.fixture(scope="module")
def protocol(small: Protocol) -> Protocol:
    ablating = Ablating(ablated=4, ablated_heads=1, ablated_mlps=1, ablated_neurons=8, random_sets=2)
    return small.changed(name="without", beside=(), ablating=ablating)


@pytest.fixture(scope="module")
def out(tiny: Pair, protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("without")
    run(tiny, protocol, folder, [TASK])
    return folder


def test_either_member_is_run_without_its_nodes(out: Path) -> None:
    record = read_model(record_of(out), Record)
    (task,) = record.tasks
    assert set(NAMES) <= set(task.cells)
    assert task.causality is not None
    for member in (task.causality.arm, task.causality.mdm):
        assert isinstance(member, MemberCausality)
        assert member.examples == 4
        for kind, nodes in ((member.heads, 1), (member.mlps, 1), (member.neurons, 8)):
            assert isinstance(kind, KindLoss)
            assert (kind.nodes, kind.random_sets) == (nodes, 2)
            assert isinstance(kind.faithfulness.early_less_random, Number)
    assert all(isinstance(each, Number) for each in task.causality.shift.values())


def test_its_tables_have_a_section_of_it(out: Path) -> None:
    text = record_table(read_model(record_of(out), Record), "text", width=200)
    assert "CAUSALITY OF DEPTH" in text
    assert "lost without early − random heads, ARM" in " ".join(text.split())


def test_a_record_follows_from_its_cells(out: Path) -> None:
    found = rescore(record_of(out))
    assert (found.differences, found.same_bytes) == ((), True)


def test_what_is_lost_is_made_again_and_is_the_same(
    tiny: Pair, protocol: Protocol, out: Path, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(out, tmp_path / "copied"))
    (arm,) = copied.rglob("ablation-arm.*.safetensors")
    (mdm,) = copied.rglob("ablation-mdm.*.safetensors")
    arm.unlink()
    mdm.write_bytes(mdm.read_bytes()[:-8])
    scores = {path: path.stat().st_mtime_ns for path in copied.rglob("scores-*.safetensors")}
    run(tiny, protocol, copied, [TASK])
    assert content(copied) == content(out)
    assert {path: path.stat().st_mtime_ns for path in scores} == scores


def test_the_batch_size_changes_nothing_beyond_rounding(
    tiny: Pair, protocol: Protocol, out: Path, tmp_path: Path
) -> None:
    run(tiny, protocol, tmp_path, [TASK], rows=3)
    for member in ("arm", "mdm"):
        one, other = (
            Ablations.load(next(folder.rglob(f"ablation-{member}.*.safetensors")))
            for folder in (out, tmp_path)
        )
        assert one.nodes.tolist() == other.nodes.tolist()
        assert one.without == pytest.approx(other.without, abs=1e-4)


def test_runs_that_are_computed_again_are_the_same(tiny: Pair, out: Path) -> None:
    path = record_of(out)
    record = read_model(path, Record)
    cells = [cell for cell in choose_cells(record, 10**6, random.Random(0)) if cell.name in NAMES]
    found = rerun_cells(path, record, cells, tiny, 64, None, lambda cell: None).cells
    assert [(one.name, one.deviation, one.agrees) for one in found] == [
        ("ablation-arm", 0.0, True),
        ("ablation-mdm", 0.0, True),
    ]


def test_a_record_without_a_cell_of_runs_is_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    record = json.loads(path.read_text())
    del record["tasks"][0]["cells"]["ablation-arm"]
    path.write_text(json.dumps(record))
    with pytest.raises(NotComputable, match="does not say of which ablation-arm"):
        rescore(path)


def test_draws_are_kept_beside_the_record(tmp_path: Path) -> None:
    found = rescore(write_run(tmp_path)).record
    draws = take_draws(found)
    place = f"{TASKS[0]}/causality.arm.heads.faithfulness.early_less_random"
    assert place in draws
    assert {f"{TASKS[0]}/causality.shift.heads", f"{TASKS[0]}/function.arm.compared.own"} <= set(draws)
    assert set(draws) <= {place for task in found.tasks for place, _ in find_numbers(task)}
    bare = Record.model_validate_json(found.model_dump_json())
    assert take_draws(bare) == {}
    assert set(take_draws(with_draws(bare, draws))) == set(draws)
