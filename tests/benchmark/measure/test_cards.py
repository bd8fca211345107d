"""Cards of a model whose neurons were set by hand: they are found, and said to do what they do."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from build.known_neurons import ANSWERS, FIRES, HELPS, known_examples, known_member
from build.tokenizers import letters_tokenizer
from mechshift.benchmark.asking.grouping import spaced
from mechshift.benchmark.asking.pool import Solved
from mechshift.benchmark.asking.states import Question, batches, questions
from mechshift.benchmark.circuits.batch import LogitDifference
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure.card_sizes import ABLATED, PASSES, PROMPTS, steps_of_cards
from mechshift.benchmark.measure.cards import (
    Ask,
    make_cards,
    nearest,
    random_sets,
    strongest,
    strongest_by_third,
)
from mechshift.benchmark.measure.scores import score_edges
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.cards import NeuronAblation, NeuronCard, NeuronCards, third_of
from mechshift.benchmark.record.missing import Missing

DISCOVERY, ALL = 20, 120


def asked(member: Member, numbers: Sequence[int]) -> list[Question]:
    solved = [Solved(index=index, order=(0,), template=f"t{index % 2}") for index in numbers]
    return questions(member, known_examples(ALL), solved)


def effects_of(member: Member) -> np.ndarray:
    found = score_edges(
        member,
        asked(member, range(DISCOVERY)),
        ["t"],
        Integration("midpoint", 5),
        16,
        lambda done: None,
        neurons=True,
    )
    return found.attribution.neurons()


def cards_of(attention: str, told: list[int] | None = None) -> tuple[NeuronCards, Ask]:
    member = known_member(attention)
    evaluation = asked(member, range(DISCOVERY, ALL))
    ask = Ask(member, letters_tokenizer(), evaluation, effects_of(member), rows=16, seed=0)
    found = make_cards(ask, lambda done: told.append(done) if told is not None else None)
    assert isinstance(found, NeuronCards)
    return found, ask


@pytest.fixture(scope="module", params=["causal", "full"])
def made(request: pytest.FixtureRequest) -> tuple[NeuronCards, Ask]:
    return cards_of(request.param)


def first_of(cards: NeuronCards, third: str) -> NeuronCard:
    return next(card for card in cards.cards if card.third == third)


def test_the_known_neurons_lead_their_thirds(made: tuple[NeuronCards, Ask]) -> None:
    found, ask = made
    for third, neuron in (("early", FIRES), ("middle", HELPS), ("late", ANSWERS)):
        card = first_of(found, third)
        assert (card.layer, card.neuron) == neuron
        assert card.effect == pytest.approx(ask.effects[neuron])
        assert card.share == pytest.approx(ask.effects[neuron] / np.abs(ask.effects).sum())
        assert card.effect > 0
    assert first_of(found, "early").share > 0.3
    assert [card.third for card in found.cards] == ["early"] * 3 + ["middle"] * 3 + ["late"] * 3
    assert found.prompts == PROMPTS


def test_roles_and_factors_are_those_that_the_neurons_were_made_for(made: tuple[NeuronCards, Ask]) -> None:
    found, _ = made
    for third in ("early", "late"):
        best = first_of(found, third).labels[0]
        assert (best.kind, best.name, best.value) == ("role", "cue", None)
        assert (best.auprc, best.direction, best.reading) == (1.0, "high", "token")
        assert best.base_rate == pytest.approx(1 / 12, abs=1e-4)
        # One token of twelve at random: about 1/12, and by luck a little more.
        assert best.shuffled < 0.2
        assert best.matched is not None
        assert best.matched < 0.9
        assert best.cases == 12 * PROMPTS // 2
    # What it lets through where it is closed may tell the other cue from digits: it need not be first.
    (best,) = (one for one in first_of(found, "middle").labels if one.value == "a")
    assert (best.kind, best.name, best.direction, best.auprc) == ("factor", "cue", "high", 1.0)
    assert best.shuffled < 0.75


def test_what_they_write_is_seen_through_the_unembedding(made: tuple[NeuronCards, Ask]) -> None:
    card = first_of(made[0], "late")
    assert (card.promoted[0], card.suppressed[0]) == ("h", "g")
    assert len(card.promoted) == len(card.suppressed) == 5
    assert "[MASK]" not in card.promoted + card.suppressed


def test_prompts_show_where_they_fire(made: tuple[NeuronCards, Ask]) -> None:
    card = first_of(made[0], "early")
    assert len(card.prompts) == 3
    for prompt in card.prompts:
        peak = int(np.argmax(prompt.activations))
        assert prompt.tokens[peak] in ("a", "b")
        assert prompt.first + peak == 11
        example = known_examples(ALL)[prompt.index].example
        assert " ".join(prompt.tokens[:6]) == example.clean[-11:]


def test_the_metric_needs_them_and_no_others(made: tuple[NeuronCards, Ask]) -> None:
    ablation = made[0].ablation
    assert isinstance(ablation, NeuronAblation)
    assert ablation.top > 0.75
    assert max(map(abs, ablation.random)) < 0.05
    assert (len(ablation.random), ablation.neurons, ablation.prompts) == (4, 10, ABLATED)


def test_the_drop_is_that_of_a_pass_with_the_means_in_place() -> None:
    """Against a model whose output map and bias are changed instead: it writes the mean, and never else."""
    found, ask = cards_of("causal")
    prompts = spaced(ask.prompts, ABLATED)
    model = ask.member.backbone.model
    maps = [block.mlp.c_proj for block in model.transformer.h]
    seen: list[list[torch.Tensor]] = [[] for _ in maps]
    handles = [
        each.register_forward_pre_hook(lambda _, inputs, layer=layer: seen[layer].append(inputs[0]))
        for layer, each in enumerate(maps)
    ]
    whole, corrupted = (mean_logit_difference(ask.member, prompts, clean) for clean in (True, False))
    for handle in handles:
        handle.remove()
    with torch.no_grad():
        for layer, neuron in strongest(ask.effects, 10):
            # Prompt by prompt, first of all clean, then of all corrupted ones.
            mean = torch.cat(seen[layer][: len(prompts)])[..., neuron].mean()
            maps[layer].bias += mean * maps[layer].weight[neuron]
            maps[layer].weight[neuron] = 0
    without = mean_logit_difference(ask.member, prompts, True)
    assert isinstance(found.ablation, NeuronAblation)
    assert found.ablation.top == pytest.approx((whole - without) / (whole - corrupted), rel=2e-3)


def mean_logit_difference(member: Member, asked: Sequence[Question], clean: bool) -> float:
    values = []
    for one in asked:
        (batch,) = batches(member, [one], 1)
        tokens = batch.clean if clean else batch.corrupted
        with torch.no_grad():
            logits = member.backbone.model(tokens).logits[0, batch.read_position[0]]
        assert isinstance(batch.metric, LogitDifference)
        values.append(float(logits[batch.metric.answer[0]] - logits[batch.metric.foil[0]]))
    return float(np.mean(values))


def test_progress_is_told_to_the_end() -> None:
    told: list[int] = []
    cards_of("causal", told)
    assert sum(told) == steps_of_cards(ALL - DISCOVERY) == PROMPTS + PASSES * ABLATED


def test_the_batch_size_moves_nothing() -> None:
    found, ask = cards_of("causal")
    again = make_cards(
        Ask(ask.member, ask.tokenizer, ask.questions, ask.effects, rows=5, seed=0), lambda done: None
    )
    assert isinstance(again, NeuronCards)
    assert again.cards[0].labels == found.cards[0].labels
    assert again.ablation.top == pytest.approx(found.ablation.top, rel=1e-3)  # type: ignore[union-attr]


def test_without_effects_there_are_no_cards() -> None:
    member = known_member()
    ask = Ask(member, letters_tokenizer(), asked(member, range(4)), np.zeros((3, 24)), rows=4, seed=0)
    assert isinstance(make_cards(ask, lambda done: None), Missing)


def test_random_sets_are_drawn_as_the_page_says() -> None:
    top = np.array([[2, 1], [0, 3], [2, 0]])
    generator = np.random.default_rng([7, 5])
    for found in random_sets(6, top, seed=7):
        first = generator.choice([0, 1, 2, 4, 5], 1, replace=False)
        last = generator.choice([2, 3, 4, 5], 2, replace=False)
        assert found.tolist() == [[0, first[0]], [2, last[0]], [2, last[1]]]


def test_shuffles_and_sets_have_streams_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr(
        np.random, "default_rng", lambda seed, real=np.random.default_rng: begun.append(seed) or real(seed)
    )
    cards_of("causal")
    assert begun == [[0, 4], [0, 5]]


def test_thirds_hold_their_strongest() -> None:
    assert [third_of(layer, 4) for layer in range(4)] == ["early", "middle", "middle", "late"]
    assert [third_of(layer, 2) for layer in range(2)] == ["early", "late"]
    effects = np.array([[1.0, -5, 0, 2], [0, 0, 0, 0.5], [-3, 1, 4, 2]])
    assert strongest_by_third(effects).tolist() == [
        [0, 1],
        [0, 3],
        [0, 0],
        [1, 3],
        [2, 2],
        [2, 0],
        [2, 3],
    ]
    assert strongest(effects, 2) == [(0, 1), (2, 2)]


def test_the_neuron_beside_is_the_nearest_that_has_no_card() -> None:
    means = np.array([[0.0, 1.0, 1.1, 3.0], [5.0, 5.0, 5.0, 5.0]])
    cards = np.array([[0, 1], [0, 2]])
    assert nearest(means, (0, 1), cards) == 0
    assert nearest(means, (0, 2), np.array([[0, 2]])) == 1
    assert nearest(means, (0, 1), np.array([[0, place] for place in range(4)])) is None


def test_prompts_are_taken_evenly() -> None:
    assert spaced(range(100), 4) == [0, 33, 66, 99]
    assert spaced(range(3), 4) == [0, 1, 2]
