"""Ranks are those of tests of two rows at a time, paired on the tasks whose examples both share."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from build.boards import Truth, a_submitted_record
from build.records import SYMBOLS, TASKS
from mechshift.benchmark.board.entries import Entry
from mechshift.benchmark.board.ranks import Ranks, Unranked, rank_entries
from mechshift.benchmark.contrast.comparison import compare_records
from mechshift.benchmark.record.draws import take_draws
from mechshift.benchmark.record.means import Summary
from mechshift.benchmark.record.number import Measured, Number
from mechshift.benchmark.record.quantity import Quantity
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.row import pair_quantities
from mechshift.benchmark.record.summary import summarise
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.metrics import holm

PLANNING = [task for task, suite in TASKS.items() if suite == "planning"]
LOCAL = [task for task, suite in TASKS.items() if suite == "local"]


def quantity(name: str) -> Quantity[Summary]:
    return next(each for each in pair_quantities() if each.name == name)


def entry(record: Record, **changes: object) -> Entry:
    draws = take_draws(record)
    given = {"status": "self-reported", "draws": draws} | changes
    return Entry(record.pair.name, Path(record.pair.name), record, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """Six rows, four of which share their prompts, at true values that differ by more or less."""
    levels = {"a": 0.9, "b": 0.86, "c": 0.84, "d": 0.5, "e": 0.48, "f": 0.48}
    return [
        entry(
            a_submitted_record(
                name, Truth(local=0.7, planning=level), sample="shared" if name in "acde" else None
            )
        )
        for name, level in levels.items()
    ]


def draws_of(record: Record, task: str) -> tuple[str, float, np.ndarray]:
    """Of a task which examples it is on, its Ĵ, and the draws of it."""
    (found,) = (each for each in record.tasks if each.task == task)
    value = found.comparison.compared.edge.normalised
    assert isinstance(value, Number)
    assert value.draws is not None
    return found.pool.fingerprint, value.value, value.draws


def p_by_hand(a: Record, b: Record, weights: dict[str, float]) -> float:
    """Welch's test of two rows, number by number: fifteen templates a task, drawn 200 times."""
    freedom = 1 / (1 / 14 + 1 / 199)
    apart, variances = 0.0, []
    for task, weight in weights.items():
        (examples, one, drawn), (others, other, redrawn) = (draws_of(record, task) for record in (a, b))
        apart += weight * (one - other)
        parts = [drawn - redrawn] if examples == others else [drawn, redrawn]
        variances += [weight**2 * float(np.var(part, ddof=1)) for part in parts]
    total = sum(variances)
    degrees = total**2 / sum(each**2 / freedom for each in variances)
    return float(2 * stats.t.sf(abs(apart) / math.sqrt(total), degrees))


PLANNED = {task: 1 / len(PLANNING) for task in PLANNING}
SHIFTED = {
    task: sign / 2 / len(kind)
    for suite, sign in ((LOCAL, 1), (PLANNING, -1))
    for kind in ([task for task in suite if task in SYMBOLS], [task for task in suite if task not in SYMBOLS])
    for task in kind
}
"""local − planning within words and within symbols, and the mean of the two"""


def ranks(ranking: Ranks) -> list[int | str]:
    return [rank if isinstance(rank, int) else rank.reason for rank in ranking.ranks]


@pytest.mark.parametrize(
    ("name", "weights"), [("overlap_planning", PLANNED), ("task_dependent_shift", SHIFTED)]
)
def test_ranks_are_those_of_two_rows_at_a_time(
    entries: list[Entry], name: str, weights: dict[str, float]
) -> None:
    tested = quantity(name)
    pairs = list(combinations(range(len(entries)), 2))
    p = [p_by_hand(entries[first].record, entries[second].record, weights) for first, second in pairs]
    adjusted = dict(zip(pairs, holm(p).tolist(), strict=True))
    values = [value_of(tested.of(each.record.summary)) for each in entries]
    expected = [1] * len(entries)
    for (first, second), one in adjusted.items():
        if one <= 0.05:
            expected[first if values[first] < values[second] else second] += 1
    found = rank_entries(entries, tested)
    assert ranks(found) == expected
    for (first, second), one in adjusted.items():
        assert found.adjusted[first, second] == found.adjusted[second, first] == pytest.approx(one, rel=1e-6)
    assert 1 < len(set(expected)) < len(entries)


def test_two_rows_of_a_board_are_told_apart_as_compare_does(entries: list[Entry]) -> None:
    a, b, f = (entries[place] for place in (0, 1, 5))
    for one, other, pairing in ((a, b, "independent"), (a, entries[2], "paired"), (b, f, "independent")):
        compared = compare_records(one.record, other.record)
        for name in ("overlap_local", "task_dependent_shift", "accuracy_mdm_planning", "early_shift_local"):
            (value,) = (each for each in compared.row if each.name == name)
            (p,) = rank_entries([one, other], quantity(name)).adjusted[0, 1:].tolist()
            assert value.p == pytest.approx(p, rel=1e-9), name
            assert value.pairing == (pairing if "accuracy" not in name else "independent")


def test_with_another_tokenizer_nothing_is_paired(entries: list[Entry]) -> None:
    a, c = entries[0], entries[2]
    pair = c.record.pair.model_copy(update={"tokenizer": "other"})
    other = entry(c.record.model_copy(update={"pair": pair}))
    tested = quantity("overlap_planning")
    assert rank_entries([a, c], tested).adjusted[0, 1] < rank_entries([a, other], tested).adjusted[0, 1] / 5
    compared = compare_records(a.record, other.record)
    assert {task.unpaired for task in compared.matched} == {"their tokenizers differ"}


def test_rows_of_other_sizes_have_no_ranks_at_one_size(entries: list[Entry]) -> None:
    a, b = entries[:2]
    tasks = tuple(with_size(task, 200) for task in b.record.tasks)
    larger = entry(b.record.model_copy(update={"tasks": tasks, "summary": summarise(tasks, ())}))
    found = rank_entries([a, larger], quantity("overlap_shift_one_size"))
    assert ranks(found) == ["rows have different one sizes, 100 to 200 edges"] * 2
    assert found.adjusted.shape == (0, 0)
    assert set(rank_entries([a, larger], quantity("task_dependent_shift")).ranks) <= {1, 2}
    assert set(rank_entries([a, b], quantity("overlap_shift_one_size")).ranks) <= {1, 2}


def with_size(task: TaskRecord, edges: int) -> TaskRecord:
    compared = task.comparison.compared.model_copy(update={"edges": edges})
    return task.model_copy(update={"comparison": task.comparison.model_copy(update={"compared": compared})})


def value_of(value: Measured) -> float:
    assert isinstance(value, Number)
    return value.value


def test_what_shares_its_prompts_is_told_apart_sooner(entries: list[Entry]) -> None:
    tested = quantity("overlap_planning")
    paired = rank_entries(entries, tested).adjusted
    alone = rank_entries(list(map(without_draws, entries)), tested).adjusted
    assert paired[0, 2] < alone[0, 2] / 5  # a and c
    assert paired[1, 3] == pytest.approx(
        alone[1, 3], rel=0.2
    )  # b and d share nothing; Holm's factor may move


def without_draws(entry: Entry) -> Entry:
    return Entry(entry.name, entry.place, entry.record, status=entry.status)


def test_the_order_of_tasks_in_a_record_does_not_matter(entries: list[Entry]) -> None:
    turned = [
        Entry(
            each.name,
            each.place,
            each.record.model_copy(update={"tasks": each.record.tasks[:: (-1) ** index]}),
            status="self-reported",
            draws=each.draws,
        )
        for index, each in enumerate(entries)
    ]
    for name in ("overlap_local", "task_dependent_shift"):
        expected = rank_entries(entries, quantity(name))
        found = rank_entries(turned, quantity(name))
        assert found.ranks == expected.ranks
        assert found.adjusted == pytest.approx(expected.adjusted, rel=1e-9)


def test_from_the_other_end(entries: list[Entry]) -> None:
    down = rank_entries(entries, quantity("overlap_planning"))
    up = rank_entries(entries, quantity("overlap_planning"), ascending=True)
    assert down.ranks[0] == up.ranks[-1] == 1
    assert up.ranks[0] == 1 + sum(p <= 0.05 for index, p in enumerate(down.adjusted[0].tolist()) if index > 0)


def test_what_has_no_rank_says_why_and_does_not_count(entries: list[Entry]) -> None:
    others = [
        entry(a_submitted_record("none", missing=["sudoku"])),
        entry(a_submitted_record("control", Truth(planning=0.99), control=True)),
        entry(a_submitted_record("look", Truth(planning=0.99)), unofficial="it is a quick look"),
    ]
    found = rank_entries([*others, *entries], quantity("overlap_planning"))
    assert ranks(found)[:3] == [
        "the ceiling does not exceed the floor",
        "it is a control",
        "no board takes it",
    ]
    assert found.ranks[3:] == rank_entries(entries, quantity("overlap_planning")).ranks


def test_a_quantity_without_intervals_has_no_ranks(entries: list[Entry]) -> None:
    found = rank_entries(entries, quantity("one_size_edges"))
    assert set(found.ranks) == {Unranked("it has no interval")}
    assert found.adjusted.shape == (0, 0)


def test_accuracies_are_compared_without_draws(entries: list[Entry]) -> None:
    assert set(rank_entries(entries, quantity("accuracy_mdm_local")).ranks) == {1}


def test_one_row_is_first(entries: list[Entry]) -> None:
    assert rank_entries(entries[:1], quantity("overlap_planning")).ranks == (1,)
