"""Running circuits: a destination reads kept edges as they are now, all others as a reference wrote them."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import UsageError
from ..pairs.limits import part_of
from ..pairs.member import Member
from .batch import Batch
from .capture import Outputs, measure, run, still
from .graph import Edges, Graph
from .portions import TOKENS_AT_ONCE
from .prefix import behind_shared_prefix
from .stack import Stack
from .stack_plan import STREAMS, StackPlan, reference_streams

Intervention = Literal["patch", "zero", "mean"]

MEMORY = 16 * 2**20
"""Default bytes for what the sources of a stack write: on a CPU, a stack that stays in cache is fastest."""

LEAST_ITEMS = 8
"""A stack has at least this many rows, so that weights are not read anew for every one."""

LEAST_READS = 32
"""So many reads go through the unembedding at a time at least, where there are so many."""


def whole_model(member: Member, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The metric of the whole model on the clean and on the corrupted prompts, each [examples]."""
    with still(member.backbone.model):
        member, batch = behind_shared_prefix(member, batch)
        clean, corrupted = (
            measure(member, batch, run(member, tokens)[1]).double().cpu().numpy()
            for tokens in (batch.clean, batch.corrupted)
        )
    return clean, corrupted


def mean_outputs(member: Member, batches: Iterable[Batch]) -> Outputs:
    """What each source writes on average over the corrupted rows, by state and position.

    The rows of the result are the states: [states, tokens, …]. Raises UsageError for no batch, or batches
    of several lengths.
    """
    total: Outputs | None = None
    rows = torch.zeros(0)
    with still(member.backbone.model):
        for batch in batches:
            state = batch.state_of_row
            outputs, _ = run(member, batch.corrupted)
            if total is not None and total.embedding.shape[1] != outputs.embedding.shape[1]:
                raise UsageError(
                    "means of prompts of several lengths", "take the means of one length at a time"
                )
            states = max(int(state.max()) + 1, len(rows))
            sums = outputs.map(partial(_sum_by_state, state=state, states=states))
            total = sums if total is None else sums + total.map(partial(_grown, states=states))
            rows = _grown(rows.to(state.device), states) + torch.bincount(state, minlength=states)
    if total is None:
        raise UsageError("means of no prompt", "give at least one batch")
    return total.map(lambda summed: summed / rows[:, None, None].to(summed.device))


def _sum_by_state(values: Tensor, state: Tensor, states: int) -> Tensor:
    return values.new_zeros(states, *values.shape[1:]).index_add(0, state.to(values.device), values)


def _grown(values: Tensor, states: int) -> Tensor:
    return torch.cat([values, values.new_zeros(states - len(values), *values.shape[1:])])


def run_circuits(
    member: Member,
    batch: Batch,
    edges: Edges,
    intervention: Intervention = "patch",
    means: Outputs | None = None,
    memory: int | None = None,
) -> NDArray[np.float64]:
    """The metric with only a circuit's edges kept, [circuits, examples].

    `edges`: boolean [circuits, sources, destinations] of the graph of the member's shape. What is not kept is
    the corrupted run's (`patch`), nothing (`zero`), or the mean over corrupted prompts of the same length
    (`mean`, from mean_outputs). Position embeddings and the biases of the attention output maps always stay;
    an MLP's own bias is part of its output. `memory`: bytes that decide how many circuits and rows run
    stacked (None: the member's share of the usual). Raises UsageError for edges of another graph, or `mean`
    without means.
    """
    return run_with_whole(member, batch, edges, intervention, means, memory)[1]


def run_with_whole(
    member: Member,
    batch: Batch,
    edges: Edges,
    intervention: Intervention = "patch",
    means: Outputs | None = None,
    memory: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The metric of the whole model [examples], and of circuits as `run_circuits` has it.

    The circuit of all edges is the clean run, and under `patch` that of none the corrupted one: neither is
    run again.
    """
    graph = Graph.of(member.backbone.shape)
    if edges.ndim != 3:
        raise UsageError(
            f"edges of shape {edges.shape}", "stack circuits as [circuits, sources, destinations]"
        )
    graph.checked(edges)
    with torch.no_grad(), still(member.backbone.model):
        if intervention == "patch":  # The others replace what the sources write at shared tokens too.
            member, batch = behind_shared_prefix(member, batch)
        reference, corrupted = _reference(member, batch, intervention, means)
        whole = _values(member, batch, member.hidden(member.embed(batch.clean), batch.clean))
        found = np.empty((len(edges), batch.examples))
        size = edges.sum(axis=(1, 2))
        found[size == graph.edges] = whole
        known = size == graph.edges
        if intervention == "patch":
            found[size == 0] = corrupted
            known |= size == 0
        # Circuits of a size are alike in what runs of the model.
        left = np.argsort(size, kind="stable")
        left = left[~known[left]]
        if len(left):
            read = _read_circuits(member, batch, edges[left], reference, memory)
            found[left] = _metrics(member, batch, read)
    return whole, found


def _values(member: Member, batch: Batch, hidden: Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = measure(member, batch, hidden).double().cpu().numpy()
    return found


def _read_circuits(
    member: Member, batch: Batch, edges: Edges, reference: Outputs, memory: int | None
) -> Tensor:
    """The final norm's output where a batch is read, of each circuit, [circuits, reads, width]."""
    backbone, (rows, tokens) = member.backbone, batch.clean.shape
    graph, width = Graph.of(backbone.shape), backbone.shape.width
    plan = StackPlan.of(graph, edges)
    read = torch.empty(
        len(edges), len(batch.read_row), width, dtype=backbone.dtype, device=batch.clean.device
    )
    parts = -(-rows // stacked_items(graph, width, tokens, member.share, memory))
    for part in torch.arange(rows, device=batch.clean.device).tensor_split(parts):
        own, behind = reference.map(partial(at_rows, rows=part)), member.of_rows(part)
        before = 0 if member.prefix is None else member.prefix.tokens
        streams = [*reference_streams(backbone, own, before)]
        here = (batch.read_row >= part[0]) & (batch.read_row <= part[-1])
        at = batch.read_row[here] - part[0], batch.read_position[here]
        stacks = [*_stacks(plan.used, len(part), 4 * tokens * width, member, memory)]
        # One piece of memory for all of them: it is what they need most of.
        most = max((plan[circuits].streams for circuits in stacks), default=0)
        room = own.embedding.new_empty(most * own.embedding.numel())
        for circuits in stacks:
            stack = Stack(behind, plan[circuits], own, streams, *at, room)
            read[circuits, here] = stack.reads(batch.clean[part])
    return read


def _stacks(used: Edges, rows: int, stream: int, member: Member, memory: int | None) -> Iterator[slice]:
    """Which circuits are run together on so many rows, one after the other.

    `used`: [circuits, sources], whose outputs are stored; `stream`: bytes of one for a row.
    """
    memory = member.part_of(MEMORY) if memory is None else memory
    first = 0
    while first < len(used):
        last, stored = first + 1, used[first]
        while last < len(used):
            stored = stored | used[last]
            items = (last + 1 - first) * rows
            if items > max(member.part_of(LEAST_ITEMS), memory // (stream * (STREAMS + int(stored.sum())))):
                break
            last += 1
        yield slice(first, last)
        first = last


def run_stacked(
    member: Member,
    batch: Batch,
    variants: int,
    at_once: int,
    hidden: Callable[[NDArray[np.int64], Tensor], Tensor],
) -> NDArray[np.float64]:
    """The metric of a batch's examples in several variants of a run, [variants, examples].

    `hidden`, `at_once`: as `stacked_reads` takes them.
    """
    read = stacked_reads(member, batch, variants, at_once, hidden)
    return _metrics(member, batch, read)


def _metrics(member: Member, batch: Batch, read: Tensor) -> NDArray[np.float64]:
    """The metric of each variant [variants, examples], of reads [variants, reads, width]."""
    values = [batch.metric(logits).double().cpu() for logits in each_logits(member, read)]
    return torch.stack(values).numpy() if values else np.empty((0, batch.examples))


def each_logits(member: Member, read: Tensor) -> Iterator[Tensor]:
    """The logits [reads, vocabulary] of each variant, of reads [variants, reads, width], one by one.

    Logits of a large vocabulary of all of them would not fit. Of few reads, variants go through the
    unembedding together, up to `LEAST_READS`, so that it is not read anew for each.
    """
    for some in read.split(max(1, LEAST_READS // max(1, read.shape[1]))):
        yield from member.logits(some)


def stacked_reads(
    member: Member,
    batch: Batch,
    variants: int,
    at_once: int,
    hidden: Callable[[NDArray[np.int64], Tensor], Tensor],
) -> Tensor:
    """The final norm's output where a batch is read, in several variants of a run, [variants, reads, width].

    Pairs of a variant and a row are items, numbered variant by variant, of which a stack of `at_once` runs as
    one batch: `hidden(variants, rows)`, both [items], gives the final norm's output [items, tokens, width].
    """
    rows, width = len(batch.clean), member.backbone.shape.width
    items = variants * rows
    starts = torch.arange(variants, device=member.device)[:, None] * rows
    read_item, read_position = starts + batch.read_row, batch.read_position.expand(variants, -1)
    # A stack may end halfway through a variant's rows. So the reads are collected first, and the metric is
    # taken once a variant is complete.
    read = torch.empty(*read_item.shape, width, dtype=member.backbone.dtype, device=member.device)
    for first in range(0, items, at_once):
        chunk = np.arange(first, min(first + at_once, items))
        variant, row = np.divmod(chunk, rows)
        found = hidden(variant, torch.from_numpy(row).to(member.device))
        here = (read_item >= first) & (read_item < first + len(chunk))
        read[here] = found[read_item[here] - first, read_position[here]]
    return read


def stacked_items(
    graph: Graph, width: int, tokens: int, share: float = 1.0, memory: int | None = None
) -> int:
    """How many pairs of a circuit and a row of that many tokens are run as one batch."""
    memory = part_of(MEMORY, share) if memory is None else memory
    return max(part_of(LEAST_ITEMS, share), memory // (4 * (STREAMS + graph.sources) * tokens * width))


def stacked_rows(member: Member, tokens: int, tokens_at_once: int | None) -> int:
    """How many rows of that many tokens are stacked, each with a change of its own."""
    most = member.part_of(TOKENS_AT_ONCE) if tokens_at_once is None else tokens_at_once
    return max(member.part_of(LEAST_ITEMS), most // tokens)


def at_rows(values: Tensor, rows: Tensor) -> Tensor:
    """What there is of those rows [items], of values [rows, …]."""
    return values[rows.to(values.device)]


def _reference(
    member: Member, batch: Batch, intervention: Intervention, means: Outputs | None
) -> tuple[Outputs, NDArray[np.float64] | None]:
    """What each source is taken to write where an edge is not kept, [rows, tokens, …].

    And the metric of the corrupted run where that is it.
    """
    if intervention == "mean":
        if means is None or means.embedding.shape[1] != batch.clean.shape[1]:
            raise UsageError(
                "a mean intervention without means of this length", "take them from mean_outputs"
            )
        return means.map(partial(at_rows, rows=batch.state_of_row)), None
    corrupted, hidden = run(member, batch.corrupted)
    if intervention == "patch":
        return corrupted, _values(member, batch, hidden)
    if intervention == "zero":
        return corrupted.map(torch.zeros_like), None
    raise UsageError(f"intervention {intervention!r} does not exist", "known: patch, zero, mean")
