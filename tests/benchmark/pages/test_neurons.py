"""Neuron cards on a page: all of them, strangers' texts escaped, reasons in words."""

from build.records import a_task, some_cards
from mechshift.benchmark.pages.neurons import neurons_figure
from mechshift.benchmark.record.cards import NeuronPrompt, TaskCards
from mechshift.benchmark.record.missing import Missing


def test_a_card_is_shown_whole_and_escaped() -> None:
    shown = neurons_figure(a_task("ioi"))
    for text in (
        "ARM: 1 neurons, on 64 prompts",
        "middle: m1.n44, effect 0.731 (12.0 %)",
        "first &lt;digit&gt; = |7 (low): 0.83 (0.20, 0.21, 0.34)",
        "their mean: 0.625; as many random ones of their layers: 0.010, 0.030.",
        "MDM: no neuron has an effect",
    ):
        assert text in shown
    assert "<b>" not in shown
    assert "\u202e" not in shown


def test_tokens_have_the_shade_of_their_activation_and_its_number() -> None:
    cards = some_cards()
    prompts = (
        NeuronPrompt(index=3, first=0, tokens=("a", "b", "c"), activations=(4.0, -2.0, 0.3)),
        NeuronPrompt(index=9, first=0, tokens=("<d>", "e"), activations=(-0.0001, 1.2)),
    )
    card = cards.cards[0].model_copy(update={"prompts": prompts})
    shown = neurons_figure(
        a_task(
            "ioi", cards=TaskCards(arm=cards.model_copy(update={"cards": (card,)}), mdm=Missing(missing="x"))
        )
    )
    # Of five shades on one scale for the neuron, whose largest is 4.
    for kind, token, value in (
        ("activity activity-5 peak", "a", "4.00"),
        ("activity activity-2 below", "b", "−2.00"),
        ("activity", "c", "0.30"),
        ("activity below", "&lt;d&gt;", "0.00"),
        ("activity activity-2 peak", "e", "1.20"),
    ):
        box = f'<span class="{kind}"><span class="token">{token}</span><small>{value}</small></span>'
        assert box in shown


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
