"""Seconds of cells, worked out by hand from operations, and a probe that counts the operations it times."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.forecast import probe
from mechshift.benchmark.forecast.forecast import Forecast, forecast
from mechshift.benchmark.forecast.probe import Growth, Speeds, _random_member, _statistics, measure_speeds
from mechshift.benchmark.forecast.seconds import earlier_forecast, seconds_at, works_of
from mechshift.benchmark.forecast.sizes import sketch_pair
from mechshift.benchmark.forecast.workload import Passes
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.benchmark.record.protocol import QUICK, Protocol
from mechshift.benchmark.run.assembly import as_asked

PROTOCOL = QUICK.changed(pool=12, minimum=2, candidates=1, grid=(0.01, 1.0))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def found() -> Forecast:
    tasks = as_asked(PROTOCOL, ["ioi", "countdown"], None)
    return forecast(sketch_pair(get_pair("tiny")), tasks, PROTOCOL, 64)


def test_operations_are_two_a_parameter_and_position(found: Forecast) -> None:
    edges = Graph.of(found.sketch.arm.backbone.shape).edges
    sizes = found.sketch.sizes[0]
    passes = Passes(tokens=10, reads=3, differentiated=4, graded=1, extracted=5)
    head = sizes.width * sizes.vocabulary
    assert passes.forward_flop(sizes) == 2 * (sizes.active * 6 + head * 2)
    assert passes.graded_flop(sizes) == 2 * 2 * (sizes.active * 4 + head)
    assert passes.flop(sizes) == passes.forward_flop(sizes) + passes.graded_flop(sizes)
    assert passes.extraction_flop(sizes) == 2 * edges * sizes.width * 5


def test_a_probe_s_speeds_make_seconds(found: Forecast) -> None:
    seconds = seconds_at(found, Speeds(2e9, 5e8, fixed=Growth(3.0, 1e-6), ranked=Growth(0.5, 1e-7)))
    arm, mdm = found.tasks[0].members
    sizes = found.sketch.sizes[0]
    decoding = arm.passes["decoding"].forward_flop(sizes) + mdm.passes["decoding"].forward_flop(sizes)
    assert seconds["ioi", "pool"] == pytest.approx(decoding / 2e9)
    scores = mdm.passes["attribution"]
    before = scores.forward_flop(sizes) + scores.extraction_flop(sizes)
    assert seconds["ioi", "scores-mdm"] == pytest.approx(before / 2e9 + scores.graded_flop(sizes) / 5e8)
    assert seconds["ioi", "comparison"] == pytest.approx(
        3.0 + 1e-6 * sizes.graph.edges + 101 * (0.5 + 1e-7 * sizes.graph.edges)
    )
    assert seconds["countdown", "circuit-arm"] == 0
    # Of each member: scores, sweep, circuit, entropies, effects, cards, ablation, transfer; of both: pool,
    # prompts, comparison, stages, causality, function.
    assert len(seconds) == 2 * (2 * 8 + 6)


def test_a_probe_gives_the_threads_back(found: Forecast) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        measure_speeds(replace(found, protocol=PROTOCOL.changed(grid=(0.001, 1.0))), CPU, 0.1)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_an_earlier_task_tells_another_by_its_operations(found: Forecast) -> None:
    works = works_of(found)
    earlier = {("ioi", "pool"): 3.0, ("ioi", "comparison"): 40.0}
    seconds = earlier_forecast(found, earlier)
    ratio = works["countdown", "pool"].flop / works["ioi", "pool"].flop
    assert seconds == {
        **earlier,
        ("countdown", "pool"): pytest.approx(3.0 * ratio),
        ("countdown", "comparison"): 40.0,
    }
    assert earlier_forecast(found, {}) == {}


def test_the_random_model_takes_the_operations_that_are_counted(found: Forecast) -> None:
    """Products of matrices, counted by torch, on two rows of six tokens of which one is read."""
    member, sizes = _random_member(found, CPU)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        hidden = member.hidden(torch.zeros(2, 6, sizes.width))
        assert bool(member.logits(hidden[:, -1]).isfinite().any())
    products = sum(
        number
        for operation, number in counter.get_flop_counts()["Global"].items()
        if "attention" not in str(operation)
    )
    assert products == 2 * 2 * (sizes.active * 6 + sizes.width * sizes.vocabulary)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3", "qwen3_moe"])
def test_of_a_large_pair_one_layer_is_enough(
    kind: str, write: Callable[..., object], found: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "WEIGHTS", 1)
    sketch = sketch_pair(declare_pair(str(write("arm", kind)), str(write("mdm", kind, seed=1))))
    member, sizes = _random_member(replace(found, sketch=sketch), CPU)
    assert (sizes.layers, sketch.sizes[1].layers) == (1, 2)
    assert sizes.width == sketch.sizes[1].width
    assert member.hidden(torch.zeros(1, 3, sizes.width)).isfinite().all()


def test_statistics_take_as_long_as_the_clock_says(found: Forecast, monkeypatch: pytest.MonkeyPatch) -> None:
    """5 s and 3 ms an edge once, and 2 s and 1 ms an edge for the sample and for every resample."""

    def comparing(graph: Graph, protocol: Protocol, resamples: int) -> float:
        return 5.0 + 3e-3 * graph.edges + (2.0 + 1e-3 * graph.edges) * (resamples + 1)

    monkeypatch.setattr(probe, "_comparing", comparing)
    fixed, ranked = _statistics(found, 0.0)
    assert (fixed.start, fixed.slope) == (pytest.approx(5.0), pytest.approx(3e-3))
    assert (ranked.start, ranked.slope) == (pytest.approx(2.0), pytest.approx(1e-3))


@pytest.mark.parametrize(
    ("small", "large", "line"),
    [
        ((100, 2.0), (300, 4.0), Growth(1.0, 0.01)),
        ((100, 1.0), (300, 6.0), Growth(0.0, 0.02)),  # it would begin at −1.5
        ((100, 3.0), (300, 2.0), Growth(2.0, 0.0)),  # it would fall
        ((300, 6.0), (300, 6.0), Growth(0.0, 0.02)),  # a graph of two layers has no smaller one
        ((100, 0.0), (300, 0.0), Growth(0.0, 0.0)),
    ],
)
def test_a_line_neither_begins_below_nothing_nor_falls(
    small: tuple[int, float], large: tuple[int, float], line: Growth
) -> None:
    found = Growth.through(small, large)
    assert (found.start, found.slope) == (pytest.approx(line.start), pytest.approx(line.slope))
    assert found.at(1000) == pytest.approx(line.start + 1000 * line.slope)
