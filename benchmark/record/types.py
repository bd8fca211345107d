"""The record of a run: everything a reader, a reviewer or a leaderboard needs, as one typed JSON file.

A number that could not be computed is there with its reason; it is never 0, NaN or left out.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from ...metrics import Estimate, Undefined, Value, wilson_interval
from ...metrics.inputs import Floats
from .cards import TaskCards
from .missing import Missing as Missing
from .protocol import BesideRead, Part, Protocol

if TYPE_CHECKING:
    import pandas

SCHEMA: Literal[6] = 6
"""Raised whenever a field changes its meaning."""


@dataclass(frozen=True)
class Resampling:
    """What an interval was estimated from: degrees of freedom of the resampled units, number of resamples.

    `student`: the interval is no resampled one, but Student's t for these degrees of freedom times the
    standard error.
    """

    freedom: float
    resamples: float
    student: bool = False


COUNTED = Resampling(math.inf, math.inf)
"""Of a share of counted examples, whose variance follows from the share."""


@dataclass(frozen=True, eq=False)
class Origin:
    """How a number was computed: its draws where it was resampled, its parts where it was put together."""

    draws: Floats | None = None
    parts: "tuple[tuple[float, Number], ...]" = ()
    resampling: Resampling | None = None


_MEASURED = Origin()


class Number(Part):
    """A measured value; `low` and `high` bound its 95 % interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None
    # Neither written nor read, and no private attribute of pydantic's: those double the time of reading.
    __slots__ = ("_origin",)

    @property
    def bounded(self) -> bool:
        """Whether it has an interval: of a stranger's record, not one end of one alone."""
        return self.low is not None and self.high is not None

    @property
    def draws(self) -> Floats | None:
        """The value in each resample, [resamples], NaN where it had none; None where they are not at hand.

        A record that was read from its file has none; `draws.with_draws` adds those kept beside it.
        """
        return getattr(self, "_origin", _MEASURED).draws

    def drawn(self, draws: Floats) -> "Number":
        """The same number with its value in each resample."""
        found = self.model_copy()
        object.__setattr__(found, "_origin", Origin(draws=draws))
        return found

    @property
    def resampling(self) -> Resampling | None:
        """What its interval was estimated from; None where that is not at hand (`with_resampling`)."""
        return getattr(self, "_origin", _MEASURED).resampling

    def estimated(self, resampling: Resampling) -> "Number":
        """The same number with what its interval was estimated from."""
        found = self.model_copy()
        origin = replace(getattr(self, "_origin", _MEASURED), resampling=resampling)
        object.__setattr__(found, "_origin", origin)
        return found

    @property
    def parts(self) -> "tuple[tuple[float, Number], ...]":
        """The numbers that this is the sum of, each with its weight; none where it was measured itself.

        A number that was read from its file has none: `summary.summarise` puts it together again.
        """
        return getattr(self, "_origin", _MEASURED).parts

    def put_together(self, parts: "Iterable[tuple[float, Number]]") -> "Number":
        """The same number with what it is the sum of; a part that has parts itself stands for these."""
        found = self.model_copy()
        flat = (
            (weight * inner, part) for weight, one in parts for inner, part in (one.parts or ((1.0, one),))
        )
        object.__setattr__(found, "_origin", Origin(parts=tuple(flat)))
        return found

    def __eq__(self, other: object) -> bool:
        # Numbers are equal whether their draws and parts are at hand or not.
        if not isinstance(other, Number):
            return NotImplemented
        return (self.value, self.low, self.high) == (other.value, other.low, other.high)

    def __hash__(self) -> int:
        return hash((self.value, self.low, self.high))


Measured = Annotated[Number | Missing, Field(union_mode="left_to_right")]


def measured(value: Estimate | Value) -> Measured:
    """A metric's result as it stands in a record."""
    if isinstance(value, Undefined):
        return Missing(missing=value.reason)
    if isinstance(value, Estimate):
        found = Number(value=value.value, low=value.low, high=value.high)
        if value.freedom is not None:
            return found.estimated(Resampling(value.freedom, math.inf, student=True))
        return found if value.draws is None else found.drawn(value.draws)
    return Number(value=value)


class Accuracy(Part):
    """How many of the tried examples a member solves when it decodes greedily."""

    solved: int = Field(ge=0)
    tried: int = Field(ge=0)

    @model_validator(mode="after")
    def _no_more_than_tried(self) -> "Accuracy":
        if self.solved > self.tried:
            raise ValueError(f"{self.solved} examples are solved of {self.tried} that were tried")
        return self

    @property
    def share(self) -> Measured:
        """Share solved, with Wilson's interval."""
        if not self.tried:
            return Missing(missing="no example was tried")
        low, high = wilson_interval(self.solved, self.tried)
        return Number(value=self.solved / self.tried, low=low, high=high).estimated(COUNTED)


class PoolRecord(Part):
    """The examples that a comparison uses: those both members solve with the reference answer's tokens.

    `unfit` counts examples that the tokenizer cannot express, by reason; `other_form` those that both members
    solve, at least one of them with another text than the reference answer; `fingerprint` is the digest of
    the examples used.
    """

    arm: Accuracy
    mdm: Accuracy
    mdm_in_place: Accuracy | Missing
    unfit: dict[str, int]
    other_form: int
    common: int
    discovery: int
    evaluation: int
    templates: int
    fingerprint: str


class CurvePoint(Part):
    """A circuit of `edges` edges (`kept` after pruning): faithfulness of means, and median over prompts."""

    share: float
    edges: int
    kept: int
    faithfulness: Measured
    median: Measured


class Curve(Part):
    """Faithfulness against budget for one ranking of edges, and its areas.

    `log_area`: per doubling of the budget, 1 for a perfect curve; `cpr` and `cmd` as MIB integrates them.
    `dropped`: prompts without a gap between clean and corrupted, left out of the median.
    """

    points: tuple[CurvePoint, ...]
    log_area: Measured
    cpr: Measured
    cmd: Measured
    dropped: int


class Component(Part):
    """A head or MLP and its share of the circuit's importance."""

    name: str
    share: float


class IntegrationRecord(Part):
    """How many integration points a member's scores were computed from, and how that number was found.

    `residuals`, `changes`: what the completeness residual was with 5, 10, 20, … points on some of the
    discovery prompts, and which share of the top edges changed between one number and the next. Both are
    empty, and `converged` is None, where the protocol fixes the number.
    """

    points: int = Field(ge=1)
    residuals: tuple[float | None, ...] = ()
    changes: tuple[float, ...] = ()
    converged: bool | None = None


class MemberRecord(Part):
    """What one member does on one task.

    `clean`, `corrupted`: mean metric of the whole model on either prompt of the discovery half. `gap`: by how
    much it is higher than that of the empty circuit, on the evaluation half. `completeness`: what the finite
    number of integration points leaves out, relative. `integration`: how many there are. `absolute`,
    `signed`: curves by ranking. Profiles are shares of importance by layer, of all components, heads and
    MLPs, and of edge counts. `direction`: shares of score by the position of its source.
    `depth_squared`, `specialisation_squared`: by squared scores of all edges, without the noise of the
    prompts. `effects`: how concentrated are direct logit attributions and the drops of single components.
    """

    clean: float
    corrupted: float
    gap: Measured
    completeness: Measured
    integration: IntegrationRecord
    absolute: Curve
    signed: Curve
    smallest_share: Measured
    profile: tuple[float, ...]
    profile_heads: tuple[float, ...]
    profile_mlps: tuple[float, ...]
    profile_edges: tuple[float, ...]
    depth: dict[str, Measured]
    depth_edges: dict[str, Measured]
    depth_squared: dict[str, Measured]
    specialisation: dict[str, Measured]
    specialisation_squared: dict[str, Measured]
    effects: dict[str, Measured]
    direction: dict[str, Measured]
    top: tuple[Component, ...]


class Overlap(Part):
    """Jaccard overlap of two circuits of equal size, with its floor and its ceilings.

    `jaccard`: circuits from all discovery prompts; `cross`, `ceiling_arm`, `ceiling_mdm`: from disjoint
    halves. `normalised`: 0 = chance, 1 = as alike as two samples of one model. `chance_tail`: probability
    of so large an intersection for random circuits (edges only).
    """

    jaccard: Measured
    cross: Measured
    ceiling_arm: Measured
    ceiling_mdm: Measured
    floor: float
    normalised: Measured
    chance_tail: Measured


class OverlapPoint(Part):
    """Overlap at one budget, of edges and of the components that they touch."""

    share: float
    edges: int
    edge: Overlap
    node: Overlap


HEADLINE = "standardised"
"""Which of a comparison's `structure` is the headline; docs/metrics.md says by what it was chosen."""


class NeuronDepth(Part):
    """Where in the layers the squared effects of MLP neurons lie, without the noise of the prompts.

    `profile_arm`, `profile_mdm`: shares by layer, empty where they are noise alone.
    """

    profile_arm: tuple[float, ...]
    profile_mdm: tuple[float, ...]
    early_share_arm: Measured
    early_share_mdm: Measured
    early_shift: Measured


class Comparison(Part):
    """Both members on one task, and what lies between them.

    `structure`: how alike mean scores are, whatever the number of prompts. `compared` is the overlap at the
    compared size, `curve` at every budget. `uniform_profile`: depth
    profile of uniformly drawn edges. `neuron_depth`: where neurons' effects lie. Shifts are MDM − ARM; those
    of depth by score, by number of edges and by squared score.
    """

    arm: MemberRecord
    mdm: MemberRecord
    structure: dict[str, Measured]
    compared: OverlapPoint
    curve: tuple[OverlapPoint, ...]
    uniform_profile: tuple[float, ...]
    depth_shift: dict[str, Measured]
    depth_shift_edges: dict[str, Measured]
    depth_shift_squared: dict[str, Measured]
    neuron_depth: NeuronDepth | Missing
    specialisation_shift: dict[str, Measured]
    specialisation_shift_squared: dict[str, Measured]
    effects_shift: dict[str, Measured]


class MembersAndShift(Part):
    """Depth and specialisation of the edges' scores by one weighting: of either member, and MDM − ARM."""

    arm: dict[str, Measured]
    mdm: dict[str, Measured]
    shift: dict[str, Measured]


class AtRead(Part):
    """Both members at a read beside the headline's.

    `examples`: of the discovery half; `masked`: mean share of the answer's tokens that the MDM sees masked.
    `gap`: by how much a member's metric is higher on the clean prompts, by `arm` and `mdm`. `structure`: how
    alike mean scores are, as in a comparison, and `headline`: those of the MDM here and at the headline's
    read. `squared`, `mass`: depth and specialisation of all edges by either weighting. `direction`: shares of
    the MDM's score by the position of its source.
    """

    examples: int = Field(ge=1)
    masked: Measured
    gap: dict[str, Measured]
    structure: dict[str, Measured]
    squared: MembersAndShift
    mass: MembersAndShift
    direction: dict[str, Measured]


class Stages(Part):
    """Both members at the reads beside the headline's, and where in an answer the metric is.

    `reads`: in the protocol's order, what was found or why there is nothing. `metric`: of a member's metric
    over a whole trajectory, the shares of the `plan` token, of `copied` tokens and of all `other` ones.
    """

    reads: dict[BesideRead, AtRead | Missing] = Field(default={})
    metric: dict[Literal["arm", "mdm"], dict[str, Measured]] = Field(default={})


class CellRecord(Part):
    """A cell that a task's numbers were computed from: its key, and the digest of its content (SHA-256)."""

    # They become names of files: nothing else than a key may stand there.
    key: str = Field(pattern="^[0-9a-f]{16}$")
    digest: str = Field(pattern="^[0-9a-f]{64}$")


class Prompt(Part):
    """One of a task's examples as both members read it, token by token.

    `index`: its place in the task's stream; `clean` and `corrupted` are of one length, as `answer` and `foil`
    are. Where the answer is any of a set, `answer` and `foil` are one of either.
    """

    index: int = Field(ge=0)
    template: str
    clean: tuple[str, ...]
    corrupted: tuple[str, ...]
    answer: tuple[str, ...]
    foil: tuple[str, ...]

    @model_validator(mode="after")
    def _of_one_length(self) -> "Prompt":
        if len(self.clean) != len(self.corrupted) or len(self.answer) != len(self.foil):
            raise ValueError("clean and corrupted, or answer and foil, have different numbers of tokens")
        return self


_Suite = Literal["local", "planning"]
_Surface = Literal["words", "symbols"]
"""What a task's questions are made of."""

TaskName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""It is also the name of a folder of cells."""


class TaskRecord(Part):
    """A task's results: which task, on which examples, what came out, and of which cells.

    `prompts`: some of the examples, to be looked at; `cards`: what the strongest neurons of both members do;
    `stages`: what was found at the protocol's reads beside the headline's.
    """

    task: TaskName
    suite: _Suite
    surface: _Surface
    version: int
    level: str
    pool: PoolRecord
    prompts: tuple[Prompt, ...]
    comparison: Comparison
    cards: TaskCards
    stages: Stages = Stages()
    cells: dict[str, CellRecord]

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        # What pydantic writes would be thousands of numbers.
        yield from (("task", self.task), ("level", self.level), ("edges", self.comparison.compared.edges))
        yield "similarity", self.comparison.structure.get(HEADLINE)


class FailedTask(Part):
    """A task that gave no comparison, why, and how far it came."""

    task: TaskName
    suite: _Suite
    surface: _Surface
    version: int
    level: str
    missing: str
    pool: PoolRecord
    cells: dict[str, CellRecord]


TaskResult = TaskRecord | FailedTask


class SameSize(Part):
    """Overlap by suite with circuits of all tasks at one size, the largest of their compared sizes.

    Ĵ depends on the size of the circuits, and compared sizes differ between tasks: where this shift and that
    at own sizes disagree, the difference between the suites is one of size. `edges` is None where no task
    gave a comparison.
    """

    edges: int | None
    overlap: dict[str, Measured]
    shift: Measured


class Square(Part):
    """A value of the four kinds of task, local and planning × words and symbols, and of both suites.

    `words`, `symbols`: the mean over the tasks of a surface, by suite; `suites`: over all tasks of a suite.
    `shifts`: local − planning within words and within symbols; `shift`: the mean of the two, so that suites
    which differ in their surfaces do not differ by these; `across`: the same, with an interval for other
    tasks of the four kinds instead of other prompts.
    """

    suites: dict[str, Measured]
    words: dict[str, Measured]
    symbols: dict[str, Measured]
    shifts: dict[str, Measured]
    shift: Measured
    across: Measured


class Summary(Part):
    """A pair's row: means over the tasks of each suite.

    `similarity`: of the headline, whose local − planning is the task-dependent shift. `neurons`, `overlap`,
    depth, specialisation and `right_context` (the MDM's) are by suite; `overlap_shift` is Ĵ local − Ĵ
    planning. Shifts of depth and specialisation are MDM − ARM, by mass and by squared mass.
    """

    accuracy_arm: dict[str, Measured]
    accuracy_mdm: dict[str, Measured]
    similarity: Square
    neurons: dict[str, Measured]
    overlap: dict[str, Measured]
    overlap_shift: Measured
    one_size: SameSize
    early_shift: dict[str, Measured]
    early_shift_squared: dict[str, Measured]
    specialisation_shift: dict[str, Measured]
    specialisation_shift_squared: dict[str, Measured]
    right_context: dict[str, Measured]
    faithfulness: dict[str, Measured]


class MemberProvenance(Part):
    """Which weights a member has, and what was declared about it."""

    checkpoint: str
    revision: str | None
    digest: str
    native: str
    dtype: str
    attention: str
    shift: bool


class PairProvenance(Part):
    """The two members, the mask token, the tokenizer, and how far the weights moved by kind of module.

    `control`: the second member is the ARM trained on, and no MDM. `confounds`: what else than the objective
    changed between the two, as far as it was declared, and what loading the pair left in doubt.
    """

    name: str
    control: bool
    confounds: tuple[str, ...] = ()
    arm: MemberProvenance
    mdm: MemberProvenance
    mask_id: int
    ordinary_mask: bool
    tokenizer: str
    layers: int
    heads: int
    kv_heads: int
    edges: int
    movement: dict[str, float]


class Environment(Part):
    """Where and with what a record was made."""

    mechshift: str
    python: str
    torch: str
    transformers: str
    numpy: str
    platform: str
    processor: str
    device: str
    threads: int


class Record(Part):
    """A run: pair, protocol, tasks, summary, and what was left out.

    `reductions` says how the run is less than its protocol's whole; a leaderboard refuses a record that has
    any. Whether anybody has repeated the run does not stand here, where anybody could write it: a board finds
    that out. When it was made and how long it took stand with its cells: the same run gives the same bytes.
    """

    schema_version: Literal[6] = SCHEMA
    pair: PairProvenance
    protocol: Protocol
    tasks: tuple[TaskRecord, ...]
    failed: tuple[FailedTask, ...]
    reductions: tuple[str, ...]
    summary: Summary
    environment: Environment

    @property
    def results(self) -> tuple[TaskResult, ...]:
        """All tasks that were asked, those without a comparison last."""
        return (*self.tasks, *self.failed)

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        # What pydantic writes would be some 34,000 characters.
        yield from (("pair", self.pair.name), ("protocol", f"{self.protocol.name}@{self.protocol.version}"))
        yield "tasks", [task.task for task in self.tasks]
        if self.failed:
            yield "failed", [task.task for task in self.failed]
        yield "task_dependent_shift", self.summary.similarity.shift

    def _repr_html_(self) -> str:
        # Importing here is no circle: what a record is says nothing of how it is shown.
        from .notebook import row_html

        return row_html(self)

    def to_frame(self) -> "pandas.DataFrame":
        """The numbers of all tasks, as `mechshift show` has them: a row per task and quantity.

        Columns: task, suite, level, version, quantity, value, low, high (its 95 % interval), reason.
        Where a value is missing it is NaN and `reason` says why; else `reason` is missing. docs/reading.md
        explains every quantity.
        """
        from .notebook import task_frame

        return task_frame(self)
