"""Whether one model's circuit does another model's work: function beside structure.

The circuit of model A is run in model B, the *host*, beside B's own circuit of the same task and of the same
number of edges, and B's circuits of other tasks. Two circuits can share few edges and do the same.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .estimate import Estimate
from .faithfulness import weighted_faithfulness
from .inputs import Floats, clusters_of, match, numbers
from .resampling import bootstrap
from .undefined import Undefined, Value


@dataclass(frozen=True)
class Transfer:
    """Faithfulness in the host of its own circuit, of the other model's, of other tasks', and τ*.

    All from the same resamples: `own`, `other`, `cross` (the mean over the other tasks) as `faithfulness`
    has them; `margin`: own − cross, what a circuit can earn by being of the right task; `transfer`: τ*, 1
    where the other model's circuit does as well as the host's own, 0 where it does no better than circuits
    of other tasks; may lie outside [0, 1].
    """

    own: Estimate | Undefined
    other: Estimate | Undefined
    cross: Estimate | Undefined
    margin: Estimate | Undefined
    transfer: Estimate | Undefined


def circuit_transfer(
    own: ArrayLike,
    other: ArrayLike,
    cross: ArrayLike,
    empty: ArrayLike,
    full: ArrayLike,
    clusters: ArrayLike,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Transfer:
    """τ* = (f_other − f̄_cross) / (f_own − f̄_cross), with intervals over prompts.

    Uniformly random circuits are no floor: their faithfulness is 0 whatever they are. Another task's circuit
    of the same model and size is one.

    Args:
        own, other: m(C) of the host's own circuit and of the other model's [prompts].
        cross: m(C) of the host's circuits of other tasks, on the same prompts [tasks, prompts].
        empty, full: m(∅) and m(N) of the host [prompts].
        clusters: the template of each prompt [prompts].
        resamples, seed, level: as in `bootstrap`.

    Returns:
        Transfer. Its `transfer` is Undefined where there is no other task, or the margin is not clearly above
        0 (`Estimate.clear`): the host's own circuit does then no more than those of other tasks.

    Raises:
        ValueError: NaN, no prompt or fewer than two, shapes that do not match.

    >>> import numpy as np
    >>> full, empty = np.full(20, 2.0), np.zeros(20)
    >>> other = np.random.default_rng(0).normal(1.1, 0.2, 20)
    >>> found = circuit_transfer(full * 0.9, other, [full * 0.2], empty, full, range(20))
    >>> round(found.own.value, 9), round(found.cross.value, 9), found.transfer.low < 0.5 < found.transfer.high
    (0.9, 0.2, True)
    """
    circuits = _Circuits.checked(own, other, cross, empty, full)
    clusters_of(clusters, groups=len(circuits.full))
    found = bootstrap(circuits.levels, clusters, resamples, seed, level)
    margin, transfer = found["margin"], found["transfer"]
    if isinstance(margin, Estimate) and not margin.clear:
        transfer = Undefined("the host's own circuit does not clearly more than its circuits of other tasks")
    return Transfer(found["own"], found["other"], found["cross"], margin, transfer)


@dataclass(frozen=True, eq=False)
class _Circuits:
    """`runs`: own, other, then those of other tasks [2 + tasks, prompts]."""

    runs: Floats
    empty: Floats
    full: Floats

    @classmethod
    def checked(
        cls, own: ArrayLike, other: ArrayLike, cross: ArrayLike, empty: ArrayLike, full: ArrayLike
    ) -> "_Circuits":
        names = ("own", "other", "empty", "full")
        given = [numbers(name, one, 1) for name, one in zip(names, (own, other, empty, full), strict=True)]
        match(names, *given)
        crossed = []
        if np.size(cross):
            crossed = [numbers("cross", cross, 2)]
            match(("cross's prompts", "own"), crossed[0][0], given[0])
        return cls(np.concatenate([given[:2], *crossed]), *given[2:])

    def levels(self, weights: Floats) -> dict[str, Value]:
        """Faithfulness of weighted means, and what is made of it."""
        found = weighted_faithfulness(self.runs, self.empty, self.full, weights)
        if isinstance(found, Undefined):
            return dict.fromkeys(("own", "other", "cross", "margin", "transfer"), found)
        own, other, crossed = float(found[0]), float(found[1]), found[2:]
        if not len(crossed):
            none = Undefined("there is no circuit of another task")
            return {"own": own, "other": other, "cross": none, "margin": none, "transfer": none}
        cross = float(crossed.mean())
        margin = own - cross
        above: Value = Undefined("the host's own circuit does no more than those of other tasks")
        if margin > 0:
            above = (other - cross) / margin
        return {"own": own, "other": other, "cross": cross, "margin": margin, "transfer": above}
