"""Neuron cards: what a member's strongest MLP neurons fire for, write and do, as a record holds it."""

from typing import Annotated, Literal

from pydantic import Field, RootModel, model_validator

from .missing import Missing
from .protocol import Part

Share = Annotated[float, Field(ge=0, le=1)]
Third = Literal["early", "middle", "late"]
THIRDS: tuple[Third, ...] = ("early", "middle", "late")


def third_of(layer: int, layers: int) -> Third:
    """The third of the layers in which the middle of a layer lies."""
    return THIRDS[int(3 * (layer + 0.5) / layers)]


NeuronReading = Literal["token", "read", "largest"]
"""Which activation of a neuron is asked for a label: at every token of the prompt (of roles); of a prompt as
a whole (of factors) that at the position which the answer is read from, or the largest in the prompt."""

Direction = Literal["high", "low"]
"""Whether high or low (for a gated neuron also: strongly negative) activations stand for a label."""


class NeuronLabel(Part):
    """How well a neuron's activation tells where a label is, on prompts that chose nothing.

    `kind`, `name`, `value`: a role that pieces of the prompt play, or a factor of the generator with one of
    its values. `auprc`: average precision. Beside it `base_rate`, the share of the `cases` (tokens or
    prompts) that have the label; `shuffled`: mean for the same activations and labels shuffled, those of
    roles within each prompt; `matched`: for another neuron of the same layer with the nearest mean
    activation, None where there is none. `reading` and `direction` were chosen on the other prompts.
    """

    kind: Literal["role", "factor"]
    name: str
    value: str | None
    reading: NeuronReading
    direction: Direction
    auprc: Share
    base_rate: Share
    shuffled: Share
    matched: Share | None
    cases: int = Field(ge=1)


class NeuronPrompt(Part):
    """A piece of a prompt about a neuron's strongest activation, token by token.

    `index`: the example's place in the task's stream; `first`: the place of the first token shown.
    """

    index: int = Field(ge=0)
    first: int = Field(ge=0)
    tokens: tuple[str, ...]
    activations: tuple[float, ...]

    @model_validator(mode="after")
    def _of_one_length(self) -> "NeuronPrompt":
        if len(self.tokens) != len(self.activations):
            raise ValueError("a prompt has different numbers of tokens and activations")
        return self


class NeuronCard(Part):
    """A neuron of a third of the layers, one of those with the largest effect there.

    `effect`: its mean effect on the metric (method.md), `share`: its part of all neurons' absolute effect.
    `mean`: its mean activation, `matched`: the neuron beside it. `labels`: what it tells best, the best first
    by the prompts that chose, and only what it tells better there than shuffled labels. `promoted`,
    `suppressed`: the tokens whose logits it raises and lowers most where its activation is positive.
    """

    layer: int = Field(ge=0)
    neuron: int = Field(ge=0)
    third: Third
    effect: float
    share: Share
    mean: float
    matched: int | None
    labels: tuple[NeuronLabel, ...]
    promoted: tuple[str, ...]
    suppressed: tuple[str, ...]
    prompts: tuple[NeuronPrompt, ...]


class NeuronAblation(Part):
    """What of the metric's gap is lost where neurons put out their mean, by prompts of the evaluation half.

    `neurons`: how many at once; `top`: those with the largest effects; `random`: as many others of the same
    layers, one number a draw. 0: nothing is lost; 1: as much as the corrupted prompt loses.
    """

    neurons: int = Field(ge=1)
    prompts: int = Field(ge=1)
    top: float
    random: tuple[float, ...] = Field(min_length=1)


class NeuronCards(Part):
    """The cards of one member's neurons on one task, made on `prompts` prompts of the evaluation half."""

    prompts: int = Field(ge=1)
    cards: tuple[NeuronCard, ...]
    ablation: NeuronAblation | Missing


MemberCards = Annotated[NeuronCards | Missing, Field(union_mode="left_to_right")]


class CardsCell(RootModel[MemberCards]):
    """The cards of a member as a cell keeps them, or why there are none."""


class TaskCards(Part):
    """The neuron cards of both members."""

    arm: MemberCards
    mdm: MemberCards
