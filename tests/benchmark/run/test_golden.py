"""No number of a fixed small pair moves unless the protocol's version is raised."""

import copy
import importlib.util
import json
from pathlib import Path

import pytest

from mechshift.benchmark.record.types import Record

SPEC = importlib.util.spec_from_file_location("golden_record", Path(__file__).with_name("golden.py"))
assert SPEC is not None
assert SPEC.loader is not None
golden = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(golden)


def test_no_number_moved_without_a_new_version(measured: tuple[Record, Path]) -> None:
    kept = json.loads(golden.FILE.read_text(encoding="utf-8"))
    found = golden.golden_content(measured[0])
    changed = list(golden.moved(kept["record"], found["record"]))
    if kept["version"] != found["version"]:
        pytest.fail("the protocols' version was raised: run python tests/benchmark/run/golden.py")
    remedy = "raise `version` of the protocols, then run python tests/benchmark/run/golden.py"
    assert changed == [], f"{len(changed)} numbers moved; if that is meant, {remedy}"


def test_a_number_that_moves_is_seen(measured: tuple[Record, Path]) -> None:
    kept = golden.golden_content(measured[0])["record"]
    other = copy.deepcopy(kept)
    edge = other["tasks"][0]["comparison"]["curve"][1]["edge"]
    edge["floor"] *= 1.01
    assert [line.split(":")[0] for line in golden.moved(kept, other)] == [
        "tasks[0].comparison.curve[1].edge.floor"
    ]
    other["tasks"].pop()
    assert any(line.startswith("tasks") for line in golden.moved(kept, other))
    assert list(golden.moved(kept, copy.deepcopy(kept))) == []
