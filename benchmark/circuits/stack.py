"""One pass over several circuits: what every node that counts reads is put in the place of what it would.

The two forms of what a destination reads are in `stack_plan`.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..pairs.backbones import Projection
from ..pairs.member import Member
from .capture import Outputs, Site, head_maps, sites
from .graph import Edges, Graph, SiteAxes
from .instead import instead
from .stack_plan import STREAMS, StackPlan

NOW, REFERENCE = range(STREAMS)
"""Where in a stack's parts both residual streams are, as it is now and of the references."""

Forward = Callable[[Tensor], Tensor]


class Stack:
    """Circuits, each on the same rows, as one batch: [circuits · rows, tokens, width] within the model.

    `reference`, `streams`: of those rows, what sources write in the references, and `reference_streams`. What
    is read and written is put together where the inputs are; a norm takes it to its layer's device by itself.
    `row`, `position`: [reads], where the rows are read; the last MLP runs at these alone. `room`: memory for
    as many streams as the plan says.
    """

    def __init__(
        self,
        member: Member,
        plan: StackPlan,
        reference: Outputs,
        streams: Sequence[Tensor],
        row: Tensor,
        position: Tensor,
        room: Tensor,
    ) -> None:
        self._member = member
        self._backbone = member.backbone
        self._graph = Graph.of(member.backbone.shape)
        self._plan = plan
        self._circuits = range(len(plan.whole))
        self._reference = reference
        self._streams = streams
        self._row, self._position = row, position
        self._used: Edges = np.any(plan.used, axis=0)
        # Of each source, where among the parts it is, or would be.
        self._place = STREAMS + np.append(0, np.cumsum(self._used))
        # Of each circuit the residual stream now and of the references, and behind them, for each source that
        # is read, what it writes now less its reference. Left as it is at first: a destination only reads
        # what has been written by then.
        shape = reference.embedding.shape
        self._parts = room.view(-1, *shape)[: plan.streams].view(len(plan.whole), -1, *shape)
        self._own = reference.embedding.new_empty(self._graph.sites[0].readers, *shape)
        self._readings: dict[nn.Module, Tensor] = {}

    def reads(self, tokens: Tensor) -> Tensor:
        """The final norm's output where ids [rows, tokens] are read, [circuits, reads, width]."""
        embedding = self._member.embed(tokens)
        if self._used[0]:
            self._parts[:, STREAMS] = embedding.float() - self._reference.embedding
        with instead(dict(self._forwards())):
            hidden = self._member.hidden(embedding.repeat(len(self._circuits), 1, 1), tokens)
        return self._by_circuit(hidden)[:, self._row, self._position]

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
            elif axes.kind == "mlp":
                mlp = self._backbone.layers[axes.layer].mlp
                yield norm, partial(self._read_mlp, axes, stream, norm.forward)
                yield mlp, partial(self._write_mlp, axes, mlp.forward)
            else:
                yield norm, partial(self._read_logits, axes, stream, norm.forward)

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
            shared = [
                self._parts[circuit, NOW if whole[circuit] else REFERENCE] for circuit in self._circuits
            ]
            normalised = norm(torch.cat(shared).to(now.dtype))
        for module, forward in maps.items():
            size = max(each.stop for each in site.projections if each.module is module)
            given = forward(normalised) if common else now.new_zeros(*now.shape[:-1], size)
            self._readings[module] = given
        for circuit, readers in enumerate(apart if common else wanted):
            self._map(site, axes, circuit, np.flatnonzero(readers), norm)
        return now

    def _wanted(self, axes: SiteAxes) -> Edges:
        """Whether what a circuit's heads read is of consequence, [circuits, readers of an attention]."""
        heads = self._plan.used[:, axes.written] | self._plan.whole[:, None]
        shared = heads.reshape(len(heads), self._graph.kv_heads, -1).any(axis=2)
        return np.concatenate([heads, shared, shared], axis=1)

    def _map(
        self, site: Site, axes: SiteAxes, circuit: int, readers: NDArray[np.int64], norm: Forward
    ) -> None:
        """Put what some readers' maps give of their own streams into the readings of a circuit."""
        if not len(readers):
            return
        own, first = self._sum(axes, circuit, readers), 0
        for projection in site.projections:
            heads = (projection.stop - projection.start) // site.slice_width
            here = slice(*np.searchsorted(readers, (first, first + heads)))
            head, first = readers[here] - first, first + heads
            if not len(head):
                continue
            # One map's streams at a time, so that what is normalised stays in the processor's cache.
            mapped = _through(projection, site.slice_width, head, norm(own[here].to(self._backbone.dtype)))
            reading = self._by_circuit(self._readings[projection.module])[circuit]
            columns = reading[..., projection.start : projection.stop].unflatten(-1, (heads, -1))
            columns[:, :, torch.from_numpy(head).to(columns.device)] = mapped.permute(1, 2, 0, 3)

    def _reading(self, module: nn.Module, _: Tensor) -> Tensor:
        return self._readings.pop(module)

    def _read_mlp(self, axes: SiteAxes, reference: Tensor, norm: Forward, now: Tensor) -> Tensor:
        """What an MLP reads, normalised: [circuits · rows, tokens, width], or [circuits, reads, width]."""
        if not self._runs(axes):
            return now
        self._see(now, reference)
        if self._is_last(axes):
            return self._at_reads(axes, norm)
        streams = (self._sum(axes, circuit, np.arange(1))[0] for circuit in self._circuits)
        return torch.cat([norm(each.to(now.dtype)) for each in streams])

    def _read_logits(self, axes: SiteAxes, reference: Tensor, norm: Forward, now: Tensor) -> Tensor:
        """What logits read, normalised, [circuits · rows, tokens, width]: 0 where nothing is read."""
        self._see(now, reference)
        found = torch.zeros_like(now)
        read = self._at_reads(axes, norm).to(found.device)
        self._by_circuit(found)[:, *self._where_read(found.device)] = read
        return found

    def _at_reads(self, axes: SiteAxes, norm: Forward) -> Tensor:
        """What a site's only destination reads where rows are read, normalised, [circuits, reads, width]."""
        at = self._row, self._position
        streams = [self._sum(axes, circuit, np.arange(1), at)[0] for circuit in self._circuits]
        return norm(torch.stack(streams).to(self._backbone.dtype))

    def _write_heads(self, axes: SiteAxes, forward: Forward, mixed: Tensor) -> Tensor:
        """The attention's output where it is part of a stream that is read, else 0."""
        layer, heads = self._backbone.layers[axes.layer], self._backbone.shape.heads
        used = np.flatnonzero(self._used[axes.written])
        if len(used):
            # The output map is linear and its bias cancels, so the difference can be taken before the map.
            departed = self._by_circuit(mixed).float() - self._reference.heads[axes.layer]
            # The product is where the parts are; its factors are less than it is.
            departed, weight = (each.to(self._parts.device) for each in (departed, layer.output_weight))
            of_heads = departed.flatten(1, 2).unflatten(-1, (heads, -1)).transpose(1, 2)
            maps = head_maps(weight, heads)
            if len(used) < heads:
                of_heads, maps = of_heads[:, self._at(used)], maps[self._at(used)]
            for parts, each in zip(self._written(axes), of_heads, strict=True):
                torch.bmm(each, maps, out=parts.flatten(1, 2))
        return forward(mixed) if self._plan.whole.any() else _nothing(mixed, self._backbone.shape.width)

    def _write_mlp(self, axes: SiteAxes, forward: Forward, read: Tensor) -> Tensor:
        """The MLP's output where it is part of a stream that is read, else 0."""
        if not self._runs(axes):
            return _nothing(read, read.shape[-1])
        output, kept = forward(read), self._reference.mlps[axes.layer]
        everywhere, parts = output, self._written(axes)
        if self._is_last(axes):
            everywhere = output.new_zeros(len(self._circuits), *kept.shape)
            everywhere[:, *self._where_read(output.device)] = output
            everywhere = everywhere.flatten(0, 1)
        if parts.shape[1]:
            parts[:, 0] = self._by_circuit(everywhere).float() - kept
        return everywhere

    def _written(self, axes: SiteAxes) -> Tensor:
        """The parts for what is written here and read, [circuits, sources, rows, tokens, width]."""
        return self._parts[:, self._place[axes.written.start] : self._place[axes.written.stop]]

    def _is_last(self, axes: SiteAxes) -> bool:
        """Whether only logits can read what is written here."""
        return axes.layer == self._graph.layers - 1

    def _runs(self, axes: SiteAxes) -> bool:
        """Whether what is written here is read, or is part of a stream that is."""
        return bool(self._used[axes.written].any() or self._plan.whole.any())

    def _see(self, now: Tensor, reference: Tensor) -> None:
        """Put the residual streams at a site among the parts."""
        self._parts[:, REFERENCE] = reference
        if self._plan.whole.any():
            self._parts[:, NOW] = self._by_circuit(now)

    def _sum(
        self,
        axes: SiteAxes,
        circuit: int,
        readers: NDArray[np.int64],
        at: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """The streams of some readers of a site, float32 [readers, rows, tokens, width], until the next call.

        `at`: row and position [reads] of those that are wanted, [readers, reads, width].
        """
        own, sources = axes.destinations.start + readers, np.flatnonzero(self._used[: axes.readable])
        native = self._plan.native[circuit, own]
        weights = np.vstack([native, ~native, self._plan.weights[circuit][np.ix_(sources, own)]])
        # Nothing has put a stream as it is now there where a circuit does not read it.
        first = NOW if self._plan.whole[circuit] else REFERENCE
        parts, weights = self._parts[circuit, first : len(weights)], weights[first:]
        if at is not None:
            chosen = parts[:, at[0], at[1]]
            return torch.mm(self._factors(weights), chosen.flatten(1)).view(-1, *chosen.shape[1:])
        wanted = np.flatnonzero(weights.any(axis=1))
        # To copy the parts that are read pays only where they are few; else all are multiplied.
        if 4 * len(wanted) < len(weights):
            parts, weights = parts[self._at(wanted)], weights[wanted]
        found = self._own[: len(readers)]
        torch.mm(self._factors(weights), parts.flatten(1), out=found.flatten(1))
        return found

    def _factors(self, weights: NDArray[np.int8]) -> Tensor:
        return self._at(np.ascontiguousarray(weights.T, dtype=np.float32))

    def _by_circuit(self, items: Tensor) -> Tensor:
        return items.view(len(self._circuits), -1, *items.shape[1:])

    def _where_read(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Row and position [reads], on a device."""
        return self._row.to(device), self._position.to(device)

    def _at(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values).to(self._backbone.device)


def _through(projection: Projection, width: int, heads: NDArray[np.int64], read: Tensor) -> Tensor:
    """What the maps of those heads [pairs] give, [pairs, rows, tokens, width], of as many inputs."""
    maps = projection.weight.unflatten(0, (-1, width))
    bias = None if projection.bias is None else projection.bias.unflatten(0, (-1, width))
    if len(heads) < len(maps):
        at = torch.from_numpy(heads).to(read.device)
        maps, bias = maps[at], None if bias is None else bias[at]
    mapped = torch.bmm(read.flatten(1, 2), maps.transpose(1, 2)).view(*read.shape[:3], width)
    return mapped if bias is None else mapped + bias[:, None, None]


def _nothing(like: Tensor, width: int) -> Tensor:
    """Zeros [..., width], in one number's memory."""
    return like.new_zeros(1).expand(*like.shape[:-1], width)
