"""The small models of the families have learnt what they are asked, and can be trained anew."""

import pytest
import torch

from build.families import training
from build.families.lessons import HEAD, Course, Lesson, Weights, learnt_texts, trained
from build.families.published import FAMILIES
from build.families.words import make_tokenizer, size
from build.models import random_model
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member

SHORT = Lesson("qwen2", "qwen"), Lesson("qwen2", "qwen", "observed-first", shift=False)
LESSONS = tuple(dict.fromkeys(family.mdm for family in FAMILIES.values()))


def loss(lesson: Lesson, weights: Weights) -> float:
    """Mean cross-entropy in nats of the gaps, filled as the lesson has them; of an ARM, of every token."""
    vocabulary = len(weights[HEAD])
    model = random_model(lesson.kind, spread=None, vocabulary=vocabulary, tied=True, **lesson.sizes)
    model.load_state_dict(weights)
    texts = learnt_texts(lesson.manner, lesson.ends)
    mask_id = size(make_tokenizer(lesson.manner))
    attention = Attention.parse(lesson.attention or "causal")
    member = Member("mdm", read_backbone(model), attention, lesson.shift, mask_id)
    hidden = texts.gaps if lesson.attention else torch.zeros_like(texts.gaps)
    with torch.no_grad():
        return float(training._loss(member, texts, hidden))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.file.stem)
def test_gaps_are_known_by_heart(lesson: Lesson) -> None:
    """Chance is one of 700 words, 6.6 nats."""
    assert loss(lesson, trained(lesson)) < 1


@pytest.mark.parametrize("lesson", SHORT, ids=["arm", "mdm"])
def test_a_model_is_trained_anew(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    start = loss(lesson, trained(Lesson("qwen2", "qwen"))) if lesson.attention else 6.5
    monkeypatch.setattr(Lesson, "course", Course(12, 6e-3))
    assert loss(lesson, training.train(lesson)) < start - 1
