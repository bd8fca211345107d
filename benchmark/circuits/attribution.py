"""Edge attribution with integrated gradients: EAP-IG (arXiv 2403.17806), exactly, and by other rules.

Costs little more than the model's own passes: nothing the size of the residual stream is made per head
inside autograd, and a site's scores are one matrix product over all steps.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import NotComputable
from ..pairs.member import Member
from .backward import under
from .batch import Batch
from .capture import Outputs, hooks, measure, run, sites, still, subtract, written
from .gradients import SiteGradients, gradients_at
from .graph import Graph, SiteAxes
from .neurons import NeuronEffects, activations, taken_off
from .places import EVERYTHING, borders, spans
from .prefix import behind_shared_prefix
from .rules import CHAIN, Rules
from .scores import Attribution, Integration, Outside
from .sums import ByGroup, Sums

SOURCE_BYTES = 64 * 2**20
"""How much of what the sources write is held at a time, unless `SOURCE_POSITIONS` or one row need more."""

SOURCE_POSITIONS = 256
"""Token positions of what the sources write that are held at a time, if they take no more than `MOST_BYTES`.

For each such piece all maps that heads read through are made ready again: less than this, and that would be
most of the work in a wide model.
"""

MOST_BYTES = 2 * 2**30
"""The most that is held at a time of what the sources write, unless one row alone needs more."""

DESTINATIONS_AT_ONCE = 64
"""Destinations whose scores are one product, at least, if there are as many."""

TOKENS_AT_ONCE = 512
"""Token positions that are worth a pass of their own: up to as many, single things are stacked."""

STREAM_AT_ONCE = 2**16
"""Numbers of the residual stream up to which the steps of a narrow model are stacked in one pass.

A pass over few numbers costs what starting it costs. How many are enough was measured beforehand and follows
from the width alone: what a process measures would be another number in the next one, and with it the
rounding of scores, which must not depend on who computes them.
"""

STEPS_AT_ONCE = 10
"""Integration steps whose gradients are held at a time, at most: what a norm reads is kept of each."""

POSITIONS_HELD = 20_480
"""Token positions whose gradients are held at a time, over all steps, unless one step alone has more."""


def attribute(
    member: Member,
    batches: Iterable[Batch],
    integration: Integration,
    groups: int,
    tokens_at_once: int | None = None,
    places: bool = False,
    neurons: bool = False,
    rules: Rules = CHAIN,
) -> Attribution:
    """The score of every edge: ⟨what its source wrote, clean − corrupted; mean gradient at its destination⟩.

    Summed over positions and rows of an example, and over examples within each of the `groups`. Steps
    are stacked along the batch up to `tokens_at_once` (a pass takes a batch's rows at least), by default
    `tokens_stacked` of the model's width. Under `staggered` an example's points follow from how many come
    before it. `places` also splits scores by the position of the source, `neurons` adds the effect of every
    MLP neuron; both from the same passes. `rules`: what the backward pass does otherwise than
    the chain rule; `RELP` and `GIM` are published with `Integration("eap", 1)`: one backward pass, at the
    clean run. Scores are accumulated in float32 or better. Raises NotComputable where a score is not finite,
    there is no example, neurons are asked of experts, or a rule does not fit the model.
    """
    sums = Sums.of(member, groups, places, neurons)
    at_once = tokens_stacked(member.backbone.shape.width) if tokens_at_once is None else tokens_at_once
    clean: list[Tensor] = []
    corrupted: list[Tensor] = []
    members: list[Tensor] = []
    seen = 0
    with still(member.backbone.model):
        for batch in batches:
            points = integration.points(range(seen, seen + batch.examples))
            seen += batch.examples
            values = _add_scores(sums, member, batch, points, at_once, rules)
            clean.append(values[0])
            corrupted.append(values[1])
            members.append(batch.groups)
    if not members:
        raise NotComputable("there is no example to attribute", "give at least one batch")
    scores, outside, of_neurons = sums.means(integration.steps)
    of_example = torch.cat(members).cpu().numpy()
    return Attribution(
        Graph.of(member.backbone.shape),
        integration,
        scores.numpy(),
        np.bincount(of_example, minlength=groups),
        torch.cat(clean).double().cpu().numpy(),
        torch.cat(corrupted).double().cpu().numpy(),
        of_example,
        Outside(None if outside is None else outside.numpy()) if places else None,
        None if of_neurons is None else of_neurons.numpy(),
        rules,
    )


def _add_scores(
    sums: Sums,
    member: Member,
    batch: Batch,
    points: NDArray[np.float64],
    tokens_at_once: int,
    rules: Rules,
) -> tuple[Tensor, Tensor]:
    """Add a batch's scores to the sums, from gradients at points [steps, examples]; the metric of both runs.

    A function of its own, so that nothing of a batch is still held while the next one runs.
    """
    behind, rest = behind_shared_prefix(member, batch)
    difference, effects, values = _runs(behind, rest, sums.maps)
    group_of_row = batch.groups[batch.example_of_row].cpu()
    held = steps_held(rest.clean.numel())
    for first in range(0, len(points), held):
        some = points[first : first + held]
        gradients = _integrate(behind, rest, some, tokens_at_once, effects, rules)
        _accumulate(sums, behind, rest, group_of_row, difference, gradients)
    if sums.neurons is not None:
        sums.add_neurons(ByGroup.of(group_of_row, member.device), effects.sums)
    return values


def _runs(
    member: Member, batch: Batch, maps: Sequence[nn.Module]
) -> tuple[Outputs, NeuronEffects, tuple[Tensor, Tensor]]:
    """What the sources and the neurons of these maps put out, clean − corrupted; the metric of both runs."""
    with activations(maps) as neurons:
        difference, hidden = run(member, batch.clean)
    clean = measure(member, batch, hidden)
    with taken_off(maps, neurons):
        hidden = subtract(member, batch.corrupted, difference)
    return difference, NeuronEffects(maps, neurons), (clean, measure(member, batch, hidden))


def steps_held(positions: int) -> int:
    """Of how many integration steps gradients are held at a time, for a batch of so many token positions."""
    return max(1, min(STEPS_AT_ONCE, POSITIONS_HELD // positions))


def rows_at_once(sources: int, width: int, tokens: int) -> int:
    """Of how many rows of so many tokens what the sources write is held at a time."""
    row = 4 * sources * width * tokens
    return max(1, min(MOST_BYTES // row, max(SOURCE_BYTES // row, SOURCE_POSITIONS // tokens)))


def tokens_stacked(width: int) -> int:
    """Up to how many token positions integration steps are stacked in one pass of a model of this width."""
    return max(TOKENS_AT_ONCE, STREAM_AT_ONCE // width)


def stacked(positions: int, tokens_at_once: int) -> int:
    """How many integration steps of a batch of so many token positions one pass takes."""
    return max(1, tokens_at_once // positions)


def _integrate(
    member: Member,
    batch: Batch,
    points: NDArray[np.float64],
    tokens_at_once: int,
    effects: NeuronEffects,
    rules: Rules,
) -> list[SiteGradients]:
    """The gradients at every site, over these steps; the effects of neurons are added up on the way."""
    rows = len(batch.clean)
    found = [gradients_at(site, rows, len(points), rules) for site in sites(member.backbone)]
    with torch.no_grad():
        # In half precision the difference of the two embeddings would be rounded before it is scaled.
        start, end = member.embed(batch.corrupted).float(), member.embed(batch.clean).float()
    at_once = stacked(batch.clean.numel(), tokens_at_once)
    of_rows = torch.tensor(points, dtype=start.dtype, device=start.device)[:, batch.example_of_row]
    with under(rules, member.backbone), hooks() as handles, torch.enable_grad():
        for gradients in found:
            gradients.attach(handles)
        effects.attach(handles)
        for first in range(0, len(of_rows), at_once):
            between = start + of_rows[first : first + at_once, :, None, None] * (end - start)
            _run_back(member, batch, between.to(member.backbone.dtype))
    return found


def _run_back(member: Member, batch: Batch, between: Tensor) -> None:
    """One pass forward and back from embeddings [steps, rows, tokens, width].

    A function of its own, so that nothing of a pass is still held while the next one runs.
    """
    # The embeddings are the only leaf. Parameters need no gradient, so autograd does not keep their inputs.
    hidden = member.hidden(between.flatten(0, 1).requires_grad_(), batch.clean)
    read = hidden.view(*between.shape[:2], *hidden.shape[1:])[:, batch.read_row, batch.read_position]
    # No row attends to another, so the gradient of the sum gives every row and step its own gradient.
    value = torch.stack([batch.metric(logits).sum() for logits in member.logits(read)]).sum()
    torch.autograd.backward(value)


@torch.no_grad()
def _accumulate(
    sums: Sums,
    member: Member,
    batch: Batch,
    group_of_row: Tensor,
    difference: Outputs,
    gradients: list[SiteGradients],
) -> None:
    """Add the batch's scores to the sums of its examples' groups, of which `group_of_row` is on the host."""
    backbone, (count, tokens) = member.backbone, batch.clean.shape
    graph, width = sums.graph, backbone.shape.width
    limits = borders(batch).cpu() if sums.outside is not None else None
    at_once = min(count, rows_at_once(graph.sources, width, tokens))
    together = read_together(graph)
    of_reader = {site.destinations.start: each for site, each in zip(graph.sites, gradients, strict=True)}
    # Both are made once: a system takes longer to give so much memory than the products take to fill it.
    wrote = difference.embedding.new_empty(graph.sources, at_once, tokens, width)
    felt = wrote.new_empty(max(map(readers_of, together)), at_once, tokens, width)
    for first in range(0, count, at_once):
        rows = slice(first, min(first + at_once, count))
        here = slice(rows.stop - rows.start)
        sources = written(backbone, difference, rows, wrote[:, here])
        by_group = ByGroup.of(group_of_row[rows], member.device)
        # Every row and position is in one span, so that places cost no further products.
        parts = [EVERYTHING] if limits is None else spans(limits[rows], tokens)
        factors = [part.of(sources) for part in parts]
        for some in together:
            gradient = felt[: readers_of(some), here]
            for site, part in zip(some, gradient.split([each.readers for each in some]), strict=True):
                of_reader[site.destinations.start].write(rows, part)
            readable = slice(some[-1].readable)
            place = readable, slice(some[0].destinations.start, some[-1].destinations.stop)
            for span, factor in zip(parts, factors, strict=True):
                # Few destinations from the left and many sources from the right: a third faster on a CPU.
                scores = torch.bmm(span.of(gradient), factor[:, readable].transpose(1, 2))
                found = by_group.summed(scores, span.rows).transpose(1, 2)
                sums.add(by_group.groups, place, span.place, found)


def read_together(graph: Graph) -> list[tuple[SiteAxes, ...]]:
    """The sites, several next to each other where each has few destinations; the later ones first.

    A product with what the sources wrote is slower with 37 destinations than with 74, and reads as much
    memory. What no edge is of such a product, from a later source to an earlier reader, is left out at the
    end.
    """
    found, end = [], len(graph.sites)
    while end:
        start, readers = end, 0
        # From the end, so that what is left over reads the fewest sources.
        while start and readers < DESTINATIONS_AT_ONCE:
            start -= 1
            readers += graph.sites[start].readers
        found.append(graph.sites[start:end])
        end = start
    return found


def readers_of(together: tuple[SiteAxes, ...]) -> int:
    """How many destinations read at these sites."""
    return sum(site.readers for site in together)
