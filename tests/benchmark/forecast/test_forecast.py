"""Whether a run fits, which rows it takes, and which options are offered."""

from dataclasses import replace
from pathlib import Path

import pytest

from mechshift.benchmark.forecast.forecast import (
    Forecast,
    check_fits,
    fitting,
    fitting_rows,
    forecast,
    gigabytes,
    least,
    remedies,
    sampled_forecast,
)
from mechshift.benchmark.forecast.machine import Machine
from mechshift.benchmark.forecast.planned import Planned
from mechshift.benchmark.forecast.report import as_json, render
from mechshift.benchmark.forecast.sizes import sketch_pair
from mechshift.benchmark.pairs.limits import Limits
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import Noise
from mechshift.benchmark.record.protocol import PAPER, QUICK
from mechshift.benchmark.run.assembly import as_asked
from mechshift.errors import NotComputable

# On few examples, only the states of a whole trajectory fill batches.
PROTOCOL = QUICK.changed(pool=60, read="trajectory")
SUDOKU = as_asked(PROTOCOL, ["sudoku"], None)
NOTHING = Planned(())


@pytest.fixture(scope="module")
def found() -> Forecast:
    """Sudoku on the reference pair, as if its weights were wide enough to weigh more than the libraries."""
    return forecast(sketch_pair(get_pair("tiny")), SUDOKU, PROTOCOL, 64)


def card(size: float) -> Machine:
    """An accelerator, on which the host's libraries do not count."""
    return Machine("a card", int(size), 2**60, shared=False)


def test_what_is_needed_is_the_highest_stage(found: Forecast) -> None:
    assert found.needed(card(1)) == max(sum(stage.device.values()) for stage in found.stages)
    shared = Machine("a machine", 1, 1, shared=True)
    moments = [stage.parts(shared=True) for stage in found.stages]
    assert found.needed(shared) == max(sum(map(sum, (a.values(), b.values()))) for a, b in moments)
    # Never more than the most of either, which is told where they are two memories.
    assert all(stage.together <= stage.on_device + sum(stage.host.values()) for stage in found.stages)
    assert any(stage.together < stage.on_device + sum(stage.host.values()) for stage in found.stages)


def test_a_run_is_refused_only_beyond_the_margin(found: Forecast) -> None:
    needed = found.needed(card(1))
    check_fits(found, card(needed))
    check_fits(found, card(needed / 1.24))
    with pytest.raises(NotComputable, match="the run needs"):
        check_fits(found, card(needed / 1.26))


def test_a_host_that_is_too_small_is_seen_too(found: Forecast) -> None:
    host = max(stage.on_host for stage in found.stages)
    with pytest.raises(NotComputable) as caught:
        check_fits(found, Machine("a card", 2**60, 10**8, shared=False))
    assert f"the run needs {gigabytes(host)} of memory" in caught.value.problem
    assert "the host of a card has 0.1 GB free" in caught.value.problem
    assert "of the host of a card it needs" in caught.value.remedy


def test_the_page_is_of_the_memory_that_is_scarcer(found: Forecast) -> None:
    """Of a host the libraries, which no device has; of a device the weights."""
    small_host = Machine("a card", 2**60, 10**8, shared=False)
    text, told = render(found, NOTHING, small_host, 0, 1), as_json(found, NOTHING, small_host, 0, 1)
    assert "libraries" in text
    assert "the host of a card has 0.1 GB free" in text
    host = max(stage.on_host for stage in found.stages)
    assert (told["place"], told["needed"], told["free"]) == ("the host of a card", host, 10**8)
    assert "libraries" not in render(found, NOTHING, card(1), 0, 1)


def test_a_host_holds_a_member_on_its_way_to_an_accelerator(found: Forecast) -> None:
    """It is read there first, and is no further copy where the host's memory is the model's own."""
    loading = next(stage for stage in found.stages if stage.stage == "loading")
    member = max(each.weights for each in found.sketch.sizes)
    # Kept in two bytes a number, and run in four.
    stored = (Path(get_pair("tiny").arm.checkpoint) / "model.safetensors").stat().st_size
    held = loading.host["libraries"] + stored
    assert loading.on_host == held + member
    assert loading.together == loading.on_device + held
    wide = replace(loading, passing={"a member on its way to the device": 10**12})
    passing = replace(found, stages=(*found.stages, wide))
    assert passing.share(Machine("a card", 2**60, 10**12, shared=False)) > 1
    here = Machine("a machine", 2**60, 2**60, shared=True)
    assert passing.share(here) == found.share(here)


def test_fewer_rows_need_less(found: Forecast) -> None:
    needed = [found.changed(rows).needed(card(1)) for rows in (64, 32, 16, 8)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] < needed[0]


def test_the_rows_that_fit_are_the_most_that_do(found: Forecast) -> None:
    for rows in (64, 32, 16):
        assert fitting_rows(found, card(found.changed(rows).needed(card(1)))) == rows
    assert fitting_rows(found, card(1)) == 64


def here(size: float) -> Machine:
    """A machine whose memory the model and its host share."""
    return Machine("a machine", int(size), int(size), shared=True)


def test_a_smaller_memory_holds_less_at_once(found: Forecast) -> None:
    """First fewer rows, then one member, then a part of what a row takes; what is forecast stays within."""
    least_of_all = least(found, None)
    bounds = [found.needed(here(1)), found.changed(8).needed(here(1)), least_of_all.needed(here(1))]
    ways = [fitting(found, here(bound), None) for bound in bounds]
    assert None not in ways
    held = [(way.rows, way.limits.in_turn, way.limits.share) for way in ways if way is not None]
    assert held[0] == (64, False, 1)
    assert held[1] == (8, False, 1)
    assert held[2][0] == 1
    assert held[2][2] < 1
    for bound, way in zip(bounds, ways, strict=True):
        assert way is not None
        assert way.needed(here(bound)) <= bound
        assert {size.share for size in way.sketch.sizes} == {way.limits.share}
    assert fitting(found, here(bounds[2] - 1), None) is None


def test_one_member_is_counted_where_they_take_turns(found: Forecast) -> None:
    wide = tuple(replace(one, parameters=10**9) for one in found.sketch.sizes)
    heavy = replace(found, sketch=replace(found.sketch, sizes=(wide[0], wide[1]))).changed(64)
    turns = heavy.changed(64, limits=Limits(in_turn=True))
    assert heavy.needed(card(1)) - turns.needed(card(1)) > 0.7 * wide[0].weights
    way = fitting(heavy, card(6e9), None)
    assert way is not None
    assert (way.rows, way.limits) == (64, Limits(in_turn=True))
    # The noise of a line is made once, and is not kept in any file.
    noisy = replace(heavy.sketch.spec, noise=Noise(heavy.sketch.spec.mdm))
    line = replace(heavy, sketch=replace(heavy.sketch, spec=noisy))
    assert fitting(line, card(6e9), None) is None


def test_rows_that_are_asked_for_stay(found: Forecast) -> None:
    bound = found.changed(16, limits=Limits(share=0.25)).needed(card(1))
    way = fitting(found, card(bound), 16)
    assert way is not None
    assert way.rows == 16
    assert way.limits.in_turn or way.limits.share < 1


def test_the_options_that_are_offered_make_it_fit(found: Forecast) -> None:
    half = found.changed(16).needed(card(1))
    offered = remedies(found, card(half))
    assert offered[0] == "--batch 16"
    assert "--dtype bfloat16" in " ".join(offered)
    assert remedies(found, card(1)) == []


def test_bytes_that_are_two_already_are_not_offered_again(found: Forecast) -> None:
    half = found.changed(64, itemsize=2)
    assert not any("dtype" in option for option in remedies(half, card(half.changed(16).needed(card(1)))))


def test_grouped_edges_are_offered_where_copies_are_made(found: Forecast) -> None:
    grouped = tuple(replace(one, kv_heads=1) for one in found.sketch.sizes)
    sketch = replace(found.sketch, sizes=(grouped[0], grouped[1]))
    protocol = PAPER.changed(pool=60)
    paper = replace(found, sketch=sketch, protocol=protocol).changed(64)
    without = paper.changed(64, protocol=protocol.changed(kv="grouped"))
    assert paper.needed(card(1)) > without.needed(card(1))
    assert "--protocol v2" in remedies(paper, card(paper.needed(card(1)) - 1000))


def test_a_refusal_says_what_is_needed_where_nothing_helps(found: Forecast) -> None:
    with pytest.raises(NotComputable, match="no option makes it fit"):
        check_fits(found, card(1))


def test_a_sample_is_seldom_below_the_whole(found: Forecast) -> None:
    sample = sampled_forecast(found.sketch, SUDOKU, PROTOCOL, 64)
    assert found.needed(card(1)) <= sample.needed(card(1)) < 2.5 * found.needed(card(1))


def test_bytes_are_written_as_gigabytes() -> None:
    assert [gigabytes(size) for size in (80e9, 1.25e9, 4_200_000)] == ["80.0 GB", "1.2 GB", "0.004 GB"]
