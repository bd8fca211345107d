"""The gradient of the metric with respect to the residual stream as each destination reads it, by hooks.

Where one destination reads (an MLP, the logits), the way back through the norm gives just that. Where heads
read one norm by themselves, it gives their sum, and each head's is put together from what passes show.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..pairs.backbones import Norm, Projection
from .capture import Site
from .rules import CHAIN, Rules

POSITIONS_AT_ONCE = 64
"""Token positions whose parts along x̂ are taken off at a time: what fits into a cache of a CPU."""


class WholeGradient:
    """The gradient at a norm whose output as a whole is what one destination reads, summed over steps."""

    def __init__(self, site: Site, rows: int) -> None:
        self._norm = site.norm
        self._rows = rows
        self._sum: Tensor | None = None

    def attach(self, handles: list[RemovableHandle]) -> None:
        """Install the hook; each following forward and backward pass adds its steps."""
        handles.append(self._norm.module.register_forward_pre_hook(self._see))

    def _see(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        # The stream goes on past the norm. A view that the norm alone reads gets the norm's gradient alone.
        read = inputs[0].view_as(inputs[0])
        read.register_hook(self._add)
        return (read, *inputs[1:])

    def _add(self, gradient: Tensor) -> None:
        # One by one, because most passes have one step, of which a sum would be a copy.
        for step in gradient.view(-1, self._rows, *gradient.shape[1:]):
            self._sum = step.to(torch.float32, copy=True) if self._sum is None else self._sum.add_(step)

    def write(self, rows: slice, out: Tensor) -> None:
        """Put the sum over the steps, of these rows, into `out` [1, rows, tokens, width]."""
        assert self._sum is not None, "a pass has been run back"
        out[0] = self._sum[rows]


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


class HeadGradients:
    """The gradient at a norm that heads read through maps of their own, for each of them, summed over steps.

    Holds, over the steps of an integration, what a pass shows anyway: r·δ summed over the steps (r is
    one over the norm's scale, δ the gradient at the reading map's output), the normalised input x̂, and
    r·δ·(y − b), y being that output and b its bias. `steps`: of all passes together. `rules`: those that the
    passes run under. With fixed norms, r·δ is all there is.
    """

    def __init__(self, site: Site, rows: int, steps: int, rules: Rules = CHAIN) -> None:
        self._norm = site.norm
        self._destinations, self._head = site.destinations, site.slice_width
        self._rows = rows
        self._steps = steps
        self._fixed = rules.fixed_norms
        self._maps = _side_by_side(site.projections)
        self._biases = [_whole_bias(site.norm, reader) for reader in self._maps]
        self._scaled: list[Tensor | None] = [None] * len(self._maps)
        self._kept: _Kept | None = None
        self._pass = slice(0)

    def attach(self, handles: list[RemovableHandle]) -> None:
        """Install the hooks; each following forward and backward pass adds its steps."""
        handles.append(self._norm.module.register_forward_hook(self._see_norm))
        for index, reader in enumerate(self._maps):
            handles.append(reader.module.register_forward_hook(self._reading_hook(index)))

    def _see_norm(self, _: nn.Module, inputs: tuple[Tensor, ...], __: Tensor) -> None:
        # Recomputed from the norm's input, because its output already contains the gain and the bias,
        # rounded to the model's dtype.
        stream = inputs[0].detach().float()
        if self._norm.centred:
            # One kernel for all that has to be known of a LayerNorm.
            normalised, _mean, scale = torch.native_layer_norm(
                stream, stream.shape[-1:], None, None, self._norm.epsilon
            )
        else:
            length = torch.linalg.vector_norm(stream, dim=-1, keepdim=True)
            scale = (length.square() / stream.shape[-1] + self._norm.epsilon).rsqrt()
            normalised = None
        self._scale = self._by_step(scale)
        if not self._fixed:
            self._keep(self._by_step(stream if normalised is None else normalised), normalised is None)

    def _keep(self, directions: Tensor, scaled: bool) -> None:
        """Keep a pass's normalised inputs, which are still to be `scaled` or not."""
        if self._kept is None:
            self._kept = _Kept.of(self._steps, directions[0], self._destinations)
        # Its way back comes before the next pass.
        self._pass = slice(self._pass.stop, self._pass.stop + len(directions))
        room = self._kept.directions[self._pass]
        if scaled:
            torch.mul(directions, self._scale, out=room)
        else:
            room.copy_(directions)

    def _reading_hook(self, index: int) -> Callable[[nn.Module, object, Tensor], None]:
        # One module can hold more than these maps, of which only their own columns are taken.
        columns = slice(self._maps[index].start, self._maps[index].stop)

        def see_reading(_: nn.Module, __: object, output: Tensor) -> None:
            reading = output.detach()[..., columns]

            def receive(gradient: Tensor) -> None:
                self._add(index, reading, gradient[..., columns].float())

            # Hooked at the map's own output, so the gradient includes whatever follows inside attention,
            # such as a norm per head. The way back ends at the first layer's maps, whose inputs need none.
            output.requires_grad_().register_hook(receive)

        return see_reading

    def _add(self, index: int, reading: Tensor, gradient: Tensor) -> None:
        by_step, bias = self._by_step(gradient), self._biases[index]
        if self._kept is not None:
            inner = reading * gradient if bias is None else (reading.float() - bias).mul_(gradient)
            radial = self._by_step(inner).unflatten(-1, (-1, self._head)).sum(dim=-1)
            torch.mul(radial, self._scale, out=self._kept.radial[self._pass, ..., self._columns(index)])
        # Mapping back is linear, so the steps are summed first and mapped back once. The radial parts
        # cannot be summed: every step has its own x̂.
        for step, scale in zip(by_step, self._scale, strict=True):
            summed = self._scaled[index]
            self._scaled[index] = step * scale if summed is None else summed.addcmul_(step, scale)

    def _columns(self, index: int) -> slice:
        """Which of the site's destinations read through a map."""
        edges = [0]
        for each in self._maps:
            edges.append(edges[-1] + (each.stop - each.start) // self._head)
        return slice(edges[index], edges[index + 1])

    def _by_step(self, stacked: Tensor) -> Tensor:
        return stacked.view(-1, self._rows, *stacked.shape[1:])

    def write(self, rows: slice, out: Tensor) -> None:
        """Put the sum over the steps, of these rows, into `out`, float32 [destinations, rows, tokens, width].

        W̃ᵀ(r δ) less its part along x̂ (and, under LayerNorm, along the vector of ones): the norm's Jacobian.
        """
        # Put together where the maps are; `out` may be on another device.
        place = self._norm.weight.device
        found = out if out.device == place else torch.empty_like(out, device=place)
        gradient = found.view(len(out), -1, out.shape[-1])
        for index in range(len(self._maps)):
            self._map_back(index, rows, gradient[self._columns(index)])
        if self._kept is not None:
            # −x̂ · (r δ · (y − b)) / D, one product over all steps. It needs no centring, because x̂ is centred
            # already.
            directions, radial = (each[:, rows].flatten(1, 2).transpose(0, 1) for each in self._kept)
            for some, along, less in zip(
                directions.split(POSITIONS_AT_ONCE),
                radial.split(POSITIONS_AT_ONCE),
                gradient.split(POSITIONS_AT_ONCE, 1),
                strict=True,
            ):
                product = torch.bmm(along.transpose(1, 2), some)
                less.sub_(product.transpose(0, 1), alpha=1 / directions.shape[-1])
        if found is not out:
            out.copy_(found)

    def _map_back(self, index: int, rows: slice, out: Tensor) -> None:
        """Write the centred W̃ᵀ(r δ) of one map to `out` [its destinations, rows · tokens, width]."""
        scaled = self._scaled[index]
        assert scaled is not None, "a pass has been run back"
        # Centring the rows of the map once is equivalent to centring every gradient: P W̃ᵀ = (W̃ P)ᵀ.
        maps = self._maps[index].weight.float() * self._norm.weight.float()
        if self._norm.centred:
            maps -= maps.mean(dim=-1, keepdim=True)
        felt = scaled[rows].flatten(0, 1).unflatten(-1, (-1, self._head))
        torch.bmm(felt.transpose(0, 1), maps.unflatten(0, (-1, self._head)), out=out)


SiteGradients = WholeGradient | HeadGradients


def gradients_at(site: Site, rows: int, steps: int, rules: Rules = CHAIN) -> SiteGradients:
    """What sums up the gradients at a site, over that many steps of a batch of rows, under rules."""
    return HeadGradients(site, rows, steps, rules) if site.projections else WholeGradient(site, rows)


def _side_by_side(maps: tuple[Projection, ...]) -> list[Projection]:
    """The maps, those that lie side by side in one module (GPT-2's query, key and value) taken as one."""
    found: list[Projection] = []
    for each in maps:
        if found and found[-1].module is each.module and found[-1].stop == each.start:
            found[-1] = replace(found[-1], stop=each.stop)
        else:
            found.append(each)
    return found


def _whole_bias(norm: Norm, reader: Projection) -> Tensor | None:
    """What a map puts out for a normalised input of zero; None where that is nothing."""
    # y − b must be linear in x̂, so b also includes what the map makes of the norm's own bias.
    bias = None if reader.bias is None else reader.bias.float()
    if norm.bias is None:
        return bias
    made = reader.weight.float() @ norm.bias.float()
    return made if bias is None else bias + made
