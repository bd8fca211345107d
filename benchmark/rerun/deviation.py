"""How far a cell that was computed again lies from the one that was submitted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import top_edges
from ..asking.pool import Pool, Prompts
from ..measure.ablations import Ablations
from ..measure.budgets import budgets
from ..measure.circuit_runs import CircuitRuns
from ..measure.effect_sums import EffectSums
from ..measure.evidence import Entropies
from ..measure.reduced import ScorePrecision, reduce_sums, restore_sums, strata_of
from ..measure.score_sums import ScoreSums
from ..measure.swept import Sweep
from ..record.cards import CardsCell
from ..record.missing import Missing
from ..record.number import Accuracy, Number
from ..record.reads import AtRead, Stages
from ..record.stages import numbers_of
from .apart import relative, share_apart
from .cards import of_cards


def deviation(submitted: Any, found: Any, precision: ScorePrecision | None) -> float:
    """How far apart two contents of a cell lie; 0 where they are the same, about 1 where nothing agrees.

    `precision`: how finely the submitted scores are kept, None where they are exact. What is found is rounded
    in the same way before it is compared.

    * pool: share of the examples that are not the same in both, or that either member solves in one alone (by
      their numbers), or that are left out in one alone; whichever is largest. prompts: the first of these.
    * scores: of the mean score of every edge, the largest difference, relative to the largest mean; of the
      sums of all groups the root mean square difference, relative to theirs; both of these also of what comes
      from positions outside, relative to the scores that it is a part of, and of the effects of neurons; of
      the metrics of the clean and the corrupted prompts the largest difference, relative to the largest;
      whichever is largest.
    * sweep: in units of the gap between the whole model and the empty circuit, the largest difference of a
      circuit's mean (so, of its faithfulness), and the root mean square difference of all values; transfer:
      the same of the circuits that are run in a host; ablation: the same without each set of nodes, or the
      share of nodes that only one of the two has, or of answers that are right in one alone.
    * entropies: of the mean over a group the largest difference, or the share of components that only one of
      the two has.
    * effects: the largest difference of direct effects, relative to the largest; of drops and of the metrics
      the largest difference, relative to the largest of the metrics' gaps; whichever is largest.
    * cards: as `cards.of_cards`.
    * stages: of the numbers the largest difference, relative to the interval, or to the number where it has
      none; the share of numbers that only one of the two has; or of the examples of a read the difference,
      relative to the larger number, 1 where only one of the two has the read.
    """
    if isinstance(submitted, Pool):
        return _of_pools(submitted, found)
    if isinstance(submitted, Prompts):
        return share_apart(set(submitted.root), set(found.root))
    if isinstance(submitted, ScoreSums):
        return _of_scores(submitted, found, precision)
    if isinstance(submitted, Sweep):
        return _of_sweep(submitted, found)
    if isinstance(submitted, CircuitRuns):
        return _of_runs(submitted, found)
    if isinstance(submitted, Ablations):
        return _of_ablations(submitted, found)
    if isinstance(submitted, EffectSums):
        return _of_effects(submitted, found)
    if isinstance(submitted, CardsCell):
        return of_cards(submitted.root, found.root)
    if isinstance(submitted, Stages):
        return _of_stages(submitted, found)
    assert isinstance(submitted, Entropies), "every kind of cell that models run for is compared"
    return _of_entropies(submitted, found)


SMALLEST_CIRCUIT = 10
"""Edges below which circuits are not compared: one edge that changes places is too large a share of them."""


def circuit_deviation(
    submitted: Any, found: Any, precision: ScorePrecision | None, grid: Sequence[float]
) -> float | None:
    """How far apart the circuits of two cells lie, in [0, 1]; None for cells that choose none.

    `grid`: the protocol's shares of all edges; sizes below ten edges are left out. `precision` as in
    `deviation`. Small scores can change their order while every score stays nearly what it is, and the order
    is what circuits are chosen by.

    * scores: the largest 1 − J of the circuits that either's mean scores choose by absolute value.
    * sweep: of the edges that pruning keeps the largest difference, relative to the circuit's size.
    """
    if not isinstance(submitted, ScoreSums | Sweep):
        return None
    if submitted.graph != found.graph:
        return 1.0
    sizes = budgets(grid, submitted.graph.edges)
    wanted = [index for index, size in enumerate(sizes) if size >= SMALLEST_CIRCUIT]
    if isinstance(submitted, ScoreSums):
        both = _mean_scores(submitted, None), _mean_scores(found, precision)
        return max((_apart(*both, submitted.graph.mask, sizes[index]) for index in wanted), default=0.0)
    if submitted.kept.shape != found.kept.shape or submitted.kept.shape[1] != len(sizes):
        return 1.0
    kept = np.abs(submitted.kept - found.kept)[:, wanted] / np.array(sizes)[wanted]
    return float(kept.max(initial=0.0))


def _mean_scores(scores: ScoreSums, precision: ScorePrecision | None) -> NDArray[np.float64]:
    mask, counts = scores.graph.mask, scores.attribution.counts
    sums: NDArray[np.floating] = scores.attribution.score_sums[:, mask]
    if precision is not None:
        sums = _rounded(sums, scores, precision)
    means = np.zeros(mask.shape)
    means[mask] = sums.sum(axis=0) / counts.sum()
    return means


def _apart(one: NDArray[np.float64], other: NDArray[np.float64], mask: NDArray[np.bool_], size: int) -> float:
    """1 − J of the circuits of that size."""
    mine, theirs = (top_edges(scores, mask, size, "absolute") for scores in (one, other))
    return float(1 - (mine & theirs).sum() / (mine | theirs).sum())


def _of_pools(submitted: Pool, found: Pool) -> float:
    one, other = (
        {(each.index, each.order, each.template) for each in pool.solved} for pool in (submitted, found)
    )
    counts = [
        (submitted.other_form, found.other_form),
        *(
            (submitted.unfit.get(name, 0), found.unfit.get(name, 0))
            for name in {*submitted.unfit, *found.unfit}
        ),
    ]
    tried = max(1, found.arm.tried)
    return max(
        share_apart(one, other),
        *(_of_accuracies(*both) for both in zip(_accuracies(submitted), _accuracies(found), strict=True)),
        *(abs(mine - theirs) / tried for mine, theirs in counts),
    )


def _accuracies(pool: Pool) -> tuple[Accuracy | Missing, ...]:
    return pool.arm, pool.mdm, pool.mdm_in_place


def _of_accuracies(submitted: Accuracy | Missing, found: Accuracy | Missing) -> float:
    if isinstance(submitted, Missing) or isinstance(found, Missing):
        return float(submitted != found)
    if submitted.tried != found.tried:
        return 1.0
    return abs(submitted.solved - found.solved) / max(1, found.tried)


def _of_scores(submitted: ScoreSums, found: ScoreSums, precision: ScorePrecision | None) -> float:
    one, other = _sums_of(submitted), _sums_of(found)
    shapes = [{name: sums.shape for name, sums in each.items()} for each in (one, other)]
    if shapes[0] != shapes[1] or not _same_examples(submitted, found):
        return 1.0
    if precision is not None:
        other = {name: _rounded(sums, found, precision) for name, sums in other.items()}
    measured = [np.stack([each.attribution.clean, each.attribution.corrupted]) for each in (submitted, found)]
    return max(
        relative(np.abs(measured[1] - measured[0]).max(), np.abs(measured[0]).max()),
        # What comes from outside is a part of a score, and may be next to nothing beside it.
        *(_of_sums(one[name], other[name], one[_EDGES if name == _OUTSIDE else name]) for name in one),
    )


def _rounded(
    sums: NDArray[np.floating], scores: ScoreSums, precision: ScorePrecision
) -> NDArray[np.floating]:
    """Sums of a cell's groups as a submission would give them back."""
    counts, strata = scores.attribution.counts, strata_of(scores.templates)
    kept = reduce_sums(sums.astype(np.float64), counts, strata, precision)
    # What cells keep in float32 is read back so from a submission too.
    return restore_sums(kept, counts, strata).astype(sums.dtype)


_EDGES, _OUTSIDE, _NEURONS = "edges", "outside", "neurons"


def _sums_of(scores: ScoreSums) -> dict[str, NDArray[np.floating]]:
    """All that is summed over the examples of a group, [groups, values] by what the values are of."""
    mask, kept = scores.graph.mask, scores.attribution
    found: dict[str, NDArray[np.floating]] = {_EDGES: kept.score_sums[:, mask]}
    if kept.outside is not None and kept.outside.sums is not None:
        found[_OUTSIDE] = np.concatenate([part[:, mask] for part in kept.outside.sums], axis=1)
    if kept.neuron_sums is not None:
        found[_NEURONS] = kept.neuron_sums.reshape(len(kept.counts), -1)
    return found


def _same_examples(submitted: ScoreSums, found: ScoreSums) -> bool:
    one, other = submitted.attribution, found.attribution
    return (
        submitted.templates == found.templates
        and np.array_equal(submitted.examples, found.examples)
        and np.array_equal(one.counts, other.counts)
        and np.array_equal(one.groups, other.groups)
    )


def _of_sums(one: NDArray[np.floating], other: NDArray[np.floating], whole: NDArray[np.floating]) -> float:
    """Of sums [groups, values] the larger of two differences, relative to what they are parts of."""
    difference = np.subtract(other, one, dtype=np.float64)
    mean, size = (np.abs(sums.sum(axis=0, dtype=np.float64)).max(initial=0.0) for sums in (difference, whole))
    return max(relative(float(mean), float(size)), relative(_rms(difference), _rms(whole)))


def _of_sweep(submitted: Sweep, found: Sweep) -> float:
    if submitted.circuits.shape != found.circuits.shape or not np.array_equal(
        submitted.examples, found.examples
    ):
        return 1.0
    return _of_metrics(submitted, found, ("whole", "empty", "circuits"))


def _of_runs(submitted: CircuitRuns, found: CircuitRuns) -> float:
    same = (submitted.names, submitted.edges) == (found.names, found.edges)
    placed = [np.array_equal(getattr(submitted, n), getattr(found, n)) for n in ("examples", "shuffled_at")]
    if not same or not all(placed) or submitted.shuffled.shape != found.shuffled.shape:
        return 1.0
    return _of_metrics(submitted, found, ("whole", "empty", "circuits", "shuffled"))


def _of_ablations(submitted: Ablations, found: Ablations) -> float:
    if submitted.names != found.names or not np.array_equal(submitted.examples, found.examples):
        return 1.0
    nodes = [{tuple(node) for node in each.nodes.tolist()} for each in (submitted, found)]
    answers = [np.concatenate([each.whole_right[None], each.right]) for each in (submitted, found)]
    return max(
        _of_metrics(submitted, found, ("whole", "empty", "without")),
        share_apart(*nodes),
        float((answers[0] != answers[1]).mean()),
    )


_WithMetrics = Sweep | CircuitRuns | Ablations


def _of_metrics(submitted: _WithMetrics, found: _WithMetrics, names: Sequence[str]) -> float:
    gap = abs(float(submitted.whole.mean() - submitted.empty.mean()))
    pairs = [(getattr(submitted, name), getattr(found, name)) for name in names]
    return max(
        max(relative(np.abs((new - old).mean(axis=-1)).max(), gap), relative(_rms(new - old), gap))
        for old, new in pairs
    )


def _of_entropies(submitted: Entropies, found: Entropies) -> float:
    one, other = submitted.components, found.components
    if (submitted.counts, submitted.templates) != (found.counts, found.templates):
        return 1.0
    apart = (
        abs(mine - theirs)
        for name in one.keys() & other.keys()
        for mine, theirs in zip(one[name], other[name], strict=True)
    )
    return max(max(apart, default=0.0), share_apart(set(one), set(other)))


def _of_effects(submitted: EffectSums, found: EffectSums) -> float:
    same = (
        submitted.graph == found.graph
        and submitted.templates == found.templates
        and all(
            np.array_equal(getattr(submitted, name), getattr(found, name))
            for name in ("examples", "groups", "removed")
        )
    )
    if not same:
        return 1.0

    def apart(name: str) -> float:
        return float(np.abs(getattr(found, name) - getattr(submitted, name)).max())

    gap = float(np.abs(submitted.clean - submitted.corrupted).max())
    written = [
        relative(apart(name), float(np.abs(getattr(submitted, name)).max()))
        for name in ("direct_clean", "direct_changed")
    ]
    return max(*written, *(relative(apart(name), gap) for name in ("drops", "clean", "corrupted")))


def _of_stages(submitted: Stages, found: Stages) -> float:
    mine, theirs = numbers_of(submitted), numbers_of(found)
    apart = (
        relative(abs(mine[at].value - theirs[at].value), _reach(mine[at])) for at in mine.keys() & theirs
    )
    reads = {*submitted.reads, *found.reads}
    examples = ([_examples(each.reads.get(read)) for each in (submitted, found)] for read in reads)
    return max(
        max(apart, default=0.0),
        share_apart(set(mine), set(theirs)),
        max((relative(abs(one - other), max(one, other)) for one, other in examples), default=0.0),
    )


def _examples(read: AtRead | Missing | None) -> int:
    return read.examples if isinstance(read, AtRead) else 0


def _reach(number: Number) -> float:
    """The length of its interval, or its size."""
    if number.low is None or number.high is None or number.low == number.high:
        return abs(number.value)
    return number.high - number.low


def _rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
