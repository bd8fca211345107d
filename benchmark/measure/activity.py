"""What MLP neurons put out on prompts: all of them on average, or a few token by token; and without them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..asking.states import Question, batches, in_batch_order
from ..circuits.batch import Batch
from ..circuits.capture import hooks, measure, still
from ..circuits.neurons import output_maps
from ..pairs.member import Member
from .node_sets import Places


@dataclass(frozen=True, eq=False)
class PromptActivity:
    """What chosen neurons put out on one prompt.

    `question`: the example; `tokens`: the ids of its row, and `read` the position that is read first;
    `values`: float32 [neurons, tokens].
    """

    question: Question
    tokens: tuple[int, ...]
    read: int
    values: NDArray[np.float32]


def mean_activity(
    member: Member, batched: Sequence[Batch], advance: Callable[[int], None]
) -> tuple[NDArray[np.float64], float]:
    """What every neuron puts out on average over the tokens of the clean rows, [layers, neurons].

    And the mean metric of these prompts. `advance` is told how many of them are done.
    """
    maps = output_maps(member.backbone)
    sums = [torch.zeros(1, dtype=torch.float64) for _ in maps]

    def add(layer: int, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        sums[layer] = sums[layer] + inputs[0].float().sum(dim=(0, 1)).cpu().double()

    with hooks() as handles:
        for layer, module in enumerate(maps):
            handles.append(module.register_forward_pre_hook(partial(add, layer)))
        metric = mean_metric(member, batched, advance)
    tokens = sum(batch.clean.numel() for batch in batched)
    return np.stack([each.numpy() for each in sums]) / max(1, tokens), metric


def prompt_activity(
    member: Member, questions: Sequence[Question], neurons: Places, rows: int
) -> list[PromptActivity]:
    """What the neurons put out on the clean prompt of each question, in its first state."""
    maps = output_maps(member.backbone)
    seen: dict[int, Tensor] = {}

    def keep(layer: int, columns: Tensor, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen[layer] = inputs[0][..., columns.to(inputs[0].device)].float().cpu()

    found: list[PromptActivity] = []
    ordered = iter(in_batch_order(questions))
    with torch.no_grad(), still(member.backbone.model), hooks() as handles:
        columns = _columns(neurons, member.device)
        for layer, own in columns.items():
            handles.append(maps[layer].register_forward_pre_hook(partial(keep, layer, own)))
        for batch in batches(member, questions, rows):
            member.hidden(member.embed(batch.clean), batch.clean)
            values = torch.cat([seen[layer] for layer in columns], dim=-1).numpy()
            for row in (batch.state_of_row == 0).nonzero()[:, 0].tolist():
                read = batch.read_position[batch.read_row == row][0]
                tokens = tuple(batch.clean[row].tolist())
                found.append(PromptActivity(next(ordered), tokens, int(read), values[row].T))
    # Taken layer by layer, and given back in the order in which they were asked for.
    place = np.argsort(np.argsort(neurons[:, 0], kind="stable"))
    return [replace(each, values=each.values[place]) for each in found]


def _columns(neurons: Places, device: torch.device) -> dict[int, Tensor]:
    """By layer the indices of its neurons, in the order in which they are given."""
    layers = np.unique(neurons[:, 0])
    return {
        int(layer): torch.as_tensor(neurons[neurons[:, 0] == layer, 1], device=device) for layer in layers
    }


def metrics_without(
    member: Member,
    batched: Sequence[Batch],
    sets: Sequence[Places],
    means: NDArray[np.float64],
    advance: Callable[[int], None],
) -> list[float]:
    """By set of neurons the mean metric on the clean prompts where they put out their mean at every token.

    `means`: [layers, neurons], from `mean_activity`. All sets run in one pass, stacked along the rows.
    """
    maps = output_maps(member.backbone)
    constants = [
        {
            layer: (own, torch.as_tensor(means[layer], device=member.device)[own])
            for layer, own in _columns(neurons, member.device).items()
        }
        for neurons in sets
    ]
    totals, examples = [0.0 for _ in sets], 0
    with torch.no_grad(), still(member.backbone.model), hooks() as handles:
        for layer, module in enumerate(maps):
            replaced = [each.get(layer) for each in constants]
            handles.append(module.register_forward_pre_hook(partial(_constant, replaced)))
        for batch in batched:
            embedded = member.embed(batch.clean).repeat(len(sets), 1, 1)
            hidden = member.hidden(embedded, batch.clean).unflatten(0, (len(sets), -1))
            for index, each in enumerate(hidden):
                totals[index] += float(measure(member, batch, each).double().sum())
            examples += batch.examples
            advance(batch.examples * len(sets))
    return [total / max(1, examples) for total in totals]


def _constant(
    replaced: Sequence[tuple[Tensor, Tensor] | None], _: nn.Module, inputs: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    changed = inputs[0].clone()
    for part, each in zip(changed.chunk(len(replaced)), replaced, strict=True):
        if each is not None:
            columns, constants = each
            part[..., columns.to(part.device)] = constants.to(part)
    return (changed, *inputs[1:])


def mean_metric(
    member: Member,
    batched: Sequence[Batch],
    advance: Callable[[int], None],
    corrupted: bool = False,
) -> float:
    """Mean metric of the examples on their clean or corrupted prompts, every example weighing the same."""
    total, examples = 0.0, 0
    with torch.no_grad(), still(member.backbone.model):
        for batch in batched:
            tokens = batch.corrupted if corrupted else batch.clean
            hidden = member.hidden(member.embed(tokens), tokens)
            total += float(measure(member, batch, hidden).double().sum())
            examples += batch.examples
            advance(batch.examples)
    return total / max(1, examples)


def output_columns(member: Member, neurons: Places) -> Tensor:
    """What each neuron writes per unit of activation, float32 [neurons, width]."""
    written = []
    for layer, index in neurons.tolist():
        weight = member.backbone.layers[layer].mlp_output_weight
        assert weight is not None, "cards are of members whose neurons can be read"
        written.append(weight[:, index].float().to(member.device))
    return torch.stack(written)
