"""The project's own board as it lies in the repository: of the reference pairs, valid, and as it is built."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mechshift.baselines.family.build import MADE, ON_BOARD, PAIRS, SIZE, build_pages, card_of
from mechshift.baselines.structure.kept import kept_record
from mechshift.benchmark.board.rows import make_board
from mechshift.benchmark.record.draws import COARSE_STEPS, read_draws, take_draws
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.differences import compare_contents
from mechshift.benchmark.run.plan import Subject
from mechshift.benchmark.run.rescore import read_cell, rescore_task
from mechshift.benchmark.submission.archive import opened
from mechshift.benchmark.submission.card import check_card
from mechshift.benchmark.submission.manifest import Manifest, compare_with_folder, list_files

ROOT = Path(__file__).parents[2] / "baselines"
BOARD, REFERENCE = ROOT / "board", ROOT / "reference"


def archive(pair: str) -> Path:
    return BOARD / f"{MADE}-{pair}-v2.zip"


@pytest.fixture(scope="module")
def submission() -> Iterator[Callable[[str], Path]]:
    """The folder of a pair's submission, unpacked."""
    with ExitStack() as stack:

        def unpacked(pair: str) -> Path:
            folder, findings = stack.enter_context(opened(archive(pair)))
            assert folder is not None, findings
            return folder

        yield unpacked


def test_the_board_has_the_base_pair_and_its_control_and_nothing_else() -> None:
    assert {path.name for path in REFERENCE.iterdir()} <= set(PAIRS)
    assert {path.name for path in BOARD.iterdir()} == {archive(pair).name for pair in ON_BOARD}
    (row,) = make_board(BOARD).rows
    assert row.entry.record.pair.name == "tiny"
    assert [each.record.pair.name for each in row.controls] == ["tiny-continued"]


@pytest.mark.parametrize("pair", ON_BOARD)
def test_a_submission_is_whole_and_of_the_pair(submission: Callable[[str], Path], pair: str) -> None:
    folder = submission(pair)
    manifest = read_model(folder / "manifest.json", Manifest)
    assert compare_with_folder(manifest.files, folder, list_files(folder)) == ()
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= SIZE * 1e6
    assert check_card(folder / "card.toml") == []
    assert tomllib.loads((folder / "card.toml").read_text()) == card_of(pair)
    handed_in = read_model(folder / "record.json", Record)
    path = kept_record(REFERENCE / pair)
    assert path is not None
    reference = read_model(path, Record)
    assert handed_in.pair == reference.pair
    assert handed_in.protocol == V2
    assert [task.pool for task in handed_in.tasks] == [task.pool for task in reference.tasks]


@pytest.mark.parametrize(("pair", "number"), [("tiny", 3), ("tiny-continued", 7)])
def test_a_task_of_every_submission_follows_from_its_cells(
    submission: Callable[[str], Path], pair: str, number: int
) -> None:
    """Of each one task, as a whole record takes some twenty seconds; `mechshift validate` does that."""
    path = submission(pair) / "record.json"
    record = read_model(path, Record)
    task = record.tasks[number]
    found = rescore_task(record, task, Subject.recorded(record), lambda cell: read_cell(path, record, cell))
    assert compare_contents(task.model_dump(mode="json"), found.model_dump(mode="json")).real == ()
    kept = read_draws(path.with_name("draws.safetensors"))
    for place, draws in take_draws(record.model_copy(update={"tasks": (found,)})).items():
        step = (draws[draws == draws].max() - draws[draws == draws].min()) / COARSE_STEPS
        assert abs(kept[place] - draws)[draws == draws].max() <= 1.01 * step + 1e-9


def test_the_pages_are_built_from_the_board(tmp_path: Path) -> None:
    built = build_pages(BOARD, tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in built}
    assert "index.html" in names
    assert {f"pairs/{archive(pair).stem}.html" for pair in ON_BOARD} <= names
    assert all(path.stat().st_size > 10_000 for path in built)
