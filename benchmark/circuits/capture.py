"""What the extractor takes from ordinary passes of the untouched model, by hooks.

Sources are recorded by their compact form: a head by the input of the attention's output map, which is
linear, so that differences and means of heads can be taken before the map is applied.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..pairs.backbones import Backbone, Norm, Projection
from ..pairs.member import Member
from .batch import Batch
from .graph import Graph
from .instead import in_one_step, instead


@dataclass(frozen=True)
class Site:
    """A norm on the residual stream, and the maps through which heads read it.

    Each map's output is one slice of `slice_width` per destination. Without maps the norm's output as
    a whole is what one destination, an MLP or the logits, reads.
    """

    norm: Norm
    projections: tuple[Projection, ...]
    slice_width: int

    @property
    def destinations(self) -> int:
        """How many destinations read here."""
        return sum(p.stop - p.start for p in self.projections) // self.slice_width or 1


def sites(backbone: Backbone) -> list[Site]:
    """The places where the residual stream is read, in order: attention and MLP of every layer, logits.

    Their destinations, one after the other, are the destination axis of the graph.
    """
    head_dim, width = backbone.shape.head_dim, backbone.shape.width
    found = []
    for layer in backbone.layers:
        found.append(Site(layer.attention_norm, (layer.query, layer.key, layer.value), head_dim))
        found.append(Site(layer.mlp_norm, (), width))
    return [*found, Site(backbone.final_norm, (), width)]


@dataclass(frozen=True)
class Outputs:
    """What every source wrote, in float32, where it was written.

    `embedding`: [rows, tokens, width]; `heads`, per layer: inputs of the output map [rows, tokens, heads *
    head_dim]; `mlps`, per layer: [rows, tokens, width].
    """

    embedding: Tensor
    heads: tuple[Tensor, ...]
    mlps: tuple[Tensor, ...]

    def map(self, change: Callable[[Tensor], Tensor]) -> "Outputs":
        """Every tensor changed in the same way."""
        return Outputs(change(self.embedding), tuple(map(change, self.heads)), tuple(map(change, self.mlps)))

    def __sub__(self, other: "Outputs") -> "Outputs":
        return Outputs(
            self.embedding - other.embedding,
            tuple(a - b for a, b in zip(self.heads, other.heads, strict=True)),
            tuple(a - b for a, b in zip(self.mlps, other.mlps, strict=True)),
        )

    def __add__(self, other: "Outputs") -> "Outputs":
        return self - other.map(torch.neg)


@contextmanager
def still(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode, without parameter gradients, in as few steps; afterwards as it was."""
    # Dropout would make the runs differ, and parameters that need a gradient would make autograd keep every
    # map's input.
    parameters = [(p, p.requires_grad) for p in model.parameters()]
    training = model.training
    model.eval().requires_grad_(False)
    try:
        with instead(in_one_step(model)):
            yield
    finally:
        model.train(training)
        for parameter, flag in parameters:
            parameter.requires_grad_(flag)


@contextmanager
def hooks() -> Iterator[list[RemovableHandle]]:
    """A list of hook handles that are removed at the end."""
    handles: list[RemovableHandle] = []
    try:
        yield handles
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def run(member: Member, tokens: Tensor) -> tuple[Outputs, Tensor]:
    """What the sources wrote for ids [rows, tokens], and the final norm's output [rows, tokens, width]."""
    heads: list[Tensor] = []
    mlps: list[Tensor] = []
    embedding = member.embed(tokens)
    with _shown(
        member.backbone, lambda _, mixed: heads.append(mixed.float()), lambda _, out: mlps.append(out.float())
    ):
        hidden = member.hidden(embedding, tokens)
    return Outputs(embedding.float(), tuple(heads), tuple(mlps)), hidden


@contextmanager
def taken_off(backbone: Backbone, outputs: Outputs) -> Iterator[None]:
    """What heads and MLPs write in the one pass within is taken off `outputs`, in place.

    So that nothing is held of a second run. Its embeddings are left to the caller, who has them.
    """
    with _shown(
        backbone,
        lambda layer, mixed: outputs.heads[layer].sub_(mixed),
        lambda layer, out: outputs.mlps[layer].sub_(out),
    ):
        yield


@contextmanager
def _shown(
    backbone: Backbone, heads: Callable[[int, Tensor], object], mlps: Callable[[int, Tensor], object]
) -> Iterator[None]:
    """Within, `heads` and `mlps` are shown what is written in each layer, without its gradient."""

    def show_input(layer: int, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        # Taken before the output map, where all heads together are only as wide as one head's output after
        # it.
        heads(layer, inputs[0].detach())

    def show_output(layer: int, _: nn.Module, __: object, output: Tensor) -> None:
        mlps(layer, output.detach())

    with hooks() as handles:
        for number, layer in enumerate(backbone.layers):
            handles.append(layer.output.register_forward_pre_hook(partial(show_input, number)))
            handles.append(layer.mlp.register_forward_hook(partial(show_output, number)))
        yield


@torch.no_grad()
def measure(member: Member, batch: Batch, hidden: Tensor) -> Tensor:
    """The metric of each example [examples] for final-norm outputs [rows, tokens, width] of the batch."""
    return batch.metric(member.logits(hidden[batch.read_row, batch.read_position]))


@torch.no_grad()
def written(
    backbone: Backbone, outputs: Outputs, rows: slice = slice(None), out: Tensor | None = None
) -> Tensor:
    """What each source adds to the residual stream, [sources, rows, tokens, width], biases left out.

    All where the embedding is. The axis is the graph's. This is the largest tensor of the extractor: take few
    rows at a time. `out`: of that shape, where it is to be written; new memory takes a system longer to give
    than this to fill.
    """
    shape, graph = backbone.shape, Graph.of(backbone.shape)
    embedding = outputs.embedding[rows]
    sources = embedding.new_empty(graph.sources, *embedding.shape) if out is None else out
    sources[0] = embedding
    for site in graph.sites:
        if site.kind == "attention":
            mixed = outputs.heads[site.layer][rows].to(sources.device)
            mixed = mixed.reshape(-1, shape.heads, shape.head_dim).transpose(0, 1)
            # The map goes to the sources, and not the other way: it is less than what many rows write.
            weight = backbone.layers[site.layer].output_weight.to(sources.device)
            maps = head_maps(weight, shape.heads)
            torch.bmm(mixed, maps, out=sources[site.written].view(*mixed.shape[:2], -1))
        elif site.kind == "mlp":
            sources[site.written] = outputs.mlps[site.layer][rows]
    return sources


def head_maps(output_weight: Tensor, heads: int) -> Tensor:
    """The output map [width, heads * head_dim] as one float32 map per head, [heads, head_dim, width]."""
    return output_weight.float().T.reshape(heads, -1, len(output_weight))
