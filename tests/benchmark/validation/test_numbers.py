"""Numbers of a record beside those of its cells, where another machine has rounded otherwise."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from build.tampering import rounded, write_manifest
from mechshift.benchmark.record.files import read_model, write_model
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run import differences
from mechshift.benchmark.run.differences import Difference
from mechshift.benchmark.validation import numbers
from mechshift.benchmark.validation.content import Place
from mechshift.benchmark.validation.validate import validate

Submission = Callable[..., Path]


@pytest.mark.parametrize(("share", "valid"), [(1e-12, True), (1e-8, False)])
def test_every_number_may_be_off_by_rounding(share: float, valid: bool, submission: Submission) -> None:
    folder = submission()
    content = json.loads((folder / "record.json").read_text())
    for part in ("tasks", "summary"):
        content[part] = rounded(content[part], share)
    write_model(Record.model_validate_json(json.dumps(content)), folder / "record.json")
    write_manifest(folder)
    assert ("numbers" not in {each.check for each in validate(folder)}) is valid


def test_many_differences_by_rounding_take_little_time(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = submission()
    record = read_model(folder / "record.json", Record)
    many = [Difference(f"tasks[{index}]", 1.0, 1.0 + 1e-12) for index in range(30_000)]
    monkeypatch.setattr(differences, "find_differences", lambda found, expected: many)
    start = time.process_time()
    assert [*numbers.check_numbers(Place(folder, folder.name, {}), record, record.results)] == []
    assert time.process_time() - start < 5
