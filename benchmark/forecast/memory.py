"""Peak memory of a run, by stage and by part, from sizes and batches."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from ...metrics.halves import AT_ONCE
from ...metrics.packed import CHUNK
from ...metrics.screened import SAMPLE
from ...metrics.selection import RESAMPLES
from ..circuits.effects import MEMORY as DIRECT_BYTES
from ..circuits.exact import edges_held
from ..circuits.portions import steps_held
from ..compare.compare import shared_threads
from ..measure.circuit_runs import crossed_circuits
from ..pairs.turns import piece_of
from ..record.protocol import Protocol
from .activations import (
    DOUBLE,
    FLOAT,
    begun,
    cached,
    confidence,
    differentiated_logits,
    going_back,
    gradients,
    head_weights,
    lens,
    logits,
    outputs,
    passing,
    saved,
    seen,
    site,
    spared,
    stack,
    streams,
    unembedded,
    written_by_neurons,
)
from .points import most_steps
from .sizes import Sizes
from .workload import (
    Load,
    MemberWork,
    TaskWork,
    ablated_variants,
    empty_circuits,
    number_of_circuits,
    stacked_removals,
    stacked_steps,
)

Parts = Mapping[str, int]

LIBRARIES = 420 * 2**20
"""Resident bytes of the interpreter with torch, transformers and numpy, after a first pass on a CPU.

Measured on Linux with torch 2.13 for CPUs: 366 MiB after the imports, and what the kernels' libraries add.
"""

SLACK = 0.04
"""Share of what is allocated and freed that the allocators of the C library and of CUDA hold besides.

With it the peaks of whole runs in `python -m speed forecast` are 0.92 to 1.01 of what is
measured.
"""


@dataclass(frozen=True)
class StagePeak:
    """The most that a stage holds, in bytes by part, where the model is and in the host's memory.

    `passing`: what the host holds besides of a model on its way to an accelerator. The most of either need
    not be at one moment: `moment` is that at which both together are largest, None where they are these.
    """

    stage: str
    device: Parts
    host: Parts
    passing: Parts = field(default_factory=dict)
    moment: tuple[Parts, Parts] | None = None

    def parts(self, shared: bool) -> tuple[Parts, Parts]:
        """Where the model is, and in the host's memory; with `shared`, where these are one, at one moment."""
        return self.moment if shared and self.moment is not None else (self.device, self.host)

    @property
    def on_device(self) -> int:
        """Bytes where the model is."""
        return sum(self.device.values())

    @property
    def on_host(self) -> int:
        """Bytes in the host's memory where the model is on an accelerator."""
        return sum(self.host.values()) + sum(self.passing.values())

    @property
    def together(self) -> int:
        """Bytes where the model is in the host's memory too."""
        return sum(sum(parts.values()) for parts in self.parts(shared=True))


def stage_peaks(
    sizes: Sequence[Sizes],
    stored: Sequence[int],
    tasks: Iterable[TaskWork],
    protocol: Protocol,
    in_turn: bool = False,
) -> tuple[StagePeak, ...]:
    """The peak of every stage: loading, checks, and those of the cells, what needs other tasks last.

    `sizes`, `stored`: of ARM and MDM, dimensions and bytes of the weights' files. Both members are in memory
    all the time, or with `in_turn` one of them, in an ungrouped protocol with copies of their key and value
    maps.
    """
    works = list(tasks)
    weights = _weights(sizes, in_turn)
    asked = list(sizes)
    maps: Parts = {}
    if protocol.scoring.kv == "ungrouped":
        copied = [each.copied for each in sizes]
        asked = [each.ungrouped() for each in sizes]
        if any(copied):
            maps = {"key and value maps per head": max(copied) if in_turn else sum(copied)}
    groups = max((work.groups for work in works), default=0)
    members = [(each, [work.members[index] for work in works]) for index, each in enumerate(asked)]
    stages = [_loading(sizes, stored, in_turn), _checks(sizes, in_turn)]
    for name, phases in (
        ("decoding", _decoding(members)),
        ("attribution", _attribution(members, protocol, groups)),
        ("circuits", _circuits(members, protocol, groups)),
        ("entropies", _entropies(members, protocol, groups)),
        ("effects", _effects(members)),
        ("cards", _cards(members, protocol, groups)),
        ("comparison", [({}, _compared(asked[0], protocol, groups))]),
        ("other reads", _other_reads(members, protocol, groups)),
        ("ablation", _ablation(members, protocol, groups)),
        ("transfer", _transfer(members, protocol, groups, len(works) - 1, in_turn)),
    ):
        held = weights if name == "decoding" else {**weights, **maps}
        found = [_stage(name, held, *phase) for phase in phases] or [_stage(name, weights, {}, {})]
        device, host, both = (max(found, key=of) for of in (_on_device, _on_host, _together))
        stages.append(StagePeak(name, device.device, host.host, moment=(both.device, both.host)))
    return tuple(stages)


_on_device, _on_host, _together = map(attrgetter, ("on_device", "on_host", "together"))

Phase = tuple[dict[str, int], dict[str, int]]
Works = Sequence[tuple[Sizes, Sequence[MemberWork]]]


def _weights(sizes: Sequence[Sizes], in_turn: bool) -> Parts:
    each = [one.on_one_device for one in sizes]
    return {"weights of one member": max(each)} if in_turn else {"weights of both members": sum(each)}


def _stage(name: str, held: Parts, device: Parts, host: Parts) -> StagePeak:
    transient = sum(device.values())
    if transient:
        device = {**device, "held by the allocator": round(SLACK * transient)}
    return StagePeak(name, {**held, **device}, {"libraries": LIBRARIES, **host})


def _loading(sizes: Sequence[Sizes], stored: Sequence[int], in_turn: bool) -> StagePeak:
    """The members, and where the dtype changes one of them as it is stored besides, in the host's memory.

    A member is read into the host's memory and goes to an accelerator before the next one is read.
    """
    # Files are not exactly as large as the parameters, but another dtype halves or doubles the size.
    changed = [kept for each, kept in zip(sizes, stored, strict=True) if abs(kept - each.weights) > kept / 4]
    host = {"libraries": LIBRARIES}
    if changed:
        host["weights as they are stored"] = max(changed)
    device = _weights(sizes, in_turn)
    passing = {"a member on its way to the device": max(each.weights for each in sizes)}
    return StagePeak("loading", device, host, passing)


def _checks(sizes: Sequence[Sizes], in_turn: bool) -> StagePeak:
    """The members, and copies of the largest parameter: those of its movement, or of whether it is finite.

    How far it has moved takes difference and square in float32, and both values where they are not float32;
    whether all is finite takes magnitudes and three flags. In turn, a piece of the ARM stands beside the MDM.
    """
    largest = max(each.largest for each in sizes)
    s = max(each.itemsize for each in sizes)
    copies = largest * max(2 * FLOAT if s == FLOAT else 3 * FLOAT, s + 3)
    device = {**_weights(sizes, in_turn), "copies of the largest parameter": copies}
    if in_turn:
        device["a piece of the other member"] = max(piece_of(each.weights, largest * s) for each in sizes)
    return StagePeak("checks", device, {"libraries": LIBRARIES})


def _decoding(members: Works) -> list[Phase]:
    phases: list[Phase] = []
    for sizes, works in members:
        for load in {load for work in works for load in work.decoding}:
            device = {
                "activations": passing(sizes, load.rows, load.tokens),
                "logits": confidence(sizes, load.reads),
            }
            phases.append((device, {}))
    return phases


def _attribution(members: Works, protocol: Protocol, groups: int) -> list[Phase]:
    """Both runs before they are subtracted; every pass forward and back; the scores; and these as written."""
    sizes, scoring = members[0][0], protocol.scoring
    # Of the other member; this one's grow where it is.
    host = {"score sums": _sums(sizes, groups)}
    if scoring.places:
        host["score sums by place"] = _by_place(sizes, groups)
    if scoring.neurons and sizes.neurons:
        # Of one member fetched in float64 and then rounded, of both kept.
        host["effects of neurons"] = 4 * _of_neurons(sizes, groups)
    loads = [(each, [load for work in works for load in work.attribution]) for each, works in members]
    written: Phase = ({}, {**host, "score sums": 4 * _sums(sizes, groups)})
    return [*_attributed(loads, host, protocol, groups, scoring.neurons), written]


def _other_reads(members: Works, protocol: Protocol, groups: int) -> list[Phase]:
    """As attribution, with both members' scores at the headline and those of the first at hand."""
    sums = _sums(members[0][0], groups)
    loads = [(sizes, [load for work in works for load in work.beside]) for sizes, works in members]
    kept = _kept(members[0][0], protocol, groups)
    # Afterwards both reads of the MDM are set side by side, and its shares by place.
    compared: Phase = ({}, {**kept, "score sums": 8 * sums})
    host = {**kept, "score sums": 3 * sums}
    return [*_attributed(loads, host, protocol, groups, neurons=False), compared]


def _attributed(
    loads: Sequence[tuple[Sizes, Sequence[Load]]],
    host: dict[str, int],
    protocol: Protocol,
    groups: int,
    neurons: bool,
) -> list[Phase]:
    phases: list[Phase] = []
    for (sizes, asked), told_apart in zip(loads, (False, protocol.scoring.places), strict=True):
        adding = _added_up(sizes, protocol, groups, neurons)
        for load in set(asked):
            if protocol.scoring.method == "exact":
                found = _patching_phases(sizes, load)
            else:
                held = min(most_steps(protocol.scoring), steps_held(load.rows * load.tokens, sizes.share))
                phases_of = _attribution_phases(sizes, load, held, neurons, told_apart)
                found = [{**phase, **adding} for phase in phases_of]
            phases += [(device, host) for device in found]
    return phases


def _added_up(sizes: Sizes, protocol: Protocol, groups: int, neurons: bool) -> dict[str, int]:
    """The sums that grow where the member is: 8 bytes a number, but float32 by place."""
    found = _sums(sizes, groups) + protocol.scoring.places * _by_place(sizes, groups)
    if neurons and sizes.neurons:
        found += 2 * _of_neurons(sizes, groups)
    return {"sums over groups": found}


def _attribution_phases(
    sizes: Sizes, load: Load, steps: int, neurons: bool = False, places: bool = False
) -> list[dict[str, int]]:
    rows, tokens = load.rows, load.tokens
    wrote, prefix = outputs(sizes, rows, tokens), cached(sizes, rows, load.prefix)
    at_once = stacked_steps(sizes, load, steps)
    runs = {
        "what the sources write": wrote,
        "activations": prefix + passing(sizes, rows, tokens),
        "logits": logits(sizes, load.reads),
    }
    scores = {
        "what the sources write": wrote,
        "gradients of all steps": gradients(sizes, rows, tokens, steps, steps),
        "sources and destinations of a norm": site(sizes, rows, tokens, places) + prefix,
    }
    passes = [
        {"what the sources write": wrote, **_pass(sizes, load, done, min(at_once, steps - done), steps)}
        for done in range(0, steps, at_once)
    ]
    if neurons and sizes.neurons:
        of_layer = written_by_neurons(sizes, rows, tokens)
        of_all = (sizes.layers - 1) * of_layer + written_by_neurons(sizes, rows, load.read_positions)
        for phase in (runs, scores):
            phase["what neurons put out"] = of_all
        # On the way back the sum over a pass's steps besides, for a layer, and its product with that.
        for each in passes:
            each["what neurons put out"] = of_all + 2 * of_layer
    return [runs, *passes, scores]


def _patching_phases(sizes: Sizes, load: Load) -> list[dict[str, int]]:
    """Both runs, then stacks of prompts in each of which one edge is patched."""
    wrote, edges = outputs(sizes, load.rows, load.tokens), sizes.graph.edges
    items = min(stacked_removals(sizes, load.tokens), edges * load.rows)
    held = min(edges, edges_held(load.reads, sizes.width, sizes.itemsize, sizes.share))
    prefix = cached(sizes, load.rows, load.prefix)
    runs = {
        "what the sources write": 3 * wrote,
        "activations": prefix + passing(sizes, load.rows, load.tokens),
        "logits": logits(sizes, load.reads),
    }
    clean = {"residual streams": streams(sizes, load.rows, load.tokens)}
    patched = clean | {
        "what the sources write": wrote,
        "a stack of prompts": prefix
        + cached(sizes, items, load.prefix)
        + passing(sizes, items, load.tokens)
        # What the patched sources write less, the patched stream, and what is normalised of it.
        + 3 * FLOAT * items * load.tokens * sizes.width,
        "logits": unembedded(sizes, load, held) + held * load.reads * sizes.width * sizes.itemsize,
    }
    return [clean | runs, patched]


def _pass(sizes: Sizes, load: Load, done: int, steps: int, of: int) -> dict[str, int]:
    """One pass forward and back over `steps` integration steps, `done` before them, `of` in all."""
    rows, tokens, read = load.rows * steps, load.tokens, load.read_positions
    embeddings = (2 + steps) * FLOAT * load.rows * tokens * sizes.width
    behind = 0
    if load.prefix:
        behind = cached(sizes, load.rows, load.prefix) + cached(sizes, rows, load.prefix + tokens)
    return {
        "gradients of all steps": gradients(sizes, load.rows, tokens, of, done),
        "activations that autograd keeps": saved(sizes, rows, tokens, load.prefix)
        - spared(sizes, rows, tokens, read)
        + seen(sizes, rows, tokens, load.prefix)
        + embeddings
        + behind,
        "logits and the way back": max(
            differentiated_logits(sizes, steps * load.reads, load.sets),
            going_back(sizes, rows, tokens, read) + (0 if done else begun(sizes, load.rows, tokens)),
        ),
    }


def _circuits(members: Works, protocol: Protocol, groups: int) -> list[Phase]:
    return _circuits_of(members, protocol, groups, number_of_circuits(protocol))


def _circuits_of(members: Works, protocol: Protocol, groups: int, circuits: int) -> list[Phase]:
    phases: list[Phase] = []
    graph = members[0][0].graph
    edges = 6 * circuits * graph.sources * graph.destinations
    host = {
        **_kept(members[0][0], protocol, groups),
        "score sums": 2 * _sums(members[0][0], groups),
        "edges of the circuits": edges,
        **_ranked(members[0][0], protocol, groups),
    }
    for sizes, works in members:
        for load in {load for work in works for load in work.swept}:
            device = {
                "what the sources write": outputs(sizes, load.rows, load.tokens),
                "a stack of circuits": stack(sizes, load, circuits) + cached(sizes, load.rows, load.prefix),
                "logits": unembedded(sizes, load, circuits)
                + circuits * load.reads * sizes.width * sizes.itemsize,
            }
            phases.append((device, host))
    return phases


def _transfer(members: Works, protocol: Protocol, groups: int, others: int, in_turn: bool) -> list[Phase]:
    """As circuits, of the larger of both numbers; with the mean scores of all other tasks.

    In turn, all maps of the heads of one member are kept while those of the other are set beside them.
    """
    found = protocol.transferring
    if found is None:
        return []
    circuits = empty_circuits(protocol) + max(crossed_circuits(others), found.shuffled)
    graph = members[0][0].graph
    kept = {"scores of other tasks": 2 * others * DOUBLE * graph.sources * graph.destinations}
    # Its examples are as long as those of a sweep.
    phases = [
        (device, {**host, **kept}) for device, host in _circuits_of(members, protocol, groups, circuits)
    ]
    if in_turn:
        maps = {"maps of the other's heads": max(head_weights(sizes) for sizes, _ in members)}
        phases.append((maps, {**_kept(members[0][0], protocol, groups), **kept}))
    return phases


def _ablation(members: Works, protocol: Protocol, groups: int) -> list[Phase]:
    """Both runs, the empty circuit by itself, and a stack of whole prompts without sets of nodes."""
    if protocol.ablating is None:
        return []
    # Its examples are as long as those of a sweep.
    phases = _circuits_of(members, protocol, groups, empty_circuits(protocol))
    for sizes, works in members:
        variants = ablated_variants(sizes, protocol)
        # A patched copy of what a layer's heads, its MLP or its neurons give.
        widest = max(sizes.width, sizes.neurons)
        host = {
            **_kept(sizes, protocol, groups),
            "score sums": 2 * _sums(sizes, groups),
            "sets of nodes": variants * sizes.layers * sizes.neurons,
        }
        for load in {load for work in works for load in work.swept}:
            whole = load.prefix + load.tokens
            at_once = min(stacked_removals(sizes, whole), variants * load.rows)
            device = {
                "residual streams": streams(sizes, load.rows, whole),
                "a stack of prompts": passing(sizes, at_once, whole)
                + at_once * whole * widest * sizes.itemsize,
                "logits": unembedded(sizes, load, variants)
                + variants * load.reads * sizes.width * sizes.itemsize,
            }
            phases.append((device, host))
    return phases


def _entropies(members: Works, protocol: Protocol, groups: int) -> list[Phase]:
    """What the sources write is held of a batch and of the one before."""
    phases: list[Phase] = []
    for sizes, works in members:
        device_lens, host_lens = lens(sizes, protocol.compared.components)
        host = {
            **_kept(sizes, protocol, groups),
            "score sums": 2 * _sums(sizes, groups),
            "logits of components": host_lens,
        }
        for load in {load for work in works for load in work.evaluation}:
            whole = load.prefix + load.tokens
            device = {
                "what the sources write": 2 * outputs(sizes, load.rows, whole),
                "activations": passing(sizes, load.rows, whole),
                "logits of components": device_lens,
            }
            phases.append((device, host))
    return phases


def _effects(members: Works) -> list[Phase]:
    """Both runs and what sources write at some reads; or the corrupted run and a stack of components."""
    phases: list[Phase] = []
    for sizes, works in members:
        for load in {load for work in works for load in work.evaluation}:
            written = FLOAT * sizes.graph.sources * sizes.width
            direct = {
                "what the sources write": 2 * outputs(sizes, load.rows, load.tokens)
                + max(written, min(sizes.part_of(DIRECT_BYTES), written * load.reads)),
                "activations": cached(sizes, load.rows, load.prefix) + passing(sizes, load.rows, load.tokens),
                "logits": logits(sizes, load.reads),
            }
            phases.append((direct, {}))
        for load in {load for work in works for load in work.removed}:
            at_once = min(stacked_removals(sizes, load.tokens), (sizes.heads + 1) * load.rows)
            removed = {
                "residual streams": streams(sizes, load.rows, load.tokens),
                "what the sources write": outputs(sizes, load.rows, load.tokens),
                "a stack of components": cached(sizes, at_once, load.prefix)
                # A patched copy of what a layer's heads or its MLP give.
                + passing(sizes, at_once, load.tokens)
                + at_once * load.tokens * sizes.width * sizes.itemsize,
                "logits": unembedded(sizes, load, sizes.heads + 1)
                + (sizes.heads + 1) * load.reads * sizes.width * sizes.itemsize,
            }
            phases.append((removed, {}))
    return phases


def _cards(members: Works, protocol: Protocol, groups: int) -> list[Phase]:
    """A pass over whole prompts, and what the neurons of a layer put out, in float32."""
    phases: list[Phase] = []
    for sizes, works in members:
        host = {**_kept(sizes, protocol, groups), "score sums": 2 * _sums(sizes, groups)}
        for load in {load for work in works for load in work.evaluation}:
            whole = load.prefix + load.tokens
            device = {
                "activations": passing(sizes, load.rows, whole),
                "neurons of a layer": FLOAT * load.rows * whole * sizes.inner,
                "logits": logits(sizes, load.reads),
            }
            phases.append((device, host))
    return phases


def _compared(sizes: Sizes, protocol: Protocol, groups: int) -> dict[str, int]:
    """Score sums of both members, and what resamples, cosines in units of spread or places take."""
    edges = sizes.graph.edges
    # Sums of the edges alone, of both members; squares of deviations with each group left out.
    cosines = max(2 * groups, groups + 1) * DOUBLE * edges
    # Of the MDM, what comes from before and from behind, and the rest.
    places = (2 * FLOAT + DOUBLE) * groups * edges * protocol.scoring.places
    return {
        **_kept(sizes, protocol, groups),
        "score sums": 2 * _sums(sizes, groups),
        "halves and resamples": max(_resampled(edges, protocol, groups), cosines, places),
    }


def _resampled(edges: int, protocol: Protocol, groups: int) -> int:
    """What the overlaps of circuits take in all resamples, by `MOST_THREADS` at most."""
    rows, chunk = 2 * protocol.statistics.splits + 1, min(CHUNK, edges)
    # In single precision sums of both members in the order of the search, and of one in that of the graph;
    # mass of both, order, place and both ends of each edge.
    ordered = (3 * groups * FLOAT + 8 * DOUBLE) * edges
    sample = math.ceil(edges / max(1, int(edges ** (1 / 3) / SAMPLE)))
    # Of both members in each thread: scores of the sample and of a chunk with two masks, circuits of every
    # size as bits, and what lies near their borders, mostly with its row, edge and score.
    at_once = rows * max(1, AT_ONCE // (rows * chunk))
    row = FLOAT * sample + (FLOAT + 2) * chunk + len(protocol.sweeping.grid) * edges // 8 + edges // 2
    return ordered + 2 * groups * FLOAT * sample + 2 * shared_threads() * at_once * row


def _kept(sizes: Sizes, protocol: Protocol, groups: int) -> dict[str, int]:
    """What both members' scores hold besides their sums, for all cells of a task that come after them."""
    scoring, found = protocol.scoring, {}
    if scoring.places:
        found["score sums by place"] = _by_place(sizes, groups)
    if scoring.neurons and sizes.neurons:
        found["effects of neurons"] = 2 * _of_neurons(sizes, groups)
    return found


def _ranked(sizes: Sizes, protocol: Protocol, groups: int) -> dict[str, int]:
    """What ranking edges by another selection than |score| takes: their sums alone, and places."""
    selection, edges = protocol.sweeping.selection, sizes.graph.edges
    if selection == "absolute":
        return {}
    # A few arrays of edges to sort; of every resample the place of each edge, and as many to look among.
    places = 2 * 4 * RESAMPLES if selection == "frequent" else 0
    return {"ranking of edges": (groups * DOUBLE + 8 * DOUBLE + places) * edges}


def _by_place(sizes: Sizes, groups: int) -> int:
    """Of the MDM, what comes from before and from behind, float32 [2, groups, sources, destinations]."""
    return 2 * FLOAT * groups * sizes.graph.sources * sizes.graph.destinations


def _of_neurons(sizes: Sizes, groups: int) -> int:
    """A member's effects of neurons, float32 [groups, layers, neurons]."""
    return FLOAT * groups * sizes.layers * sizes.neurons


def _sums(sizes: Sizes, groups: int) -> int:
    """A member's score sums, float64 [groups, sources, destinations]."""
    return DOUBLE * groups * sizes.graph.sources * sizes.graph.destinations
