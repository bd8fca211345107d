"""Protocols: frozen, named values that fix every number of a run. A record carries its protocol whole.

A protocol is made of parts, one for each kind of work. A cell of a run is computed from some of them and
never sees the others, so that its key holds just what can change it.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from ...errors import unknown
from ...metrics import Selection

GRID = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of all edges at which circuits are run (MIB, arXiv 2504.13151)."""


class Part(BaseModel):
    """A part of what is written to files: frozen, finite, and with no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ProtocolTask(Part):
    """A task as a protocol asks it. A task of another version is another task."""

    name: str
    level: str
    version: int


class Sampling(Part):
    """Which examples are tried, until enough of them are solved by both members."""

    seed: int = Field(ge=0, description="seed of the examples")
    pool: int = Field(ge=1, description="common-correct examples per task")
    candidates: int = Field(ge=1, description="examples tried to fill the pool, as a multiple of its size")
    read: Literal["plan", "trajectory"] = Field(
        description="what the headline reads: the first token of the answer, with nothing of it in sight, or "
        "all steps of the decoding"
    )
    denoising_order: Literal["confidence", "left to right", "random"] = Field(
        default="confidence",
        description="in which order an MDM commits the tokens of an answer: most confident first, from left "
        "to right, or in an order drawn for each example from the seed",
    )
    denoising_steps: Annotated[int, Field(ge=1)] | Literal["task"] = Field(
        default="task",
        description="in how many steps it commits them, at most; task: in as many as the task's card says",
    )


class Halving(Part):
    """How a pool is divided."""

    disjoint: bool = Field(description="whether circuits are found and judged on disjoint halves of the pool")
    groups: int = Field(ge=1, description="about how many groups of examples score sums are kept for")


Method = Literal["eap-ig", "eap", "relp", "gim", "exact"]
"""What edges are scored by: integrated gradients, one gradient, one gradient by the rules of RelP or of GIM,
or patching every edge by itself."""


class Scoring(Part):
    """How edges are scored. Where and how many points are of EAP-IG alone: other methods have `steps` 1."""

    method: Method = Field(
        default="eap-ig",
        description="what edges are scored by: eap-ig, integrated gradients; eap, the gradient at the clean "
        "run; relp and gim, the same under their rules of the backward pass; exact, patching every edge by "
        "itself",
    )
    kv: Literal["grouped", "ungrouped"] = Field(
        description="edges into key/value heads, or into copies per query head"
    )
    rule: Literal["left", "right", "midpoint", "staggered"] = Field(
        description="where the integration points of EAP-IG lie"
    )
    steps: Annotated[int, Field(ge=1)] | Literal["converge"] = Field(
        description="number of integration points, m; converge: as many as each member needs on each task"
    )
    convergence: int = Field(
        ge=1, description="examples on which the number of integration points is found, if it is found"
    )
    most: Literal[5, 10, 20, 40] = Field(
        description="the most integration points that are tried, if their number is found"
    )
    places: bool = Field(description="whether scores are split by the position of their source")
    neurons: bool = Field(description="whether effects of MLP neurons are measured")


BesideRead = Literal["copy", "start", "half", "last"]
"""Reads that may stand beside the headline's: the copied tokens, and three stages of the denoising."""


class OtherReads(Part):
    """What is read beside the headline, on how many of its examples."""

    beside: tuple[BesideRead, ...] = Field(
        description="reads beside the headline: `copy`, the copied tokens of the answer; `start`, `half` and "
        "`last`, the first deciding step of the denoising, the one nearest half masked, and the last"
    )
    beside_examples: int = Field(
        ge=1, description="discovery examples of each read beside the headline, at most"
    )


class Sweeping(Part):
    """Which circuits are chosen, and run."""

    selection: Selection = Field(
        default="absolute",
        description="which edges come first in circuits: absolute, those of largest |score|; positive, those "
        "with positive scores; consistent, those whose sign resamples of the prompts agree on, positive ones "
        "first; frequent, those chosen in nine of ten resamples already at small sizes",
    )
    grid: tuple[float, ...] = Field(description="shares of all edges at which circuits are run")
    intervention: Literal["patch", "zero", "mean"] = Field(
        description="what replaces an edge outside the circuit"
    )
    swept: int | None = Field(
        ge=1, description="evaluation examples that circuits are run on, at most; None: all"
    )


class Compared(Part):
    """Which circuits are compared, and what is read of their components."""

    circuit_edges: int | None = Field(
        ge=1, description="size of the compared circuits; None: by faithfulness"
    )
    faithful: float = Field(
        description="faithfulness that both members' compared circuits reach when chosen by it"
    )
    components: int = Field(ge=0, description="components whose output is read through the unembedding")


class Removing(Part):
    """On how much single components are taken out."""

    removed: int = Field(
        ge=1, description="evaluation examples of each group on which components are patched out one by one"
    )


class Transferring(Part):
    """On how much circuits of the other member, and of other tasks, are run in a member."""

    crossed: int = Field(
        ge=2,
        description="evaluation examples on which circuits of the other member and of other tasks run",
    )
    shuffled: int = Field(ge=1, description="circuits of scores shuffled within cells")
    shuffled_examples: int = Field(ge=1, description="those of these examples on which shuffled circuits run")


class Ablating(Part):
    """Which outputs are set to zero, and on how much.

    Where a third of the layers has fewer than twice as many nodes of a kind, half of what it has.
    """

    ablated: int = Field(
        ge=2, description="evaluation examples on which outputs of nodes are set to zero, at most"
    )
    ablated_heads: int = Field(ge=1, description="heads whose outputs are set to zero at once, at most")
    ablated_mlps: int = Field(ge=1, description="MLPs whose outputs are set to zero at once, at most")
    ablated_neurons: int = Field(ge=1, description="neurons whose outputs are set to zero at once, at most")
    random_sets: int = Field(ge=1, description="random sets of as many nodes, of each kind")


class Statistics(Part):
    """How intervals, ceilings and floors are drawn."""

    resampling_seed: int = Field(
        ge=0, description="seed of the splits, the resamples and the random circuits"
    )
    resamples: int = Field(ge=1, description="bootstrap resamples")
    splits: int = Field(ge=1, description="random halvings for the ceiling")
    # The default is of protocols that were written down before there was a choice.
    interval: Literal["percentile", "student"] = Field(
        default="percentile",
        description="how far intervals of resamples reach: student, by Student's t for as many units as are "
        "drawn; percentile, by the quantiles of the resamples alone, as in records of older protocols",
    )

    @property
    def drawn(self) -> tuple[int, int]:
        """How many resamples and from which seed, as metrics take them."""
        return self.resamples, self.resampling_seed


class Protocol(Part):
    """Everything that can change a number of a run, besides the pair; its tasks included."""

    name: str
    version: int = Field(description="raised whenever a number computed under this name would change")
    board: bool = Field(description="whether a leaderboard takes records of this protocol")
    minimum: int = Field(description="fewer common-correct examples than this are not analysed")
    minimum_edges: int = Field(description="graphs with fewer edges are refused")
    tasks: tuple[ProtocolTask, ...] = Field(description="the tasks that a whole record has")
    sampling: Sampling
    halving: Halving
    scoring: Scoring
    reading: OtherReads
    sweeping: Sweeping
    compared: Compared
    removing: Removing
    transferring: Transferring | None = Field(description="None: no circuit runs in the other member")
    ablating: Ablating | None = Field(description="None: no node is taken out to see what its layer causes")
    statistics: Statistics

    def task(self, name: str) -> ProtocolTask | None:
        """The task of that name as the protocol asks it; None where it does not."""
        return next((task for task in self.tasks if task.name == name), None)

    def settings(self) -> Iterator[tuple[str, Any]]:
        """Name and value of all that is set but the tasks, one part's settings after the other's.

        A part that the protocol has not has none.
        """
        for name, value in self:
            if isinstance(value, Part):
                yield from value
            elif name != "tasks" and value is not None:
                yield name, value

    def reseeded(self, seed: int) -> "Protocol":
        """The protocol on the examples of another seed, under a name that says so; no board takes it.

        Records of the two differ by the luck of the prompts alone. With its own seed it is itself.
        """
        if seed == self.sampling.seed:
            return self
        return self.changed(seed=seed, name=f"{self.name}-seed-{seed}", board=False)

    def scored(self, method: str) -> "Protocol":
        """The protocol with edges scored by another method, under a name that says so; no board takes it.

        A method that does not integrate takes one point, and exact patching gives neither the places of
        sources nor effects of neurons. With its own method it is itself. Raises UsageError, with near names,
        for an unknown one.
        """
        if method not in get_args(Method):
            raise unknown("method of scoring edges", method, get_args(Method))
        if method == self.scoring.method:
            return self
        settings: dict[str, Any] = {"method": method, "name": f"{self.name}-{method}", "board": False}
        if method != "eap-ig":
            settings["steps"] = 1
        if method == "exact":
            settings |= {"places": False, "neurons": False}
        return self.changed(**settings)

    def selecting(self, selection: str) -> "Protocol":
        """The protocol with other edges first in circuits, under a name that says so; no board takes it.

        With its own selection it is itself. Raises UsageError, with near names, for an unknown one.
        """
        if selection not in get_args(Selection):
            raise unknown("selection of edges", selection, get_args(Selection))
        if selection == self.sweeping.selection:
            return self
        return self.changed(selection=selection, name=f"{self.name}-{selection}", board=False)

    def varied(
        self, method: str | None = None, selection: str | None = None, seed: int | None = None
    ) -> "Protocol":
        """The protocol `scored`, `selecting` and `reseeded` so, where it is given; raises as they do."""
        found = self if method is None else self.scored(method)
        found = found if selection is None else found.selecting(selection)
        return found if seed is None else found.reseeded(seed)

    def varied_like(self, other: "Protocol") -> "Protocol":
        """The protocol with another's method, selection and seed."""
        return self.varied(other.scoring.method, other.sweeping.selection, other.sampling.seed)

    def changed(self, **settings: Any) -> "Protocol":
        """The protocol with some of its settings changed, each by its own name, in whichever part it is.

        Raises KeyError for a setting that there is not.
        """
        own = {name: settings.pop(name) for name in list(settings) if name in Protocol.model_fields}
        for name, part in self:
            if isinstance(part, Part):
                inner = {key: settings.pop(key) for key in list(settings) if key in type(part).model_fields}
                if inner:
                    own[name] = part.model_copy(update=inner)
        if settings:
            raise KeyError(f"a protocol has no {', '.join(settings)}")
        return self.model_copy(update=own)


V2 = Protocol(
    name="v2",
    version=3,
    board=True,
    minimum=30,
    minimum_edges=0,
    tasks=(
        ProtocolTask(name="ioi", level="abc", version=2),
        ProtocolTask(name="induction", level="six", version=2),
        ProtocolTask(name="agreement", level="phrase", version=2),
        ProtocolTask(name="greater-than", level="years", version=2),
        ProtocolTask(name="arithmetic", level="three", version=1),
        ProtocolTask(name="infilling", level="words", version=2),
        ProtocolTask(name="article", level="four", version=1),
        ProtocolTask(name="countdown", level="small", version=2),
        ProtocolTask(name="sudoku", level="easy", version=2),
        ProtocolTask(name="star-path", level="numbers", version=2),
    ),
    sampling=Sampling(seed=0, pool=500, candidates=10, read="plan"),
    halving=Halving(disjoint=True, groups=24),
    scoring=Scoring(
        method="eap-ig",
        kv="grouped",
        rule="staggered",
        steps="converge",
        convergence=24,
        most=40,
        places=True,
        neurons=True,
    ),
    reading=OtherReads(beside=("copy", "start", "half", "last"), beside_examples=48),
    sweeping=Sweeping(selection="absolute", grid=GRID, intervention="patch", swept=128),
    compared=Compared(circuit_edges=None, faithful=0.85, components=20),
    removing=Removing(removed=1),
    transferring=Transferring(crossed=64, shuffled=50, shuffled_examples=8),
    ablating=Ablating(ablated=32, ablated_heads=4, ablated_mlps=1, ablated_neurons=20, random_sets=10),
    statistics=Statistics(resampling_seed=0, resamples=200, splits=10, interval="student"),
)

# The integration of arXiv 2601.14758 is not stated; `left` with m = 5 is what the EAP-IG library suggests.
PAPER = V2.changed(
    name="paper",
    version=6,
    board=False,
    minimum_edges=5000,
    tasks=tuple(task for task in V2.tasks if task.name in ("ioi", "greater-than", "countdown", "infilling")),
    read="trajectory",
    kv="ungrouped",
    rule="left",
    steps=5,
    places=False,
    neurons=False,
    beside=(),
    disjoint=False,
    swept=None,
    circuit_edges=1000,
)

# As v2, on fewer examples and to a coarser integral, so that it takes minutes.
QUICK = V2.changed(
    name="quick",
    version=6,
    board=False,
    minimum=16,
    pool=80,
    convergence=8,
    most=10,
    beside_examples=16,
    swept=16,
    crossed=16,
    shuffled_examples=2,
    ablated=8,
    random_sets=5,
    resamples=100,
)

_PROTOCOLS = {protocol.name: protocol for protocol in (V2, PAPER, QUICK)}


def list_protocols() -> tuple[Protocol, ...]:
    """All protocols, the leaderboard's first."""
    return tuple(_PROTOCOLS.values())


def get_protocol(name: str) -> Protocol:
    """The protocol of that name. Raises UsageError, with near names, for an unknown one."""
    if name not in _PROTOCOLS:
        raise unknown("protocol", name, _PROTOCOLS)
    return _PROTOCOLS[name]
