"""Neuron cards on a page: all of them, strangers' texts escaped, reasons in words."""

from build.records import a_task, some_cards
from mechshift.benchmark.pages.neurons import neurons_figure
from mechshift.benchmark.record.cards import TaskCards
from mechshift.benchmark.record.missing import Missing


def test_a_card_is_shown_whole_and_escaped() -> None:
    shown = neurons_figure(a_task("ioi"))
    for text in (
        "ARM: 1 neurons, on 64 prompts",
        "middle: m1.n44, effect 0.731 (12.0 %)",
        "first &lt;digit&gt; = |7 (low): 0.83 (0.20, 0.21, 0.34)",
        "their mean: 0.625; as many random ones of their layers: 0.010, 0.030.",
        '<mark class="token" title="2.5">␣&lt;Bob&gt;</mark>',
        "MDM: no neuron has an effect",
    ):
        assert text in shown
    assert "<b>" not in shown
    assert "\u202e" not in shown


def test_what_is_missing_is_said() -> None:
    cards = some_cards()
    bare = cards.model_copy(
        update={
            "cards": (cards.cards[0].model_copy(update={"labels": ()}),),
            "ablation": Missing(missing="clean and corrupted prompts score the same"),
        }
    )
    shown = neurons_figure(a_task("ioi", cards=TaskCards(arm=bare, mdm=bare)))
    assert "no label better than its shuffles" in shown
    assert "Ablation: clean and corrupted prompts score the same" in shown
