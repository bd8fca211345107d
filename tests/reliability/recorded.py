"""Samples from the score cells of pairs that were run: `FOLDER/PAIR/cells/TASK/scores-*.safetensors`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from reliability.measured import Sample

from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.metrics import half_splits

PARTS = (1, 2, 4)
"""All of the groups, a half, a quarter."""
SUBSETS = 4
MERGED = 10
"""Groups of a task, where tasks of different numbers of groups are compared."""


def tasks(folder: Path, pair: str) -> list[str]:
    """Tasks with scores of both members."""
    return sorted(
        path.name
        for path in (folder / pair / "cells").iterdir()
        if all(any(path.glob(f"scores-{member}.*.safetensors")) for member in ("arm", "mdm"))
    )


def scores(folder: Path, pair: str, task: str, member: str) -> ScoreSums:
    """A member's scores; the newest where there are several."""
    found = (folder / pair / "cells" / task).glob(f"scores-{member}.*.safetensors")
    return ScoreSums.load(max(found, key=lambda path: path.stat().st_mtime))


def pair_sample(folder: Path, pair: str, task: str) -> Sample:
    """Both members on a task."""
    arm, mdm = (scores(folder, pair, task, member) for member in ("arm", "mdm"))
    labels = np.unique(arm.templates, return_inverse=True)[1]
    sums = [member.attribution.score_sums for member in (arm, mdm)]
    return Sample(sums[0], sums[1], arm.attribution.counts.astype(float), labels, arm.graph.mask)


def parts(sample: Sample, part: int) -> Iterator[Sample]:
    """Samples of a part of the prompts; templates divided as evenly as can be."""
    if part == 1:
        yield sample
        return
    for half in half_splits(sample.clusters, SUBSETS):
        smaller = sample.chosen(half)
        if part == 2:
            yield smaller
        else:
            yield smaller.chosen(half_splits(smaller.clusters, 1)[0])


def twice(sample: Sample) -> Iterator[Sample]:
    """The first model on one half of the prompts, and again on the other."""
    for half in half_splits(sample.clusters, SUBSETS):
        # Cut to the smaller half; which groups meet does not matter, for none has prompts in common.
        pairs = zip(np.flatnonzero(half), np.flatnonzero(~half), strict=False)
        yield matched(sample, sample, *np.array(list(pairs)).T)


def matched(first: Sample, second: Sample, groups: NDArray[np.int64], others: NDArray[np.int64]) -> Sample:
    """The first models of two samples over different prompts, as if over the same groups."""
    counts = first.counts[groups]
    b = second.a[others] * (counts / second.counts[others])[:, None, None]
    return Sample(first.a[groups], b, counts, first.clusters[groups], first.mask)


def merged(sample: Sample, seed: int = 0) -> Sample:
    """The same prompts in fewer groups, put together at random, without templates."""
    place = np.random.default_rng(seed).permutation(len(sample.counts)) % MERGED
    a, b, counts = (
        np.stack([values[place == group].sum(axis=0) for group in range(MERGED)])
        for values in (sample.a, sample.b, sample.counts)
    )
    return Sample(a, b, counts, np.zeros(MERGED, np.int64), sample.mask)


def between(samples: Sequence[Sample]) -> Iterator[Sample]:
    """The first model on any two tasks."""
    few = [merged(sample) for sample in samples]
    groups = np.arange(MERGED)
    for place, first in enumerate(few):
        for second in few[:place]:
            yield matched(first, second, groups, groups)
