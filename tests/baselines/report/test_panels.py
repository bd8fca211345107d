"""The panels draw the records' numbers, and name what there is none of."""

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.figure import Figure

from mechshift.baselines.report import panels
from mechshift.baselines.report.records import Pairs
from mechshift.baselines.structure.roster import PAIRS
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord

MakePairs = Callable[..., Pairs]


def axes_with(panel: Callable[..., None], *arguments: Any) -> Any:
    axes = Figure().subplots()
    panel(axes, *arguments)
    return axes


@pytest.fixture
def failing(
    make_pairs: MakePairs,
    make_record: Callable[..., Record],
    make_task: Callable[..., TaskRecord],
    make_failed_task: Callable[..., FailedTask],
) -> Pairs:
    """tiny has profiles of its own on ioi, and tiny-block has no comparison on it."""
    return make_pairs(
        {
            "tiny": make_record("tiny", (make_task("ioi", arm=0.3, mdm=0.7), make_task("countdown"))),
            "tiny-block": make_record(
                "tiny-block", (make_task("countdown"),), (make_failed_task("ioi", "too few"),)
            ),
        }
    )


def test_profiles_are_the_records(failing: Pairs) -> None:
    axes = axes_with(panels.profile_panel, failing, "ioi")
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert list(lines) == ["ARM", *PAIRS]
    assert lines["ARM"] == pytest.approx([0.3, 0.45, 0.25])
    assert lines["tiny"] == pytest.approx([0.7, 0.05, 0.25])
    assert lines["tiny-scratch"] == pytest.approx([0.6, 0.15, 0.25])
    assert lines["tiny-block"] == []


def test_a_pair_without_a_profile_is_named(failing: Pairs) -> None:
    axes = axes_with(panels.profile_panel, failing, "ioi")
    assert [text.get_text() for text in axes.texts] == ["no profile:\ntiny-block"]


def test_where_all_have_profiles_nothing_is_said(make_pairs: MakePairs) -> None:
    assert not axes_with(panels.profile_panel, make_pairs(), "ioi").texts


def test_overlaps_are_the_records_with_their_intervals(make_pairs: MakePairs) -> None:
    axes = axes_with(panels.overlap_panel, make_pairs())
    points = {line.get_xdata()[0] for line in axes.get_lines() if len(line.get_xdata()) == 1}
    assert {0.70, 0.62, 0.50, 0.71, 0.69, 0.60, 0.10, 0.40, 0.55, 0.65, 0.44, 0.30, 0.05} <= points
    ends = [tuple(segment[:, 0]) for lines in axes.collections for segment in lines.get_segments()]
    assert len(ends) == 2 * len(PAIRS)
    assert ends[0] == pytest.approx((0.67, 0.73))


def test_pairs_stand_beside_one_another_within_their_task(make_pairs: MakePairs) -> None:
    axes = axes_with(panels.overlap_panel, make_pairs())
    places = [line.get_ydata()[0] for line in axes.get_lines() if len(line.get_xdata()) == 1]
    assert len(set(places)) == 2 * len(PAIRS)
    assert sorted(round(place) for place in places) == len(PAIRS) * [0] + len(PAIRS) * [1]


def test_an_overlap_that_is_missing_is_said_in_its_place(failing: Pairs) -> None:
    axes = axes_with(panels.overlap_panel, failing)
    (said,) = axes.texts
    assert (said.get_text(), said.get_color()) == ("no value", panels.LOOKS["tiny-block"][0])
    assert round(said.get_position()[1]) == 0


def test_pairs_without_a_record_are_not_drawn_and_the_others_keep_their_looks(make_pairs: MakePairs) -> None:
    every = make_pairs()
    some = Pairs({pair: every.records[pair] for pair in ("tiny", "tiny-continued")})
    for panel, arguments in ((panels.profile_panel, ("ioi",)), (panels.overlap_panel, ())):
        looks, of_some = (
            {
                line.get_label(): (line.get_color(), line.get_marker())
                for line in axes_with(panel, pairs, *arguments).get_lines()
                if not str(line.get_label()).startswith("_")
            }
            for pairs in (every, some)
        )
        assert of_some.keys() - {"ARM"} == some.records.keys()
        assert of_some.items() <= looks.items()
