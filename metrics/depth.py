"""Where in the depth of a model a circuit lies.

Importance (or edge counts) per component, with the layer of each, becomes a profile: the share of each
layer. Layers run 0..L−1; the input (−1) and the logits (L) are outside and do not count. Early layers
have fewer incoming and more outgoing edges, so every number here is also to be read relative to the
profile that uniformly drawn edges have.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, distribution, match, numbers, unit_scale, whole
from .undefined import Undefined, Value, minus

TOLERANCE = 1e-12
"""Below this a difference of shares is rounding."""


def depth_profile(importance: ArrayLike, layer: ArrayLike, layers: int) -> Floats | Undefined:
    """Share of the importance that each layer holds: p_l = Σ_{v in l} s(v) / Σ_l Σ_{v in l} s(v).

    For heads or MLPs alone, pass their importance and layers alone.

    Args:
        importance: [components], ≥ 0: absolute score (`node_importance`) or edges (`node_degree`).
        layer: whole numbers [components]; those outside 0..layers−1 are left out.
        layers: number of layers L.

    Returns:
        [layers], ≥ 0, sum 1. Undefined when no layer holds any importance.

    Raises:
        ValueError: NaN, negative importance, lengths that differ, layers below 1.

    >>> depth_profile([9.0, 1.0, 2.0, 1.0], layer=[-1, 0, 1, 1], layers=2).tolist()
    [0.25, 0.75]
    """
    mass = distribution("importance", importance)
    place = numbers("layer", layer, 1)
    match(("importance", "layer"), mass, place)
    if (place != np.floor(place)).any():
        raise ValueError("layer must hold whole numbers")
    inside = (place >= 0) & (place < whole("layers", layers, 1))
    held = unit_scale(mass[inside])
    if not held.any():
        return Undefined("no layer holds any importance")
    total = np.bincount(place[inside].astype(np.int64), weights=held, minlength=layers)
    return np.asarray(total / total.sum())


def relative_profile(profile: ArrayLike, uniform: ArrayLike) -> Floats | Undefined:
    """A profile divided by that of uniformly drawn edges and scaled to sum 1: (p_l/u_l) / Σ_l (p_l/u_l).

    What is left when every layer has the same chance: a circuit of random edges is flat. The uniform
    profile is that of the degrees of the whole graph (`node_degree` of all edges), whatever the budget.

    Args:
        profile, uniform: [layers], shares.

    Returns:
        [layers], ≥ 0, sum 1; above 1/L where the circuit has more than its due. Undefined where mass lies
        in a layer without edges.

    Raises:
        ValueError: NaN, negative, lengths that differ, not summing to 1.

    >>> relative_profile([0.5, 0.5], [0.75, 0.25]).tolist()
    [0.25, 0.75]
    """
    held, due = _profile("profile", profile), _profile("uniform", uniform)
    match(("profile", "uniform"), held, due)
    if (held[due == 0] > 0).any():
        return Undefined("a layer holds importance and has no edges")
    # Mantissas and exponents apart: a quotient by a nearly empty layer may be beyond all numbers.
    (held, held_power), (due, due_power) = np.frexp(held), np.frexp(due)
    ratio = np.divide(held, due, out=np.zeros_like(held), where=due > 0)
    power = held_power - due_power
    ratio = np.ldexp(ratio, power - power[ratio > 0].max())
    return np.asarray(ratio / ratio.sum())


def early_share(profile: ArrayLike) -> float:
    """Mass in the first third of the layers: Σ_l p_l · (part of layer l that lies in the first third).

    Layer l takes up depth l/L to (l+1)/L. Where L is no multiple of three the layer across the border
    counts in part, so that a flat profile has 1/3 at any depth.

    Args:
        profile: [layers], shares.

    Returns:
        In [0, 1]; larger: earlier.

    Raises:
        ValueError: NaN, negative, not summing to 1.

    >>> early_share([0.5, 0.1, 0.4])
    0.5
    >>> round(early_share([0.25, 0.25, 0.25, 0.25]), 9)
    0.333333333
    """
    shares = _profile("profile", profile)
    # How much of layer l, from l to l + 1, lies below a third of L.
    inside = np.clip(len(shares) / 3 - np.arange(len(shares)), 0, 1)
    return min(1.0, float(shares @ inside))


def mean_relative_depth(profile: ArrayLike) -> Value:
    """Centre of a profile: Σ_l p_l · l/(L−1).

    Returns:
        In [0, 1]; 0: all in the first layer, 1: all in the last. Undefined for a single layer.

    Raises:
        ValueError: NaN, negative, not summing to 1.

    >>> mean_relative_depth([0.5, 0.0, 0.5])
    0.5
    """
    shares = _profile("profile", profile)
    if len(shares) == 1:
        return Undefined("a single layer has no depth")
    return min(1.0, float(shares @ np.arange(len(shares)) / (len(shares) - 1)))


@dataclass(frozen=True)
class Transport:
    """What has to be moved, and how far, to turn one profile into another: shares times relative depth.

    `early` is moved towards the first layer, `late` towards the last. `total` is the Wasserstein-1
    distance; `net` = early − late is how much smaller the mean relative depth has become.
    """

    early: float
    late: float

    @property
    def total(self) -> float:
        """Wasserstein-1 distance, in [0, 1]."""
        return min(1.0, self.early + self.late)

    @property
    def net(self) -> float:
        """Mean relative depth before minus after, in [−1, 1]; positive: towards early layers."""
        return self.early - self.late


def transport(before: ArrayLike, after: ArrayLike) -> Transport | Undefined:
    """Optimal transport from one profile to another along the relative depth l/(L−1).

    With F the cumulative shares, early = Σ_l max(F_after(l) − F_before(l), 0)/(L−1), late the same with
    the sign turned; in one dimension their sum is the Wasserstein-1 distance (Vallender 1974).

    Args:
        before, after: [layers], shares (ARM, MDM).

    Returns:
        Both parts ≥ 0. Undefined for a single layer.

    Raises:
        ValueError: NaN, negative, lengths that differ, not summing to 1.

    >>> transport([0.0, 0.0, 1.0], [0.5, 0.0, 0.5])
    Transport(early=0.5, late=0.0)
    """
    first, second = _profile("before", before), _profile("after", after)
    match(("before", "after"), first, second)
    if len(first) == 1:
        return Undefined("a single layer has no depth")
    gain = np.cumsum(second - first)[:-1] / (len(first) - 1)
    early, late = (min(1.0, float(np.maximum(moved, 0).sum())) for moved in (gain, -gain))
    return Transport(early, late)


def signed_wasserstein(before: ArrayLike, after: ArrayLike) -> Value:
    """Wasserstein-1 distance between two profiles with the sign of the net movement.

    sgn(early − late) · (early + late), with the two parts of `transport`. Its size is a distance, so
    noise alone makes it larger than 0; `Transport.net`, the difference of mean depths, is the companion
    without that bias. The two agree when all mass moves one way.

    Args:
        before, after: [layers], shares (ARM, MDM).

    Returns:
        In [−1, 1]; positive: towards early layers; 0: the same profile. Undefined when as much moves
        each way and for a single layer.

    Raises:
        ValueError: as `transport`.

    >>> signed_wasserstein([0.0, 0.0, 1.0], [0.5, 0.0, 0.5])
    0.5
    >>> print(signed_wasserstein([0.0, 1.0, 0.0], [0.5, 0.0, 0.5]))
    undefined: as much moves towards early layers as towards late ones
    """
    moved = transport(before, after)
    if isinstance(moved, Undefined):
        return moved
    if moved.total <= TOLERANCE:
        return 0.0
    # A sign decided by rounding would flip a distance from one end of its range to the other.
    if abs(moved.net) <= TOLERANCE:
        return Undefined("as much moves towards early layers as towards late ones")
    return float(np.sign(moved.net) * moved.total)


def depth_shift(arm: ArrayLike, mdm: ArrayLike, uniform: ArrayLike) -> dict[str, dict[str, Value]]:
    """Depth of two circuits, and how far the second lies from the first.

    Args:
        arm, mdm: [layers], profiles of the two circuits.
        uniform: [layers], profile of uniformly drawn edges, at which both are also looked at.

    Returns:
        Under `arm` and `mdm` each `early_share`, `early_share_over_uniform` (1: as much as random edges),
        `mean_depth`, `mean_depth_over_uniform`. Under `shift` their differences MDM − ARM,
        `early_share_ratio` (MDM/ARM) and `wasserstein` (positive: towards early layers), the latter also of
        the relative profiles (`wasserstein_over_uniform`). Undefined where it is.

    Raises:
        ValueError: NaN, negative, lengths that differ, not summing to 1.

    >>> found = depth_shift([0.2, 0.3, 0.5], [0.4, 0.3, 0.3], [1/3, 1/3, 1/3])
    >>> round(found["shift"]["early_share"], 9), round(found["shift"]["wasserstein"], 9)
    (0.2, 0.2)
    """
    before, after = _summary(arm, uniform), _summary(mdm, uniform)
    shift = {name: minus(after[name], before[name]) for name in before}
    shift["early_share_ratio"] = _ratio(after["early_share"], before["early_share"])
    shift["wasserstein"] = signed_wasserstein(arm, mdm)
    shift["wasserstein_over_uniform"] = _relative_wasserstein(arm, mdm, uniform)
    return {"arm": before, "mdm": after, "shift": shift}


def _relative_wasserstein(arm: ArrayLike, mdm: ArrayLike, uniform: ArrayLike) -> Value:
    before, after = relative_profile(arm, uniform), relative_profile(mdm, uniform)
    if isinstance(before, Undefined):
        return before
    return after if isinstance(after, Undefined) else signed_wasserstein(before, after)


def _summary(profile: ArrayLike, uniform: ArrayLike) -> dict[str, Value]:
    share, depth = early_share(profile), mean_relative_depth(profile)
    return {
        "early_share": share,
        "early_share_over_uniform": _ratio(share, early_share(uniform)),
        "mean_depth": depth,
        "mean_depth_over_uniform": _ratio(depth, mean_relative_depth(uniform)),
    }


def _ratio(numerator: Value, denominator: Value) -> Value:
    if isinstance(numerator, Undefined):
        return numerator
    if isinstance(denominator, Undefined):
        return denominator
    if denominator <= TOLERANCE:
        return Undefined("the ratio's denominator is 0")
    return numerator / denominator


def _profile(name: str, values: ArrayLike) -> Floats:
    shares = distribution(name, values).astype(np.float64)
    with np.errstate(over="ignore"):
        total = shares.sum()
    if abs(total - 1) > 1e-6:
        raise ValueError(f"{name} must sum to 1 and sums to {total:.6g}: make it with depth_profile")
    # What the sum may be off by would carry values out of their ranges.
    return np.asarray(shares / total)
