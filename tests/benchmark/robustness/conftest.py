import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from build.submissions import write_run
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.robustness.kept import KeptTask, kept_task


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of made-up evidence beside its cells."""
    return write_run(tmp_path_factory.mktemp("robustness"))


@pytest.fixture
def path(made_up: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made_up.parent, tmp_path / "out")
    return tmp_path / "out" / made_up.name


@pytest.fixture
def kept(made_up: Path) -> Callable[[str], KeptTask]:
    """A task of it, as its cells keep it."""
    return lambda name: kept_task(made_up, read_model(made_up, Record), name)
