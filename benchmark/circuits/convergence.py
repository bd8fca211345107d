"""How many integration points a member needs on a task: as many as move neither its scores nor their sum."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import UsageError
from ..pairs.member import Member
from .attribution import TOKENS_AT_ONCE, attribute
from .batch import Batch
from .scores import Integration, Rule

POINTS = (5, 10, 20, 40)
"""The numbers that are tried: there are never more than the last."""

TOLERANCE = 0.02
"""What the completeness residual, and the share of the top edges that change, may be at most."""


@dataclass(frozen=True)
class Convergence:
    """What was found at each number of points that was tried, fewest first.

    `residuals`: the completeness residual of each, None where it is undefined. `changes`: the share of the
    top edges that are others with one number than with the next, one fewer than there are numbers. `steps`:
    the number chosen; where it is not `converged`, the largest that is tried.
    """

    points: tuple[int, ...]
    residuals: tuple[float | None, ...]
    changes: tuple[float, ...]
    steps: int
    converged: bool


def converge(
    member: Member,
    batches: Sequence[Batch],
    rule: Rule,
    budget: int,
    tokens_at_once: int = TOKENS_AT_ONCE,
) -> Convergence:
    """The smallest number of points at which attribution has converged, of POINTS.

    It has where the completeness residual is at most TOLERANCE, and the `budget` edges of largest |score|
    differ from those of a neighbouring number of points in at most that share. Of two such neighbours the
    smaller is chosen if its residual allows, so one run more than needed is made. An undefined residual is
    never small enough. Raises UsageError for a budget below 1, and what `attribute` and `Graph.select` raise.
    """
    if budget < 1:
        raise UsageError(f"a budget of {budget} edges", "compare at least one edge")
    # Scores are means over all examples, so that their groups can be one.
    together = [replace(batch, groups=torch.zeros_like(batch.groups)) for batch in batches]
    residuals: list[float | None] = []
    changes: list[float] = []
    tops: list[NDArray[np.bool_]] = []
    for steps in POINTS:
        found = attribute(member, together, Integration(rule, steps), 1, tokens_at_once)
        residuals.append(found.completeness_residual)
        tops.append(found.graph.select(found.scores(), budget))
        changes += [int((one & ~other).sum()) / budget for one, other in pairwise(tops[-2:])]
        chosen = _chosen(residuals, changes)
        if chosen is not None:
            break
    points = POINTS[: len(residuals)]
    steps = points[-1 if chosen is None else chosen]
    return Convergence(points, tuple(residuals), tuple(changes), steps, chosen is not None)


def _chosen(residuals: Sequence[float | None], changes: Sequence[float]) -> int | None:
    """Which of the last two numbers of points will do, the smaller first."""
    if not changes or changes[-1] > TOLERANCE:
        return None
    for index in (len(changes) - 1, len(changes)):
        residual = residuals[index]
        if residual is not None and residual <= TOLERANCE:
            return index
    return None
