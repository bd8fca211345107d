"""Edge scores as sums over groups of examples, which can be weighted again without the model."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...errors import NotComputable, UsageError
from ...metrics import RESOLUTION
from .graph import Graph
from .rules import CHAIN, Rules

Rule = Literal["eap", "left", "right", "midpoint", "staggered"]

_PLACED = {"eap": 1.0, "left": 0.0, "right": 1.0, "midpoint": 0.5}
"""Where in its interval, from 0 to 1, the point lies by rules that place it alike in every example."""

_GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it, without their whole part, fill 0 to 1 more evenly than random numbers, however many."""


@dataclass(frozen=True)
class Integration:
    """Where between the corrupted (0) and the clean (1) embeddings the gradient is taken.

    `left` k/m for k = 0…m−1 (the EAP-IG library, MIB), `right` k = 1…m (the EAP-IG paper's code),
    `midpoint` (k+½)/m, whose error falls with 1/m² and not 1/m; `eap` is the clean run alone (m = 1).
    `staggered` is (k+u)/m with a u of each example's own, spread evenly over 0 to 1 (Cranley and Patterson
    1976): where the metric of all examples jumps at one place of the path, the other rules miss it by as much
    in every example. Here their errors cancel in the mean, and what is left varies between prompts, so that
    intervals over prompts hold it.
    """

    rule: Rule = "midpoint"
    steps: int = 5

    def __post_init__(self) -> None:
        if self.rule not in get_args(Rule) or self.steps < 1:
            raise UsageError(
                f"integration {self.rule!r} with {self.steps} steps does not exist",
                "rules are eap, left, right, midpoint and staggered, with at least one step",
            )
        if self.rule == "eap" and self.steps != 1:
            raise UsageError(f"eap takes one gradient, not {self.steps}", "use steps = 1, or another rule")

    def points(self, examples: range = range(1)) -> NDArray[np.float64]:
        """The positions of the steps [steps, examples], between 0 and 1.

        `examples`: which they are, counted over all that are attributed together.
        """
        within = np.full(len(examples), _PLACED.get(self.rule, 0.0))
        if self.rule == "staggered":
            within = (0.5 + _GOLDEN * np.array(examples)) % 1
        # `eap` has a single step, so an offset of 1 puts it on the clean prompt.
        found: NDArray[np.float64] = (np.arange(self.steps)[:, None] + within) / self.steps
        return found


PLACES = ("before", "between", "behind")
"""Where in its row a source's position can be: the classes that an edge's score is split by.

Before the first token at which the row's two prompts differ; from there to the last position that is read in
the row; right of both.
"""


@dataclass(frozen=True, eq=False)
class Outside:
    """What of the score sums comes from positions that mean nothing to a causal model.

    `sums`: float32 [2, groups, sources, destinations], of `before` and `behind`; the rest of a score is
    `between`. None in a causal model, where both are 0 by construction.
    """

    sums: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Attribution:
    """Edge scores of a set of examples, as sums that can be re-weighted without the model.

    `score_sums`: float64 [groups, sources, destinations], 0 where no edge is; positive where the edge
    supports the clean behaviour. `counts`: [groups] examples. `clean`, `corrupted`, `groups`:
    [examples], metric of either run and group of each example, in the order of the batches. `outside`: what
    positions of sources share in the scores, and `neuron_sums`: float32 [groups, layers, neurons], the
    effect of every MLP neuron; None where they were not asked for. `rules`: those of the backward pass.
    `integration`: None where every edge was patched by itself, and no gradient taken.
    """

    graph: Graph
    integration: Integration | None
    score_sums: NDArray[np.float64]
    counts: NDArray[np.int64]
    clean: NDArray[np.float64]
    corrupted: NDArray[np.float64]
    groups: NDArray[np.int64]
    outside: Outside | None = None
    neuron_sums: NDArray[np.float32] | None = None
    rules: Rules = CHAIN

    def __repr__(self) -> str:
        return (
            f"Attribution({self.graph.edges:,} edges, {len(self.groups)} examples in "
            f"{len(self.counts)} groups, {self.integration or 'exact patching'}"
            f"{'' if self.rules == CHAIN else f', {self.rules}'})"
        )

    def scores(self, groups: NDArray[np.integer] | None = None) -> NDArray[np.float64]:
        """Mean score of each edge [sources, destinations], every example weighing the same.

        `groups`: which to take, repeats counted, as a bootstrap draws them; None takes each once. Raises
        NotComputable where they hold no example.
        """
        mean: NDArray[np.float64] = np.tensordot(self._weights(groups), self.score_sums, axes=1)
        return mean

    def scores_by_place(self, groups: NDArray[np.integer] | None = None) -> NDArray[np.float64]:
        """Mean score of each edge by the place of its source, [3, sources, destinations] as in PLACES.

        They add up to `scores`, whose `groups` these are. Raises NotComputable where they hold no example,
        or places were not told apart.
        """
        if self.outside is None:
            raise NotComputable("the places of sources were not told apart", "attribute with places=True")
        found = np.zeros((len(PLACES), *self.score_sums.shape[1:]))
        if self.outside.sums is not None:
            found[::2] = np.tensordot(self._weights(groups), self.outside.sums, axes=(0, 1))
        found[1] = self.scores(groups) - found[0] - found[2]
        return found

    def neurons(self, groups: NDArray[np.integer] | None = None) -> NDArray[np.float64]:
        """Mean effect of each MLP neuron [layers, neurons], positive where it supports the clean behaviour.

        `groups` as in `scores`. Raises NotComputable where they hold no example, or neurons were not asked
        for.
        """
        if self.neuron_sums is None:
            raise NotComputable("there are no effects of neurons", "attribute with neurons=True")
        mean: NDArray[np.float64] = np.tensordot(self._weights(groups), self.neuron_sums, axes=1)
        return mean

    def _weights(self, groups: NDArray[np.integer] | None) -> NDArray[np.float64]:
        """What each group's sums count for in a mean over examples, [groups]."""
        weights = np.bincount(
            np.arange(len(self.counts)) if groups is None else groups, minlength=len(self.counts)
        )
        examples = int(weights @ self.counts)
        if examples == 0:
            raise NotComputable("there is no example to take the mean of", "choose groups that hold some")
        # Divided by the number of examples rather than groups, because groups differ in size.
        found: NDArray[np.float64] = weights / examples
        return found

    @property
    def adds_up(self) -> bool:
        """Whether the input's scores come to the difference of the two runs, as steps grow.

        Not those by rules other than the chain rule, nor what single edges do when patched.
        """
        return self.integration is not None and self.rules == CHAIN

    @property
    def completeness_residual(self) -> float | None:
        """|Σ_v S(input→v) − (m(clean) − m(corrupted))| relative to that difference.

        What the finite number of steps leaves out; goes to 0 as they grow. None where the difference is
        rounding (`metrics.RESOLUTION` of the larger): a ratio to it says nothing. None too where scores need
        not add up to the difference (`adds_up`).
        """
        if not self.adds_up:
            return None
        # Only the edges of row 0, the input, have to add up to the gap; later sources pass on the same
        # effect.
        difference = float((self.clean - self.corrupted).sum())
        if abs(difference) <= RESOLUTION * max(
            abs(float(self.clean.sum())), abs(float(self.corrupted.sum()))
        ):
            return None
        return abs(float(self.score_sums[:, 0].sum()) - difference) / abs(difference)
