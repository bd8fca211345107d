"""Edge attribution with integrated gradients: EAP-IG (arXiv 2403.17806), exactly, and by other rules.

Costs little more than the model's own passes: nothing the size of the residual stream is made per head
inside autograd, and a site's scores are one matrix product over all steps.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import NotComputable
from ..pairs.backbones import Backbone
from ..pairs.member import Member
from .backward import under
from .batch import Batch
from .capture import Outputs, hooks, measure, run, sites, still, taken_off, written
from .gradients import SiteGradients, gradients_at
from .graph import Graph
from .later import read_at
from .neurons import NeuronEffects, activations, neurons_taken_off
from .places import EVERYTHING, borders, spans
from .portions import read_together, readers_of, rows_at_once, stacked, steps_held, tokens_stacked
from .prefix import behind_shared_prefix
from .rules import CHAIN, Rules
from .scores import Attribution, Integration, Outside
from .sums import ByGroup, Sums


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

    Summed over positions and rows of an example, and over examples within each of the `groups`. Steps are
    stacked along the batch up to `tokens_at_once` (a pass takes a batch's rows at least), by default
    `tokens_stacked` of the model's width and the member's share. Under `staggered` an example's points follow
    from how many come before it. `places` also splits scores by the position of the source, `neurons` adds
    the effect of every MLP neuron; both from the same passes. `rules`: what the backward pass does otherwise
    than the chain rule; `RELP` and `GIM` are published with `Integration("eap", 1)`: one backward pass, at
    the clean run. Scores are accumulated in float32 or better. Raises NotComputable where a score is not
    finite, there is no example, neurons are asked of experts, or a rule does not fit the model.
    """
    sums = Sums.of(member, groups, places, neurons)
    usual = tokens_stacked(member.backbone.shape.width, member.share)
    at_once = usual if tokens_at_once is None else tokens_at_once
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
    group_of_row = batch.groups[batch.example_of_row].cpu()
    held = steps_held(rest.clean.numel(), member.share)
    with read_at(member.backbone, rest.positions_read):
        clean = _clean_run(behind, rest, sums.maps)
        effects = NeuronEffects(sums.maps, clean.neurons)
        # At the corrupted end of the path, under the chain rule, a step's way there is the corrupted run.
        is_step = rules == CHAIN and not points[0].any()
        corrupted = None if is_step else _corrupted_run(behind, rest, clean)
        for first in range(0, len(points), held):
            some = points[first : first + held]
            end = clean if corrupted is None else None
            gradients, seen = _integrate(behind, rest, some, tokens_at_once, effects, rules, end)
            corrupted = seen if corrupted is None else corrupted
            _accumulate(sums, behind, rest, group_of_row, clean.difference, gradients)
            del gradients  # before those of the next steps come
    if sums.neurons is not None:
        sums.add_neurons(ByGroup.of(group_of_row, member.device), effects.sums)
    assert corrupted is not None, "there is at least one step"
    return clean.metric, corrupted


@dataclass(frozen=True)
class _Clean:
    """What sources and neurons put out in the clean run, until the corrupted one is taken off; its metric."""

    difference: Outputs
    maps: Sequence[nn.Module]
    neurons: list[Tensor]
    metric: Tensor

    @contextmanager
    def less(self, backbone: Backbone) -> Iterator[None]:
        """Within is the corrupted run, and with it what both put out there is taken off."""
        with taken_off(backbone, self.difference), neurons_taken_off(self.maps, self.neurons):
            yield


def _clean_run(member: Member, batch: Batch, maps: Sequence[nn.Module]) -> _Clean:
    with activations(maps) as neurons:
        outputs, hidden = run(member, batch.clean)
    return _Clean(outputs, maps, neurons, measure(member, batch, hidden))


@torch.no_grad()
def _corrupted_run(member: Member, batch: Batch, clean: _Clean) -> Tensor:
    """Take the corrupted run off the clean one; its metric."""
    embedding = member.embed(batch.corrupted)
    with clean.less(member.backbone):
        hidden = member.hidden(embedding, batch.corrupted)
    clean.difference.embedding.sub_(embedding)
    return measure(member, batch, hidden)


def _integrate(
    member: Member,
    batch: Batch,
    points: NDArray[np.float64],
    tokens_at_once: int,
    effects: NeuronEffects,
    rules: Rules,
    clean: _Clean | None,
) -> tuple[list[SiteGradients], Tensor | None]:
    """The gradients at every site, over these steps; the effects of neurons are added up on the way.

    `clean`: what the first step, the corrupted run, is to be taken off; its metric is then given too.
    """
    rows = len(batch.clean)
    found = [gradients_at(site, rows, len(points), rules) for site in sites(member.backbone)]
    with torch.no_grad():
        # In half precision the difference of the two embeddings would be rounded before it is scaled.
        start, end = member.embed(batch.corrupted).float(), member.embed(batch.clean).float()
    of_rows = torch.tensor(points, dtype=start.dtype, device=start.device)[:, batch.example_of_row]
    metric = None
    with under(rules, member.backbone), hooks() as handles, torch.enable_grad():
        for gradients in found:
            gradients.attach(handles)
        effects.attach(handles)
        if clean is not None:
            with clean.less(member.backbone):
                hidden = _forward(member, batch, start[None].to(member.backbone.dtype))
            clean.difference.embedding.sub_(start)
            metric = measure(member, batch, hidden.detach())
            _back(member, batch, hidden)
            del hidden
            of_rows = of_rows[1:]
        at_once = stacked(batch.clean.numel(), tokens_at_once)
        for first in range(0, len(of_rows), at_once):
            some = of_rows[first : first + at_once]
            between = start + some[..., None, None] * (end - start)
            # Nothing of a pass is still held while the next one runs.
            _back(member, batch, _forward(member, batch, between.to(member.backbone.dtype)))
    return found, metric


def _forward(member: Member, batch: Batch, embeddings: Tensor) -> Tensor:
    """The final norm's output for embeddings [steps, rows, tokens, width], one stack after the other."""
    # Parameters need no gradient, so autograd does not keep their inputs, and the embeddings need none: what
    # the first maps put out are its leaves, as nothing of the way back is read before these.
    return member.hidden(embeddings.flatten(0, 1), batch.clean)


def _back(member: Member, batch: Batch, hidden: Tensor) -> None:
    """Back from the metric of every step to the embeddings."""
    by_step = hidden.view(-1, len(batch.clean), *hidden.shape[1:])
    read = by_step[:, batch.read_row, batch.read_position]
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
    # By place, what the sources write is copied span by span.
    held = graph.sources * (1 if limits is None else 2)
    at_once = min(count, rows_at_once(held, width, tokens, member.share))
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
