"""One pass over several circuits: what every node that counts reads is put in the place of what it would.

With references R (the corrupted run, zero, or means) and outputs `now`, destination v of circuit C reads

    x_v = x_v(R) + Σ_{u : (u,v) ∈ C} (now_u − R_u)  =  x_v(now) − Σ_{u : (u,v) ∉ C} (now_u − R_u)

Circuits of at most half of all edges read by the first form alone. Nobody reads the residual stream as the
model has it then, so that modules whose output no kept edge carries need not run. In larger circuits each
destination takes the form that sums fewer edges.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..pairs.backbones import Backbone, Projection
from ..pairs.member import Member
from .capture import Outputs, Site, head_maps, sites
from .graph import Edges, Graph, SiteAxes
from .later import instead

NOW, REFERENCE, STREAMS = 0, 1, 2
"""Where in a stack's parts the residual stream is, as it is now and of the references; how many these are."""

Forward = Callable[[Tensor], Tensor]


def reference_streams(backbone: Backbone, reference: Outputs, before: int) -> Iterator[Tensor]:
    """The residual stream of the references at each site, float32 [rows, tokens, width].

    `before`: how many tokens stand before them. Position embeddings and the biases of attention output maps
    belong to no edge, and so are always there.
    """
    stream = reference.embedding
    if backbone.position_embedding is not None:
        at = slice(before, before + stream.shape[1])
        stream = stream + backbone.position_embedding.weight[at].float()
    for index, layer in enumerate(backbone.layers):
        yield stream
        stream = stream + reference.heads[index] @ layer.output_weight.float().T
        bias: Tensor | None = getattr(layer.output, "bias", None)
        if bias is not None:
            stream = stream + bias.float()
        yield stream
        stream = stream + reference.mlps[index]
    yield stream


@dataclass(frozen=True, eq=False)
class Plan:
    """How circuits [circuits, sources, destinations] are run.

    `native`: [circuits, destinations], whether a destination reads the stream as it is now less the edges
    that are not kept, and not the references and the edges that are; `weights`: [circuits, sources,
    destinations], 1 and −1 for the edges that are added and taken off. `used`: [circuits, sources], whether
    some destination reads a source so; `whole`: [circuits], whether all modules run.
    """

    native: Edges
    weights: NDArray[np.int8]
    used: Edges
    whole: Edges

    @classmethod
    def of(cls, graph: Graph, edges: Edges) -> "Plan":
        """That of circuits of a graph."""
        kept = edges.sum(axis=1)
        whole = 2 * kept.sum(axis=1) > graph.edges
        native = whole[:, None] & (2 * kept > graph.mask.sum(axis=0))
        weights = edges.astype(np.int8)
        weights -= native[:, None] & graph.mask
        return cls(native, weights, weights.any(axis=2), whole)

    def __getitem__(self, circuits: slice) -> "Plan":
        """That of some of the circuits."""
        return Plan(self.native[circuits], self.weights[circuits], self.used[circuits], self.whole[circuits])


class _Pairs(NamedTuple):
    """Destinations of a site with a stream of their own, circuit by circuit: [pairs] of each."""

    circuit: NDArray[np.int64]
    reader: NDArray[np.int64]


class Stack:
    """Circuits, each on the same rows, as one batch: [circuits · rows, tokens, width] within the model.

    `reference`, `streams`: of those rows, what sources write in the references, and `reference_streams`.
    `_parts` [circuits, parts, rows, tokens, width] has for each circuit the residual stream now and of the
    references, and behind them, for each source that is read, what it writes now less its reference.
    """

    def __init__(self, member: Member, plan: Plan, reference: Outputs, streams: Sequence[Tensor]) -> None:
        self._member = member
        self._backbone = member.backbone
        self._graph = Graph.of(member.backbone.shape)
        self._plan = plan
        self._reference = reference
        self._streams = streams
        self._used: Edges = plan.used.any(axis=0)
        # Of each source, where among the parts it is, or would be.
        self._place = STREAMS + np.append(0, np.cumsum(self._used))
        self._readings: dict[nn.Module, Tensor] = {}

    def hidden(self, tokens: Tensor) -> Tensor:
        """The final norm's output [circuits, rows, tokens, width] for ids [rows, tokens]."""
        embedding, circuits = self._member.embed(tokens), len(self._plan.whole)
        kept = self._reference.embedding
        # Left uninitialised: a destination only reads what has been written by then.
        self._parts = kept.new_empty(circuits, int(self._place[-1]), *kept.shape)
        if self._used[0]:
            self._parts[:, STREAMS] = embedding.float() - kept
        with instead(dict(self._forwards())):
            return self._by_circuit(self._member.hidden(embedding.repeat(circuits, 1, 1), tokens))

    def _by_circuit(self, items: Tensor) -> Tensor:
        return items.unflatten(0, (len(self._plan.whole), -1))

    def _forwards(self) -> Iterator[tuple[nn.Module, Callable[..., Tensor]]]:
        """What modules do within the stack."""
        for axes, site, stream in zip(self._graph.sites, sites(self._backbone), self._streams, strict=True):
            norm = site.norm.module
            if axes.kind == "attention":
                maps = {each.module: each.module.forward for each in site.projections}
                yield norm, partial(self._read_heads, site, axes, stream, norm.forward, maps)
                for module in maps:
                    yield module, partial(self._reading, module)
                output = self._backbone.layers[axes.layer].output
                yield output, partial(self._write_heads, axes, output.forward)
                continue
            yield norm, partial(self._read, axes, stream, norm.forward)
            if axes.kind == "mlp":
                mlp = self._backbone.layers[axes.layer].mlp
                yield mlp, partial(self._write_mlp, axes, mlp.forward)

    def _runs(self, axes: SiteAxes) -> bool:
        """Whether what is written here is read, or is part of a stream that is."""
        return bool(self._used[axes.written].any() or self._plan.whole.any())

    def _read(self, axes: SiteAxes, reference: Tensor, norm: Forward, now: Tensor) -> Tensor:
        """What an MLP or the logits read, normalised, [circuits · rows, tokens, width]."""
        if axes.kind == "mlp" and not self._runs(axes):
            return now
        self._see(now, reference)
        every = np.arange(len(self._plan.whole))
        return norm(self._own(axes, _Pairs(every, 0 * every)).to(now.dtype)).flatten(0, 1)

    def _read_heads(
        self,
        site: Site,
        axes: SiteAxes,
        reference: Tensor,
        norm: Forward,
        maps: dict[nn.Module, Forward],
        now: Tensor,
    ) -> Tensor:
        """Keep what the maps of an attention give: heads share a norm, but can read different streams."""
        wanted, whole = self._wanted(axes), self._plan.whole
        weights = self._plan.weights[:, : axes.readable, axes.destinations]
        apart = wanted & (weights.any(axis=1) | (self._plan.native[:, axes.destinations] != whole[:, None]))
        # The others of a circuit read one stream. It is worth a pass through all maps if they are many.
        common = 2 * int((wanted & ~apart).sum()) > wanted.size
        if wanted.any():
            self._see(now, reference)
        if common:
            at = torch.from_numpy(np.where(whole, NOW, REFERENCE)).to(now.device)
            shared = norm(self._parts[torch.arange(len(at), device=at.device), at].to(now.dtype))
        for module, forward in maps.items():
            size = max(each.stop for each in site.projections if each.module is module)
            self._readings[module] = (
                forward(shared.flatten(0, 1)) if common else now.new_zeros(*now.shape[:-1], size)
            )
        pairs = _Pairs(*np.nonzero(apart if common else wanted))
        if len(pairs.reader):
            self._map(site, pairs, norm(self._own(axes, pairs).to(now.dtype)))
        return now

    def _wanted(self, axes: SiteAxes) -> Edges:
        """Whether what a circuit's heads read is of consequence, [circuits, readers of an attention]."""
        heads = self._plan.used[:, axes.written] | self._plan.whole[:, None]
        shared = heads.reshape(len(heads), self._graph.kv_heads, -1).any(axis=2)
        return np.concatenate([heads, shared, shared], axis=1)

    def _see(self, now: Tensor, reference: Tensor) -> None:
        """Put the residual streams at a site among the parts."""
        self._parts[:, REFERENCE] = reference
        if self._plan.whole.any():
            self._parts[:, NOW] = self._by_circuit(now)

    def _own(self, axes: SiteAxes, pairs: _Pairs) -> Tensor:
        """The stream of each pair, float32 [pairs, rows, tokens, width]."""
        own = self._parts.new_empty(len(pairs.reader), *self._parts.shape[2:])
        sources = np.flatnonzero(self._used[: axes.readable])
        for circuit in np.unique(pairs.circuit).tolist():
            first, last = np.searchsorted(pairs.circuit, (circuit, circuit + 1))
            readers = axes.destinations.start + pairs.reader[first:last]
            native = self._plan.native[circuit, readers]
            weights = np.vstack([native, ~native, self._plan.weights[circuit][np.ix_(sources, readers)]])
            parts = np.flatnonzero(weights.any(axis=1))
            # A copy of the parts that are read pays only where they are few. Without it every part is
            # multiplied; the stream that is now is no number where the circuit does not read it.
            first_part = NOW if self._plan.whole[circuit] else REFERENCE
            few = 3 * len(parts) < len(weights)
            at = self._at(parts) if few else slice(first_part, len(weights))
            factors = self._at(weights[parts if few else at].T.astype(np.float32))
            torch.mm(factors, self._parts[circuit, at].flatten(1), out=own[first:last].flatten(1))
        return own

    def _map(self, site: Site, pairs: _Pairs, read: Tensor) -> None:
        """Put what the pairs' maps give of `read` [pairs, rows, tokens, width] into the readings."""
        first, width = 0, site.slice_width
        for projection in site.projections:
            heads = (projection.stop - projection.start) // width
            here = np.flatnonzero((pairs.reader >= first) & (pairs.reader < first + heads))
            if len(here):
                head = pairs.reader[here] - first
                mapped = _through(projection, width, self._at(head), read[self._at(here)])
                columns = self._by_circuit(self._readings[projection.module])
                columns = columns[..., projection.start : projection.stop].unflatten(-1, (heads, width))
                columns[self._at(pairs.circuit[here]), :, :, self._at(head)] = mapped
            first += heads

    def _reading(self, module: nn.Module, _: Tensor) -> Tensor:
        return self._readings.pop(module)

    def _write_heads(self, axes: SiteAxes, forward: Forward, mixed: Tensor) -> Tensor:
        layer, heads = self._backbone.layers[axes.layer], self._backbone.shape.heads
        used = self._at(np.flatnonzero(self._used[axes.written]))
        if len(used):
            # The output map is linear and its bias cancels, so the difference can be taken before the map.
            departed = self._by_circuit(mixed).float() - self._reference.heads[axes.layer]
            of_heads = departed.flatten(1, 2).unflatten(-1, (heads, -1)).transpose(1, 2)[:, used]
            maps = head_maps(layer.output_weight, heads)[used]
            place = slice(self._place[axes.written.start], self._place[axes.written.stop])
            for circuit, each in enumerate(of_heads):
                torch.bmm(each, maps, out=self._parts[circuit, place].flatten(1, 2))
        if self._plan.whole.any():
            return forward(mixed)
        return mixed.new_zeros(1).expand(*mixed.shape[:-1], self._backbone.shape.width)

    def _write_mlp(self, axes: SiteAxes, forward: Forward, read: Tensor) -> Tensor:
        if not self._runs(axes):
            return read.new_zeros(1).expand(read.shape)
        output = forward(read)
        if self._used[axes.written.start]:
            departed = self._by_circuit(output).float() - self._reference.mlps[axes.layer]
            self._parts[:, int(self._place[axes.written.start])] = departed
        return output

    def _at(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values).to(self._backbone.device)


def _through(projection: Projection, width: int, heads: Tensor, read: Tensor) -> Tensor:
    """What the maps of those heads [pairs] give, [pairs, rows, tokens, width], of as many inputs."""
    maps = projection.weight.unflatten(0, (-1, width))[heads]
    mapped = (read.flatten(1, 2) @ maps.transpose(1, 2)).unflatten(1, read.shape[1:3])
    if projection.bias is not None:
        mapped = mapped + projection.bias.unflatten(0, (-1, width))[heads][:, None, None]
    return mapped
