"""A pair under other settings, against runs of their own under these settings."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.folder import read_folder
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.robustness import Result, Robustness, robustness_path
from mechshift.benchmark.robustness.judging import headline_quantities, result_of
from mechshift.benchmark.robustness.of_pair import vary_pair
from mechshift.benchmark.robustness.planned import plan_text, plan_variations
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.provenance import subject_of
from mechshift.benchmark.run.run import run
from mechshift.benchmark.run.store import Store

TASKS = ["greater-than", "countdown"]


@pytest.fixture(scope="module")
def varied(
    tiny: Pair, small: Protocol, measured: tuple[Record, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Robustness, Path]:
    """The intervention varied, in a copy of an undisturbed run."""
    out = tmp_path_factory.mktemp("varied") / "out"
    shutil.copytree(measured[1], out)
    return vary_pair(tiny, small, out, TASKS, {"intervention"}), out


def test_a_variation_is_what_a_run_under_its_setting_has(
    tiny: Pair, small: Protocol, varied: tuple[Robustness, Path], tmp_path: Path
) -> None:
    found, _ = varied
    record = run(tiny, small.changed(intervention="zero", name="other"), tmp_path, TASKS)
    (zero,) = (one for one in found.variations if one.name == "zero")
    assert isinstance(zero.result, Result)
    for quantity in headline_quantities():
        assert zero.result.headlines[quantity.name] == quantity.of(record.summary)
    assert zero.result.judged == result_of(record).judged
    moved = zero.result.headlines["faithfulness_arm"], found.base.headlines["faithfulness_arm"]
    assert all(isinstance(one, Number) for one in moved)
    assert moved[0] != moved[1]


def test_cells_that_a_setting_does_not_change_are_shared(varied: tuple[Robustness, Path]) -> None:
    _, out = varied
    same = ("pool", "prompts", "scores-arm", "scores-mdm", "effects-arm")
    others = ("sweep-arm", "sweep-mdm", "comparison", "transfer-arm")
    expected = dict.fromkeys(same, 1) | dict.fromkeys(others, 3)
    for task in TASKS:
        files = sorted(path.name for path in (out / "cells" / task).iterdir() if path.suffix != ".seal")
        cells = Counter(name.partition(".")[0] for name in files)
        assert {name: cells[name] for name in expected} == expected, files


def test_the_folder_has_one_record_and_its_variations_beside_it(varied: tuple[Robustness, Path]) -> None:
    found, out = varied
    (record,) = read_folder(out)
    assert set(out.glob("*.json")) == {record, robustness_path(record)}
    assert read_model(robustness_path(record), Robustness) == found


def test_a_plan_counts_what_each_variation_adds(
    tiny: Pair, small: Protocol, varied: tuple[Robustness, Path]
) -> None:
    out = varied[1]
    asked = as_asked(small, TASKS, None)
    edges, kinds = 3628, {"intervention"}
    done = list(plan_variations(subject_of(tiny), small, asked, edges, Store(out), kinds))
    assert [(one.name, one.new) for one in done] == [("the record", 0), ("zero", 0), ("mean", 0)]
    fresh = list(plan_variations(subject_of(tiny), small, asked, edges, Store(out / "elsewhere"), kinds))
    # Of two tasks: both members' sweeps, entropies and transfers; then comparison and function.
    assert [(one.new, one.models) for one in fresh[1:]] == [(16, 12)] * 2
    assert fresh[0].new == fresh[0].cells
    assert "zero" in plan_text(fresh)
