"""The Python interface: load a pair, run it as a record, or get its edge scores as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .benchmark.admission.load import load_pair
from .benchmark.circuits.graph import Graph
from .benchmark.pairs.pair import Pair
from .benchmark.pairs.registry import get_pair
from .benchmark.pairs.spec import declare_pair
from .benchmark.record.protocol import get_protocol
from .benchmark.record.types import Record
from .benchmark.run.assembly import as_asked
from .benchmark.run.run import ROWS, measure
from .benchmark.run.run import run as run_pair
from .errors import NotComputable, UsageError

RESULTS = Path("mechshift-results")
"""Where cells and records are kept unless told otherwise; the command line's folder too."""


@dataclass(frozen=True)
class EdgeScores:
    """Edge scores of both members on the same examples, as arrays for `mechshift.metrics`.

    `arm`, `mdm`: score sums [groups, sources, destinations], positive where an edge supports the task;
    `counts`: [groups] examples; `clusters`: the template of each group. `graph` names the axes, and its
    `mask` says which edges exist.
    """

    graph: Graph
    arm: NDArray[np.float64]
    mdm: NDArray[np.float64]
    counts: NDArray[np.int64]
    clusters: tuple[str, ...]


def load(
    arm: str,
    mdm: str | None = None,
    *,
    shift: bool | None = None,
    attention: str | None = None,
    mask_token: str | None = None,
    control: bool | None = None,
    revision: str | None = None,
    arm_revision: str | None = None,
    device: str | None = None,
    offline: bool = False,
    accept_behaviour: bool = False,
) -> Pair:
    """A pair by name (one argument), or from two directories or hub ids, after every load-time check.

    The declarations are the second member's: an MDM with shift and full attention unless told otherwise, or
    with `control` the ARM trained on. `revision` is its hub commit, tag or branch, `arm_revision` the first
    one's; or write ID@REVISION. `offline` takes hub models from the cache and asks nothing of the network.
    `accept_behaviour` takes an MDM that fills gaps better in another way than the declared one.
    Raises UsageError for an unknown name or attention and for declarations about a named pair, which has its
    own, PairError for a checkpoint that is not what it is declared to be.
    """
    given = {"shift": shift, "attention": attention, "mask_token": mask_token, "control": control}
    given |= {"revision": revision, "arm_revision": arm_revision}
    declared: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if mdm is not None:
        return load_pair(declare_pair(arm, mdm, **declared), device, offline, accept_behaviour)
    if Path(arm).is_dir():
        raise UsageError(f"{arm} is one checkpoint, and a pair has two", "call load(arm, mdm)")
    if declared:
        raise UsageError(
            f"{', '.join(declared)} would declare something about pair {arm}, which has its own declarations",
            "leave it out, or name two checkpoints",
        )
    return load_pair(get_pair(arm), device, offline, accept_behaviour)


def run(
    pair: Pair,
    protocol: str = "quick",
    tasks: Sequence[str] | None = None,
    level: str | None = None,
    out: Path = RESULTS,
    rows: int = ROWS,
) -> Record:
    """The record of a pair under a protocol, on the named tasks or all of the protocol's suite.

    What is already in `out` is not done again. Raises UsageError for an unknown name, NotComputable where
    no task gives a comparison, OutputError where `out` cannot be written.
    """
    return run_pair(pair, get_protocol(protocol), out, tasks, level, rows)


def edge_scores(
    pair: Pair,
    task: str,
    protocol: str = "quick",
    level: str | None = None,
    out: Path = RESULTS,
    rows: int = ROWS,
) -> EdgeScores:
    """Both members' edge scores on a task's discovery examples, as a run has them.

    Raises as `run`, NotComputable also where the task's examples are too few.
    """
    chosen = get_protocol(protocol)
    asked = as_asked(chosen, [task], level)
    (outcome,) = measure(pair, chosen, out, asked, ["scores-arm", "scores-mdm"], rows)
    if outcome.unusable is not None:
        raise NotComputable(f"{task}: {outcome.unusable}", "choose a task or a level that both members solve")
    arm, mdm = outcome.contents["scores-arm"], outcome.contents["scores-mdm"]
    sums = arm.attribution.score_sums, mdm.attribution.score_sums
    return EdgeScores(arm.graph, *sums, arm.attribution.counts, arm.templates)
