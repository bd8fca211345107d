"""What a file of edge scores holds, in full or in reduced form, read with all of it checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat

from ..circuits.files import (
    REDUCED,
    Header,
    Strict,
    broken,
    is_reduced,
    read_arrays,
    understood,
)
from ..circuits.graph import Graph
from ..circuits.scores import Rule
from .checked_arrays import check_shapes, check_values, without
from .reduced import (
    MOST_GROUPS,
    MOST_VALUES,
    Reduced,
    restore_sums,
    strata_of,
    unpack,
)

_EXACT = {"counts": "I64", "clean": "F64", "corrupted": "F64", "groups": "I64", "examples": "I64"}
_SCORES = {"score_sums": "F64", **_EXACT}
_ASKED_FOR = {"outside": "F32", "neuron_sums": "F32"}
_REDUCED_SCORES = {"means": "U8", "scales": "U8", "codes": "U8", **_EXACT}


class _Integration(Strict):
    rule: Rule
    steps: int


class _Search(Strict):
    residuals: tuple[FiniteFloat | None, ...]
    changes: tuple[FiniteFloat, ...]


class ScoresHeader(Header):
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


class _ReducedScoresHeader(ScoresHeader):
    step: FiniteFloat
    code_bytes: Literal[1, 2]


@dataclass(frozen=True, eq=False)
class KeptScores:
    """What a file of scores holds, all of it checked.

    `sums`: [groups, edges]; `outside`: [2, groups, edges]; `neurons`: [groups, layers, neurons]; `tensors`:
    all else.
    """

    graph: Graph
    header: ScoresHeader
    sums: NDArray[np.float64]
    outside: NDArray[np.float32] | None
    neurons: NDArray[np.float32] | None
    tensors: dict[str, NDArray[Any]]


def read_scores(path: Path) -> KeptScores:
    """Of a file of either form. Raises NotComputable where it is broken or holds something else."""
    # The digest of a cell says that a file is unchanged, but a file can also come from somewhere else: every
    # size is checked before it is used as a shape or an index.
    return _read_reduced_scores(path) if is_reduced(path) else _read_scores(path)


def _read_scores(path: Path) -> KeptScores:
    graph, tensors, header = read_arrays(path, "scores", ScoresHeader, _SCORES, _ASKED_FOR)
    sums, outside, neurons = (tensors.pop(name, None) for name in ("score_sums", *_ASKED_FOR))
    assert sums is not None
    _check_examples(path, header, tensors)
    if (outside is not None, neurons is not None) != (header.outside == "kept", header.neurons is not None):
        raise broken(path, "it holds other sums than it says")
    groups = len(header.templates)
    check_shapes(path, {"score_sums": sums}, (groups, graph.edges))
    check_values(path, {"score_sums": sums})
    if outside is not None:
        check_shapes(path, {"outside": outside}, (2, groups, graph.edges))
        check_values(path, {"outside": outside})
    if neurons is not None:
        check_shapes(path, {"neuron_sums": neurons}, (groups, graph.layers, header.neurons or 0))
        check_values(path, {"neuron_sums": neurons})
    return KeptScores(graph, header, sums, outside, neurons, tensors)


def _read_reduced_scores(path: Path) -> KeptScores:
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
    check_values(path, {"means": means, "scales": scales})
    if np.signbit(scales).any():
        raise broken(path, "one of its scales is negative")
    reduced = Reduced(means, scales, codes.reshape(groups, columns))
    sums = restore_sums(reduced, tensors["counts"], strata_of(header.templates))
    edges, rest = sums[:, : graph.edges], sums[:, graph.edges :]
    with np.errstate(over="ignore"):
        # Kept means are float32, but they are of examples and these are sums over them.
        single = rest.astype(np.float32)
    check_values(path, {"sums": single})
    shares, neurons = np.split(single, [outside - graph.edges], axis=1)
    return KeptScores(
        graph,
        header,
        edges,
        shares.reshape(groups, 2, -1).swapaxes(0, 1) if header.shares > 1 else None,
        neurons.reshape(groups, graph.layers, -1) if header.neurons else None,
        tensors,
    )


def _check_examples(path: Path, header: ScoresHeader, tensors: dict[str, NDArray[Any]]) -> None:
    """What a file of scores says of its examples and their groups fits together."""
    groups, counts = tensors["groups"], tensors["counts"]
    number, of_groups = tensors["examples"].size, len(header.templates)
    if not number or not of_groups:
        raise broken(path, "it has no example")
    check_shapes(path, {"counts": counts}, (of_groups,))
    check_shapes(path, without(tensors, "counts"), (number,))
    check_values(path, tensors)
    # Range first: how much is counted up to is read from the file.
    if groups.max() >= of_groups or not np.array_equal(np.bincount(groups, minlength=of_groups), counts):
        raise broken(path, "its groups have other numbers of examples than it says")
    if not counts.all():
        raise broken(path, "a group has no example")
