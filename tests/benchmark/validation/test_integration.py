"""The integration points of made-up scores: those of the protocol, or those that follow from their search."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from build.submissions import SEARCH
from build.tampering import cell_file, seal_anew
from mechshift.benchmark.circuits.points import Convergence
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.reduced import PRECISIONS
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.validation.validate import validate

Submission = Callable[..., Path]
OF_SEARCH = "do not follow from what it says of their search"


def told(folder: Path, integration: Integration, search: Convergence | None) -> str:
    """What is found where a member's scores say this."""
    path = cell_file(folder, "scores-arm")
    kept = ScoreSums.load(path)
    changed = replace(
        kept, attribution=replace(kept.attribution, integration=integration), convergence=search
    )
    changed.save_reduced(path, PRECISIONS[0])
    seal_anew(folder, "scores-arm")
    return "\n".join(each.problem for each in validate(folder) if "scores-arm" in each.place)


@pytest.mark.parametrize(
    ("integration", "search", "problem"),
    [
        (
            Integration("midpoint", 10),
            SEARCH,
            "its integration is midpoint with 10 steps, not the protocol's",
        ),
        (Integration("staggered", 10), None, "it tells of a search .* or of none, unlike the protocol"),
        (Integration("staggered", 5), SEARCH, f"its 5 integration points {OF_SEARCH}"),
        (Integration("staggered", 20), SEARCH, OF_SEARCH),
        # Given up before it was over.
        (Integration("staggered", 10), Convergence((0.06, 0.011), (0.1,)), OF_SEARCH),
    ],
)
def test_points_that_nothing_explains_are_refused(
    submission: Submission, integration: Integration, search: Convergence | None, problem: str
) -> None:
    assert re.search(problem, told(submission(), integration, search))


def test_forty_points_that_were_not_enough_are_valid_scores(submission: Submission) -> None:
    search = Convergence((0.5, 0.4, 0.3, 0.2), (0.5, 0.4, 0.3))
    assert "integration" not in told(submission(), Integration("staggered", 40), search)
