"""A record is replaced by one of the same pair and protocol, and by no other of the same name."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.provenance import subject_of
from mechshift.benchmark.run.record_file import check_replaces_no_other, record_path
from mechshift.benchmark.run.run import run
from mechshift.errors import OutputError

TASKS = ("greater-than", "countdown")
NAME = "tiny-quick-countdown+greater-than.json"
Measured = tuple[Record, Path]


@pytest.fixture
def kept(measured: Measured, tmp_path: Path) -> Path:
    """An undisturbed run's record, alone in a folder: whatever is refused is refused before any cell."""
    path = tmp_path / NAME
    path.write_bytes(record_path(measured[1], measured[0]).read_bytes())
    return path


def refused(path: Path, pair: Pair, protocol: Protocol) -> OutputError:
    """The error of a run that would replace the record; nothing has been changed or computed by then."""
    before = path.read_bytes()
    with pytest.raises(OutputError) as caught:
        run(pair, protocol, path.parent, TASKS)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    assert len(str(caught.value).splitlines()) == 2
    return caught.value


def test_a_changed_protocol_of_a_known_name_replaces_no_record(
    kept: Path, tiny: Pair, small: Protocol
) -> None:
    error = refused(kept, tiny, small.changed(pool=9, splits=3))
    assert error.problem == (
        f"{kept} is the record of another protocol quick: pool is 8 there and 9 here; "
        "splits is 2 there and 3 here"
    )
    assert error.remedy == (
        "give this protocol a name of its own, or choose another folder with --out (in Python out=)"
    )


def test_a_protocol_that_asks_other_tasks_or_versions_is_another(
    kept: Path, tiny: Pair, small: Protocol
) -> None:
    fewer = small.changed(tasks=tuple(task for task in small.tasks if task.name != "sudoku"))
    assert "task sudoku is easy@2 there and absent here" in refused(kept, tiny, fewer).problem
    newer = small.changed(version=small.version + 1)
    there = f"version is {small.version} there and {newer.version} here"
    assert there in refused(kept, tiny, newer).problem


CHANGES: dict[str, Callable[[Pair], Pair]] = {
    "MDM's digest is": lambda pair: replace(
        pair, mdm_provenance=replace(pair.mdm_provenance, digest="e" * 64)
    ),
    "ARM's dtype is float32 there and bfloat16 here": lambda pair: replace(
        pair, arm_provenance=replace(pair.arm_provenance, dtype="bfloat16")
    ),
    "MDM's shift is True there and False here": lambda pair: replace(
        pair, spec=replace(pair.spec, mdm=replace(pair.spec.mdm, shift=False))
    ),
    "mask_id is": lambda pair: replace(pair, mdm=replace(pair.mdm, mask_id=pair.mdm.mask_id - 1)),
    "confounds is () there and ('other data',) here": lambda pair: replace(
        pair, spec=replace(pair.spec, confounds=("other data",))
    ),
}


@pytest.mark.parametrize("difference", CHANGES)
def test_another_pair_of_a_listed_name_replaces_no_record(
    difference: str, kept: Path, tiny: Pair, small: Protocol
) -> None:
    """As an entry of one's own may have the name, and a listed pair be run at another revision."""
    error = refused(kept, CHANGES[difference](tiny), small)
    assert f"{kept} is the record of another pair tiny: " in error.problem
    assert difference in error.problem
    # The name of a listed pair is not the caller's to give.
    assert error.remedy == "choose another folder with --out (in Python out=)"


def test_what_loading_found_makes_no_other_pair(
    measured: Measured, tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    """Its figures differ between devices, and its words between versions; what is declared does not."""
    record, _ = measured
    declared = replace(tiny, spec=replace(tiny.spec, confounds=("other data",)), noted=("loss 0.25 to 0.5",))
    asked = [task for task in small.tasks if task.name in TASKS]

    def check(*confounds: str) -> None:
        pair = record.pair.model_copy(update={"confounds": confounds})
        (tmp_path / NAME).write_text(record.model_copy(update={"pair": pair}).model_dump_json())
        check_replaces_no_other(tmp_path, declared.spec, small, asked, lambda: subject_of(declared))

    check("other data", "loss 0.24 to 0.5")
    check("other data")
    with pytest.raises(OutputError, match=r"is \('data',\) there and \('other data',\) here"):
        check("data", "loss 0.25 to 0.5")


def test_long_values_are_shown_from_where_they_differ(kept: Path, tiny: Pair, small: Protocol) -> None:
    grid = tuple(share / 1000 for share in range(1, 40))
    content = json.loads(kept.read_text())
    content["protocol"]["sweeping"]["grid"] = [*grid[:-1], 0.5]
    kept.write_text(json.dumps(content))
    error = refused(kept, tiny, small.changed(grid=grid))
    assert error.problem.endswith("grid is …5) there and …039) here")
    content["pair"]["mdm"]["digest"] = "f" * 63 + "a"
    kept.write_text(json.dumps(content))
    pair = replace(tiny, mdm_provenance=replace(tiny.mdm_provenance, digest="f" * 63))
    assert "MDM's digest is …a there and …nothing more here" in refused(kept, pair, small).problem
    pair = replace(tiny, mdm_provenance=replace(tiny.mdm_provenance, digest="e" * 64))
    assert f"is {'f' * 40}… there and {'e' * 40}… here" in refused(kept, pair, small).problem


def test_the_name_of_an_unlisted_pair_s_record_is_of_its_declarations_alone(
    measured: Measured, tiny: Pair, small: Protocol
) -> None:
    """What is computed of it, and where it lies, may differ the next time."""
    record, out = measured
    mine = record.pair.model_copy(update={"name": "mine"})

    def path(**changes: Any) -> Path:
        return record_path(out, record.model_copy(update={"pair": mine.model_copy(update=changes)}))

    elsewhere = mine.arm.model_copy(update={"checkpoint": "a/b", "revision": "c"})
    for change in ({"movement": {}}, {"edges": 3}, {"confounds": ("a",)}, {"arm": elsewhere}):
        assert path(**change) == path()
    for change in ({"mask_id": 3}, {"tokenizer": "t"}, {"control": True}):
        assert path(**change) != path()


def test_a_pair_of_one_s_own_may_be_given_another_name(
    measured: Measured, tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    """Of the same weights and declarations, so that the file is of the same name, but another confound."""
    record, _ = measured
    mine = replace(tiny, spec=replace(tiny.spec, name="mine", confounds=("other data",)))
    path = record_path(
        tmp_path, record.model_copy(update={"pair": record.pair.model_copy(update={"name": "mine"})})
    )
    path.write_text(record.model_dump_json())
    error = refused(path, mine, small)
    assert error.problem.startswith(f"{path} is the record of another pair mine: confounds is ()")
    assert error.remedy.startswith("give this pair a name of its own, or choose another folder")


def test_a_pair_s_weights_are_asked_for_only_where_a_file_is_in_the_way(
    tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    """To digest those of a large pair takes minutes. Those that are not here tell nothing of an own pair."""
    asked = [task for task in small.tasks if task.name in TASKS]
    spec = replace(tiny.spec, name="m[i]ne")
    calls: list[None] = []

    def find_subject() -> None:
        calls.append(None)

    def check() -> int:
        calls.clear()
        check_replaces_no_other(tmp_path, spec, small, asked, find_subject)
        return len(calls)

    assert check() == 0
    (tmp_path / "mine-01234567-quick-countdown+greater-than.json").write_text("{}")
    assert check() == 0
    (tmp_path / "m[i]ne-01234567-quick-countdown+greater-than-partial.json").write_text("{}")
    assert check() == 1
    spec = tiny.spec
    assert check() == 0
    (tmp_path / NAME).write_text("{}")
    with pytest.raises(OutputError, match="cannot be told to be of the same run"):
        check()


@pytest.mark.parametrize("long", ["pair", "folder"])
def test_a_name_that_the_file_system_does_not_take_is_refused(
    long: str, tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    pair = replace(tiny, spec=replace(tiny.spec, name="p" * 260)) if long == "pair" else tiny
    out = tmp_path if long == "pair" else tmp_path / ("f" * 300) / "out"
    with pytest.raises(OutputError, match="cannot be written: File name too long") as caught:
        run(pair, small, out, TASKS)
    assert len(str(caught.value).splitlines()) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_a_run_that_lacked_something_is_guarded_too(
    kept: Path, tiny: Pair, small: Protocol
) -> None:
    partial = kept.rename(kept.with_stem(f"{kept.stem}-partial"))
    assert "pool is 8 there and 14 here" in refused(partial, tiny, small.changed(pool=14)).problem


@pytest.mark.parametrize("content", ["", "notes", "{}", json.dumps({"schema_version": 2})])
def test_what_is_no_record_of_this_version_is_not_replaced(
    content: str, kept: Path, tiny: Pair, small: Protocol
) -> None:
    kept.write_text(content)
    error = refused(kept, tiny, small)
    assert f"a record would be written to {kept}, and what is there" in error.problem
    assert error.remedy.startswith("keep that file elsewhere, or choose another folder")


def test_the_same_pair_elsewhere_on_another_machine_replaces_it(
    measured: Measured, tiny: Pair, small: Protocol
) -> None:
    """Where checkpoints lay, and what the machine was, make no other run."""
    record, out = measured
    path = record_path(out, record)
    there: dict[str, Any] = {"python": "3.11.0", "threads": 64}
    elsewhere = record.model_copy(
        update={
            "environment": record.environment.model_copy(update=there),
            "pair": record.pair.model_copy(
                update={"arm": record.pair.arm.model_copy(update={"checkpoint": "a/b", "revision": "c"})}
            ),
        }
    )
    path.write_text(elsewhere.model_dump_json())
    assert run(tiny, small, out, TASKS) == record
    assert read_model(path, Record) == record


def test_a_run_of_more_tasks_goes_on_beside_it(
    measured: Measured, tiny: Pair, small: Protocol, tmp_path: Path
) -> None:
    record, out = measured[0], shutil.copytree(measured[1], tmp_path / "out")
    before = record_path(out, record).read_bytes()
    one = run(tiny, small, out, TASKS[:1])
    assert record_path(out, one) != record_path(out, record)
    assert run(tiny, small, out, TASKS) == record
    assert record_path(out, record).read_bytes() == before


def test_the_command_says_it_in_two_lines(kept: Path, command: Callable[..., Any]) -> None:
    content = json.loads(kept.read_text())
    content["protocol"]["sampling"]["seed"] = 7
    kept.write_text(json.dumps(content))
    done = command("run", "--task", TASKS[0], "--task", TASKS[1], "--out", kept.parent)
    assert done.code == 3
    assert "is the record of another protocol quick: seed is 7 there and 0 here" in done.err
    # Nobody can name a protocol there.
    assert "name of its own" not in done.err
    assert "choose another folder with --out" in done.err
    assert len(done.err.splitlines()) == 2


def test_the_same_record_comes_of_any_number_of_threads(small: Protocol, tmp_path: Path) -> None:
    """From loading on: what is said of the weights is computed too."""
    protocol = small.changed(pool=6, minimum=2, resamples=2, splits=1)
    before, records = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            out = tmp_path / str(threads)
            record = run(load_pair(get_pair("tiny"), "cpu"), protocol, out, TASKS[:1])
            records.append(record_path(out, record).read_bytes())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert records[1] == records[0]
