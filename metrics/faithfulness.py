"""How much of a model's behaviour a circuit keeps, over budgets: the curve and its areas.

m(C) is the metric with the circuit kept and the rest corrupted, m(∅) with everything corrupted, m(N) of
the whole model. Shares are nominal: kept edges over all edges, before pruning.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Flags, Floats, match, numbers, unit_scale, within
from .undefined import Undefined, Value

MIB_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""The grid of shares of edges of the Mechanistic Interpretability Benchmark."""


RESOLUTION = 2.0**-17
"""Share of a metric's magnitude below which a gap cannot be told from the rounding of float32.

float32 carries 24 bits. A metric is a difference of logits or log-probabilities larger than itself, each a
sum of thousands of products: between them they lose about six bits, a factor of 64.
"""


class DifferentCurves(UserWarning):
    """A CPR and a CMD that no single curve can have."""


@dataclass(frozen=True, eq=False)
class PromptFaithfulness:
    """Faithfulness prompt by prompt, summed up per budget.

    `mean` and `median`: [budgets], over the `kept` prompts; `dropped` prompts had too small a gap between
    the whole and the corrupted model for a ratio.
    """

    mean: Floats
    median: Floats
    kept: int
    dropped: int


def faithfulness(circuit: ArrayLike, empty: float, full: float) -> Floats | Undefined:
    """Share of the behaviour that the circuit keeps: f = (m(C) − m(∅)) / (m(N) − m(∅)).

    Of the means over prompts, which is the headline: prompts weigh by their gap, and none can blow up.

    Args:
        circuit: m(C) at each budget [budgets].
        empty: m(∅).
        full: m(N).

    Returns:
        [budgets]; 0: as if all were corrupted, 1: as the whole model; may lie outside [0, 1]. Undefined
        when m(N) and m(∅) differ by no more than `RESOLUTION` of the larger.

    Raises:
        ValueError: NaN or no budget.

    >>> faithfulness([1.0, 2.0, 3.0], empty=1.0, full=3.0).tolist()
    [0.0, 0.5, 1.0]
    """
    kept = numbers("circuit", circuit, 1)
    low, high = numbers("empty", empty, 0), numbers("full", full, 0)
    if not _gaps(low, high)[1]:
        return Undefined("the whole model scores as the corrupted one, so there is nothing to keep")
    ratio = _ratio(kept, low, high)
    return ratio if np.isfinite(ratio).all() else _BEYOND


def weighted_faithfulness(
    circuits: Floats, empty: Floats, full: Floats, weights: Floats
) -> Floats | Undefined:
    """`faithfulness` of weighted means over prompts: of `circuits` [circuits, prompts], all else [prompts].

    A ratio of means, not a mean of ratios: single prompts can have a gap close to 0.
    """
    share = weights / weights.sum()
    return faithfulness(circuits @ share, float(empty @ share), float(full @ share))


def prompt_faithfulness(
    circuit: ArrayLike, empty: ArrayLike, full: ArrayLike, least_gap: float = 0.05
) -> PromptFaithfulness | Undefined:
    """Faithfulness of each prompt, its mean and median over prompts at each budget.

    Prompts are dropped and counted whose gap |m(N) − m(∅)| is rounding (at most `RESOLUTION` times the larger
    of both, of this prompt or of the mean prompt) or less than `least_gap` times the median of the other
    gaps: their ratio is noise divided by nearly nothing.

    Args:
        circuit: m(C) [budgets, prompts].
        empty, full: m(∅) and m(N) [prompts].
        least_gap: as a share of the median of the gaps that are more than rounding.

    Returns:
        Range and direction as `faithfulness`. Undefined when no prompt has a gap.

    Raises:
        ValueError: NaN, empty, shapes that do not match, least_gap outside [0, 1).

    >>> found = prompt_faithfulness([[1.0, 2.0, 9.0]], empty=[0.0, 0.0, 5.0], full=[2.0, 2.0, 5.0])
    >>> found.mean.tolist(), found.median.tolist(), found.kept, found.dropped
    ([0.75], [0.75], 2, 1)
    """
    kept = numbers("circuit", circuit, 2)
    low, high = numbers("empty", empty, 1), numbers("full", full, 1)
    match(("circuit's prompts", "empty", "full"), kept[0], low, high)
    if not 0 <= least_gap < 1:
        raise ValueError(f"least_gap must lie in [0, 1), not {least_gap}")
    gap, resolved = _gaps(low, high)
    if not resolved.any():
        return Undefined("no prompt tells the whole model from the corrupted one")
    # The median of all gaps would be 0 where most prompts have none, and every other prompt would pass.
    usable = resolved & (gap >= least_gap * np.median(gap[resolved]))
    ratio = _ratio(kept[:, usable], low[usable], high[usable])
    with np.errstate(over="ignore", invalid="ignore"):
        mean, median = ratio.mean(axis=1), np.median(ratio, axis=1)
    if not np.isfinite([mean, median]).all():
        return _BEYOND
    return PromptFaithfulness(mean, median, int(usable.sum()), int((~usable).sum()))


def log_area(shares: ArrayLike, curve: ArrayLike, bounded: bool = False) -> float:
    """Area under the curve over the logarithm of the budget, by trapezoid, divided by the width.

    ∫ f d log x / (log x_last − log x_first): every doubling of the budget weighs the same, where on a linear
    axis four fifths of the area lie above a share of .2.

    Args:
        shares: budgets as shares of all edges [budgets], rising, in (0, 1].
        curve: f [budgets].
        bounded: cut f to [0, 1] first, so that overshooting earns nothing.

    Returns:
        1 for f ≡ 1, 0 for f ≡ 0; in [0, 1] when bounded; larger: small circuits suffice.

    Raises:
        ValueError: NaN, lengths that differ, fewer than two budgets, shares not rising in (0, 1].

    >>> round(log_area([0.01, 0.1, 1.0], [0.0, 1.0, 1.0]), 9)
    0.75
    """
    budget, kept = _curve(shares, curve)
    place = np.log(budget)
    width = float(place[-1] - place[0])
    if width == 0:
        raise ValueError(f"shares {budget[0]!r} to {budget[-1]!r} span nothing on a logarithmic axis")
    area = _trapezoid(place / width, np.clip(kept, 0, 1) if bounded else kept)
    return min(1.0, max(0.0, area)) if bounded else area


def cpr(shares: ArrayLike, curve: ArrayLike) -> float:
    """MIB's integrated circuit performance ratio: ∫ f dx by trapezoid over shares from .001 to 1.

    MIB computes it on circuits ranked by *signed* score (Mueller et al. 2025, arXiv 2504.13151).

    Args:
        shares: from .001 to 1; `MIB_SHARES` for values to be compared with MIB's.
        curve: f [budgets].

    Returns:
        0.999 for f ≡ 1; not bounded; larger: better.

    Raises:
        ValueError: as `log_area`; shares that do not run from .001 to 1.

    >>> round(cpr(MIB_SHARES, [1.0] * 10), 9)
    0.999
    """
    return _trapezoid(*_mib_curve(shares, curve))


def cmd(shares: ArrayLike, curve: ArrayLike) -> float:
    """MIB's integrated circuit–model distance: ∫ |1 − f| dx by trapezoid over shares from .001 to 1.

    MIB computes it on circuits ranked by *absolute* score (Mueller et al. 2025, arXiv 2504.13151).

    Args:
        shares: from .001 to 1; `MIB_SHARES` for values to be compared with MIB's.
        curve: f [budgets].

    Returns:
        ≥ 0; 0: as the whole model at every budget; smaller: better.

    Raises:
        ValueError: as `cpr`.

    >>> cmd(MIB_SHARES, [1.0] * 10)
    0.0
    """
    budget, kept = _mib_curve(shares, curve)
    return _trapezoid(budget, np.abs(1 - kept))


def areas_of_one_curve(cpr_value: float, cmd_value: float) -> bool:
    """Whether a CPR and a CMD can come from one curve: CPR + CMD ≥ .999, because f + |1 − f| ≥ 1 everywhere.

    Returns:
        False, with a `DifferentCurves` warning, when they cannot.

    Raises:
        ValueError: NaN, or a CMD below 0.

    >>> areas_of_one_curve(0.75, 0.30)
    True
    """
    if not np.isfinite(cpr_value):
        raise ValueError(f"cpr_value must be a finite number, not {cpr_value}")
    total = float(cpr_value) + within("cmd_value", cmd_value, 0, np.finfo(np.float64).max)
    possible = total >= MIB_SHARES[-1] - MIB_SHARES[0] - 1e-9
    if not possible:
        message = f"CPR + CMD = {total:.4f} < .999: they cannot come from the same circuits"
        warnings.warn(message, DifferentCurves, stacklevel=2)
    return possible


def smallest_budget(shares: ArrayLike, *curves: ArrayLike, threshold: float = 0.85) -> Value:
    """Smallest share of edges on the grid at which *every* curve reaches the threshold.

    Args:
        shares: budgets [budgets], rising, in (0, 1].
        curves: f [budgets] of each model.
        threshold: the f to reach.

    Returns:
        A share of the grid; smaller: the behaviour needs fewer edges. Undefined when the curves do not
        reach the threshold together anywhere.

    Raises:
        ValueError: as `log_area`; no curve, a threshold that is no number.

    >>> smallest_budget([0.01, 0.1, 1.0], [0.9, 0.95, 1.0], [0.2, 0.88, 1.0])
    0.1
    """
    if not curves:
        raise ValueError("pass at least one curve")
    numbers("threshold", threshold, 0)
    pairs = [_curve(shares, curve) for curve in curves]
    # The first share that reaches it, though a later one may fall short again: curves are not monotone.
    reached = np.all([kept >= threshold for _, kept in pairs], axis=0)
    if not reached.any():
        best = max(float(level) for level in np.min([kept for _, kept in pairs], axis=0))
        return Undefined(f"faithfulness reaches {best:.3f} at best and not {threshold:g}")
    return float(pairs[0][0][int(reached.argmax())])


_BEYOND = Undefined("m(C) is so far beyond m(N) and m(∅) that no number holds the ratio")


def _gaps(low: Floats, high: Floats) -> tuple[Floats, Flags]:
    """|high − low| up to a common factor, and which of them are more than rounding."""
    low, high = unit_scale(np.stack([low, high]))
    size = np.maximum(np.abs(low), np.abs(high))
    gap = np.abs(high - low)
    # A prompt's own values may be near 0 because large logits cancel; the mean prompt shows their size.
    return gap, np.asarray(gap > RESOLUTION * np.maximum(size, size.mean()))


def _ratio(kept: Floats, low: Floats, high: Floats) -> Floats:
    """(kept − low) / (high − low), not finite where no number holds it."""
    # Of quarters, whose differences do not overflow.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return np.asarray((kept / 4 - low / 4) / (high / 4 - low / 4))


def _curve(shares: ArrayLike, curve: ArrayLike) -> tuple[Floats, Floats]:
    budget, kept = numbers("shares", shares, 1), numbers("curve", curve, 1)
    match(("shares", "curve"), budget, kept)
    if len(budget) < 2:
        raise ValueError("a curve takes at least two budgets")
    if (np.diff(budget) <= 0).any() or budget[0] <= 0 or budget[-1] > 1:
        raise ValueError(f"shares must rise within (0, 1], not {budget.tolist()}")
    return budget, kept


def _mib_curve(shares: ArrayLike, curve: ArrayLike) -> tuple[Floats, Floats]:
    budget, kept = _curve(shares, curve)
    ends = float(budget[0]), float(budget[-1])
    if not np.allclose(ends, (MIB_SHARES[0], MIB_SHARES[-1]), rtol=1e-6):
        raise ValueError(
            f"CPR and CMD are defined over shares from .001 to 1, not {ends[0]:g} to {ends[1]:g}"
        )
    return budget, kept


def _trapezoid(place: Floats, value: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        area = float((np.diff(place) * (value[1:] / 2 + value[:-1] / 2)).sum())
    if not np.isfinite(area):
        raise ValueError("the area is beyond all numbers: the curve's values are too large")
    return area
