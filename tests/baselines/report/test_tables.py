"""The tables' cells, by hand."""

from collections.abc import Callable

import pytest

from mechshift.baselines.report import tables
from mechshift.baselines.report.by_task import TaskContrast
from mechshift.baselines.report.claims import CLAIMS
from mechshift.baselines.report.contrast import VERDICTS
from mechshift.baselines.report.quantities import EARLY_SHIFT, OF_TASK
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.report.spread import spread
from mechshift.baselines.structure.roster import PAIRS, POST_TRAINED, about, is_control
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord

MakePairs = Callable[..., Pairs]


def rows_of(text: str) -> list[list[str]]:
    """The cells of a table's lines, without its headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.fixture
def failing(
    make_pairs: MakePairs,
    make_record: Callable[..., Record],
    make_task: Callable[..., TaskRecord],
    make_failed_task: Callable[..., FailedTask],
) -> Pairs:
    """tiny-block has no comparison on countdown."""
    failed = make_failed_task("countdown", "MDM solves 3 of 5000")
    return make_pairs({"tiny-block": make_record("tiny-block", (make_task("ioi"),), (failed,))})


def test_what_was_compared(make_pairs: MakePairs) -> None:
    found = rows_of(tables.setting_table(make_pairs()))
    assert [row[0] for row in found] == [f"`{pair}`" for pair in PAIRS]
    assert [row[1] for row in found] == list(about().values())
    assert found[1][2:] == ["full", "no", "0.50"]
    assert found[7][2:] == ["causal", "yes", "0.50"]


def test_weights_that_were_not_compared_are_a_dash_with_its_reason(
    make_pairs: MakePairs, make_record: Callable[..., Record]
) -> None:
    record = make_record("tiny")
    unknown = record.model_copy(update={"pair": record.pair.model_copy(update={"movement": {}})})
    found = tables.setting_table(make_pairs({"tiny": unknown}))
    assert rows_of(found)[0][4] == "–<sup>1</sup>"
    assert found.endswith("<sup>1</sup> the record holds no movement of the weights")


def test_a_table_of_tasks_has_a_line_for_every_pair_and_a_column_for_every_task(failing: Pairs) -> None:
    found = tables.task_table(failing, OF_TASK["overlap"])
    assert found.splitlines()[0].split() == "| pair | ioi<br>local | countdown<br>planning |".split()
    assert rows_of(found)[0] == ["`tiny`", "0.70 [0.67, 0.73]", "0.40 [0.37, 0.43]"]
    assert rows_of(found)[2] == ["`tiny-block`", "0.60 [0.57, 0.63]", "–<sup>1</sup>"]
    assert found.endswith("<sup>1</sup> MDM solves 3 of 5000")


@pytest.mark.parametrize("make_table", [tables.own_sizes_table, tables.one_size_table])
def test_overlap_by_suite(make_table: Callable[[Pairs], str], failing: Pairs) -> None:
    found = make_table(failing)
    assert rows_of(found)[0] == ["`tiny`", "0.70 [0.67, 0.73]", "0.40 [0.37, 0.43]", "+0.30 [+0.26, +0.34]"]
    assert rows_of(found)[2][2:] == ["–<sup>1</sup>", "–<sup>1</sup>"]
    assert found.endswith("<sup>1</sup> no comparison on countdown")


def test_a_claim_has_a_line_for_every_quantity_and_pair(make_pairs: MakePairs) -> None:
    found = rows_of(tables.claim_table(CLAIMS[2], make_pairs()))
    assert [row[1] for row in found] == 2 * [f"`{pair}`" for pair in POST_TRAINED]
    assert found[0] == [
        "early shift, planning<br>claimed: above 0",
        "`tiny`",
        "+0.200 [+0.170, +0.230]",
        "+0.100 [+0.060, +0.140]",
        "+0.100 [+0.050, +0.150]",
        "50 %",
        "holds",
    ]
    assert found[7][0] == "ratio of early shares, countdown<br>claimed: 2 or more"
    assert found[7][4:] == ["+0.70 [+0.20, +1.20]", "63 %", "holds"]


def test_a_claim_about_a_pair_without_a_value_is_dashes_with_the_reason(failing: Pairs) -> None:
    found = tables.claim_table(CLAIMS[2], failing)
    assert rows_of(found)[2][2:] == [
        "–<sup>1</sup>",
        "+0.100 [+0.060, +0.140]",
        "–<sup>1</sup>",
        "–<sup>1</sup>",
        "–<sup>1</sup>",
    ]
    assert "<sup>1</sup> no comparison on countdown<br>" in found


def test_every_verdict_is_explained() -> None:
    assert [row[0] for row in rows_of(tables.verdict_table())] == [f"*{verdict}*" for verdict in VERDICTS]


def test_contrasts_of_tasks() -> None:
    gone = Missing(missing="too few")
    shift = Number(value=0.1, low=0.05, high=0.15)
    found = tables.contrast_table(
        [
            TaskContrast("ioi", shift, shift, shift, Number(value=0.0001), Number(value=0.0123)),
            TaskContrast("countdown", gone, shift, gone, gone, gone),
        ],
        OF_TASK["early_shift"],
    )
    interval = "+0.10 [+0.05, +0.15]"
    assert rows_of(found) == [
        ["ioi", interval, interval, interval, "< 0.001", "0.012"],
        ["countdown", "–<sup>1</sup>", interval, *3 * ["–<sup>1</sup>"]],
    ]


@pytest.mark.parametrize(
    ("p", "written"), [(0.0496, "0.0496"), (0.05, "0.050"), (0.0504, "0.050"), (0.049996, "0.049996")]
)
def test_a_p_value_shows_on_which_side_of_the_level_it_lies(p: float, written: str) -> None:
    shift = Number(value=0.1, low=0.05, high=0.15)
    contrast = TaskContrast("ioi", shift, shift, shift, Number(value=p), Number(value=p))
    assert rows_of(tables.contrast_table([contrast], OF_TASK["early_shift"]))[0][-2:] == [written] * 2


def test_seeds_side_by_side(make_pairs: MakePairs, failing: Pairs) -> None:
    pairs = make_pairs()
    found = rows_of(tables.seeds_table([spread(EARLY_SHIFT, pairs)], pairs))
    assert found == [
        [
            "early shift, planning",
            "+0.200 [+0.170, +0.230]",
            "+0.010 [-0.020, +0.040]",
            "-0.050 [-0.080, -0.020]",
            *2 * ["+0.010 [-0.020, +0.040]"],
            "0.250",
            "0.060",
            "yes",
        ]
    ]


def test_seeds_of_which_one_has_no_value(
    make_pairs: MakePairs,
    make_record: Callable[..., Record],
    make_task: Callable[..., TaskRecord],
) -> None:
    gone = make_task("countdown", early=Missing(missing="no layer holds importance"))
    pairs = make_pairs({"tiny-seed-2": make_record("tiny-seed-2", (make_task("ioi"), gone))})
    found = rows_of(tables.seeds_table([spread(EARLY_SHIFT, pairs)], pairs))
    others = ["-0.050 [-0.080, -0.020]", *2 * ["+0.010 [-0.020, +0.040]"]]
    assert found[0][2:] == ["–<sup>1</sup>", *others, *3 * ["–<sup>1</sup>"]]


def test_beside_the_pair_without_the_arm(make_pairs: MakePairs) -> None:
    found = rows_of(tables.scratch_table(make_pairs()))
    assert found[0] == [
        "Ĵ local, own sizes",
        "0.70 [0.67, 0.73]",
        "0.10 [0.07, 0.13]",
        "+0.60 [+0.56, +0.64]",
        "0.60 [0.56, 0.64]",
    ]


def test_a_row_has_every_quantity_of_a_board(make_pairs: MakePairs) -> None:
    found = tables.row_table(make_pairs())
    heads = [cell.strip() for cell in found.splitlines()[0].strip("|").split(" | ")]
    of = ("", ", words", ", symbols")
    assert heads[:4] == ["pair", *(f"similarity ρ, local{each}" for each in of)]
    assert heads[-1] == "accuracy, MDM, planning"
    marked = [f"`{pair}`" + " (control)" * is_control(pair) for pair in PAIRS]
    assert [row[0] for row in rows_of(found)] == marked
    assert {len(row) for row in rows_of(found)} == {len(heads)}
