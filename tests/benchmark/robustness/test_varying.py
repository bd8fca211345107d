"""Variations of a record from its cells: what moves, what does not, what is kept and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from build.submissions import SMALL
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.robustness import (
    VARIED_KINDS,
    Result,
    Robustness,
    Varied,
    robustness_path,
)
from mechshift.benchmark.record.task_record import TaskResult
from mechshift.benchmark.robustness.of_record import vary_record
from mechshift.benchmark.robustness.text import robustness_text, robustness_values
from mechshift.benchmark.robustness.variations import list_settings, list_variations
from mechshift.benchmark.robustness.varying import NEEDS_PAIR, RecordPlace, vary
from mechshift.errors import NotComputable


def by_name(found: Robustness) -> dict[str, Varied]:
    return {one.name: one for one in found.variations}


def result(found: Robustness, name: str) -> Result:
    one = by_name(found)[name].result
    assert isinstance(one, Result)
    return one


def test_a_variation_has_a_name_of_its_own_and_differs_from_the_record(path: Path) -> None:
    record = read_model(path, Record)
    each = list_variations(record)
    assert len({one.name for one in each}) == len(each)
    # `scoring` has variations where a protocol has more than one method.
    assert {one.kind for one in each} | {"scoring"} == set(VARIED_KINDS)
    for one in each:
        assert one.settings or one.from_cells is not None
        assert not one.settings or SMALL.changed(**one.settings) != SMALL
    for steps in (5, 10, 30):
        assert ("points", f"m = {steps}", {"steps": steps}) in list_settings(SMALL, 1000)
        fixed = [
            name for kind, name, _ in list_settings(SMALL.changed(steps=steps), 1000) if kind == "points"
        ]
        assert f"m = {steps}" not in fixed


def test_everything_that_needs_no_model_is_varied_and_the_rest_named(path: Path) -> None:
    found = vary_record(path)
    record = read_model(path, Record)
    of_cells = {one.name for one in list_variations(record) if one.from_cells is not None}
    assert set(by_name(found)) == of_cells
    assert found.left_out == {
        one.name: NEEDS_PAIR for one in list_variations(record) if one.from_cells is None
    }
    assert {
        "m = 5",
        "zero",
        "rule left",
        "read trajectory",
        "order random",
        "one step",
    } <= found.left_out.keys()
    assert read_model(robustness_path(path), Robustness) == found


def test_another_seed_of_the_resampling_moves_intervals_and_no_value_that_is_a_mean(path: Path) -> None:
    found = vary_record(path, {"resampling"})
    own, varied = found.base.headlines, result(found, "resampling seed 1").headlines
    for name in ("early_shift_local", "early_shift_planning", "faithfulness_arm", "faithfulness_mdm"):
        one, other = own[name], varied[name]
        assert isinstance(one, Number)
        assert isinstance(other, Number)
        assert other.value == pytest.approx(one.value, abs=1e-12)
        assert (one.low, one.high) != (other.low, other.high)


def test_a_size_is_what_a_run_under_that_size_has(path: Path) -> None:
    """Depth at the record's own size moves nothing; the whole graph has no overlap."""
    found = vary_record(path, {"budget"})
    record = read_model(path, Record)
    sizes = {task.comparison.compared.edges for task in record.tasks}
    assert len(sizes) == 1, "both tasks have one size here"
    edges, whole = record.pair.edges, result(found, "100 % of edges")
    (own,) = (
        f"{100 * share:g} % of edges" for share in SMALL.sweeping.grid if int(share * edges) == max(sizes)
    )
    same = result(found, own)
    for name in ("early_shift_local", "specialisation_shift_planning", "similarity_local", "overlap_local"):
        assert same.headlines[name] == found.base.headlines[name]
    assert isinstance(whole.headlines["overlap_local"], Missing)
    assert whole.headlines["similarity_local"] == found.base.headlines["similarity_local"]
    # Transfer was not run at any of them, so that no verdict is told.
    assert same.judged.suites == same.judged.tasks == {}
    assert same.judged.unjudged == "circuits of this variation were not run in the other member"
    assert same.headlines["transfer_in_arm_local"] == Missing(missing=same.judged.unjudged)


def test_what_is_there_is_not_made_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = vary_record(path, {"resampling"})

    def refuse(*given: Any) -> None:
        raise AssertionError("a cell was read")

    monkeypatch.setattr("mechshift.benchmark.robustness.varying.kept_task", refuse)
    assert vary_record(path, {"resampling"}) == first
    monkeypatch.undo()
    both = vary_record(path, {"weighting"})
    assert {one.kind for one in both.variations} == {"resampling", "weighting"}
    assert by_name(both)["resampling seed 1"] == by_name(first)["resampling seed 1"]


def test_another_records_variations_are_made_anew(path: Path) -> None:
    vary_record(path, {"weighting"})
    file = robustness_path(path)
    content = read_model(file, Robustness)
    file.write_text(content.model_copy(update={"record": "0" * 64}).model_dump_json())
    told: list[str] = []
    found = vary_record(path, {"resampling"}, told.append)
    assert {one.kind for one in found.variations} == {"resampling"}
    assert "is of another record" in told[0]
    file.write_text("{")
    assert vary_record(path, {"resampling"}) == found


def test_a_record_without_its_cells_is_refused_and_leaves_nothing(path: Path) -> None:
    for cell in path.parent.rglob("scores-arm.*"):
        cell.unlink()
    with pytest.raises(NotComputable, match="does not hold scores-arm"):
        vary_record(path, {"resampling"})
    assert not robustness_path(path).exists()


def test_models_run_under_the_changed_setting_and_under_a_name_that_says_so(path: Path) -> None:
    """A stand-in for the runs that says what it was asked and gives the record's own tasks."""
    record, asked = read_model(path, Record), list[Protocol]()

    def run_under(protocol: Protocol) -> list[TaskResult]:
        asked.append(protocol)
        return list(record.results)

    found = vary(record, RecordPlace(path, path), {"intervention", "budget"}, run_under)
    assert {one.name for one in found.variations if one.with_models} == by_name(found).keys()
    assert [protocol.sweeping.intervention for protocol in asked if not protocol.compared.circuit_edges] == [
        "zero",
        "mean",
    ]
    assert all(not protocol.board and protocol.name != record.protocol.name for protocol in asked)
    # The same tasks again: nothing moves, and every verdict holds.
    for one in found.variations:
        assert isinstance(one.result, Result)
        assert one.result.headlines == found.base.headlines
        assert one.result.judged == found.base.judged
    for suite in ("local", "planning"):
        assert found.changes_under("suites", suite) == {}
        assert found.holding("suites", suite) == (len(found.variations), len(found.variations))


def test_sizes_of_cells_alone_are_made_again_with_the_models(path: Path) -> None:
    record = read_model(path, Record)
    assert not any(one.with_models for one in vary_record(path, {"budget"}).variations)
    found = vary(record, RecordPlace(path, path), {"budget"}, lambda protocol: list(record.results))
    assert all(one.with_models for one in found.variations)
    # And not again without them.
    assert vary_record(path, {"budget"}) == found


def test_what_cannot_run_is_a_reason(path: Path) -> None:
    record = read_model(path, Record)

    def run_under(protocol: Protocol) -> list[TaskResult]:
        raise NotComputable("no task gives a comparison", "choose another")

    found = vary(record, RecordPlace(path, path), {"intervention"}, run_under)
    assert by_name(found)["zero"].result == Missing(missing="no task gives a comparison")
    assert found.holding("suites", "local") == (0, 0)
    assert "no task gives a comparison" in robustness_text(found)


def test_text_and_values_have_every_variation(path: Path) -> None:
    found = vary_record(path, {"prompts", "read", "budget", "weighting"})
    text, values = robustness_text(found, 120), robustness_values(found)
    for one in found.variations:
        assert one.name in text
    assert max(map(len, text.splitlines())) <= 120
    assert [one["name"] for one in values["variations"]] == [one.name for one in found.variations]
    assert "Not varied:" in text
    assert NEEDS_PAIR in text
    (moved,) = (one for one in values["variations"] if one["name"] == "squared mass")
    own = values["base"]["headlines"]["early_shift_local"]
    early = moved["headlines"]["early_shift_local"]
    assert early["move"] == pytest.approx(early["value"] - own["value"])
    assert early["half_widths"] == pytest.approx(early["move"] / ((own["high"] - own["low"]) / 2))
    assert early["value"] == values["base"]["headlines"]["early_shift_squared_local"]["value"]
