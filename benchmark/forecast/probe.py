"""What a machine does in a second, as stated or by passes of a random model; and how fast statistics are."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from ...errors import UsageError
from ..circuits.capture import still
from ..circuits.graph import Graph
from ..circuits.scores import Attribution, Integration
from ..compare.compare import compare, shared_threads
from ..measure.effect_sums import EffectSums
from ..measure.evidence import Entropies, Evidence
from ..measure.score_sums import ScoreSums
from ..measure.swept import Sweep
from ..pairs.member import Member
from ..pairs.threads import on_suited_threads
from ..record.protocol import Protocol
from .forecast import Forecast
from .points import typical_steps
from .sizes import Sizes, sketch_backbone

WEIGHTS = 10**9
"""Bytes of the random model at most, unless one layer has more: a larger one is measured by a few layers."""
EDGES = 40_000
"""Edges of the larger of two random graphs at most, as long as it has two layers."""
SPREAD = 1.5
"""Of the logarithm of an edge's score: about that of the reference pairs."""
TOKENS = 32
"""Of a row of the random model where no task tells."""
RESAMPLES = 16
"""Of a random comparison at the least: with fewer, what it takes once drowns what a resample adds."""
MOST_SECONDS = 3600.0
MOST_TFLOPS = 1e6
"""TFLOP a second; a device with more is a mistake."""


@dataclass(frozen=True)
class Growth:
    """Seconds against edges: `start` + `slope` · edges, neither of them negative."""

    start: float
    slope: float

    def at(self, edges: int) -> float:
        """Seconds with so many edges."""
        return self.start + self.slope * edges

    @classmethod
    def through(cls, small: tuple[int, float], large: tuple[int, float]) -> "Growth":
        """The line through the seconds of two graphs (edges, seconds).

        Where it would begin below 0, or there is but one graph, it is the one from 0 through the larger;
        where it would fall, the seconds of the larger for any.
        """
        (few, short), (many, long) = small, large
        slope = (long - short) / (many - few) if many > few else np.inf
        if short - slope * few < 0:
            return cls(0.0, max(0.0, long) / many)
        return cls(max(0.0, long), 0.0) if slope < 0 else cls(short - slope * few, slope)


@dataclass(frozen=True)
class Speeds:
    """`forward`: FLOP a second of passes that keep nothing; `graded`: of passes forward and back.

    `fixed`, `ranked`: seconds of a comparison against edges, once and for every resample. `source`: whether
    the first two were measured by a probe or stated.
    """

    forward: float
    graded: float
    fixed: Growth
    ranked: Growth
    source: Literal["probe", "stated"] = "probe"


def measure_speeds(found: Forecast, device: torch.device, seconds: float) -> Speeds:
    """Measure this machine for about so many seconds, two thirds of them on the model.

    Raises UsageError for a time that is not positive or beyond an hour.
    """
    if not 0 < seconds <= MOST_SECONDS:
        raise UsageError(
            f"a probe of {seconds:g} seconds", f"give a positive number, at most {MOST_SECONDS:g}; 20 will do"
        )
    # As many threads as the run itself will have.
    with on_suited_threads(device, found.sketch.sizes[0].width):
        forward, graded = _passes(found, device, seconds / 3)
    fixed, ranked = _statistics(found, seconds / 3)
    return Speeds(forward, graded, fixed, ranked)


def stated_speeds(found: Forecast, tflops: float) -> Speeds:
    """The speeds of a device that does so many TFLOP a second, and of statistics on this machine.

    Statistics run on a CPU whatever the device is, so that they are measured here, as briefly as can be.
    Raises UsageError for a speed that is not positive or beyond all devices.
    """
    if not 0 < tflops <= MOST_TFLOPS:
        raise UsageError(
            f"a device of {tflops:g} TFLOP a second",
            f"give a positive number, at most {MOST_TFLOPS:,.0f}: of its peak rate what such a model reaches",
        )
    fixed, ranked = _statistics(found, 0.0)
    return Speeds(1e12 * tflops, 1e12 * tflops, fixed, ranked, "stated")


def _passes(found: Forecast, device: torch.device, seconds: float) -> tuple[float, float]:
    """FLOP a second of a batch of the run's rows, without a way back and with one."""
    member, sizes = _random_member(found, device)
    loads = [load for work in found.tasks for load in work.mdm.attribution]
    # The run's own batch shape, as small batches reach only a part of a machine's speed.
    rows, tokens = max(((one.rows, one.tokens) for one in loads), default=(found.rows, TOKENS))
    embeddings = torch.randn(rows, tokens, sizes.width, device=device).to(member.backbone.dtype)
    flop = 2 * rows * (sizes.active * tokens + sizes.width * sizes.vocabulary)

    def forward() -> None:
        with torch.no_grad():
            member.logits(member.hidden(embeddings)[:, -1])

    def graded() -> None:
        leaf = embeddings.detach().requires_grad_()
        with torch.enable_grad():
            read = member.logits(member.hidden(leaf)[:, -1])
            # The mask token's logit is −∞, which no sum may hold.
            torch.autograd.grad(read[:, 0].sum(), leaf)

    with still(member.backbone.model):
        return flop / _seconds_of(forward, device, seconds), 2 * flop / _seconds_of(graded, device, seconds)


def _random_member(found: Forecast, device: torch.device) -> tuple[Member, Sizes]:
    """The MDM's class with random parameters, with as few layers as keep it small, and its dimensions."""
    sketch, sizes = found.sketch, found.sketch.sizes[1]
    stored, spec = sketch.checkpoints[1], sketch.spec.mdm
    outside = sizes.itemsize * 2 * sizes.width * sizes.vocabulary
    of_a_layer = max(1, (sizes.weights - outside) // sizes.layers)
    layers = min(sizes.layers, max(1, (WEIGHTS - outside) // of_a_layer))
    config = dict(_with_layers(stored.checkpoint.config, layers))
    short = replace(stored, checkpoint=replace(stored.checkpoint, config=config))
    backbone = sketch_backbone(short, spec.loader)
    model = backbone.model.to(sketch.dtypes[1]).to_empty(device=device)  # type: ignore[arg-type]
    with torch.no_grad():
        for number in (*model.parameters(), *model.buffers()):
            if number.is_floating_point():
                number.fill_(0.01)  # any will do, but those that memory happens to hold
    member = Member("mdm", backbone, spec.attention, spec.shift, sketch.mdm.mask_id)
    return member, Sizes.of(backbone, sizes.itemsize)


def _with_layers(config: Mapping[str, Any], layers: int) -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if key in ("num_hidden_layers", "n_layer"):
            yield key, layers
        elif key == "layer_types" and isinstance(value, list):
            yield key, value[:layers]
        else:
            yield key, value


def _seconds_of(act: Callable[[], None], device: torch.device, seconds: float) -> float:
    """The median time of an act that is repeated for so long, three times at the least, after a first."""
    act()
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) < 3 or time.perf_counter() - began < seconds:
        _wait_for(device)
        before = time.perf_counter()
        act()
        _wait_for(device)
        taken.append(time.perf_counter() - before)
    return float(np.median(taken))


def _wait_for(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _statistics(found: Forecast, seconds: float) -> tuple[Growth, Growth]:
    """Seconds of a comparison of random scores against edges: what it takes once, and what a resample adds.

    Two numbers of resamples tell these apart, and two graphs what grows with edges; of the larger graph the
    larger number is doubled as long as there is time. A resample grows less than linearly where few edges can
    be among the first, so that of a graph far larger than these two the line says too much.
    """
    sizes, protocol = found.asked_sizes[0], found.protocol
    layers = sizes.layers
    while layers > 2 and Graph(layers, sizes.heads, sizes.kv_heads).edges > EDGES:
        layers -= 1
    large, small = (
        Graph(each, sizes.heads, sizes.kv_heads) for each in (layers, max(min(2, layers), layers // 2))
    )
    began = time.perf_counter()
    _comparing(small, protocol, 1)  # the first of anything is slower
    few = {
        graph: (_comparing(graph, protocol, 1), _comparing(graph, protocol, RESAMPLES))
        for graph in (small, large)
    }
    resamples, many = RESAMPLES, few[large][1]
    while 3 * many < seconds - (time.perf_counter() - began):
        resamples *= 2
        many = _comparing(large, protocol, resamples)
    of_small = _apart(*few[small], RESAMPLES)
    of_large = _apart(few[large][0], many, resamples)
    fixed, ranked = (
        Growth.through((small.edges, a), (large.edges, b)) for a, b in zip(of_small, of_large, strict=True)
    )
    return fixed, ranked


def _apart(one: float, many: float, resamples: int) -> tuple[float, float]:
    """What a comparison takes once, and for each resample, by what it takes with one and with many."""
    ranked = max(0.0, many - one) / (resamples - 1)
    return max(0.0, one - 2 * ranked), ranked  # the sample itself is ranked too


def _comparing(graph: Graph, protocol: Protocol, resamples: int) -> float:
    """Seconds that a comparison of random scores takes, with the protocol's splits and budgets."""
    statistics = protocol.statistics.model_copy(update={"resamples": resamples})
    one, other = (_evidence(graph, protocol, seed) for seed in (0, 1))
    began = time.perf_counter()
    compare(one, other, protocol.sweeping, protocol.compared, statistics, threads=shared_threads())
    return time.perf_counter() - began


def _evidence(graph: Graph, protocol: Protocol, seed: int) -> Evidence:
    """Random evidence on a member: two templates, an example a group, circuits the better the larger.

    Scores differ in size as those of a model do, in part alike in both members: how many edges can be among
    the first in a resample is what its time depends on.
    """
    generator, grid = np.random.default_rng(seed), protocol.sweeping.grid
    groups, examples = max(4, protocol.halving.groups), max(4, protocol.sampling.pool // 2)
    shared, own = np.random.default_rng(2).normal(size=graph.edges), generator.normal(size=graph.edges)
    size = np.exp(SPREAD * (0.8 * shared + 0.6 * own))
    sums = np.zeros((groups, *graph.mask.shape))
    sums[:, graph.mask] = size * (
        generator.normal(size=graph.edges) + generator.normal(size=(groups, graph.edges))
    )
    ones, places = np.ones(groups), np.arange(examples)
    integration = Integration(protocol.scoring.rule, typical_steps(protocol.scoring))
    attribution = Attribution(
        graph, integration, sums, ones.astype(np.int64), ones, -ones, np.arange(groups, dtype=np.int64)
    )
    circuits = np.array(grid)[None, :, None] * (1 + generator.random((2, len(grid), examples)))
    sweep = Sweep(
        graph,
        np.ones(examples),
        np.zeros(examples),
        circuits,
        np.ones((2, len(grid)), dtype=np.int64),
        tuple("ab"[place % 2] for place in places),
        places,
    )
    scores = ScoreSums(attribution, tuple("ab"[place % 2] for place in range(groups)), np.arange(groups))
    effects, templates = (
        generator.normal(size=(3, groups, graph.sources)).astype(np.float32),
        scores.templates,
    )
    single = EffectSums(
        graph,
        effects[0],
        effects[1],
        effects[2, :, 1:],
        ones,
        -ones,
        ones.astype(np.int64),
        templates,
        np.arange(groups, dtype=np.int64),
        np.arange(groups, dtype=np.int64),
    )
    entropies = Entropies(components={}, counts=(1,) * groups, templates=templates)
    return Evidence(scores, sweep, entropies, single)
