"""Score cells of a made-up family whose truth is known: directions that are orthogonal by construction."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from mechshift.baselines.structure.roster import CONTROLS, SEEDS
from mechshift.baselines.structure.scores import MemberScores, Runs, Scored
from mechshift.baselines.structure.tasks import TaskKind

GROUPS, EXAMPLES, EDGES = 12, 5, 400

KINDS = {
    "agreement": TaskKind(suite="local", surface="words"),
    "greater-than": TaskKind(suite="local", surface="symbols"),
    "article": TaskKind(suite="planning", surface="words"),
    "sudoku": TaskKind(suite="planning", surface="symbols"),
}


class FamilyOfKnownTruth:
    """An ARM a with tasks that have parts of words and symbols; MDMs a + c + m + e_i, controls a + c + u_j.

    c is what any further training does, m what diffusion does, e_i and u_j what a seed does; all of one
    length `step`, beside 1 of a, and orthogonal.
    """

    step = 0.3

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self.parts = np.linalg.qr(generator.normal(size=(EDGES, 60)))[0].T
        self.generator = generator

    def direction(self, pair: str, task: str) -> np.ndarray:
        """The true mean scores of a second member, or of the ARM."""
        place = list(KINDS).index(task)
        own, kind = self.parts[place], self.parts[4 + (KINDS[task].surface == "words")]
        arm = (own + kind) / np.sqrt(2)
        further, diffusion = self.parts[6 + place], self.parts[10 + place]
        if pair in SEEDS:
            change = further + diffusion + self.parts[14 + 4 * SEEDS.index(pair) + place]
        elif pair in CONTROLS:
            change = further + self.parts[34 + 4 * CONTROLS.index(pair) + place]
        else:
            change = np.zeros(EDGES)
        return np.asarray(arm + self.step * change)

    def runs(self, moved: Mapping[str, int] | None = None) -> Runs:
        """All pairs' cells on prompts that bring noise to all members alike; `moved`: other first prompts."""
        pairs = (*SEEDS, *CONTROLS)
        tasks = {}
        for task in KINDS:
            noise = 0.05 * self.generator.normal(size=(2 * GROUPS * EXAMPLES, EDGES))
            firsts = {pair: (moved or {}).get(pair, 0) for pair in pairs}
            arm = {pair: self.scores("ARM", task, noise, firsts[pair]) for pair in pairs}
            second = {pair: self.scores(pair, task, noise, firsts[pair]) for pair in pairs}
            tasks[task] = Scored(arm, second)
        return Runs({pair: _record() for pair in pairs}, KINDS, tasks)  # type: ignore[misc]

    def scores(self, member: str, task: str, noise: np.ndarray, first: int) -> MemberScores:
        groups = np.arange(first, first + GROUPS * EXAMPLES).reshape(GROUPS, EXAMPLES)
        sums = np.stack([(self.direction(member, task) + noise[group]).sum(axis=0) for group in groups])
        counts = np.full(GROUPS, EXAMPLES)
        return MemberScores(
            sums, counts, ("one",) * GROUPS, tuple(frozenset(group.tolist()) for group in groups)
        )


def _record() -> SimpleNamespace:
    statistics = SimpleNamespace(resamples=100, resampling_seed=0)
    protocol = SimpleNamespace(name="v2", version=1, statistics=statistics)
    return SimpleNamespace(pair=SimpleNamespace(arm=SimpleNamespace(digest="f00d")), protocol=protocol)
