"""Which examples both members solve: the only ones on which their circuits are compared."""

from pydantic import Field, RootModel

from ..record.missing import Missing
from ..record.number import Accuracy
from ..record.protocol import Part
from ..record.task_record import Prompt

Order = tuple[int, ...]


class Solved(Part):
    """An example that both members solve.

    `index`: its place in the task's stream; `order`: the step at which the MDM committed each answer token;
    `template`: its wording, the cluster of the bootstrap.
    """

    index: int = Field(ge=0)
    order: Order
    template: str


class Pool(Part):
    """The common-correct examples of a task, and how both members did on all that were tried.

    `unfit` counts, by reason, the examples that the tokenizer cannot express; `other_form` those that both
    solve, at least one of them with another text than the reference answer; `fingerprint` is the digest of
    the pool's examples.
    """

    arm: Accuracy
    mdm: Accuracy
    mdm_in_place: Accuracy | Missing
    unfit: dict[str, int]
    other_form: int
    solved: tuple[Solved, ...]
    fingerprint: str


class Prompts(RootModel[tuple[Prompt, ...]]):
    """The examples of a pool that a record shows, token by token."""
