"""Records where they lie: beside their cells, in submissions, in memory."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from build.boards import write_manifest
from build.records import a_record
from build.resampled import a_resampled_record, draw_prompts
from mechshift.benchmark.contrast.comparison import compare_records
from mechshift.benchmark.contrast.side import read_side, with_draws_of_cells
from mechshift.benchmark.record.draws import take_draws, write_draws
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.errors import NotComputable, UsageError

TASK = "greater-than"


@pytest.fixture
def folder(measured: tuple[Record, Path], tmp_path: Path) -> Path:
    """A run's folder with its record and its cells; those of transfer were made of all tasks' scores."""
    record, out = measured
    shutil.copytree(out / "cells", tmp_path / "run" / "cells")
    write_model(record, tmp_path / "run" / "tiny-small.json")
    return tmp_path / "run"


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """As much of a submission as a comparison reads."""
    record = a_resampled_record({"ioi": draw_prompts(0)})
    write_model(record, tmp_path / "2026-11-29-tiny-v2" / "record.json")
    write_draws(take_draws(record), tmp_path / "2026-11-29-tiny-v2" / "draws.safetensors")
    write_manifest(tmp_path / "2026-11-29-tiny-v2")
    return tmp_path / "2026-11-29-tiny-v2"


def test_the_draws_of_a_run_give_its_intervals_and_a_run_does_not_differ_from_itself(folder: Path) -> None:
    assert take_draws(read_side(folder).record) == {}
    found = compare_records(folder, folder)
    assert (found.a.undrawn, found.b.undrawn) == ("", "")
    assert not any("in part" in note for note in found.notes)
    paired = [value for value in found.values if value.pairing == "paired"]
    assert {value.task for value in paired} == {None, *(task.task for task in found.a.record.tasks)}
    for value in paired:
        assert value.difference == Number(value=0, low=0, high=0)
    area = found.a.record.tasks[0].comparison.arm.absolute.log_area
    assert isinstance(area, Number)
    assert area.draws is not None
    low, centre, high = np.quantile(area.draws, [0.025, 0.5, 0.975])
    # By Student's t, as far to either side.
    wider = (area.high - area.value) / (high - centre)
    assert wider > 1
    assert area.low == pytest.approx(area.value - wider * (centre - low), abs=1e-12)


def test_without_cells_a_run_is_independent_of_itself(folder: Path) -> None:
    found = compare_records(folder, folder, cells=False)
    assert {value.pairing for value in found.values} == {"independent", None}
    assert "Taken for independent, as A has no resampled values: its cells were not used." in found.notes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (1e-5, f"its cells give other numbers of {TASK} (see `mechshift rescore`)"),
        (1e-12, ""),  # another machine may round so
    ],
)
def test_cells_of_other_numbers_are_not_used(folder: Path, change: float, reason: str) -> None:
    (path,) = folder.glob("*.json")
    content = json.loads(path.read_text())
    (task,) = (one for one in content["tasks"] if one["task"] == TASK)
    task["comparison"]["curve"][1]["edge"]["cross"]["value"] += change
    path.write_text(json.dumps(content))
    found = with_draws_of_cells(read_side(path), [TASK])
    assert found.undrawn == reason
    assert (take_draws(found.record) == {}) == bool(reason)


def test_damaged_and_absent_cells_leave_a_comparison_without_pairs(folder: Path) -> None:
    (path,) = folder.glob("*.json")
    (cell,) = (folder / "cells" / TASK).glob("sweep-mdm.*.safetensors")
    cell.unlink()
    assert with_draws_of_cells(read_side(path), [TASK]).undrawn.startswith("its cells cannot be used: ")
    shutil.rmtree(folder / "cells")
    found = compare_records(folder, folder)
    assert "Taken for independent, as A has no resampled values: no cells lie beside it." in found.notes


def test_a_submission_has_its_draws(submission: Path) -> None:
    found = read_side(submission)
    assert (found.name, found.undrawn) == ("2026-11-29-tiny-v2", "")
    assert take_draws(found.record)
    assert compare_records(submission, submission).tasks[0].name == "accuracy_arm.ioi"


def test_an_archive_of_a_submission_is_read_too(submission: Path, tmp_path: Path) -> None:
    archive = tmp_path / "one.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in submission.iterdir():
            packed.write(path, f"{submission.name}/{path.name}")
    assert read_side(archive).record == read_side(submission).record
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr("../outside", "")
    with pytest.raises(NotComputable, match="leads to another folder"):
        read_side(archive)


def test_draws_that_are_not_of_the_protocol_are_not_used(submission: Path) -> None:
    drawn = read_side(submission).record
    write_draws(
        {place: draws[:20] for place, draws in take_draws(drawn).items()}, submission / "draws.safetensors"
    )
    write_manifest(submission)
    assert read_side(submission).undrawn == "its draws.safetensors has not the 200 resamples of its protocol"
    (submission / "draws.safetensors").unlink()
    assert read_side(submission).undrawn == "the submission has no draws.safetensors"


@pytest.mark.parametrize("name", ["record.json", "draws.safetensors"])
def test_a_file_that_is_not_the_manifests_is_refused(submission: Path, name: str) -> None:
    other = a_resampled_record({"ioi": draw_prompts(1)})
    if name == "record.json":
        write_model(other, submission / name)
    else:
        write_draws(take_draws(other), submission / name)
    with pytest.raises(NotComputable, match=f"2026-11-29-tiny-v2: {name} is not what its manifest says"):
        read_side(submission)
    (submission / "manifest.json").unlink()
    with pytest.raises(NotComputable, match="has no manifest that can be read"):
        read_side(submission)


def test_a_number_without_its_draws_is_independent_and_told(submission: Path) -> None:
    drawn = dict(take_draws(read_side(submission).record))
    del drawn["ioi/compared.edge.normalised"]
    write_draws(drawn, submission / "draws.safetensors")
    write_manifest(submission)
    whole = a_resampled_record({"ioi": draw_prompts(0)})
    found = compare_records(submission, whole)
    pairing = {value.name: value.pairing for value in found.tasks}
    assert (pairing["overlap.ioi"], pairing["early_shift.ioi"]) == ("independent", "paired")
    assert "Taken for independent in part, as resampled values are missing: ioi." in found.notes


def test_a_submission_is_known_by_its_record_and_by_the_one_it_was_made_from(submission: Path) -> None:
    path = submission / "record.json"
    assert read_side(submission).digests == {hashlib.sha256(path.read_bytes()).hexdigest(), "0" * 64}
    alone = submission.parent / "run" / "one.json"
    alone.parent.mkdir()
    shutil.copy(path, alone)
    assert read_side(alone).digests == {hashlib.sha256(path.read_bytes()).hexdigest()}
    assert read_side(a_record()).digests == frozenset()


def test_a_folder_of_several_records_does_not_say_which(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_model(a_record(name), tmp_path / f"{name}.json")
    with pytest.raises(UsageError, match="holds 2 records"):
        read_side(tmp_path)


def test_a_record_in_memory_is_taken_as_it_is() -> None:
    assert read_side(a_record()).undrawn == "it was read without its resampled values"
    assert read_side(a_resampled_record({"ioi": draw_prompts(0)})).undrawn == ""
