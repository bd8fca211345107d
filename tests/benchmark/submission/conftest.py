"""A run of made-up evidence, and what is handed in of it."""

import shutil
from pathlib import Path

import pytest

from build.submissions import write_run
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.submission.write import Request, Submission, submit


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Path]:
    """The record of a run, and its folder; nobody may write into it."""
    path = write_run(tmp_path_factory.mktemp("ran"))
    return read_model(path, Record), path.parent


@pytest.fixture(scope="session")
def submitted(ran: tuple[Record, Path], tmp_path_factory: pytest.TempPathFactory) -> Submission:
    """The submission of that run at the finest precision; nobody may write into it."""
    return submit(ran[1], tmp_path_factory.mktemp("board"), Request())


@pytest.fixture
def out(ran: tuple[Record, Path], tmp_path: Path) -> Path:
    """A copy of the folder of that run."""
    shutil.copytree(ran[1], tmp_path / "out")
    return tmp_path / "out"
