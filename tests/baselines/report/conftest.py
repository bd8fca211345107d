from collections.abc import Callable
from pathlib import Path

import pytest

from build import records, reference_records
from mechshift.baselines.report.records import Pairs
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord


@pytest.fixture
def make_task() -> Callable[..., TaskRecord]:
    """Make a task's record: `make_task(name, overlap, edges, early, special, sharp, ratio, arm, mdm)`."""
    return reference_records.a_task


@pytest.fixture
def make_failed_task() -> Callable[..., FailedTask]:
    """Make the record of a task without a comparison: `make_failed_task(name, reason)`."""
    return records.a_failed_task


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Make a pair's record: `make_record(pair, tasks, failed, **changes)`."""
    return reference_records.a_record


@pytest.fixture
def make_pairs() -> Callable[..., Pairs]:
    """Make the records of all pairs, some of them replaced: `make_pairs({pair: record})`."""
    return reference_records.all_pairs


@pytest.fixture
def put() -> Callable[[Pairs, Path], Path]:
    """Write the records where the command looks for them: `put(pairs, folder)`."""

    def write(pairs: Pairs, folder: Path) -> Path:
        for pair, record in pairs.records.items():
            (folder / pair).mkdir(parents=True, exist_ok=True)
            (folder / pair / "record.json").write_text(record.model_dump_json(), encoding="utf-8")
        return folder

    return write
