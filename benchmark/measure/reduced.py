"""Score sums in a tenth of their bytes: what a submission keeps of them, and how it is read back.

Of each edge are kept its mean score m, the standard deviation s of its groups about it, and for each group
its deviation as a whole number c of steps. They give the sums S of G groups of n examples back as

    S = n·m + s·(G·c − Σc) / √(G·Σc² − (Σc)²)

that is, from codes standardised over the groups: however coarse the steps, the sums add up to the kept mean
and have the kept variance. All of it is arithmetic of whole numbers and single IEEE operations, element by
element, so that every machine reads the same numbers.
"""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NotComputable

MOST_VALUES = 2**29
"""Groups times edges of the largest scores that are read: 4 GiB as float64, a model of 70B parameters."""

MOST_GROUPS = 2**15
"""Groups of the most that are read: with more, sums of squared codes might not fit into 64 bits."""

MOST_EXPANSION = 16
"""Bytes that one byte of a payload may stand for, so that no small file takes much memory.

Payloads of measured scores and sweeps stand for 1 to 3 bytes a byte; codes of 0 alone would come to 8.
"""

_CODES = {1: np.dtype("<i1"), 2: np.dtype("<i2")}
"""Numbers of the codes, by the bytes of each."""


@dataclass(frozen=True)
class ScorePrecision:
    """How finely score sums are kept.

    `step`: of the groups' deviations, in standard deviations of an edge's groups; `bits`: significant bits of
    the mean score, at most 24.
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
    # A step of 2 or more could leave every code 0, and with it no variance to restore.
    ScorePrecision(1.4, 16),
)
"""From the finest to the coarsest."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """Score sums as they are kept.

    `means`: of the examples, float32 [edges]; `scales`: standard deviations of the groups' sums about their
    share of the mean, float32 [edges], 8 significant bits; `codes`: int8 or int16 [groups, edges].
    """

    means: NDArray[np.float32]
    scales: NDArray[np.float32]
    codes: NDArray[np.integer]


def reduce_sums(sums: NDArray[np.float64], counts: NDArray[np.int64], precision: ScorePrecision) -> Reduced:
    """Score sums [groups, edges] of groups of `counts` examples [groups] at a precision.

    Raises NotComputable where a score is beyond the range of float32.
    """
    mean = sums.sum(axis=0) / counts.sum()
    deviations = sums - counts[:, None] * mean
    with np.errstate(over="ignore"):
        means = _rounded(mean.astype(np.float32), precision.bits)
        scales = _rounded(np.sqrt(np.square(deviations).mean(axis=0)).astype(np.float32), 8)
    if not (np.isfinite(means).all() and np.isfinite(scales).all()):
        raise NotComputable(
            "an edge score is too large to be kept in reduced form", "keep the cells as they are"
        )
    # What of a mean lies below the resolution of its sums is left out, so that they add up to the rest.
    grid = _grid(means, scales, counts)
    means = np.ldexp(np.rint(np.ldexp(means.astype(np.float64), -grid)), grid).astype(np.float32)
    width = np.where(scales > 0, scales.astype(np.float64) * precision.step, np.inf)
    codes = np.rint(deviations / width)
    # |c| is at most √groups / step, so that only more than 10,000 groups could come to this limit.
    codes = np.clip(codes, -(2**15) + 1, 2**15 - 1)
    small = np.abs(codes).max(initial=0) < 2**7
    return Reduced(means, scales, codes.astype(_CODES[1 if small else 2]))


def restore_sums(reduced: Reduced, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Score sums [groups, edges], to the last bit the same on every machine.

    Of every edge they add up to the kept mean times the number of examples, exactly and in any order, since
    all are whole multiples of one power of two. Their variance is that of the kept scale, unless this is so
    small beside the mean (2⁻³⁰ and less) that float64 has no room for it.
    """
    groups, edges = reduced.codes.shape
    total, squares = np.zeros(edges, np.int64), np.zeros(edges, np.int64)
    for row in reduced.codes:
        wide = row.astype(np.int64)
        total += wide
        squares += wide * wide
    spread = np.sqrt((groups * squares - total * total).astype(np.float64))
    grid = _grid(reduced.means, reduced.scales, counts)
    mean = np.rint(np.ldexp(reduced.means.astype(np.float64), -grid)).astype(np.int64)
    scale = reduced.scales.astype(np.float64) / np.where(spread > 0, spread, np.inf)
    unit = np.rint(np.ldexp(scale, -grid)).astype(np.int64)
    sums = np.empty((groups, edges))
    for row, codes, count in zip(sums, reduced.codes, counts, strict=True):
        whole = count * mean + unit * (groups * codes.astype(np.int64) - total)
        row[:] = np.ldexp(whole.astype(np.float64), grid)
    return sums


def _grid(
    means: NDArray[np.float32], scales: NDArray[np.float32], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The exponent of the power of two, by edge, of which all its sums are whole multiples, [edges].

    It leaves every partial sum of the groups below 2⁵³ of them, which float64 holds exactly.
    """
    # All examples together have n·m, all groups' deviations at most groups·s.
    bounds = [(means, int(counts.sum())), (scales, len(counts))]
    exponents = [
        # Of 0 an exponent below all others.
        np.where(values == 0, -1000, np.frexp(values.astype(np.float64))[1] + times.bit_length())
        for values, times in bounds
    ]
    # One more bit for the two together.
    return np.maximum(*exponents).astype(np.int64) + 1 - 52


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
