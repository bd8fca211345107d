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
