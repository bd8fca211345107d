"""How many integration points are enough: the numbers that are tried, and which of them is chosen."""

from dataclasses import dataclass

POINTS = (5, 10, 20, 40)
"""The numbers that are tried: there are never more than the last."""


def points_up_to(most: int) -> tuple[int, ...]:
    """The numbers that are tried where there may be at most so many; the fewest in any case."""
    return tuple(points for points in POINTS if points <= most) or POINTS[:1]


TYPICAL = 10
"""What most tasks take, as forecasts reckon. One that takes the most takes four times as long to score."""

TOLERANCE = 0.02
"""What the completeness residual, and the share of the top edges that change, may be at most."""

TOP_SHARE, TOP_LEAST = 0.05, 50
"""How many edges of largest |score| have to be the same ones: this share of all, and no fewer than these."""


def top_size(edges: int) -> int:
    """Of a graph of so many edges the number at the top that is looked at.

    It follows from the graph alone, since the size of the compared circuits is found later, by sweeps of
    these very scores. It is of the order of those sizes, and large enough that 2 % is an edge at least.
    """
    return min(edges, max(TOP_LEAST, round(TOP_SHARE * edges)))


@dataclass(frozen=True)
class Convergence:
    """What was found at each number of points that was tried, fewest first.

    `residuals`: the completeness residual of each, None where it is undefined. `changes`: the share of the
    top edges that are others with one number than with the next, one fewer than there are numbers. Raises
    ValueError for as many as cannot be.
    """

    residuals: tuple[float | None, ...]
    changes: tuple[float, ...]

    def __post_init__(self) -> None:
        tried = len(self.residuals)
        if not 1 <= tried <= len(POINTS) or len(self.changes) != tried - 1:
            raise ValueError(f"{tried} residuals and {len(self.changes)} changes are of no search for points")

    @property
    def points(self) -> tuple[int, ...]:
        """The numbers that were tried."""
        return POINTS[: len(self.residuals)]

    @property
    def steps(self) -> int:
        """The number chosen; where none has converged, the largest that was tried."""
        chosen = self._chosen
        return self.points[-1 if chosen is None else chosen]

    @property
    def converged(self) -> bool:
        """Whether one of the numbers is enough."""
        return self._chosen is not None

    def finished(self, most: int) -> bool:
        """Whether a search among at most so many points is over: one number is enough, or all were tried."""
        return self.converged or self.points[-1] == max(points_up_to(most))

    @property
    def _chosen(self) -> int | None:
        """Which of the last two numbers of points will do, the smaller first."""
        if not self.changes or self.changes[-1] > TOLERANCE:
            return None
        last = len(self.changes)
        return next((place for place in (last - 1, last) if _small(self.residuals[place])), None)


def _small(residual: float | None) -> bool:
    return residual is not None and residual <= TOLERANCE
