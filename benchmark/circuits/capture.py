"""What the extractor takes from ordinary passes of the untouched model, by hooks.

Sources are recorded by their compact form: a head by the input of the attention's output map, which is
linear, so that differences and means of heads can be taken before the map is applied.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..pairs.backbones import Backbone, Norm, Projection
from ..pairs.member import Member
from .batch import Batch
from .graph import Graph
from .rules import CHAIN, Rules


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
    """What every source wrote, in float32.

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
    """The model in evaluation mode and without parameter gradients; afterwards as it was."""
    # Dropout would make the runs differ, and parameters that need a gradient would make autograd keep every
    # map's input.
    parameters = [(p, p.requires_grad) for p in model.parameters()]
    training = model.training
    model.eval().requires_grad_(False)
    try:
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
    layers = member.backbone.layers
    heads: list[Tensor] = []
    mlps: list[Tensor] = []

    def keep_input(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        # Taken before the output map, where all heads together are only as wide as one head's output after
        # it.
        heads.append(inputs[0].float())

    def keep_output(_: nn.Module, __: object, output: Tensor) -> None:
        mlps.append(output.float())

    embedding = member.embed(tokens)
    with hooks() as handles:
        for layer in layers:
            handles.append(layer.output.register_forward_pre_hook(keep_input))
            handles.append(layer.mlp.register_forward_hook(keep_output))
        hidden = member.hidden(embedding, tokens)
    return Outputs(embedding.float(), tuple(heads), tuple(mlps)), hidden


@torch.no_grad()
def measure(member: Member, batch: Batch, hidden: Tensor) -> Tensor:
    """The metric of each example [examples] for final-norm outputs [rows, tokens, width] of the batch."""
    return batch.metric(member.logits(hidden[batch.read_row, batch.read_position]))


@torch.no_grad()
def written(backbone: Backbone, outputs: Outputs, rows: slice = slice(None)) -> Tensor:
    """What each source adds to the residual stream, [sources, rows, tokens, width], biases left out.

    The axis is the graph's. This is the largest tensor of the extractor: take few rows at a time.
    """
    shape, graph = backbone.shape, Graph.of(backbone.shape)
    embedding = outputs.embedding[rows]
    sources = embedding.new_empty(graph.sources, *embedding.shape)
    sources[0] = embedding
    for site in graph.sites:
        if site.kind == "attention":
            mixed = outputs.heads[site.layer][rows].reshape(-1, shape.heads, shape.head_dim).transpose(0, 1)
            maps = head_maps(backbone.layers[site.layer].output_weight, shape.heads)
            torch.bmm(mixed, maps, out=sources[site.written].flatten(1, 2))
        elif site.kind == "mlp":
            sources[site.written] = outputs.mlps[site.layer][rows]
    return sources


def head_maps(output_weight: Tensor, heads: int) -> Tensor:
    """The output map [width, heads * head_dim] as one float32 map per head, [heads, head_dim, width]."""
    return output_weight.float().T.reshape(heads, -1, len(output_weight))


class _Kept(NamedTuple):
    """What is kept of every step: `directions`, the normalised input, and `radial`, r·δ·(y − b).

    [steps, rows, tokens, width] and [steps, rows, tokens, destinations]. One piece of memory each, made at
    first: pieces for each pass would lie between what the passes free, and the process would grow to twice
    what it uses.
    """

    directions: Tensor
    radial: Tensor

    @classmethod
    def of(cls, steps: int, like: Tensor, destinations: int) -> "_Kept":
        """Room for so many steps of rows [rows, tokens, width]."""
        shape = steps, *like.shape
        return cls(like.new_empty(shape), like.new_empty(*shape[:-1], destinations))


class SiteGradients:
    """The gradient of the metric with respect to the residual stream as each destination of a site reads it.

    Holds, over the steps of an integration, what a pass shows anyway: r·δ summed over the steps (r is
    one over the norm's scale, δ the gradient at the reading map's output), the normalised input x̂, and
    r·δ·(y − b), y being that output and b its bias. `steps`: of all passes together. `rules`: those that the
    passes run under. With fixed norms, r·δ is all there is.
    """

    def __init__(self, site: Site, rows: int, steps: int, rules: Rules = CHAIN) -> None:
        self.site = site
        self.rows = rows
        self._steps = steps
        self._rules = rules
        self._maps: list[Projection | None] = [*site.projections] or [None]
        self._scaled: list[Tensor | None] = [None] * len(self._maps)
        self._kept: _Kept | None = None
        self._pass = slice(0)
        self._biases = [_whole_bias(site.norm, reader) for reader in self._maps]

    def attach(self, handles: list[RemovableHandle]) -> None:
        """Install the hooks; each following forward and backward pass adds its steps."""
        handles.append(self.site.norm.module.register_forward_hook(self._see_norm))
        for index, reader in enumerate(self._maps):
            module = self.site.norm.module if reader is None else reader.module
            handles.append(module.register_forward_hook(self._reading_hook(index)))

    def _see_norm(self, _: nn.Module, inputs: tuple[Tensor, ...], __: Tensor) -> None:
        # Recomputed from the norm's input, because its output already contains the gain and the bias,
        # rounded to the model's dtype.
        stream = inputs[0].detach().float()
        if self.site.norm.centred:
            stream = stream - stream.mean(dim=-1, keepdim=True)
        self._scale = (stream.square().mean(dim=-1, keepdim=True) + self.site.norm.epsilon).rsqrt()
        if not self._rules.fixed_norms:
            by_step = self._by_step(stream)
            if self._kept is None:
                self._kept = _Kept.of(self._steps, by_step[0], self.site.destinations)
            # Its way back comes before the next pass.
            self._pass = slice(self._pass.stop, self._pass.stop + len(by_step))
            torch.mul(by_step, self._by_step(self._scale), out=self._kept.directions[self._pass])

    def _reading_hook(self, index: int) -> Callable[[nn.Module, object, Tensor], None]:
        reader = self._maps[index]
        # One module can hold several maps (GPT-2 fuses query, key and value), so each map takes only its
        # own columns.
        columns = slice(None) if reader is None else slice(reader.start, reader.stop)

        def see_reading(_: nn.Module, __: object, output: Tensor) -> None:
            reading = output.detach()[..., columns]

            def receive(gradient: Tensor) -> None:
                self._add(index, reading, gradient[..., columns])

            # Hooked at the map's own output, so the gradient includes whatever follows inside attention,
            # such as a norm per head.
            output.register_hook(receive)

        return see_reading

    def _add(self, index: int, reading: Tensor, gradient: Tensor) -> None:
        scaled = self._by_step(gradient.float() * self._scale)
        if self._kept is not None:
            inner = scaled * self._by_step(reading.float() - self._biases[index])
            by_head = inner.view(*inner.shape[:3], -1, self.site.slice_width)
            torch.sum(by_head, dim=-1, out=self._kept.radial[self._pass, ..., self._columns(index)])
        before = self._scaled[index]
        # Mapping back is linear, so the steps are summed first and mapped back once. The radial parts
        # cannot be summed: every step has its own x̂.
        self._scaled[index] = scaled.sum(dim=0) if before is None else before.add_(scaled.sum(dim=0))

    def _columns(self, index: int) -> slice:
        """Which of the site's destinations read through a map."""
        readers = self.site.projections
        if not readers:
            return slice(0, 1)
        first = sum(each.stop - each.start for each in readers[:index]) // self.site.slice_width
        heads = (readers[index].stop - readers[index].start) // self.site.slice_width
        return slice(first, first + heads)

    def _by_step(self, stacked: Tensor) -> Tensor:
        return stacked.view(-1, self.rows, *stacked.shape[1:])

    def summed(self, rows: slice) -> Tensor:
        """The sum over the steps, float32 [destinations, rows, tokens, width].

        W̃ᵀ(r δ) less its part along x̂ (and, under LayerNorm, along the vector of ones): the norm's Jacobian.
        """
        felt = self._scaled[0]
        assert felt is not None
        count, tokens = felt[rows].shape[:2]
        width = len(self.site.norm.weight)
        gradient = felt.new_empty(self.site.destinations, count * tokens, width)
        first = 0
        for index in range(len(self._maps)):
            first += self._map_back(index, rows, gradient[first:])
        if not self._rules.fixed_norms:
            self._add_radial(rows, gradient)
        return gradient.view(-1, count, tokens, width)

    def _add_radial(self, rows: slice, gradient: Tensor) -> None:
        """Add −x̂ · (r δ · (y − b)) / D to the gradient, the second term of the norm's Jacobian."""
        # One product over all steps. It needs no centring, because x̂ is centred already.
        assert self._kept is not None, "a pass has been seen"
        directions, radial = (each[:, rows].flatten(1, 2) for each in self._kept)
        gradient.transpose(0, 1).baddbmm_(
            radial.permute(1, 2, 0), directions.transpose(0, 1), alpha=-1 / directions.shape[-1]
        )

    def _map_back(self, index: int, rows: slice, out: Tensor) -> int:
        """Write the centred W̃ᵀ(r δ) of one map to the head of `out`; how many destinations that were."""
        norm, reader, scaled = self.site.norm, self._maps[index], self._scaled[index]
        assert scaled is not None
        felt, gain = scaled[rows].flatten(0, 1), norm.weight.float()
        if reader is None:
            out[0] = felt * gain
            if norm.centred:
                out[0] -= out[0].mean(dim=-1, keepdim=True)
            return 1
        # Centring the rows of the map once is equivalent to centring every gradient: P W̃ᵀ = (W̃ P)ᵀ.
        maps = reader.weight.float() * gain
        if norm.centred:
            maps -= maps.mean(dim=-1, keepdim=True)
        per_head = maps.view(-1, self.site.slice_width, maps.shape[-1])
        torch.bmm(
            felt.view(len(felt), *per_head.shape[:2]).transpose(0, 1), per_head, out=out[: len(per_head)]
        )
        return len(per_head)


def _whole_bias(norm: Norm, reader: Projection | None) -> Tensor | float:
    """What a map puts out for a normalised input of zero."""
    if reader is None:
        return 0.0 if norm.bias is None else norm.bias.float()
    # y − b must be linear in x̂, so b also includes what the map makes of the norm's own bias.
    bias: Tensor | float = 0.0 if reader.bias is None else reader.bias.float()
    return bias if norm.bias is None else bias + reader.weight.float() @ norm.bias.float()
