"""What is measured of one member on one task, as it is kept: all that the comparison needs, and no model.

Every file carries the templates and the places of its examples, so that numbers can be computed from it again
without a tokenizer.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, model_validator

from ...errors import OutputError
from ...metrics import Ranking, Selection, edge_priority
from ..circuits.files import (
    REDUCED,
    Header,
    Strict,
    broken,
    is_reduced,
    read_arrays,
    understood,
    write_arrays,
)
from ..circuits.graph import Graph
from ..circuits.points import Convergence
from ..circuits.rules import CHAIN, name_of, rules_called
from ..circuits.scores import Attribution, Integration, Outside, Rule
from ..record.protocol import Part
from .effect_sums import EffectSums
from .reduced import (
    MOST_GROUPS,
    MOST_VALUES,
    Reduced,
    ScorePrecision,
    pack,
    reduce_sums,
    restore_sums,
    strata_of,
    unpack,
)

RANKINGS: tuple[Ranking, ...] = ("absolute", "signed")
"""By what a sweep chooses circuits: by |score|, or the protocol's other selection, and by signed score."""


class _Integration(Strict):
    rule: Rule
    steps: int


class _Search(Strict):
    residuals: tuple[FiniteFloat | None, ...]
    changes: tuple[FiniteFloat, ...]


class _ScoresHeader(Header):
    """`convergence`: how the number of points was found, None where the protocol fixes it.

    `outside`: whether what comes from there is kept, or 0 as the member is causal; None: it is not known.

    `neurons`: how many each layer has whose effects are kept, None where none are.

    `integration`: None where every edge was patched by itself. `rules`: those of the backward pass, by name.
    """

    integration: _Integration | None
    templates: tuple[str, ...]
    convergence: _Search | None = None
    outside: Literal["kept", "zero"] | None = None
    neurons: Annotated[int, Field(gt=0)] | None = None
    rules: Literal["chain", "relp", "gim"] = "chain"

    @property
    def shares(self) -> int:
        """How many numbers are kept of an edge in reduced form."""
        return 3 if self.outside == "kept" else 1


class _ReducedScoresHeader(_ScoresHeader):
    step: FiniteFloat
    code_bytes: Literal[1, 2]


class _SweepHeader(Header):
    templates: tuple[str, ...]


class _ReducedSweepHeader(_SweepHeader):
    metric_bytes: Literal[4, 8]


@dataclass(frozen=True, eq=False)
class ScoreSums:
    """A member's edge scores on the discovery examples.

    `templates`: that of each group; `examples`: [examples], the place of each in the task's stream, in the
    order of the batches. `convergence`: how the number of integration points was found, None where it was
    fixed.
    """

    attribution: Attribution
    templates: tuple[str, ...]
    examples: NDArray[np.int64]
    convergence: Convergence | None = None

    def __repr__(self) -> str:
        return f"ScoreSums({len(set(self.templates))} templates, {self.attribution})"

    @property
    def graph(self) -> Graph:
        """The graph whose edges are scored."""
        return self.attribution.graph

    def ranked(self, selection: Selection) -> NDArray[np.float64]:
        """What the selection ranks edges by, not negative [sources, destinations]: circuits take the largest.

        Under `absolute` it is |score|.
        """
        found = self.attribution
        if selection == "absolute":
            return np.abs(found.scores())
        sums, mask = found.score_sums, self.graph.mask
        return edge_priority(sums, found.counts, self.templates, mask, selection).astype(np.float64)

    def save(self, path: Path) -> None:
        """Write the sums of all edges, whole or not at all.

        Raises OutputError where that fails, or the scores are by rules without a name.
        """
        # About half of the pairs of a source and a destination are no edges.
        mask, found = self.graph.mask, self.attribution
        tensors: dict[str, NDArray[Any]] = {"score_sums": found.score_sums[:, mask], **self._exact()}
        if self._outside is not None:
            tensors["outside"] = self._outside[:, :, mask]
        if found.neuron_sums is not None:
            tensors["neuron_sums"] = found.neuron_sums
        write_arrays(path, "scores", self.graph, tensors, self._about())

    def save_reduced(self, path: Path, precision: ScorePrecision) -> None:
        """Write the sums of edges and neurons at a precision, and all else as it is (`measure.reduced`).

        Raises OutputError where that fails, or the scores are by rules without a name, NotComputable where a
        score is beyond the range of float32.
        """
        strata = strata_of(self.templates)
        kept = reduce_sums(self._columns(), self.attribution.counts, strata, precision)
        tensors = {
            "means": pack(kept.means),
            # The upper half of a float32 of 8 significant bits says all of it.
            "scales": pack((kept.scales.view(np.uint32) >> 16).astype(np.uint16)),
            "codes": pack(kept.codes),
            **self._exact(),
        }
        about = {**self._about(), "step": precision.step, "code_bytes": kept.codes.dtype.itemsize}
        write_arrays(path, f"{REDUCED}scores", self.graph, tensors, about)

    @property
    def _outside(self) -> NDArray[np.float32] | None:
        """What comes from outside, None also where it is 0."""
        outside = self.attribution.outside
        return None if outside is None else outside.sums

    def _columns(self) -> NDArray[np.float64]:
        """All sums over the groups' examples side by side: of edges, their shares outside, neurons."""
        mask, found = self.graph.mask, self.attribution
        columns: list[NDArray[np.floating]] = [found.score_sums[:, mask]]
        if self._outside is not None:
            columns += [share[:, mask] for share in self._outside]
        if found.neuron_sums is not None:
            columns.append(found.neuron_sums.reshape(len(found.counts), -1))
        return np.concatenate(columns, axis=1, dtype=np.float64)

    def _exact(self) -> dict[str, NDArray[Any]]:
        """The arrays that either form keeps as they are."""
        kept = {name: getattr(self.attribution, name) for name in ("counts", "clean", "corrupted", "groups")}
        return {**kept, "examples": self.examples}

    def _about(self) -> dict[str, Any]:
        found = self.attribution
        rules = name_of(found.rules)
        if rules is None:
            raise OutputError(
                f"scores by {found.rules} cannot be kept",
                "keep scores by the chain rule, RelP's or GIM's, or use these as they are",
            )
        about: dict[str, Any] = {
            "integration": None if found.integration is None else dataclasses.asdict(found.integration),
            "templates": self.templates,
        }
        if found.rules != CHAIN:
            about["rules"] = rules
        if self.convergence is not None:
            about["convergence"] = dataclasses.asdict(self.convergence)
        if found.outside is not None:
            about["outside"] = "zero" if found.outside.sums is None else "kept"
        if found.neuron_sums is not None:
            about["neurons"] = found.neuron_sums.shape[-1]
        return about

    @classmethod
    def load(cls, path: Path) -> "ScoreSums":
        """Read scores of either form back.

        Raises NotComputable for a file that is broken or holds something else.
        """
        # The digest of a cell says that a file is unchanged, but a file can also come from somewhere else:
        # every size is checked before it is used as a shape or an index.
        kept = _read_reduced_scores(path) if is_reduced(path) else _read_scores(path)
        with understood(path):
            declared = kept.header.integration
            integration = None if declared is None else Integration(declared.rule, declared.steps)
            search = kept.header.convergence
            convergence = None if search is None else Convergence(search.residuals, search.changes)
        sums = None if kept.outside is None else _dense(kept.graph, kept.outside)
        attribution = Attribution(
            kept.graph,
            integration,
            _dense(kept.graph, kept.sums),
            **{name: kept.tensors[name] for name in ("counts", "clean", "corrupted", "groups")},
            outside=Outside(sums) if kept.header.outside else None,
            neuron_sums=kept.neurons,
            rules=rules_called(kept.header.rules),
        )
        return cls(attribution, kept.header.templates, kept.tensors["examples"], convergence)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Metrics of the whole model, of the empty circuit, and of the circuits of a sweep.

    `whole`, `empty`: [examples]; `circuits`: [rankings, budgets, examples]; `kept`: edges after pruning
    [rankings, budgets]. `templates` and `examples` are those of each example, in the order of the batches.
    """

    graph: Graph
    whole: NDArray[np.float64]
    empty: NDArray[np.float64]
    circuits: NDArray[np.float64]
    kept: NDArray[np.int64]
    templates: tuple[str, ...]
    examples: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write a sweep, whole or not at all. Raises OutputError where that fails."""
        tensors = {name: getattr(self, name) for name in _SWEEP}
        write_arrays(path, "sweep", self.graph, tensors, {"templates": self.templates})

    def save_reduced(self, path: Path) -> None:
        """Write a sweep in fewer bytes, losing nothing. Raises OutputError where that fails."""
        # Models of up to single precision give metrics that float32 holds.
        single = all(np.array_equal(each, each.astype(np.float32)) for each in map(self._metric, _METRICS))
        dtype = np.float32 if single else np.float64
        tensors = {name: getattr(self, name) for name in _SWEEP}
        tensors |= {name: pack(self._metric(name).astype(dtype)) for name in _METRICS}
        about = {"templates": self.templates, "metric_bytes": np.dtype(dtype).itemsize}
        write_arrays(path, f"{REDUCED}sweep", self.graph, tensors, about)

    def _metric(self, name: str) -> NDArray[np.float64]:
        found: NDArray[np.float64] = getattr(self, name)
        return found

    @classmethod
    def load(cls, path: Path) -> "Sweep":
        """Read a sweep of either form back.

        Raises NotComputable for a file that is broken or holds something else.
        """
        graph, tensors, header = (_read_reduced_sweep if is_reduced(path) else _read_sweep)(path)
        circuits, kept, number = tensors["circuits"], tensors["kept"], len(header.templates)
        if not circuits.size or not number:
            raise broken(path, "it has no example, or no circuit")
        budgets = circuits.shape[1] if circuits.ndim == 3 else 0
        _check_shapes(path, {"circuits": circuits}, (len(RANKINGS), budgets, number))
        _check_shapes(path, {"kept": kept}, (len(RANKINGS), budgets))
        _check_shapes(path, _without(tensors, "circuits", "kept"), (number,))
        _check_values(path, tensors)
        if kept.max() > graph.edges:
            raise broken(path, f"a circuit has {kept.max()} edges, its graph {graph.edges}")
        return cls(graph, templates=header.templates, **tensors)


_EXACT = {"counts": "I64", "clean": "F64", "corrupted": "F64", "groups": "I64", "examples": "I64"}
_SCORES = {"score_sums": "F64", **_EXACT}
_ASKED_FOR = {"outside": "F32", "neuron_sums": "F32"}
_REDUCED_SCORES = {"means": "U8", "scales": "U8", "codes": "U8", **_EXACT}
_METRICS = ("whole", "empty", "circuits")
_SWEEP = {"whole": "F64", "empty": "F64", "circuits": "F64", "kept": "I64", "examples": "I64"}
_REDUCED_SWEEP = {**_SWEEP, **dict.fromkeys(_METRICS, "U8")}


@dataclass(frozen=True, eq=False)
class _KeptScores:
    """What a file of scores holds, all of it checked.

    `sums`: [groups, edges]; `outside`: [2, groups, edges]; `neurons`: [groups, layers, neurons]; `tensors`:
    all else.
    """

    graph: Graph
    header: _ScoresHeader
    sums: NDArray[np.float64]
    outside: NDArray[np.float32] | None
    neurons: NDArray[np.float32] | None
    tensors: dict[str, NDArray[Any]]


_Number = TypeVar("_Number", bound=np.floating)


def _dense(graph: Graph, values: NDArray[_Number]) -> NDArray[_Number]:
    """Values [..., edges] on the axes of the graph, 0 where no edge is."""
    found = np.zeros((*values.shape[:-1], *graph.mask.shape), values.dtype)
    found[..., graph.mask] = values
    return found


def _read_scores(path: Path) -> _KeptScores:
    graph, tensors, header = read_arrays(path, "scores", _ScoresHeader, _SCORES, _ASKED_FOR)
    sums, outside, neurons = (tensors.pop(name, None) for name in ("score_sums", *_ASKED_FOR))
    assert sums is not None
    _check_examples(path, header, tensors)
    if (outside is not None, neurons is not None) != (header.outside == "kept", header.neurons is not None):
        raise broken(path, "it holds other sums than it says")
    groups = len(header.templates)
    _check_shapes(path, {"score_sums": sums}, (groups, graph.edges))
    _check_values(path, {"score_sums": sums})
    if outside is not None:
        _check_shapes(path, {"outside": outside}, (2, groups, graph.edges))
        _check_values(path, {"outside": outside})
    if neurons is not None:
        _check_shapes(path, {"neuron_sums": neurons}, (groups, graph.layers, header.neurons or 0))
        _check_values(path, {"neuron_sums": neurons})
    return _KeptScores(graph, header, sums, outside, neurons, tensors)


def _read_reduced_scores(path: Path) -> _KeptScores:
    graph, tensors, header = read_arrays(path, f"{REDUCED}scores", _ReducedScoresHeader, _REDUCED_SCORES)
    payloads = {name: tensors.pop(name) for name in ("means", "scales", "codes")}
    _check_examples(path, header, tensors)
    groups, outside = len(header.templates), graph.edges * header.shares
    columns = outside + graph.layers * (header.neurons or 0)
    # Small files can declare much: these come before anything of that size is made.
    if groups > MOST_GROUPS or groups * columns > MOST_VALUES:
        raise broken(path, f"{columns:,} scores of each of {groups:,} groups are more than are read")
    with understood(path):
        means = unpack(payloads["means"], "<f4", columns)
        halves = unpack(payloads["scales"], "<u2", 2 * columns)
        codes = unpack(payloads["codes"], f"<i{header.code_bytes}", groups * columns)
    scales = (halves.astype(np.uint32) << 16).view(np.float32).reshape(2, columns)
    _check_values(path, {"means": means, "scales": scales})
    if np.signbit(scales).any():
        raise broken(path, "one of its scales is negative")
    reduced = Reduced(means, scales, codes.reshape(groups, columns))
    sums = restore_sums(reduced, tensors["counts"], strata_of(header.templates))
    edges, rest = sums[:, : graph.edges], sums[:, graph.edges :]
    with np.errstate(over="ignore"):
        # Kept means are float32, but they are of examples and these are sums over them.
        single = rest.astype(np.float32)
    _check_values(path, {"sums": single})
    shares, neurons = np.split(single, [outside - graph.edges], axis=1)
    return _KeptScores(
        graph,
        header,
        edges,
        shares.reshape(groups, 2, -1).swapaxes(0, 1) if header.shares > 1 else None,
        neurons.reshape(groups, graph.layers, -1) if header.neurons else None,
        tensors,
    )


def _check_examples(path: Path, header: _ScoresHeader, tensors: dict[str, NDArray[Any]]) -> None:
    """What a file of scores says of its examples and their groups fits together."""
    groups, counts = tensors["groups"], tensors["counts"]
    number, of_groups = tensors["examples"].size, len(header.templates)
    if not number or not of_groups:
        raise broken(path, "it has no example")
    _check_shapes(path, {"counts": counts}, (of_groups,))
    _check_shapes(path, _without(tensors, "counts"), (number,))
    _check_values(path, tensors)
    # Range first: how much is counted up to is read from the file.
    if groups.max() >= of_groups or not np.array_equal(np.bincount(groups, minlength=of_groups), counts):
        raise broken(path, "its groups have other numbers of examples than it says")
    if not counts.all():
        raise broken(path, "a group has no example")


_KeptSweep = tuple[Graph, dict[str, NDArray[Any]], _SweepHeader]


def _read_sweep(path: Path) -> _KeptSweep:
    return read_arrays(path, "sweep", _SweepHeader, _SWEEP)


def _read_reduced_sweep(path: Path) -> _KeptSweep:
    graph, tensors, header = read_arrays(path, f"{REDUCED}sweep", _ReducedSweepHeader, _REDUCED_SWEEP)
    shape = (*tensors["kept"].shape, len(header.templates))
    if len(shape) != 3:
        raise broken(path, f"its kept have shape {tensors['kept'].shape}")
    for name in _METRICS:
        size = math.prod(shape) if name == "circuits" else len(header.templates)
        with understood(path):
            values = unpack(tensors[name], f"<f{header.metric_bytes}", size).astype(np.float64)
        tensors[name] = values.reshape(shape) if name == "circuits" else values
    return graph, tensors, header


_Arrays = Mapping[str, NDArray[Any]]


def _without(tensors: _Arrays, *names: str) -> _Arrays:
    return {name: tensor for name, tensor in tensors.items() if name not in names}


def _check_shapes(path: Path, tensors: _Arrays, shape: tuple[int, ...]) -> None:
    for name, tensor in tensors.items():
        if tensor.shape != shape:
            raise broken(path, f"its {name} have shape {tensor.shape} and not {shape}")


def _check_values(path: Path, tensors: _Arrays) -> None:
    """Numbers measured are finite, and what is counted is not negative."""
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise broken(path, f"one of its {name} is not finite")
        if tensor.dtype == np.int64 and tensor.min() < 0:
            raise broken(path, f"one of its {name} is negative")


class Entropies(Part):
    """Normalised entropy of what a member's top components write, by groups of evaluation examples.

    `components`: of each by name its mean over the examples of every group; `counts`, `templates`: how many
    examples a group has, and its template.
    """

    components: dict[str, tuple[FiniteFloat, ...]]
    counts: tuple[Annotated[int, Field(gt=0)], ...]
    templates: tuple[str, ...]

    @model_validator(mode="after")
    def _of_the_same_groups(self) -> "Entropies":
        groups = len(self.counts)
        if {len(self.templates), *map(len, self.components.values())} != {groups}:
            raise ValueError(f"there are {groups} counts, and another number of templates or of entropies")
        return self


@dataclass(frozen=True)
class Evidence:
    """What was measured of one member."""

    scores: ScoreSums
    sweep: Sweep
    entropies: Entropies
    effects: EffectSums
