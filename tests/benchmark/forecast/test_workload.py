"""Passes and tokens that are forecast are those that a run takes, counted by a hook on the model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import pre_tokenizers
from torch import nn

from build.tokenizers import words_tokenizer
from mechshift.benchmark.admission.behaviour import observe
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.forecast.sizes import Sizes, sketch_pair
from mechshift.benchmark.forecast.workload import (
    Load,
    Passes,
    TaskWork,
    _attribution_passes,
    gap_passes,
    patched_runs,
    task_work,
)
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.protocol import QUICK, Ablating
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.plan import Cell
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.run import measure

PROTOCOL = QUICK.changed(
    pool=12,
    minimum=2,
    candidates=1,
    # How many points a member needs is found by running it: only a fixed number is known beforehand.
    steps=5,
    resamples=5,
    splits=2,
    grid=(0.001, 0.1, 1.0),
    ablating=Ablating(ablated=5, ablated_heads=2, ablated_mlps=1, ablated_neurons=4, random_sets=3),
)
STAGES = {
    "pool": "decoding",
    "scores": "attribution",
    "sweep": "circuits",
    "entropies": "entropies",
    "effects": "effects",
    "cards": "cards",
    "stages": "other reads",
    "ablation": "ablation",
    "transfer": "transfer",
}
"""The stage of a forecast in which a cell is computed, by the beginning of the cell's name."""
TASKS = ("ioi", "greater-than", "countdown", "sudoku")
ROWS = 8

Counted = dict[str, dict[str, tuple[int, ...]]]


class Counter:
    """Passes and positions of a model since the last look; and positions in layers that were not run."""

    def __init__(self, member: Member) -> None:
        self.passes = self.tokens = self.skipped = 0
        layers = member.backbone.layers
        self._layers = len(layers)
        member.backbone.base.register_forward_pre_hook(self._see, with_kwargs=True)
        for layer in layers:
            layer.attention_norm.module.register_forward_pre_hook(self._see_layer)

    def _see(self, _: nn.Module, __: Any, inputs: dict[str, Any]) -> None:
        rows, tokens, _ = inputs["inputs_embeds"].shape
        self.passes += 1
        self.tokens += rows * tokens
        self.skipped += self._layers * rows * tokens

    def _see_layer(self, _: nn.Module, inputs: tuple[Any, ...]) -> None:
        rows, tokens, _width = inputs[0].shape
        self.skipped -= rows * tokens

    def take(self) -> tuple[int, int, int]:
        found = self.passes, self.tokens, self.skipped
        self.passes = self.tokens = self.skipped = 0
        return found


def counts(said: Passes) -> tuple[int, int, int]:
    """What a counter sees of passes that are forecast."""
    return said.forward, said.tokens, said.skipped


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """Passes and positions of a run's stages of either member, by task."""
    import mechshift

    pair = mechshift.load("tiny", device="cpu")
    counters = {member.role: Counter(member) for member in pair.members}
    with pytest.MonkeyPatch.context() as patch:
        # Of two cells that are computed at once nobody could say whose a pass is.
        patch.setattr("mechshift.benchmark.run.measuring.available_cores", lambda: 1)
        return {name: _count(pair, name, counters, tmp_path_factory.mktemp(name)) for name in TASKS}


def _count(pair: Pair, name: str, counters: dict[str, Counter], out: Path) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}

    class Watching(Silent):
        @contextmanager
        def cell(self, cell: Cell, total: int) -> Iterator[Callable[[int], None]]:
            for counter in counters.values():
                assert counter.take() == (0, 0, 0), "nothing runs between the cells"
            yield lambda done: None
            for role, counter in counters.items():
                taken = counter.take()
                if taken != (0, 0, 0):
                    found[f"{role} {STAGES[cell.name.split('-')[0]]}"] = taken

    (outcome,) = measure(pair, PROTOCOL, out, as_asked(PROTOCOL, [name], None), None, ROWS, Watching())
    assert "comparison" in outcome.contents
    for role in counters:
        runs = outcome.contents[f"transfer-{role}"]
        before = np.vstack([runs.empty, runs.whole, runs.circuits])
        named = _equal_rows(before)
        every = np.vstack([before[:, runs.shuffled_at], runs.shuffled])
        shuffled = _equal_rows(every) - named
        found[f"{role} equal circuits"] = named, shuffled
    return found


def _equal_rows(values: NDArray[np.float64]) -> int:
    """How many rows repeat an earlier one, but for rounding: metrics of circuits that are equal."""
    alike = np.abs(values[:, None] - values).max(axis=2) < 1e-5
    return int(np.tril(alike, -1).any(axis=1).sum())


@pytest.fixture(scope="module")
def works() -> dict[str, TaskWork]:
    sketch = sketch_pair(get_pair("tiny"))
    return {name: task_work(sketch, *as_asked(PROTOCOL, [name], None), PROTOCOL, ROWS) for name in TASKS}


def forecast_of(work: TaskWork, role: str, stage: str) -> Passes:
    return (work.arm if role == "arm" else work.mdm).passes[stage]


@pytest.mark.parametrize("role", ["arm", "mdm"])
@pytest.mark.parametrize("task", ["ioi", "greater-than"])
def test_other_reads_are_those_of_the_run(
    task: str, role: str, counted: Counted, works: dict[str, TaskWork]
) -> None:
    """Of answers of one token, whose order of decoding a forecast knows."""
    said = forecast_of(works[task], role, "other reads")
    assert counts(said) == counted[task][f"{role} other reads"]


STAGES_OF_BOTH = ["attribution", "entropies", "effects", "cards", "ablation"]


@pytest.mark.parametrize("task", TASKS)
def test_an_arm_that_errs_decodes_more_than_is_said(
    task: str, counted: Counted, works: dict[str, TaskWork]
) -> None:
    """Of right answers one pass a batch; of `greater-than` both tell, as not all its answers are right."""
    said, (passes, tokens, _) = forecast_of(works[task], "arm", "decoding"), counted[task]["arm decoding"]
    assert said.forward <= passes
    assert said.tokens <= tokens
    assert (passes > said.forward) == (task == "greater-than")


@pytest.mark.parametrize(
    ("role", "stage"),
    [("mdm", "decoding"), *((role, stage) for role in ("arm", "mdm") for stage in STAGES_OF_BOTH)],
)
@pytest.mark.parametrize("task", TASKS)
def test_passes_and_tokens_are_those_of_the_run(
    task: str, role: str, stage: str, counted: Counted, works: dict[str, TaskWork]
) -> None:
    said, taken = counts(forecast_of(works[task], role, stage)), counted[task][f"{role} {stage}"]
    if stage == "ablation":
        # Only the scores tell in which layers the nodes are that are ablated.
        assert 0 == said[2] <= taken[2]
        said, taken = said[:2], taken[:2]
    assert said == taken


@pytest.mark.parametrize("role", ["arm", "mdm"])
@pytest.mark.parametrize("task", TASKS)
def test_circuits_are_at_most_those_of_two_rankings(
    task: str, role: str, counted: Counted, works: dict[str, TaskWork]
) -> None:
    """Small circuits can be the same by both rankings, or empty: then fewer are run."""
    said, (passes, tokens, _) = forecast_of(works[task], role, "circuits"), counted[task][f"{role} circuits"]
    assert passes <= said.forward
    assert 0.4 * said.tokens < tokens <= said.tokens


@pytest.mark.parametrize("role", ["arm", "mdm"])
@pytest.mark.parametrize("task", TASKS)
def test_transferred_circuits_are_those_of_the_run_but_for_equal_ones(
    task: str, role: str, counted: Counted, works: dict[str, TaskWork]
) -> None:
    """Of equal circuits one is run, and none that is empty or everything; each has every position once."""
    said, (passes, tokens, _) = forecast_of(works[task], role, "transfer"), counted[task][f"{role} transfer"]
    # Circuits are swept and transferred on the same examples, the whole half of so small a pool.
    swept = works[task].arm.swept if role == "arm" else works[task].mdm.swept
    positions = sum(load.rows * load.tokens for load in swept)
    # The task's own six circuits, and the shuffled ones on a part; the empty one is the corrupted run.
    assert PROTOCOL.transferring is not None
    few, rest = divmod(said.extracted - 6 * positions, PROTOCOL.transferring.shuffled)
    assert (rest, 0 < few < positions) == (0, True)
    named, shuffled = counted[task][f"{role} equal circuits"]
    assert passes <= said.forward
    assert tokens == said.tokens - named * positions - shuffled * few


@pytest.mark.parametrize("method", ["exact", "gim"])
def test_other_methods_take_the_passes_that_are_forecast(method: str, tmp_path: Path) -> None:
    import mechshift

    protocol = PROTOCOL.changed(pool=4, beside=()).scored(method)
    pair, asked = mechshift.load("tiny", device="cpu"), as_asked(protocol, ["greater-than"], None)
    sketch = sketch_pair(get_pair("tiny"))
    work = task_work(sketch, *asked, protocol, ROWS)
    counters = {member.role: Counter(member) for member in pair.members}
    pools, scores = ["pool"], ["scores-arm", "scores-mdm"]
    taken = {}
    for wanted in (pools, scores):
        (_,) = measure(pair, protocol, tmp_path, asked, wanted, ROWS)
        taken = {role: counter.take() for role, counter in counters.items()}
    rows = 0
    for role, found in taken.items():
        said = forecast_of(work, role, "attribution")
        assert counts(said) == found
        rows += said.rows
    edges = sketch.sizes[0].graph.edges
    runs = patched_runs(protocol, [work], sketch.sizes)
    assert runs == (edges * rows if method == "exact" else 0)
    assert (forecast_of(work, "arm", "attribution").backward > 0) == (method == "gim")


@pytest.mark.parametrize("name", ["tiny", "tiny-block", "tiny-continued"])
def test_gaps_take_at_most_the_passes_that_are_forecast(name: str) -> None:
    """Of the mask tokens that may come into question the weights leave some out; a control has none."""
    pair = open_pair(get_pair(name), "cpu")
    counter = Counter(pair.mdm)
    observe(pair)
    passes, tokens, _ = counter.take()
    said = gap_passes(sketch_pair(get_pair(name)))
    assert 0.6 * said.forward < passes <= said.forward
    assert 0.6 * said.tokens < tokens <= said.tokens
    assert (passes == said.forward) == (name == "tiny-continued")
    assert said.reads == 2 * said.rows
    assert said.rows % said.examples == 0


def test_gaps_of_a_control_without_a_mask_are_counted_as_they_are_filled() -> None:
    pair = open_pair(get_pair("tiny-continued"), "cpu")
    sketch = sketch_pair(get_pair("tiny-continued"))
    rows = pair.mdm.backbone.shape.vocabulary
    counter = Counter(pair.mdm)
    observe(replace(pair, mdm=replace(pair.mdm, mask_id=rows)))
    said = gap_passes(replace(sketch, mdm=replace(sketch.mdm, mask_id=rows)))
    assert counter.take() == counts(said)
    assert said.forward > 0


@pytest.mark.parametrize("steps", [1, 5, 12])
@pytest.mark.parametrize("rule", ["left", "midpoint"])
def test_the_first_step_on_the_left_is_the_corrupted_run(
    random_member: Callable[..., Member], rule: Any, steps: int
) -> None:
    member = random_member("llama", "full", vocabulary=500)
    rows, tokens = 8, 60
    clean, corrupted = torch.randint(490, (2, rows, tokens), generator=torch.Generator().manual_seed(0))
    index = torch.arange(rows)
    batch = Batch(clean, corrupted, index, index, LogitDifference(index, index, index + 9, rows), index)
    counter = Counter(member)
    attribute(member, [batch], Integration(rule, steps), rows)
    load = Load(rows, tokens, rows, rows)
    said = _attribution_passes(load, Sizes.of(member.backbone, 4), steps, shared=rule == "left")
    assert counter.take() == (said.forward, said.tokens, 0)
    assert said.backward == said.forward - (1 if rule == "left" else 2)


def test_a_tokenizer_that_writes_no_text_takes_no_passes() -> None:
    sketch = sketch_pair(get_pair("tiny"))
    tokenizer = words_tokenizer(["?"], pre_tokenizers.Whitespace())
    assert gap_passes(replace(sketch, tokenizer=tokenizer)) == Passes()


def test_every_step_goes_forward_and_back(works: dict[str, TaskWork]) -> None:
    """Of five steps at 512 positions a pass, as many as fit at the batch's rows are stacked."""
    said = forecast_of(works["sudoku"], "mdm", "attribution")
    assert said.backward == said.forward - 2 * len(works["sudoku"].mdm.attribution)
    assert said.differentiated * 7 == said.tokens * 5


def test_operations_are_two_a_parameter_and_position(works: dict[str, TaskWork]) -> None:
    sizes = sketch_pair_sizes()
    said = Passes(forward=2, tokens=100, reads=3, backward=1, differentiated=40, graded=2)
    layer = 4 * 128 * 128 + 3 * 128 * 256
    assert said.flop(sizes) == 2 * 6 * layer * 140 + 2 * 128 * 548 * 5
    # 30 of the positions pass only the last of six layers.
    assert replace(said, skipped=5 * 30).flop(sizes) == said.flop(sizes) - 2 * 5 * 30 * layer


def sketch_pair_sizes() -> Any:
    return sketch_pair(get_pair("tiny")).sizes[0]
