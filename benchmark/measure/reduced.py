"""Score sums in a tenth of their bytes: what a submission keeps of them, and how it is read back.

The sums S_g of an edge over groups of n_g examples are its mean score m and deviations d_g = S_g − n_g·m.
These have a part within templates, w_g, and one between them, b_g: with the template's mean deviation y_t,

    y_t = Σ_t d / Σ_t n,    b_g = n_g·y_t,    w_g = d_g − b_g

Of each edge are kept m, the root mean squares of w and b over the groups, and for each group its d as a whole
number c of steps. The same two parts of c, each brought to the root mean square that is kept, give d back:
however coarse the steps, the sums add up to the kept mean and differ within and between templates as much as
they did. Steps are in units of the part within templates, because standardised scores are divided by it
(`metrics.inverse_spread`). All of it is single IEEE operations, element by element and in a fixed order, so
that every machine reads the same numbers.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NotComputable
from ...metrics import spread_strata

MOST_VALUES = 2**29
"""Groups times edges of the largest scores that are read: 4 GiB as float64, a model of 70B parameters."""

MOST_GROUPS = 2**15
"""Groups of the most that are read: with more, a code of 16 bits might not hold a deviation."""

MOST_EXPANSION = 16
"""Bytes that one byte of a payload may stand for, so that no small file takes much memory.

Payloads of measured scores and sweeps stand for 1 to 3 bytes a byte; codes of 0 alone would come to 8.
"""

_CODES = {1: np.dtype("<i1"), 2: np.dtype("<i2")}
"""Numbers of the codes, by the bytes of each."""

_LARGEST_CODE = 2**15 - 1

_FINEST = 8.0
"""How much smaller than all deviations steps become where those within templates are smaller still."""

_ROUNDING = 1e-9
"""Share of all codes' size below which a part of them is rounding, and counts as 0."""

_BLOCK = 2**16
"""Edges that are read at once: what is computed beside the sums themselves stays small."""

Strata = NDArray[np.int64]
"""The template of each group, as `spread_strata` numbers them [groups]."""


@dataclass(frozen=True)
class ScorePrecision:
    """How finely score sums are kept.

    `step`: of the groups' deviations, in units of an edge's root mean square deviation within templates (at
    least an eighth of that of all); `bits`: significant bits of the mean score, at most 24.
    """

    step: float
    bits: int = 24


PRECISIONS = (
    ScorePrecision(1 / 256),
    ScorePrecision(1 / 64),
    ScorePrecision(1 / 16),
    ScorePrecision(1 / 4),
    # From here on a mean's last byte would take more room than it is worth: an error of 1 in 65,536.
    ScorePrecision(0.5, 16),
    ScorePrecision(0.7, 16),
    ScorePrecision(1.0, 16),
    ScorePrecision(1.4, 16),
    # A step of 2 or more could leave every code 0, and with it no deviation to restore.
    ScorePrecision(1.8, 16),
)
"""From the finest to the coarsest."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """Score sums as they are kept.

    `means`: of the examples, float32 [edges]; `scales`: root mean squares over the groups of the sums'
    deviations within templates and of those between them, float32 [2, edges], 8 significant bits; `codes`:
    int8 or int16 [groups, edges].
    """

    means: NDArray[np.float32]
    scales: NDArray[np.float32]
    codes: NDArray[np.integer]


def strata_of(templates: Sequence[str]) -> Strata:
    """The strata of groups of these templates."""
    groups = len(templates)
    return spread_strata(templates, groups) if groups > 1 else np.zeros(groups, np.int64)


def reduce_sums(
    sums: NDArray[np.float64], counts: NDArray[np.int64], strata: Strata, precision: ScorePrecision
) -> Reduced:
    """Score sums [groups, edges] of groups of `counts` examples [groups] at a precision.

    Raises NotComputable where a score is beyond the range of float32.
    """
    groups = len(counts)
    mean = sums.sum(axis=0) / counts.sum()
    deviations = sums - counts[:, None] * mean
    with np.errstate(over="ignore"):
        means = _rounded(mean.astype(np.float32), precision.bits)
        parts = [_size(part) / np.sqrt(groups) for part in _parts(deviations, counts, strata)]
        scales = np.stack([_rounded(each.astype(np.float32), 8) for each in parts])
    if not (np.isfinite(means).all() and np.isfinite(scales).all()):
        raise NotComputable(
            "an edge score is too large to be kept in reduced form", "keep the cells as they are"
        )
    # What of a mean lies below the resolution of its sums is left out, so that they add up to the rest.
    grid = _grid(means, scales, counts)
    means = np.ldexp(np.rint(np.ldexp(means.astype(np.float64), -grid)), grid).astype(np.float32)
    width = _width(deviations, scales[0], precision.step)
    codes = np.rint(deviations / np.where(width > 0, width, np.inf))
    small = np.abs(codes).max(initial=0) < 2**7
    return Reduced(means, scales, codes.astype(_CODES[1 if small else 2]))


def _width(deviations: NDArray[np.float64], within: NDArray[np.float32], step: float) -> NDArray[np.float64]:
    """The step of each edge's codes, none of which is beyond 16 bits [edges]."""
    most = _size(deviations)
    finest = most / (np.sqrt(len(deviations)) * _FINEST) * step
    found: NDArray[np.float64] = np.maximum(within.astype(np.float64) * step, finest)
    return np.maximum(found, most / _LARGEST_CODE, out=found)


def restore_sums(reduced: Reduced, counts: NDArray[np.int64], strata: Strata) -> NDArray[np.float64]:
    """Score sums [groups, edges], to the last bit the same on every machine.

    Of every edge they add up to the kept mean times the number of examples, exactly and in any order, since
    all are whole multiples of one power of two. Their deviations within and between templates have the kept
    scales, unless these are so small beside the mean (2⁻³⁰ and less) that float64 has no room for them, or
    a part is smaller than a step and its codes are all 0.
    """
    sums = np.empty(reduced.codes.shape)
    for start in range(0, len(reduced.means), _BLOCK):
        block = slice(start, start + _BLOCK)
        part = Reduced(reduced.means[block], reduced.scales[:, block], reduced.codes[:, block])
        sums[:, block] = _restored(part, counts, strata)
    return sums


def _restored(reduced: Reduced, counts: NDArray[np.int64], strata: Strata) -> NDArray[np.float64]:
    codes = reduced.codes.astype(np.float64)
    deviations, least = np.zeros(codes.shape), _ROUNDING * _size(codes)
    for scale, part in zip(reduced.scales, _parts(codes, counts, strata), strict=True):
        size = _size(part)
        there = scale.astype(np.float64) * np.sqrt(len(counts))
        deviations += part * (there / np.where(size > least, size, np.inf))
    grid = _grid(reduced.means, reduced.scales, counts)
    mean = np.rint(np.ldexp(reduced.means.astype(np.float64), -grid)).astype(np.int64)
    whole = counts[:, None] * mean + np.rint(np.ldexp(deviations, -grid)).astype(np.int64)
    # What rounding makes of deviations that add up to 0, a unit or so a group, is one group's.
    whole[0] += counts.sum() * mean - whole.sum(axis=0)
    return np.ldexp(whole.astype(np.float64), grid)


def _parts(
    values: NDArray[np.float64], counts: NDArray[np.int64], strata: Strata
) -> Iterator[NDArray[np.float64]]:
    """Deviations [groups, edges] within templates, then those between them."""
    between = np.empty(values.shape)
    overall = _added(values) / counts.sum()
    for stratum in range(strata.max() + 1):
        own = strata == stratum
        mean = _added(values[own]) / counts[own].sum()
        between[own] = counts[own, None] * (mean - overall)
    # What the deviations of all add up to is rounding of real ones, and of codes part of neither.
    yield values - counts[:, None] * overall - between
    yield between


def _added(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of the rows, added one after the other: a library may choose another order."""
    total = np.zeros(values.shape[1])
    for row in values:
        total += row
    return total


def _size(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The root of the sum of squares of each column."""
    return np.sqrt(_added(np.square(values)))


def _grid(
    means: NDArray[np.float32], scales: NDArray[np.float32], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The exponent of the power of two, by edge, of which all its sums are whole multiples, [edges].

    It leaves every partial sum of the groups below 2⁵³ of them, which float64 holds exactly.
    """
    # All examples together have n·m, all groups' deviations of either part at most groups·s.
    bounds = [(means, int(counts.sum())), *((scale, len(counts)) for scale in scales)]
    exponents = [
        # Of 0 an exponent below all others.
        np.where(values == 0, -1000, np.frexp(values.astype(np.float64))[1] + times.bit_length())
        for values, times in bounds
    ]
    # Two more bits for the three together.
    largest: NDArray[np.int64] = np.stack(exponents).max(axis=0).astype(np.int64)
    return largest + 2 - 52


def _rounded(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """float32 with that many significant bits at most, halves to even."""
    dropped = 24 - bits
    if not dropped:
        return values
    pattern = values.view(np.uint32).astype(np.uint64)
    # Carrying into the exponent is right: beyond the largest mantissa comes the next power of two.
    half = (1 << (dropped - 1)) - 1 + ((pattern >> dropped) & 1)
    return ((pattern + half) >> dropped << dropped).astype(np.uint32).view(np.float32)


def pack(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Numbers as a payload: the first bytes of all, then the second bytes, and so on, each compressed."""
    raw = np.ascontiguousarray(values.ravel(), values.dtype.newbyteorder("<")).view(np.uint8)
    planes = [plane.tobytes() for plane in raw.reshape(-1, values.dtype.itemsize).T]
    payload = b"".join(map(_smallest, planes))
    if raw.size > MOST_EXPANSION * len(payload):
        # Reading refuses what would grow so much. A bit for a byte is the least that this way takes.
        payload = b"".join(_compressed(plane, zlib.Z_HUFFMAN_ONLY) for plane in planes)
    return np.frombuffer(payload, np.uint8)


def unpack(payload: NDArray[np.uint8], dtype: str, size: int) -> NDArray[Any]:
    """The `size` numbers of a payload. Raises ValueError where it holds other than that many.

    Nothing is made that is larger than they are, and nothing at all for a payload too small to hold them.
    """
    number = np.dtype(dtype).newbyteorder("<")
    if number.itemsize * size > MOST_EXPANSION * payload.size:
        raise ValueError(f"{payload.size} bytes cannot hold {size:,} numbers")
    planes = np.empty((number.itemsize, size), np.uint8)
    rest = payload.tobytes()
    for plane in planes:
        reader = zlib.decompressobj()
        try:
            # One byte more than belongs there, as a limit of 0 would be none.
            found = reader.decompress(rest, size + 1)
        except zlib.error as error:
            raise ValueError(f"its payload is damaged: {error}") from error
        if len(found) != size or not reader.eof:
            raise ValueError("its payload holds another number of numbers than it says")
        plane[:] = np.frombuffer(found, np.uint8)
        rest = reader.unused_data
    if rest:
        raise ValueError("its payload goes on behind its numbers")
    return np.ascontiguousarray(planes.T).reshape(-1).view(number)


def _smallest(plane: bytes) -> bytes:
    """Compressed without looking for repeats, of which codes and mantissas have none, or for runs only."""
    return min((_compressed(plane, strategy) for strategy in (zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE)), key=len)


def _compressed(plane: bytes, strategy: int) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    return packing.compress(plane) + packing.flush()
