"""What a record says of a task: on which examples, what came out, and of which cells; or why nothing did."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from .cards import TaskCards
from .causality import Causality
from .comparison import HEADLINE, Comparison
from .function import Function
from .missing import Missing
from .number import Accuracy
from .protocol import Part
from .reads import Stages


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


class CellRecord(Part):
    """A cell that a task's numbers were computed from: its key, and the digest of its content (SHA-256).

    `rows`: token rows at once with which it was computed where memory did not suffice for as many as were
    asked for; `share`: what part was held at once of all that usually is, where it did not suffice for one
    row either. Both are left out of the file where it did.
    """

    # They become names of files: nothing else than a key may stand there.
    key: str = Field(pattern="^[0-9a-f]{16}$")
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    rows: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, lt=1)

    @model_serializer(mode="wrap")
    def _without_what_sufficed(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        # Records of runs that had enough memory stay what they were, to the last byte.
        found: dict[str, object] = write(self)
        for name in ("rows", "share"):
            if getattr(self, name) is None:
                found.pop(name, None)
        return found


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
    `stages`: what was found at the protocol's reads beside the headline's; `function`: what either member's
    circuit does in the other, `causality`: what is lost without the top nodes of either, each None where the
    protocol does not ask.
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
    function: Function | None
    causality: Causality | None
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
