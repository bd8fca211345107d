"""Cells that need those of other tasks: made after them, the same by whoever makes them, and told apart."""

import json
import random
import shutil
from pathlib import Path

import pytest

from build.runs import content, record_of
from build.submissions import SMALL, TASKS, write_run
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Protocol, Transferring
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.rerun.rerun import choose_cells, rerun_cells
from mechshift.benchmark.run.rescore import rescore
from mechshift.benchmark.run.run import run
from mechshift.errors import NotComputable

NAMES = ["greater-than", "agreement"]


@pytest.fixture(scope="module")
def protocol(small: Protocol) -> Protocol:
    return small.changed(
        name="across", beside=(), transferring=Transferring(crossed=4, shuffled=2, shuffled_examples=2)
    )


@pytest.fixture(scope="module")
def out(tiny: Pair, protocol: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("across")
    run(tiny, protocol, folder, NAMES)
    return folder


@pytest.fixture
def copied(out: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(out, tmp_path / "copied"))


def test_each_member_runs_the_other_tasks_circuit(out: Path) -> None:
    record = read_model(record_of(out), Record)
    for task, other in zip(record.tasks, reversed(NAMES), strict=True):
        assert task.function is not None
        for host in (task.function.arm, task.function.mdm):
            assert list(host.tasks) == [other]
            assert isinstance(host.compared.own, Number)
            assert isinstance(host.compared.other, Number)
            assert host.shuffled.circuits == 2


def test_a_record_follows_from_its_cells(out: Path) -> None:
    found = rescore(record_of(out))
    assert (found.differences, found.same_bytes) == ((), True)


def test_what_is_there_is_not_made_again(tiny: Pair, protocol: Protocol, copied: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*.safetensors")}
    run(tiny, protocol, copied, NAMES)
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*.safetensors")} == before


def test_two_processes_write_the_same_bytes(
    tiny: Pair, protocol: Protocol, out: Path, tmp_path: Path
) -> None:
    run(tiny, protocol, tmp_path / "out", NAMES, workers=2)
    assert content(tmp_path / "out") == content(out)


def test_a_task_alone_has_no_other_and_says_so(tiny: Pair, protocol: Protocol, copied: Path) -> None:
    record = run(tiny, protocol, copied, NAMES[:1])
    (task,) = record.tasks
    assert task.function is not None
    assert task.function.arm.tasks == {}
    assert task.function.arm.compared.transfer == Missing(missing="there is no circuit of another task")
    # Beside the cells of the run with both tasks, which are still those of its record.
    both = next(path for path in copied.glob("*.json") if len(json.loads(path.read_text())["tasks"]) == 2)
    assert rescore(both).differences == ()


def test_a_damaged_cell_of_another_task_is_made_again(tiny: Pair, protocol: Protocol, copied: Path) -> None:
    (file,) = (copied / "cells" / NAMES[1]).glob("scores-arm.*.safetensors")
    whole = content(copied)
    file.write_bytes(file.read_bytes()[:-8])
    run(tiny, protocol, copied, NAMES)
    assert content(copied) == whole


def test_runs_that_are_computed_again_are_the_same(tiny: Pair, out: Path) -> None:
    path = record_of(out)
    record = read_model(path, Record)
    cells = [
        cell
        for cell in choose_cells(record, 10**6, random.Random(0))
        if (cell.task.name, cell.name) == (NAMES[0], "transfer-mdm")
    ]
    (found,) = rerun_cells(path, record, cells, tiny, 64, None, lambda cell: None).cells
    assert (found.name, found.deviation, found.agrees) == ("transfer-mdm", 0.0, True)


def test_rescoring_refuses_runs_of_other_scores_than_the_record_names(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    record = json.loads(path.read_text())
    record["tasks"][1]["cells"]["scores-arm"]["digest"] = "0" * 64
    path.write_text(json.dumps(record))
    with pytest.raises(NotComputable, match=r"is not what|its needed cells differ"):
        rescore(path)


def test_a_record_without_a_cell_of_runs_is_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    record = json.loads(path.read_text())
    del record["tasks"][0]["cells"]["transfer-arm"]
    path.write_text(json.dumps(record))
    with pytest.raises(NotComputable, match="does not say of which transfer-arm"):
        rescore(path)


def test_made_up_runs_have_what_was_made_up(tmp_path: Path) -> None:
    record = read_model(write_run(tmp_path), Record)
    assert record.protocol == SMALL
    for task in record.tasks:
        assert task.function is not None
        (other,) = task.function.mdm.tasks
        assert {task.task, other} == set(TASKS)


def test_draws_of_transfers_are_kept_beside_the_record(tmp_path: Path) -> None:
    from mechshift.benchmark.record.draws import find_numbers, take_draws

    found = rescore(write_run(tmp_path)).record
    places = [place for place in take_draws(found) if "/function." in place]
    assert f"{TASKS[0]}/function.arm.compared.transfer" in places
    assert set(places) <= {place for task in found.tasks for place, _ in find_numbers(task)}
