"""No number of a fixed small pair moves unless the protocol's version, or a cell's method, is raised."""

import copy
import importlib.util
import json
from pathlib import Path

import pytest

from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.plan import kinds_of
from mechshift.benchmark.run.record_file import record_path
from mechshift.benchmark.run.run import run

SPEC = importlib.util.spec_from_file_location("golden_record", Path(__file__).with_name("golden.py"))
assert SPEC is not None
assert SPEC.loader is not None
golden = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(golden)


@pytest.fixture(scope="module")
def measured(tiny: Pair, tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Path]:
    """The record of a run, and the folder it lies in."""
    out = tmp_path_factory.mktemp("golden")
    return run(tiny, golden.protocol(), out, golden.TASKS), out


def test_no_number_moved_without_a_new_version(measured: tuple[Record, Path]) -> None:
    kept = json.loads(golden.FILE.read_text(encoding="utf-8"))
    found = golden.golden_content(measured[0], record_path(measured[1], measured[0]))
    changed = list(golden.moved(kept["record"], found["record"]))
    if kept["version"] != found["version"]:
        pytest.fail("the protocols' version was raised: run python tests/benchmark/run/golden.py")
    remedy = "raise `version` of the protocols, then run python tests/benchmark/run/golden.py"
    assert changed == [], f"{len(changed)} numbers moved; if that is meant, {remedy}"
    lacking = list(golden.moved(found["record"], kept["record"]))
    assert lacking == [], "the file lacks a number that is new: run python tests/benchmark/run/golden.py"


def test_a_number_that_moves_is_seen(measured: tuple[Record, Path]) -> None:
    kept = golden.golden_content(measured[0], record_path(measured[1], measured[0]))["record"]
    other = copy.deepcopy(kept)
    edge = other["tasks"][0]["comparison"]["curve"][1]["edge"]
    edge["floor"] *= 1.01
    assert [line.split(":")[0] for line in golden.moved(kept, other)] == [
        "tasks[0].comparison.curve[1].edge.floor"
    ]
    other["tasks"][0]["new"] = 1.0
    assert len(list(golden.moved(kept, other))) == 1
    del other["tasks"][0]["comparison"]["arm"]
    assert len(list(golden.moved(kept, other))) == 1
    other["tasks"].pop()
    assert any(line.startswith("tasks") for line in golden.moved(kept, other))
    assert list(golden.moved(kept, copy.deepcopy(kept))) == []


def test_no_cell_of_a_model_moved_without_a_new_method(measured: tuple[Record, Path]) -> None:
    """Under the same method its key is the same, and what an earlier version kept is taken for its own."""
    kept = json.loads(golden.FILE.read_text(encoding="utf-8"))
    found = golden.golden_content(measured[0], record_path(measured[1], measured[0]))
    stale = golden.without_a_new_method(kept, found)
    remedy = "raise their `method` in benchmark/run/plan.py, then run python tests/benchmark/run/golden.py"
    assert stale == [], f"the content of {', '.join(stale)} moved; if that is meant, {remedy}"
    if kept["methods"] != found["methods"]:
        pytest.fail("a method was raised: run python tests/benchmark/run/golden.py")
    if kept["inputs"] != found["inputs"]:
        pytest.fail("weights, tasks or settings are others: run python tests/benchmark/run/golden.py")


def test_with_other_weights_or_settings_no_cell_is_stale() -> None:
    kept = json.loads(golden.FILE.read_text(encoding="utf-8"))
    found = copy.deepcopy(kept)
    found["cells"]["pool"]["countdown"]["fingerprint"] = "another"
    assert golden.without_a_new_method(kept, found) == ["pool"]
    for name in ("arm", "protocol"):
        other = copy.deepcopy(found)
        other["inputs"][name] = {}
        assert golden.without_a_new_method(kept, other) == []


def test_every_kind_of_cell_that_models_run_for_is_held_with_numbers() -> None:
    kept = json.loads(golden.FILE.read_text(encoding="utf-8"))
    assert (
        set(kept["cells"])
        == set(kept["methods"])
        == {kind.name for kind in kinds_of(golden.protocol()) if kind.members}
    )
    for cells in kept["cells"].values():
        assert set(cells) == set(golden.TASKS)
        for content in cells.values():
            assert content
            held = content.values() if isinstance(content, dict) else ()
            arrays = [each["values"] for each in held if isinstance(each, dict) and "size" in each]
            assert all(any(values) for values in arrays)


MOVED = {
    "pool": ("countdown", "fingerprint"),
    "scores-arm": ("greater-than", "score_sums", "values", 3),
    "sweep-mdm": ("countdown", "circuits", "values", 5),
    "entropies-arm": ("greater-than",),
}


@pytest.mark.parametrize("name", MOVED)
def test_a_cell_that_moves_is_named_until_its_method_is_raised(name: str) -> None:
    kept = json.loads(golden.FILE.read_text(encoding="utf-8"))
    found = copy.deepcopy(kept)
    *above, last = MOVED[name]
    at = found["cells"][name]
    for step in above:
        at = at[step]
    at[last] = {} if not isinstance(at[last], float) else at[last] + 0.01
    assert golden.without_a_new_method(kept, found) == [name]
    found["methods"][name] += 1
    assert golden.without_a_new_method(kept, found) == []


def test_what_follows_from_a_moved_pool_needs_no_method_of_its_own() -> None:
    kept = json.loads(golden.FILE.read_text(encoding="utf-8"))
    found = copy.deepcopy(kept)
    for name in kept["cells"]:
        found["cells"][name]["countdown"] = {}
    assert golden.without_a_new_method(kept, found) == ["pool"]
