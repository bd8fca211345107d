"""How many integration points a member needs on a task: as many as move neither its scores nor their sum."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import UsageError
from ..pairs.member import Member
from .attribution import attribute
from .batch import Batch
from .points import Convergence, points_up_to
from .scores import Integration, Rule


def converge(
    member: Member,
    batches: Sequence[Batch],
    rule: Rule,
    budget: int,
    most: int,
    tokens_at_once: int | None = None,
) -> Convergence:
    """The smallest number of points at which attribution has converged, of POINTS up to `most`.

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
    before: NDArray[np.bool_] | None = None
    for steps in points_up_to(most):
        found = attribute(member, together, Integration(rule, steps), 1, tokens_at_once)
        residuals.append(found.completeness_residual)
        top = found.graph.select(found.scores(), budget)
        if before is not None:
            changes.append(int((before & ~top).sum()) / budget)
        before = top
        convergence = Convergence(tuple(residuals), tuple(changes))
        if convergence.finished(most):
            break
    return convergence
