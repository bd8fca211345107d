"""What every metric asks of its input, and the message when it is not so."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


LARGEST = 1e150
"""Beyond it the square of a number, times a few, may be none."""


def numbers(name: str, values: ArrayLike, dimensions: int | None = None) -> Floats:
    """`values` as a finite, non-empty float array (float32 stays float32); ValueError otherwise."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers, not {array.dtype}")
    # float32 is kept, because score sums of large models fill the memory; float16 would overflow in sums.
    if array.dtype.kind != "f" or array.dtype.itemsize < 4:
        array = array.astype(np.float64)
    _shaped(name, array, dimensions)
    if not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        raise ValueError(
            f"{name} holds {count} NaN or infinite values of {array.size}: leave them out or find their cause"
        )
    return array


def flags(name: str, values: ArrayLike, dimensions: int | None = None) -> Flags:
    """`values` as a non-empty bool array; ValueError otherwise."""
    array = np.asarray(values)
    if array.dtype != np.bool_:
        raise ValueError(f"{name} must be boolean, not {array.dtype}: compare or cast it first")
    _shaped(name, array, dimensions)
    return array


def clusters_of(labels: ArrayLike, groups: int | None = None) -> Integers:
    """Labels of any kind as integers 0..n−1, [groups]; ValueError when too few or not one per group."""
    array = np.asarray(labels)
    if array.ndim != 1 or len(array) < 2:
        raise ValueError(
            f"clusters must label two groups or more, one label each; its shape is {array.shape}"
        )
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError("clusters holds NaN: a group without a template needs a label of its own")
    if groups is not None and len(array) != groups:
        raise ValueError(f"clusters has {len(array)} labels for {groups} groups")
    return np.unique(array, return_inverse=True)[1].astype(np.int64).reshape(len(array))


def whole(name: str, value: int, low: int, high: int | None = None) -> int:
    """`value` as an int within low..high; ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"between {low} and {high}"
        raise ValueError(f"{name} must be {limits}, not {value}")
    return int(value)


def within(name: str, value: float, low: float, high: float) -> float:
    """`value` as a float within [low, high]; ValueError otherwise, also for NaN."""
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high}, not {value}")
    return float(value)


def level_of(level: float) -> float:
    """A confidence level, strictly between 0 and 1; ValueError otherwise, also for NaN."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1, not {level}")
    return float(level)


def squarable(name: str, values: ArrayLike, dimensions: int) -> Floats:
    """Numbers as `numbers` checks them, float64, whose sums of squares are numbers too.

    Raises:
        ValueError: as `numbers`; a value beyond ±1e150.
    """
    found = numbers(name, values, dimensions).astype(np.float64)
    if np.abs(found).max() > LARGEST:
        raise ValueError(f"{name} are so large that their squares are beyond all numbers: scale them down")
    return found


def match(names: Sequence[str], *arrays: NDArray[Any]) -> None:
    """ValueError unless all arrays have one shape."""
    if len({array.shape for array in arrays}) > 1:
        found = ", ".join(f"{name} {array.shape}" for name, array in zip(names, arrays, strict=True))
        raise ValueError(f"shapes differ: {found}")


def distribution(name: str, values: ArrayLike) -> Floats:
    """`values` [n] as finite and not negative numbers; ValueError otherwise."""
    array = numbers(name, values, 1)
    if (array < 0).any():
        raise ValueError(f"{name} must not be negative, and its smallest value is {array.min()}")
    return array


def unit_scale(values: Floats) -> Floats:
    """`values` in float64, times the power of two that brings the largest magnitude into [1/2, 1).

    Sums and differences of them neither overflow nor lose the small ones to the underflow of all. A power
    of two rounds nothing, so that what does not depend on scale is the same to the last digit.
    """
    array = values.astype(np.float64)
    return np.asarray(np.ldexp(array, -np.frexp(np.abs(array).max(initial=0.0))[1]))


def edge_scores(name: str, scores: ArrayLike, edges: Flags) -> Floats:
    """The scores [edges that exist] of a score array [sources, destinations].

    Entries where no edge exists may hold anything; ValueError on NaN at an edge or another shape.
    """
    array = np.asarray(scores)
    match((name, "edges"), array, edges)
    if not edges.any():
        raise ValueError("edges holds no edge at all")
    return numbers(f"{name} (at existing edges)", array[edges], 1)


def _shaped(name: str, array: NDArray[Any], dimensions: int | None) -> None:
    if dimensions is not None and array.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimensions and has shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape})")
