"""`mechshift rescore`: which record it is at."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.submissions import write_run


def test_of_several_records_each_line_names_its_own(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(0, 10_000, 10))
    record = write_run(tmp_path / "run")
    monkeypatch.setattr("mechshift.benchmark.run.progress.time.monotonic", lambda: next(times))
    alone = command("rescore", tmp_path / "run").err.splitlines()
    assert alone[0] == "[1/2 agreement] computing again from its cells …"
    shutil.copy(record, record.with_name("other.json"))
    both = command("rescore", tmp_path / "run").err.splitlines()
    names = sorted((record.name, "other.json"))
    assert both == [line.replace("] ", f"] {name}: ") for name in names for line in alone]


def test_a_path_is_no_command_for_the_log_that_it_is_in(command: Callable[..., Any], tmp_path: Path) -> None:
    write_run(tmp_path / "##[error]run\x1b[2J")
    done = command("rescore", "##[error]run\x1b[2J")
    assert done.code == 0, done.err
    assert done.out.startswith(r"# #[error]run\x1b[2J/")
    assert "identical to the last byte" in done.out
