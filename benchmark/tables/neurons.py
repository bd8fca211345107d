"""Neuron cards as a table: of each third of the layers the neuron with the largest effect, a row each."""

from collections.abc import Iterator, Sequence

from ..record.cards import THIRDS, NeuronCard, NeuronCards, NeuronLabel
from ..record.missing import Missing
from ..record.record import Record
from ..record.task_record import TaskRecord
from .cells import DASH, Notes, plain
from .layout import WIDTH, Row, stacked, tabular

HEADS = ("effect", "share", "fires for", "AUPRC", "base", "shuffled", "beside", "raises", "lowers")
"""Columns of the table; docs/reading.md explains them."""

LONGEST = 28
"""Characters of a label or a list of tokens in a cell."""

_SEEN = {" ": "␣", "\n": "⏎", "\t": "⇥"}


def cards_body(record: Record, notes: Notes, width: int = WIDTH) -> str:
    """The strongest neuron of every third of the layers, for both members of each task; empty without any.

    Below each member's stands what mean-ablation of its strongest neurons costs, and that of random ones.
    """
    rows = [row for task in record.tasks for row in _of_task(task, notes)]
    if not rows:
        return ""

    def draw(part: Sequence[int], notes: Notes) -> str:
        return tabular(
            ["neurons", *(HEADS[index] for index in part)],
            [[row[0], *(row[index + 1] for index in part)] for row in rows],
            notes.markup,
        )

    return stacked(len(HEADS), draw, notes, width)


def _of_task(task: TaskRecord, notes: Notes) -> Iterator[Row]:
    held = [("ARM", task.cards.arm), ("MDM", task.cards.mdm)]
    if all(isinstance(cards, Missing) for _, cards in held):
        return
    yield [notes.markup.strong(notes.markup.text(plain(task.task))), *("" for _ in HEADS)]
    for member, cards in held:
        if isinstance(cards, Missing):
            yield [notes.markup.text(f"{member} {DASH}") + notes.mark(cards.missing), *("" for _ in HEADS)]
        else:
            yield from _of_member(member, cards, notes)


def _of_member(member: str, cards: NeuronCards, notes: Notes) -> Iterator[Row]:
    text = notes.markup.text
    for third in THIRDS:
        # The largest stands first in its third.
        card = next((card for card in cards.cards if card.third == third), None)
        if card is not None:
            cells = (f"{member} {third} m{card.layer}.n{card.neuron}", *_cells(card))
            yield [text(cell) for cell in cells]
    ablation = cards.ablation
    if isinstance(ablation, Missing):
        return
    others = sum(ablation.random) / max(1, len(ablation.random))
    told = f"{member} −{ablation.neurons}: {ablation.top:.2f} (random {others:.2f})"
    yield [text(told), *("" for _ in HEADS)]


def _cells(card: NeuronCard) -> Iterator[str]:
    yield f"{card.effect:.3g}"
    yield f"{100 * card.share:.1f} %"
    label = card.labels[0] if card.labels else None
    if label is None:
        yield from (DASH,) * 5
    else:
        yield shortened(label_name(label))
        for value in (label.auprc, label.base_rate, label.shuffled, label.matched):
            yield DASH if value is None else f"{value:.2f}"
    yield shortened(" ".join(map(seen_token, card.promoted)))
    yield shortened(" ".join(map(seen_token, card.suppressed)))


def label_name(label: NeuronLabel) -> str:
    """A label as it is shown: `giver`, `recipient = Ann`, `giver (low)` where low ones stand for it."""
    name = plain(label.name) if label.value is None else f"{plain(label.name)} = {plain(label.value)}"
    return name if label.direction == "high" else f"{name} (low)"


def seen_token(token: str) -> str:
    """A token on one line with its white space made visible, and what acts unseen replaced."""
    shown = "".join(_SEEN.get(character, character) for character in token)
    return plain(shown) or "∅"


def shortened(text: str) -> str:
    """A text cut to what a cell holds."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
