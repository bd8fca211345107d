"""Neuron cards of a task: what the strongest neurons of both members fire for, write, and where."""

from collections.abc import Iterator

from ..record.cards import NeuronCard, NeuronCards, NeuronPrompt
from ..record.missing import Missing
from ..record.task_record import TaskRecord
from ..tables.neurons import label_name, seen_token
from .markup import Html, tag

_NOTE = (
    "Of each third of the layers the MLP neurons with the largest effect on the metric. AUPRC: how well the "
    "activation tells the label, on prompts that chose nothing; in brackets the base rate, shuffled labels "
    "and a neuron of the same layer with the nearest mean activation. Examples show the tokens about the "
    "strongest activation, each with its own beneath: orange above 0, blue below, fuller for larger ones."
)
_SHADES = 5


def neurons_figure(task: TaskRecord) -> Html:
    """The cards of both members, folded, or why there are none."""
    held = (("ARM", task.cards.arm), ("MDM", task.cards.mdm))
    shown = [_member(member, cards) for member, cards in held]
    return tag("div", tag("h3", "Neurons"), tag("p", _NOTE, class_="note"), shown, class_="figure wide")


def _member(member: str, cards: NeuronCards | Missing) -> Html:
    if isinstance(cards, Missing):
        return tag("p", f"{member}: {cards.missing}", class_="note")
    summary = tag("summary", f"{member}: {len(cards.cards)} neurons, on {cards.prompts} prompts")
    return tag("details", summary, _ablation(cards), [_card(card) for card in cards.cards], class_="numbers")


def _ablation(cards: NeuronCards) -> Html:
    found = cards.ablation
    if isinstance(found, Missing):
        return tag("p", f"Ablation: {found.missing}", class_="note")
    draws = ", ".join(f"{drop:.3f}" for drop in found.random)
    text = (
        f"Lost of the gap where the {found.neurons} strongest put out their mean: {found.top:.3f}; as many "
        f"random ones of their layers: {draws}."
    )
    return tag("p", text, class_="note")


def _card(card: NeuronCard) -> Html:
    title = f"{card.third}: m{card.layer}.n{card.neuron}, effect {card.effect:.3g} ({100 * card.share:.1f} %)"
    lines = [(tag("dt", "fires for"), tag("dd", each)) for each in _labels(card)]
    lines += [
        (tag("dt", name), tag("dd", tag("span", _boxes(tokens), class_="tokens")))
        for name, tokens in (("raises", card.promoted), ("lowers", card.suppressed))
    ]
    largest = max((abs(value) for one in card.prompts for value in one.activations), default=0.0)
    lines += [(tag("dt", f"example {one.index}"), tag("dd", _prompt(one, largest))) for one in card.prompts]
    return tag("div", tag("h4", title), tag("dl", lines, class_="prompt"), class_="card")


def _labels(card: NeuronCard) -> Iterator[str]:
    if not card.labels:
        yield "no label better than its shuffles"
    for label in card.labels:
        beside = [label.base_rate, label.shuffled, *([] if label.matched is None else [label.matched])]
        numbers = ", ".join(f"{value:.2f}" for value in beside)
        yield f"{label_name(label)}: {label.auprc:.2f} ({numbers})"


def _boxes(tokens: tuple[str, ...]) -> list[Html]:
    return [tag("span", seen_token(token), class_="token") for token in tokens]


def _prompt(prompt: NeuronPrompt, largest: float) -> Html:
    """The tokens with their activations, in the colour of their sign; the prompt's strongest is marked."""
    peak = max(map(abs, prompt.activations), default=0.0)
    boxes = [
        tag(
            "span",
            tag("span", seen_token(token), class_="token"),
            # Read aloud behind its token, and not told by colour alone.
            tag("small", _written(value)),
            class_=_kind(value, largest, abs(value) == peak),
        )
        for token, value in zip(prompt.tokens, prompt.activations, strict=True)
    ]
    return tag("span", boxes, class_="tokens")


def _written(value: float) -> str:
    return f"{value:z.2f}".replace("-", "−")


def _kind(value: float, largest: float, peak: bool) -> str:
    """Which shade of its sign's colour: of five steps, those of one neuron on one scale."""
    step = round(_SHADES * abs(value) / largest) if largest > 0 else 0
    parts = (
        "activity",
        f"activity-{step}" if step else "",
        "below" if value < 0 else "",
        "peak" if peak else "",
    )
    return " ".join(filter(None, parts))
