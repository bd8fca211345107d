"""What a comparison holds, tests and says."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas
import pytest

from build.records import a_comparison, a_failed_task, a_pair, a_record, a_task, number
from build.resampled import a_resampled_record, a_resampled_task, draw_prompts
from mechshift.benchmark.contrast.comparison import ALPHA, RecordComparison, compare_records
from mechshift.benchmark.contrast.table import comparison_table, values_of
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import QUICK, V2
from mechshift.benchmark.record.quantities import task_quantities
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.row import pair_quantities
from mechshift.benchmark.record.summary import SUITES
from mechshift.errors import NotComputable
from mechshift.metrics import holm

TASKS = ("ioi", "countdown")


@pytest.fixture(scope="module")
def found() -> RecordComparison:
    """B's overlap on countdown is lower by .3, all else is A's but for noise; examples are shared."""
    before = {name: draw_prompts(place) for place, name in enumerate(TASKS)}
    after = {name: values + 0.002 * draw_prompts(9) - 0.001 for name, values in before.items()}
    after["countdown"] = after["countdown"] - np.array([0.3, 0, 0, 0, 0])
    a, b = a_resampled_record(before), a_resampled_record(after)
    return compare_records(a, b.model_copy(update={"pair": a_pair("later")}))


def test_every_declared_quantity_is_compared_by_row_and_by_task(found: RecordComparison) -> None:
    assert [value.name for value in found.row] == [quantity.name for quantity in pair_quantities()]
    assert [value.name for value in found.tasks] == [
        f"{quantity.name}.{task}" for task in TASKS for quantity in task_quantities()
    ]


def test_what_was_changed_differs_and_nothing_else(found: RecordComparison) -> None:
    differing = [value.name for value in found.values if value.differs]
    assert differing == ["overlap_planning", "overlap_shift", "overlap.countdown"]
    assert found.verdict == (
        f"3 of {len(found.tested)} tested values differ (Holm, α = 0.05): overlap Ĵ, planning; "
        "overlap shift; Ĵ of edges on countdown."
    )
    assert repr(found) == f"RecordComparison(tiny, later: {found.verdict})"


def test_the_family_is_of_all_values_with_an_interval_that_a_regression_is_looked_for_in(
    found: RecordComparison,
) -> None:
    watched = [
        value for value in found.values if value.quantity.definition.regression and value.p is not None
    ]
    # Metrics of two models have no common scale, and both members are others here.
    family = [value for value in watched if value.quantity.name not in ("gap_arm", "gap_mdm")]
    assert len(family) == len(watched) - 2 * len(TASKS)
    assert list(found.tested) == family
    assert [value.adjusted_p for value in family] == pytest.approx(holm([value.p or 0 for value in family]))
    assert {value.name for value in found.row} - {value.name for value in family} == {
        "one_size_edges",
        "overlap_shift_one_size",
        # The same shifts by another weighting, which are there to be read beside those by mass.
        *(f"{name}_squared_{suite}" for name in ("early_shift", "specialisation_shift") for suite in SUITES),
        # Of the four kinds of task two are asked, so that nothing can be told apart within one.
        "similarity_local_symbols",
        "similarity_planning_words",
        *(
            f"transfer_in_{host}_{kind}"
            for host in ("arm", "mdm")
            for kind in ("local_symbols", "planning_words")
        ),
        "task_dependent_shift",
        "task_dependent_shift_words",
        "task_dependent_shift_symbols",
        "task_dependent_shift_across",
    }
    assert ALPHA == 0.05


def test_the_metric_gap_is_tested_where_the_member_is_the_same_model() -> None:
    a = a_resampled_record({name: draw_prompts(0) for name in TASKS})
    mdm = a.pair.mdm.model_copy(update={"digest": "0" * 64})
    b = a.model_copy(update={"pair": a.pair.model_copy(update={"mdm": mdm})})
    tested = {value.name for value in compare_records(a, b).tested}
    assert {name for name in tested if name.startswith("gap")} == {f"gap_arm.{task}" for task in TASKS}


def test_how_values_are_paired(found: RecordComparison) -> None:
    pairing = {value.name: value.pairing for value in found.values}
    assert pairing["overlap.ioi"] == pairing["overlap_local"] == pairing["overlap_shift"] == "paired"
    assert pairing["accuracy_mdm.ioi"] == pairing["accuracy_mdm_local"] == "independent"
    assert pairing["edges.ioi"] is pairing["one_size_edges"] is pairing["overlap_nodes.ioi"] is None


def test_a_row_of_tasks_of_which_one_has_other_examples_is_partly_paired() -> None:
    a = a_resampled_record({name: draw_prompts(0) for name in TASKS})
    other = a_resampled_task("ioi", draw_prompts(0), fingerprint="beef")
    found = compare_records(a, a_resampled_record({"ioi": other, "countdown": draw_prompts(0)}))
    pairing = {value.name: value.pairing for value in found.row}
    assert pairing["overlap_shift"] == "partly paired"
    assert pairing["overlap_local"] == "independent"
    assert "Taken for independent, as their examples differ: ioi." in found.notes


def test_a_record_does_not_differ_from_itself() -> None:
    a = a_resampled_record({name: draw_prompts(0) for name in TASKS})
    found = compare_records(a, a)
    for value in found.values:
        if isinstance(value.a, Number):
            assert isinstance(value.difference, Number), value.name
            assert value.difference.value == 0
        else:
            assert isinstance(value.difference, Missing)
    assert {value.adjusted_p for value in found.tested} == {1.0}
    assert found.verdict.startswith("None of ")
    assert "Both records are of the same weights." in found.notes


def test_other_protocols_are_not_compared_and_other_seeds_are() -> None:
    a = a_record()
    with pytest.raises(NotComputable, match="pool is 500 in A and 80 in B") as refused:
        compare_records(a, a_record(protocol=QUICK))
    assert refused.value.exit_code == 3
    fewer = V2.changed(tasks=V2.tasks[:3])
    with pytest.raises(NotComputable, match="task countdown is small@2 in A and absent in B"):
        compare_records(a, a_record(protocol=fewer))
    reseeded = V2.reseeded(3)
    assert (reseeded.name, reseeded.sampling.seed, reseeded.board) == ("v2-seed-3", 3, False)
    assert V2.reseeded(0) is V2
    assert len(compare_records(a, a_record(protocol=reseeded)).matched) == len(V2.tasks) == 10


def test_tasks_of_one_record_or_of_another_level_are_told_and_left_out() -> None:
    a = a_record(tasks=(a_task("ioi"), a_task("countdown"), a_task("sudoku")))
    b = a_record(tasks=(a_task("ioi"), a_task("countdown", level="large")))
    found = compare_records(a, b)
    assert [task.name for task in found.matched] == ["ioi"]
    assert [note for note in found.notes if note.startswith("Not compared")] == [
        "Not compared: countdown is of level small, version 2 in A and large, 2 in B.",
        "Not compared: sudoku is only in A.",
    ]
    with pytest.raises(NotComputable, match="no task in common: ioi is only in A"):
        compare_records(a_record(tasks=(a_task("ioi"),)), a_record(tasks=(a_task("sudoku"),)))


def test_a_failed_task_is_compared_as_far_as_it_came() -> None:
    a = a_record(tasks=(a_task("ioi"),), failed=(a_failed_task("sudoku", "too few"),))
    found = {value.name: value for value in compare_records(a, a_record()).tasks}
    assert found["overlap.sudoku"].difference == Missing(missing="A: too few")
    assert isinstance(found["accuracy_arm.sudoku"].difference, Number)


def test_a_pair_and_its_control_are_compared_and_said_to_be() -> None:
    arm = {"digest": "the same"}
    a = a_record("tiny").model_copy(update={"pair": a_pair("tiny", arm)})
    b = a.model_copy(update={"pair": a_pair("tiny-continued", arm, control=True)})
    notes = compare_records(a, b).notes
    assert notes[:2] == (
        "B is a control pair: what is called mdm is its ARM, trained further.",
        "Both start from the same ARM: the difference is what one training changed beyond the other.",
    )
    environment = b.environment.model_copy(update={"torch": "2.6.0", "threads": 9})
    other = b.model_copy(update={"environment": environment, "pair": a_pair("larger", edges=2000)})
    notes = compare_records(b, other).notes
    assert "Their graphs differ: 1,000 and 2,000 edges." in notes
    assert "They were measured with different torch (2.13.0, 2.6.0)." in notes


def test_the_frame_has_a_row_per_value(found: RecordComparison) -> None:
    frame = found.to_frame()
    assert len(frame) == len(found.values)
    row = frame[frame["task"].isna() & (frame["quantity"] == "overlap_planning")].iloc[0]
    assert row["difference"] == pytest.approx(row["b"] - row["a"])
    assert row["low"] < row["difference"] < row["high"] < -0.29
    missing = frame[(frame["task"] == "ioi") & (frame["quantity"] == "overlap_nodes")].iloc[0]
    assert missing["reason"] == "A and B: the ceiling does not exceed the floor"
    assert pandas.isna(missing["difference"])
    assert pandas.api.types.is_float_dtype(frame["adjusted_p"])


def test_the_text_fits_the_terminal_and_stars_what_differs(found: RecordComparison) -> None:
    text = comparison_table(found, "text", 80)
    lines = text.splitlines()
    assert lines[0].startswith("3 of ")
    assert max(map(len, lines)) <= 80
    starred = [re.split(" {2,}", line)[0] for line in lines if line.count("]*")]
    assert starred == ["overlap Ĵ, planning", "overlap shift", "Ĵ of edges"]
    assert "A: tiny, v2@3" in lines
    assert lines[-1] == "mechshift compare A B --format csv prints the names for --fail-on."


def test_every_format_has_every_quantity(found: RecordComparison) -> None:
    github = comparison_table(found, "github")
    assert "| overlap Ĵ, planning" in github
    assert "--fail-on" not in github
    latex = comparison_table(found, "latex")
    assert r"overlap $\hat{J}$, planning" in latex
    assert "Ĵ" not in latex
    csv = comparison_table(found, "csv").splitlines()
    assert len(csv) == 1 + len(found.values)
    assert csv[0] == (
        "task,quantity,a,a_low,a_high,b,b_low,b_high,difference,low,high,pairing,p,adjusted_p,reason"
    )
    values = json.loads(json.dumps(values_of(found)))
    assert values["differing"] == ["overlap_planning", "overlap_shift", "overlap.countdown"]
    assert len(values["values"]) == len(found.values)
    assert values["b"]["pair"] == "later"


def test_small_p_values_are_not_written_out(found: RecordComparison) -> None:
    value = next(value for value in found.row if value.name == "overlap_planning")
    assert value.p is not None
    assert value.p < 1e-9
    changed = replace(found, row=(replace(value, p=0.0312, adjusted_p=0.06, difference=number(0.1, 0.09)),))
    text = comparison_table(changed, "text", 200)
    assert "<0.001" in comparison_table(found, "text", 200)
    assert "0.031" in text
    assert "+0.10 [+0.01, +0.19]  " in text


def test_numbers_beyond_arithmetic_are_an_error_in_words() -> None:
    def of(value: float) -> Record:
        number = Number(value=value, low=value - abs(value) / 100, high=value)
        tasks = tuple(a_task(name, comparison=a_comparison((100, number))) for name in ("ioi", "induction"))
        return a_record(tasks=tasks)

    with pytest.raises(NotComputable, match="cannot be compared with"):
        compare_records(of(1.7e308), of(-1.7e308))
