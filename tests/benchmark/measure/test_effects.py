"""Effects of single components by groups, question by question, and of models whose weights are known."""

from collections.abc import Callable
from math import log

import numpy as np
import pytest
import torch

from build.models import random_model
from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.states import Question, batches, question
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.effects import component_drops, direct_effects
from mechshift.benchmark.circuits.intervention import whole_model
from mechshift.benchmark.measure.effects import first_of_each, measure_effects
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member
from mechshift.metrics import effect_concentration

TEMPLATES = ("a", "a", "b")
GROUPS = (2, 0, 1, 0, 2, 1, 2)


@pytest.fixture(scope="module")
def mdm(member: Callable[..., Member]) -> Member:
    return member("mdm", "full")


@pytest.fixture(scope="module")
def asked(mdm: Member, encoded: Callable[..., Encoded]) -> list[Question]:
    """Of two lengths, in groups that are not in order."""
    return [
        question(mdm, encoded(6 - seed % 2, (11, 12), (14, 15), seed), (0, 1), group, 10 * seed)
        for seed, group in enumerate(GROUPS)
    ]


def test_sums_are_those_of_one_question_at_a_time(mdm: Member, asked: list[Question]) -> None:
    told: list[int] = []
    found = measure_effects(mdm, asked, TEMPLATES, removed=2, rows=3, advance=told.append)
    assert sum(told) == len(asked)
    assert found.removed.tolist() == [2, 2, 2]
    assert dict(zip(found.examples.tolist(), found.groups.tolist(), strict=True)) == {
        10 * seed: group for seed, group in enumerate(GROUPS)
    }
    for group in range(3):
        mine = [one for one in asked if one.group == group]
        each = [[*batches(mdm, [one], 8)] for one in mine]
        direct = [direct_effects(mdm, batch, 3) for batch in each]
        assert found.direct_clean[group] == pytest.approx(sum(one.clean[group] for one in direct), abs=1e-5)
        changed = sum(one.changed[group] for one in direct)
        assert found.direct_changed[group] == pytest.approx(changed, abs=1e-5)
        assert found.direct[group] == pytest.approx(changed[1:], abs=1e-5)
        drops = sum(component_drops(mdm, batch).lost[:, 0] for batch in each[:2])
        assert found.drops[group] == pytest.approx(drops, abs=1e-5)
        clean, corrupted = np.sum([whole_model(mdm, batch[0]) for batch in each[:2]], axis=0)
        assert found.clean[group] == pytest.approx(clean[0], abs=1e-5)
        assert found.corrupted[group] == pytest.approx(corrupted[0], abs=1e-5)


def test_the_first_of_each_group_are_taken(asked: list[Question]) -> None:
    assert [one.index for one in first_of_each(asked, 1)] == [0, 10, 20]
    assert [one.index for one in first_of_each(asked, 9)] == [one.index for one in asked]


LETTERS, HEAD, COPY = 10, 20, 20


def averaging_member(heads: int) -> Member:
    """The first heads of layer 0 add up how often each letter is there; nothing else writes anything."""
    model = random_model("gpt2", spread=None, vocabulary=LETTERS, heads=2, positions=8, width=2 * HEAD)
    letters = torch.eye(LETTERS)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "ln_" not in name:
                parameter.zero_()
        model.transformer.wte.weight[:, :LETTERS] = letters
        model.lm_head.weight = torch.nn.Parameter(torch.zeros(LETTERS, 2 * HEAD))
        model.lm_head.weight[:, COPY : COPY + LETTERS] = letters
        attention = model.transformer.h[0].attn
        for head in range(heads):
            first = head * HEAD
            attention.c_attn.weight[:LETTERS, 4 * HEAD + first : 4 * HEAD + first + LETTERS] = letters
            attention.c_proj.weight[first : first + LETTERS, COPY : COPY + LETTERS] = letters
    return Member("arm", read_backbone(model), Attention("causal"), shift=True, mask_id=LETTERS)


@pytest.mark.parametrize("heads", [1, 2])
def test_one_head_does_everything_or_two_share_it(heads: int) -> None:
    member, index = averaging_member(heads), torch.arange(4)
    answer, foil = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]])
    clean, corrupted = (torch.stack([letter, 0 * letter, 0 * letter], dim=1) for letter in (answer, foil))
    metric = LogitDifference(index, answer, foil, 4)
    batch = Batch(clean, corrupted, index, torch.full_like(index, 2), metric, 0 * index)
    direct = direct_effects(member, [batch], 1).changed[0, 1:]
    whole, none = (values.mean() for values in whole_model(member, batch))
    drops = component_drops(member, [batch]).lost.mean(axis=1) / (whole - none)
    circuit = np.zeros(6, bool)
    circuit[:heads] = True
    written = effect_concentration(direct, circuit)
    missed = effect_concentration(drops, circuit, "effect")
    assert written["largest"] == pytest.approx(1 / heads)
    assert missed["largest"] == pytest.approx(1 / heads)
    for found in (written, missed):
        assert found["entropy"] == pytest.approx(log(heads) / log(6), abs=1e-6)
