"""With how many integration points a forecast reckons, where a protocol has them found by convergence."""

from ..circuits.points import TYPICAL, points_up_to
from ..record.protocol import Scoring


def typical_steps(scoring: Scoring) -> int:
    """The protocol's number of points, or what most tasks take."""
    return min(TYPICAL, scoring.most) if scoring.steps == "converge" else scoring.steps


def searched_steps(scoring: Scoring) -> tuple[int, ...]:
    """With which numbers of points some examples are scored first, none where the number is fixed."""
    if scoring.steps != "converge":
        return ()
    # One more than is chosen: it has to agree with a neighbour.
    tried = points_up_to(scoring.most)
    return tried[: tried.index(typical_steps(scoring)) + 2]


def most_steps(scoring: Scoring) -> int:
    """The most integration steps that a batch can take."""
    return points_up_to(scoring.most)[-1] if scoring.steps == "converge" else scoring.steps
