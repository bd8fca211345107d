"""A run handed in: small, scored again from what is kept, the same bytes each time, never over another's."""

import hashlib
import json
import shutil
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from build.submissions import CARD as FILLED
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.draws import read_draws
from mechshift.benchmark.record.files import read_model, write_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask
from mechshift.benchmark.run.plan import kinds_of
from mechshift.benchmark.run.rescore import rescore
from mechshift.benchmark.run.store import read_seal
from mechshift.benchmark.submission.cells import find_cells
from mechshift.benchmark.submission.manifest import Manifest, compare_with_folder, list_files
from mechshift.benchmark.submission.write import Request, Submission, submit
from mechshift.errors import NotComputable, OutputError, UsageError

Ran = tuple[Record, Path]
EXACT = Request(size=None)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def record_file(folder: Path) -> Path:
    (found,) = folder.glob("*.json")
    return found


def test_a_submission_is_small_and_whole(submitted: Submission, ran: Ran) -> None:
    record, out = ran
    names = set(content(submitted.path))
    assert {name for name in names if "/" not in name} == {
        "card.toml",
        "manifest.json",
        "record.json",
        "draws.safetensors",
    }
    ran = [kind.name for kind in kinds_of(record.protocol) if kind.members]
    assert {name.removeprefix("cells/").partition(".")[0] for name in names if "/" in name} == {
        f"{task.task}/{name}" for task in record.tasks for name in ran
    }
    assert submitted.bytes == sum(map(len, content(submitted.path).values()))
    scores = [
        sum(path.stat().st_size for path in each.rglob("scores-*.safetensors"))
        for each in (submitted.path, out)
    ]
    assert scores[0] < scores[1]
    assert submitted.path.name.endswith(record_file(out).stem)
    assert submitted.unfilled


def test_its_record_follows_from_its_cells_to_the_last_byte(submitted: Submission) -> None:
    assert rescore(submitted.path / "record.json").differences == ()


def test_its_record_says_what_the_run_says(submitted: Submission, ran: Ran) -> None:
    """Beside an independent look at the two records: values with an interval differ by a part of it."""
    found = read_model(submitted.path / "record.json", Record)
    assert [task.task for task in found.tasks] == [task.task for task in ran[0].tasks]
    for one, other in zip(found.tasks, ran[0].tasks, strict=True):
        assert one.pool == other.pool
        assert one.comparison.arm.clean == other.comparison.arm.clean
        assert one.comparison.arm.absolute == other.comparison.arm.absolute
        for name, shift in one.comparison.depth_shift.items():
            assert shift.value == pytest.approx(other.comparison.depth_shift[name].value, abs=1e-4)
    assert (found.pair, found.protocol) == (ran[0].pair, ran[0].protocol)


def test_its_cells_name_those_they_were_made_of(submitted: Submission, ran: Ran) -> None:
    record = ran[0]
    for file in submitted.path.glob("cells/*/*.seal"):
        seal = read_seal(file)
        original = record.tasks[[task.task for task in record.tasks].index(file.parent.name)].cells
        reduced = seal.inputs["cell"].startswith(("scores", "sweep"))
        assert seal.original == (original[seal.inputs["cell"]].digest if reduced else None)
        assert seal.key == original[seal.inputs["cell"]].key


def test_its_scores_keep_their_sums(submitted: Submission, ran: Ran) -> None:
    for file in submitted.path.glob("cells/*/scores-*.safetensors"):
        found = ScoreSums.load(file).attribution
        made = ScoreSums.load(ran[1] / file.relative_to(submitted.path)).attribution
        largest = np.abs(made.scores()).max()
        assert found.scores() == pytest.approx(made.scores(), rel=1e-6, abs=1e-9 * largest)
        assert found.completeness_residual == pytest.approx(made.completeness_residual, abs=1e-6)


def test_its_draws_are_those_of_its_record(submitted: Submission) -> None:
    """Of every number with an interval that is resampled, whose quantiles they have."""
    draws = read_draws(submitted.path / "draws.safetensors")
    record = read_model(submitted.path / "record.json", Record)
    place = f"{record.tasks[0].task}/compared.edge.jaccard"
    number = record.tasks[0].comparison.compared.edge.jaccard
    assert len(draws[place]) == record.protocol.statistics.resamples
    assert np.nanmin(draws[place]) <= number.value <= np.nanmax(draws[place])


def test_its_manifest_tells_what_was_done(submitted: Submission, ran: Ran) -> None:
    manifest = Manifest.model_validate_json((submitted.path / "manifest.json").read_bytes())
    assert manifest == submitted.manifest
    assert compare_with_folder(manifest.files, submitted.path, list_files(submitted.path)) == ()
    assert (manifest.form, manifest.step) == ("reduced", 1 / 256)
    record = record_file(ran[1])
    assert manifest.original_record == hashlib.sha256(record.read_bytes()).hexdigest()
    largest = manifest.changes.largest
    assert largest is not None
    # The change is found again in the two records.
    task, _, place = largest.path.partition("/")
    for path, value in ((record, largest.original), (submitted.path / "record.json", largest.reduced)):
        whole = json.loads(path.read_bytes())
        tasks = {one["task"]: one["comparison"] for one in whole["tasks"]}
        found = whole["summary"] if task == "summary" else tasks[task]
        for step in place.replace("[", ".[").split("."):
            found = found[int(step[1:-1])] if step.startswith("[") else found[step]
        assert found == value


def test_the_same_run_has_the_same_bytes(submitted: Submission, ran: Ran) -> None:
    before = content(submitted.path)
    again = submit(record_file(ran[1]), submitted.path.parent, Request())
    assert again.path == submitted.path
    assert content(again.path) == before
    assert [path.name for path in submitted.path.parent.iterdir()] == [submitted.path.name]


def test_exact_cells_are_those_of_the_run(out: Path, tmp_path: Path) -> None:
    found = submit(out, tmp_path / "board", EXACT)
    kept, run = content(found.path), content(out)
    cells = {name for name in kept if name.startswith("cells/")}
    assert cells < set(run)
    assert all(kept[name] == run[name] for name in cells)
    assert kept["record.json"] == record_file(out).read_bytes()
    assert (found.manifest.form, found.manifest.step, found.manifest.changes.changed) == ("exact", None, 0)
    assert rescore(found.path / "record.json").differences == ()


def test_the_finest_precision_that_fits_is_taken(submitted: Submission, out: Path, tmp_path: Path) -> None:
    size = (submitted.bytes - 1) / 1e6
    lines: list[str] = []
    found = submit(out, tmp_path / "board", Request(size=size), lines.append)
    assert found.bytes <= size * 1e6
    about = [line.partition("] ")[2].removesuffix("computing again from its cells …") for line in lines]
    # Two tasks each: of the run, and of both precisions that were tried.
    assert about == [*[""] * 2, *["rounded cells, step 0.0039: "] * 2, *["rounded cells, step 0.016: "] * 2]
    assert found.manifest.step == 1 / 64
    with pytest.raises(NotComputable, match="MB at least"):
        submit(out, tmp_path / "board", Request(size=0.01))
    assert rescore(found.path / "record.json").differences == ()


def test_what_does_not_fit_says_what_would(out: Path, tmp_path: Path) -> None:
    with pytest.raises(NotComputable, match=r"MB at least, not 0\.01") as raised:
        submit(out, tmp_path / "board", Request(size=0.01))
    assert list((tmp_path / "board").iterdir()) == []
    size = float(raised.value.remedy.removeprefix("give --size "))
    found = submit(out, tmp_path / "board", Request(size=size))
    assert found.bytes <= size * 1e6


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf")])
def test_a_size_is_positive(size: float, out: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a size of"):
        submit(out, tmp_path / "board", Request(size=size))


def test_a_card_that_somebody_wrote_in_is_kept(out: Path, tmp_path: Path) -> None:
    board = tmp_path / "board"
    path = submit(out, board, EXACT).path
    (path / "card.toml").write_text("not filled in yet")
    again = submit(out, board, EXACT)
    assert (path / "card.toml").read_text() == "not filled in yet"
    assert again.unfilled
    given = tmp_path / "given.toml"
    given.write_text(FILLED)
    with pytest.raises(OutputError, match="another card"):
        submit(out, board, Request(size=None, card=given))
    (path / "card.toml").write_text(FILLED)
    assert submit(out, board, Request(size=None, card=given)).unfilled == ()
    given.write_text("contact = 7")
    with pytest.raises(NotComputable, match="no filled card: authors"):
        submit(out, board, Request(size=None, card=given))


def test_a_zip_holds_the_same_folder(out: Path, tmp_path: Path) -> None:
    board = tmp_path / "board"
    day = date(2026, 1, 2)
    folder = submit(out, board, Request(size=None, made=day)).path
    (folder / "card.toml").write_text(FILLED)
    packed = submit(out, board, Request(size=None, made=day, packed=True))
    assert packed.path.name == f"{folder.name}.zip"
    assert packed.unfilled == ()
    with zipfile.ZipFile(packed.path) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert content(tmp_path / "unpacked" / folder.name) == content(folder)
    before = packed.path.read_bytes()
    shutil.rmtree(folder)
    assert submit(out, board, Request(size=None, made=day, packed=True)).unfilled == ()
    assert packed.path.read_bytes() == before


def test_a_submission_of_another_record_is_not_replaced(out: Path, tmp_path: Path) -> None:
    board, day = tmp_path / "board", date(2026, 1, 2)
    goal = submit(out, board, Request(size=None, made=day)).path
    before = content(goal)
    file = record_file(out)
    record = read_model(file, Record)
    pair = record.pair.model_copy(update={"confounds": ("another",)})
    write_model(record.model_copy(update={"pair": pair}), file)
    with pytest.raises(OutputError, match="of another record"):
        submit(out, board, Request(size=None, made=day))
    assert content(goal) == before
    (goal / "manifest.json").unlink()
    with pytest.raises(OutputError, match="is no submission"):
        submit(out, board, Request(size=None, made=day))


def test_a_run_that_cannot_be_trusted_is_refused(out: Path, tmp_path: Path) -> None:
    board = tmp_path / "board"
    file = record_file(out)
    whole = file.read_bytes()
    changed = json.loads(whole)
    changed["tasks"][0]["comparison"]["arm"]["clean"] = 99.0
    file.write_text(json.dumps(changed))
    with pytest.raises(NotComputable, match="does not follow from its cells"):
        submit(out, board, EXACT)
    file.write_bytes(whole)
    (cell,) = (out / "cells" / "agreement").glob("scores-arm.*.safetensors")
    cell.rename(tmp_path / "away")
    with pytest.raises(NotComputable, match="does not hold scores-arm"):
        submit(out, board, EXACT)
    assert not board.exists()


def test_a_run_without_a_comparison_is_refused(out: Path, tmp_path: Path) -> None:
    file = record_file(out)
    record = read_model(file, Record)
    most = max(task.pool.common for task in record.tasks) + 1
    write_model(record.model_copy(update={"protocol": record.protocol.changed(minimum=most)}), file)
    write_model(rescore(file).record, file)
    with pytest.raises(NotComputable, match="no task gives a comparison"):
        submit(out, tmp_path / "board", EXACT)


def test_a_task_that_failed_is_handed_in_with_its_pool(ran: Ran) -> None:
    record, out = ran
    first, second = record.tasks
    failed = FailedTask(
        **first.model_dump(include={"task", "suite", "surface", "version", "level"}),
        missing="too few",
        pool=first.pool,
        cells={"pool": first.cells["pool"]},
    )
    record = record.model_copy(update={"tasks": (second,), "failed": (failed,)})
    found = [(cell.task, cell.name) for cell in find_cells(record_file(out), record)]
    assert [name for task, name in found if task == first.task] == ["pool"]
    assert len(found) == 1 + sum(bool(kind.members) for kind in kinds_of(record.protocol))


def test_a_submission_is_not_handed_in_again(submitted: Submission, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="already reduced"):
        submit(submitted.path / "record.json", tmp_path, Request())


def test_several_records_have_to_be_told_apart(out: Path, tmp_path: Path) -> None:
    shutil.copy(record_file(out), out / "another.json")
    with pytest.raises(UsageError, match="holds 2 records"):
        submit(out, tmp_path / "board", EXACT)
