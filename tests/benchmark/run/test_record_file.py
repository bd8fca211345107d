"""A record is replaced by one of the same pair and protocol, and by no other of the same name."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.types import Record
from mechshift.benchmark.run.record_file import record_path
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
    error = refused(kept, tiny, small.changed(pool=13, splits=3))
    assert error.problem == (
        f"{kept} is the record of another protocol quick: pool is 12 there and 13 here; "
        "splits is 2 there and 3 here"
    )
    assert error.remedy == (
        "give this protocol a name of its own, or choose another folder with --out (in Python out=)"
    )


def test_a_protocol_that_asks_other_tasks_or_versions_is_another(
    kept: Path, tiny: Pair, small: Protocol
) -> None:
    fewer = small.changed(tasks=tuple(task for task in small.tasks if task.name != "sudoku"))
    assert "task sudoku is easy@1 there and absent here" in refused(kept, tiny, fewer).problem
    assert "version is 3 there and 4 here" in refused(kept, tiny, small.changed(version=4)).problem


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
    assert error.remedy.startswith("give this pair a name of its own, or choose another folder")


def test_the_record_of_a_run_that_lacked_something_is_guarded_too(
    kept: Path, tiny: Pair, small: Protocol
) -> None:
    partial = kept.rename(kept.with_stem(f"{kept.stem}-partial"))
    assert "pool is 12 there and 14 here" in refused(partial, tiny, small.changed(pool=14)).problem


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


def test_a_run_of_more_tasks_goes_on_beside_it(measured: Measured, tiny: Pair, small: Protocol) -> None:
    record, out = measured
    before = record_path(out, record).read_bytes()
    one = run(tiny, small, out, TASKS[:1])
    assert record_path(out, one) != record_path(out, record)
    assert run(tiny, small, out, TASKS) == record
    assert record_path(out, record).read_bytes() == before
    record_path(out, one).unlink()


def test_the_command_says_it_in_two_lines(kept: Path, command: Callable[..., Any]) -> None:
    content = json.loads(kept.read_text())
    content["protocol"]["sampling"]["seed"] = 7
    kept.write_text(json.dumps(content))
    done = command("run", "--task", TASKS[0], "--task", TASKS[1], "--out", kept.parent)
    assert done.code == 3
    assert "is the record of another protocol quick: seed is 7 there and 0 here" in done.err
    assert len(done.err.splitlines()) == 2
