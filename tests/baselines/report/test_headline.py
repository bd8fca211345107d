"""The headline over seeds, from records made by hand."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from build.records import number
from mechshift.baselines.report.headline import (
    headline_over_seeds,
    headline_sentence,
    headline_table,
    plain_sentence,
)
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.structure.roster import CONTROLS, SEEDS
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import TaskRecord
from mechshift.metrics import seeds_difference, seeds_mean

MDM, CONTROL = (0.70, 0.72, 0.74, 0.71, 0.73), (0.90, 0.91, 0.89, 0.90, 0.92)


@pytest.fixture
def pairs(make_record: Callable[..., Record], make_task: Callable[..., TaskRecord]) -> Pairs:
    """The headline is that of the one task in words, plus .1 in symbols."""

    def record(pair: str, value: float) -> Record:
        tasks = []
        for task, apart in (("ioi", 0.0), ("greater-than", 0.1), ("article", 0.0), ("countdown", 0.1)):
            made = make_task(task)
            structure = {**made.comparison.structure, "standardised": number(value + apart, 0.02)}
            comparison = made.comparison.model_copy(update={"structure": structure})
            tasks.append(made.model_copy(update={"comparison": comparison}))
        return make_record(pair, tuple(tasks))

    by_pair = {**dict(zip(SEEDS, MDM, strict=True)), **dict(zip(CONTROLS, CONTROL, strict=True))}
    return Pairs({pair: record(pair, value) for pair, value in by_pair.items()})


def test_means_and_their_difference_are_over_seeds(pairs: Pairs) -> None:
    found = {each.quantity.name: each for each in headline_over_seeds(pairs)}
    words = found["similarity_local_words"]
    assert isinstance(words.mdm, Number)
    assert (words.mdm.value, words.mdm.low) == pytest.approx((0.72, seeds_mean(MDM).low))  # type: ignore[union-attr]
    assert isinstance(words.difference, Number)
    expected = seeds_difference(MDM, CONTROL)
    assert (words.difference.low, words.difference.high) == pytest.approx((expected.low, expected.high))  # type: ignore[union-attr]
    for name, control in (("local", 0.954), ("planning_symbols", 1.004), ("planning_words", 0.904)):
        value = found[f"similarity_{name}"].control
        assert isinstance(value, Number)
        assert value.value == pytest.approx(control)
    assert "task_dependent_shift_across" not in found


def test_a_seed_without_a_value_is_a_reason_and_one_seed_has_no_interval(pairs: Pairs) -> None:
    alone = Pairs({pair: pairs.records[pair] for pair in (SEEDS[0], CONTROLS[0])})
    first = headline_over_seeds(alone)[0]
    assert isinstance(first.mdm, Number)
    assert (first.mdm.value, first.mdm.low) == (pytest.approx(0.75), None)
    assert isinstance(first.difference, Missing)
    broken = pairs.records[SEEDS[1]]
    summary = broken.summary.similarity.model_copy(update={"suites": {"local": Missing(missing="why")}})
    record = broken.model_copy(update={"summary": broken.summary.model_copy(update={"similarity": summary})})
    lacking = headline_over_seeds(replace(pairs, records={**pairs.records, SEEDS[1]: record}))[0]
    assert lacking.mdm == lacking.difference == Missing(missing="why")


def test_the_report_says_the_headline_and_what_carries_plain_rho(pairs: Pairs) -> None:
    said = headline_sentence(pairs)
    assert "Further training alone leaves ρ = 0.954" in said
    assert "post-training 0.770" in said
    heading, _, lines = headline_table(pairs)
    assert heading == "### The headline by seed"
    assert "0.750, 0.770, 0.790, 0.760, 0.780" in lines
    assert "carried by 6 to 6 edges, by task, 6 in the median" in plain_sentence(pairs)
