"""The projection by hand, by the law that a dry run prints, and what several processes take together."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from build.models import random_member
from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.forecast import probe
from mechshift.benchmark.forecast.forecast import Forecast, forecast, least
from mechshift.benchmark.forecast.machine import Machine
from mechshift.benchmark.forecast.probe import Growth, Speeds
from mechshift.benchmark.forecast.sizes import Sizes, sketch_pair
from mechshift.benchmark.pairs.limits import USUAL, Limits
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.run.assembly import as_asked
from speed import projection
from speed.attribution import law_ratios, random_batch
from speed.projection import SHAPES, Card, project, room_on, seconds_on
from speed.seven_billion import backbone_of

FEW = V2.changed(tasks=V2.tasks[:3], pool=12, minimum=2, candidates=1, grid=(0.01, 1.0), resamples=9, steps=2)
PUBLISHED = {"8B": 8_030_261_248, "32B": 32_763_876_352, "70B": 70_553_706_496}
"""Numbers of parameters in the models' files, without the biases of the 32B's queries, keys and values."""


@pytest.fixture(scope="module")
def found() -> Forecast:
    return forecast(sketch_pair(get_pair("tiny")), as_asked(FEW, None, None), FEW, 64)


@pytest.mark.parametrize("name", SHAPES)
def test_parameters_are_those_that_were_published(name: str) -> None:
    sizes = Sizes.of(backbone_of(SHAPES[name]), itemsize=2)
    biases = 64 * (5120 + 2 * 1024) if name == "32B" else 0
    norms = sizes.width * (2 * sizes.layers + 1)
    assert sizes.parameters == sizes.active + 2 * sizes.width * sizes.vocabulary + norms + biases
    assert sizes.parameters == PUBLISHED[name]


def test_one_process_takes_all_operations_one_after_the_other(found: Forecast) -> None:
    """Operations, written out for the reference pair, and comparisons by edges and resamples."""
    width, layers, inner, heads, vocabulary = 128, 6, 256, 8, found.sketch.sizes[0].vocabulary
    parameters = layers * (4 * width * width + 3 * width * inner)
    edges = Graph(layers, heads, heads).edges
    seconds = 3 * (0.5 + edges * (1e-6 + 10 * 1e-7))  # nine resamples and the sample
    for task in found.tasks:
        for member in task.members:
            for passes in member.passes.values():
                kept = parameters * (passes.tokens - passes.differentiated - passes.skipped / layers)
                kept += width * vocabulary * (passes.reads - passes.graded)
                back = parameters * passes.differentiated + width * vocabulary * passes.graded
                seconds += (2 * kept + 2 * edges * width * passes.extracted) / 4e9 + 4 * back / 2e9
    speeds = Speeds(4e9, 2e9, Growth(0.5, 1e-6), Growth(0.0, 1e-7))
    assert seconds_on(found, FEW, speeds, 1) == pytest.approx(seconds, rel=1e-9)


@pytest.mark.parametrize(("processes", "rounds"), [(1, 3), (2, 2), (3, 1), (64, 1)])
def test_comparisons_of_three_tasks_are_shared(found: Forecast, processes: int, rounds: int) -> None:
    """Where models take no time, three comparisons of equal length are all that is left."""
    edges = found.sketch.sizes[0].graph.edges
    speeds = Speeds(1e30, 1e30, Growth(0.0, 1.0 / edges), Growth(0.0, 0.0))
    assert seconds_on(found, FEW, speeds, processes) == pytest.approx(rounds)


@dataclass(frozen=True)
class Needs:
    """Stands for a forecast that needs 75 GB for every member in memory, and one more for every row."""

    rows: int = 64
    limits: Limits = USUAL
    sketch = SimpleNamespace(spec=SimpleNamespace(noise=None))

    def changed(self, rows: int, limits: Limits) -> "Needs":
        return Needs(rows, limits)

    def share(self, machine: Machine) -> float:
        members = 75 if self.limits.in_turn else 150
        return 1e9 * (members + self.limits.share * self.rows) / machine.device


@pytest.mark.parametrize(
    ("gigabytes", "cards", "rows", "in_turn"),
    [(160.0, 1, 8, False), (80.0, 1, 4, True), (70.0, 2, 64, True)],
)
def test_a_process_has_as_many_cards_as_it_needs(
    gigabytes: float, cards: int, rows: int, in_turn: bool
) -> None:
    room = room_on(Needs(), Card("made up", 1, 1, gigabytes))  # type: ignore[arg-type]
    assert (room.cards, room.forecast.rows, room.forecast.limits.in_turn) == (cards, rows, in_turn)


def test_hours_by_cards(found: Forecast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair that needs two cards a process: none on one, four processes on 8, 32 on 64."""
    monkeypatch.setattr(projection, "sketch_of", lambda shape: found.sketch)
    monkeypatch.setattr(probe, "_statistics", lambda found, seconds: (Growth(0.0, 1e-6), Growth(0.0, 1e-7)))
    needed = max(stage.on_device for stage in least(found, None).stages) / 1e9
    card = Card("small", peak=0.01, reached=0.5, gigabytes=0.6 * needed)
    readings = {one.name: one for one in project("tiny", SHAPES["8B"], FEW, card)}
    assert readings["tiny: cards that one process needs"].value == 2
    assert readings["tiny on 1 card, layers spread over them"].missing == "does not fit: needs 2"
    speeds = Speeds(5e9, 5e9, Growth(0.0, 1e-6), Growth(0.0, 1e-7))
    for cards, processes in ((8, 4), (64, 32)):
        hours = readings[f"tiny on {cards} cards, layers spread over them"].value
        assert hours is not None
        assert hours == pytest.approx(seconds_on(found, FEW, speeds, processes) / 3600)
    assert all(one.projected for one in readings.values())
    # Three comparisons by 1 µs an edge once and .1 µs for the sample and each of nine resamples.
    edges = found.sketch.sizes[0].graph.edges
    hours = readings["tiny: statistics, one process"].value
    assert hours == pytest.approx(3 * edges * (1e-6 + 10 * 1e-7) / 3600)


def test_the_law_at_the_speed_of_bare_passes() -> None:
    """A machine of 1 GFLOP a second forward and half as much with a way back, worked out by hand."""
    member = random_member("gpt2", vocabulary=100, width=16, mlp_width=64, layers=2, heads=4)
    parameters, head, edges = 2 * (4 * 16 * 16 + 2 * 16 * 64), 16 * 100, Graph(2, 4, 4).edges
    forwards = 10 * 2 * (8 * parameters + head) / 1e9
    passes = 2 * 2 * (16 * parameters + 2 * head) / 1e9 + 3 * 4 * (16 * parameters + 2 * head) / 5e8
    attribution = passes + 2 * edges * 16 * 16 / 1e9
    circuits = forwards + 2 * 8 * parameters / 1e9 + 10 * 2 * edges * 16 * 8 / 1e9
    times = {"forwards": forwards, "passes": passes, "attribution": 3 * attribution, "circuits": 2 * circuits}
    sizes = Sizes.of(member.backbone, itemsize=4)
    found = law_ratios(sizes, random_batch(2, 8), random_batch(1, 8), 3, 10, times)
    assert found == (pytest.approx(3), pytest.approx(2))
