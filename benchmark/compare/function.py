"""Transfer and its floors, from the circuits that were run in either member."""

from collections.abc import Sequence

import numpy as np

from ...metrics import Undefined, Value, bootstrap, circuit_transfer, faithfulness
from ...metrics.faithfulness import weighted_faithfulness
from ...metrics.inputs import Floats
from ..measure.circuit_runs import (
    CROSS,
    CROSS_HALF,
    OTHER,
    OTHER_ALONE,
    OTHER_HALF,
    OTHER_MATCHED,
    OWN,
    OWN_ALONE,
    OWN_HALF,
    CircuitRuns,
    half_of,
)
from ..record.function import Function, InHost, ShuffledFloor, TransferAt
from ..record.missing import Missing
from ..record.number import Measured, measured
from ..record.protocol import Statistics


def compare_function(arm: CircuitRuns, mdm: CircuitRuns, statistics: Statistics) -> Function:
    """What either member's circuit does in the other; `arm`: the circuits that were run in the ARM."""
    return Function(arm=_in_host(arm, statistics), mdm=_in_host(mdm, statistics))


def _in_host(runs: CircuitRuns, statistics: Statistics) -> InHost:
    own_alone, other_alone, *tasks = _levels(
        runs, [runs[OWN_ALONE], runs[OTHER_ALONE], *runs.crossed()], statistics
    )
    return InHost(
        examples=len(runs.templates),
        compared=_transfer(runs, OWN, OTHER, CROSS, runs.edges, statistics),
        half=_transfer(runs, OWN_HALF, OTHER_HALF, CROSS_HALF, half_of(runs.edges), statistics),
        matched=_matched(runs, statistics),
        own_alone=own_alone,
        other_alone=other_alone,
        shuffled=_shuffled(runs),
        tasks=dict(zip(runs.tasks(), tasks, strict=True)),
    )


def _matched(runs: CircuitRuns, statistics: Statistics) -> TransferAt | Missing:
    if OTHER_MATCHED not in runs.names:
        return Missing(missing="heads have the same indices in both members")
    return _transfer(runs, OWN, OTHER_MATCHED, CROSS, runs.edges, statistics)


def _transfer(
    runs: CircuitRuns, own: str, other: str, cross: str, edges: int, statistics: Statistics
) -> TransferAt:
    found = circuit_transfer(
        runs[own],
        runs[other],
        runs.crossed(cross),
        runs.empty,
        runs.whole,
        runs.templates,
        *statistics.drawn,
    )
    return TransferAt(edges=edges, **{name: measured(value) for name, value in vars(found).items()})


def _levels(runs: CircuitRuns, circuits: Sequence[Floats], statistics: Statistics) -> list[Measured]:
    """Faithfulness of each circuit [examples], with its interval over prompts."""
    stacked = np.stack(circuits)

    def statistic(weights: Floats) -> dict[int, Value]:
        found = weighted_faithfulness(stacked, runs.empty, runs.whole, weights)
        if isinstance(found, Undefined):
            return dict.fromkeys(range(len(stacked)), found)
        return dict(enumerate(found.tolist()))

    found = bootstrap(statistic, runs.templates, *statistics.drawn)
    return [measured(found[index]) for index in range(len(stacked))]


def _shuffled(runs: CircuitRuns) -> ShuffledFloor:
    """Of circuits that are drawn, so that their spread is over them and not over prompts."""
    at = runs.shuffled_at
    if not at.size:
        nothing = Missing(missing="no example was run with shuffled circuits")
        return ShuffledFloor(
            circuits=len(runs.shuffled), examples=0, mean=nothing, most=nothing, other=nothing, p=nothing
        )
    circuits = np.concatenate([runs.shuffled, runs[OTHER][None, at]])
    found = faithfulness(circuits.mean(axis=1), float(runs.empty[at].mean()), float(runs.whole[at].mean()))
    mean, most, other, p = map(measured, _beside(found))
    return ShuffledFloor(
        circuits=len(runs.shuffled), examples=len(at), mean=mean, most=most, other=other, p=p
    )


def _beside(found: Floats | Undefined) -> list[Value]:
    """Of circuits of which the last is the real one: mean and most of the others, it, how many do as well."""
    if isinstance(found, Undefined):
        return [found] * 4
    # The circuit itself counts among them: of a finite number of draws none shows that p is 0.
    p = float((found >= found[-1]).mean())
    return [float(found[:-1].mean()), float(found[:-1].max()), float(found[-1]), p]
