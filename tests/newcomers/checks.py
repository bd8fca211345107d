"""What the newcomers' own tests ask, in the copy that has them."""

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import MistralForCausalLM

from build.checkpoints import write_checkpoint
from mechshift import metrics
from mechshift.benchmark.admission.cloze import clozes
from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.tasks import get_suite, get_task

Command = Callable[..., Any]


def test_the_task_draws_examples_with_one_right_answer() -> None:
    for level in get_task("recall").card.levels:
        for example in islice(get_task("recall").examples(0, level=level), 200):
            *facts, asked = example.clean.split(". ")
            places = dict(fact.removesuffix(".").rsplit(" ", 1) for fact in facts)
            assert places[asked] == example.answer.strip()
            assert places[example.corrupted.split(". ")[-1]] == example.foil.strip()


def test_the_task_is_listed_and_can_be_asked_for(command: Command) -> None:
    assert get_task("recall") in get_suite("local")
    assert "recall" in [row["task"] for row in json.loads(command("ls", "tasks", "--json").out)]
    done = command("run", "--task", "recall", "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert "recall" in done.out


def test_no_pair_is_examined_with_the_task(tiny: Pair) -> None:
    # Its words are all in tiny's vocabulary, so that nothing else would keep it out.
    sources = {cloze.source.partition("/")[0] for cloze in clozes(tiny.tokenizer)}
    assert "ioi" in sources
    assert "recall" not in sources


def test_the_metric_is_public_and_right() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        a, b = generator.random((2, 12)) < 0.5
        first, second = set(np.flatnonzero(a)), set(np.flatnonzero(b))
        expected = len(first & second) / min(len(first), len(second))
        assert metrics.overlap_coefficient(a, b) == pytest.approx(expected)
    assert isinstance(metrics.overlap_coefficient([True], [False]), metrics.Undefined)


def test_a_pair_of_the_backbone_loads_natively_and_gives_its_logits(tmp_path: Path) -> None:
    arm = write_checkpoint(tmp_path / "arm", "mistral")
    mdm = write_checkpoint(tmp_path / "mdm", "mistral", seed=1)
    pair = load_pair(declare_pair(str(arm), str(mdm)), "cpu")
    assert [type(member.backbone.model) for member in pair.members] == [MistralForCausalLM] * 2
    tokens = torch.randint(3, 40, (2, 9))
    published = MistralForCausalLM.from_pretrained(arm)
    causal = torch.full((9, 9), -torch.inf).triu(1)[None, None].expand(2, 1, -1, -1)
    with torch.no_grad():
        found = pair.arm.backbone.model(tokens, attention_mask=causal).logits
        torch.testing.assert_close(found, published(tokens).logits, rtol=1e-4, atol=1e-4)


def test_the_pair_is_listed(command: Command) -> None:
    rows = {row["pair"]: row for row in json.loads(command("ls", "pairs", "--json").out)}
    assert rows["mistral-diffusion-7b"]["weights"] == "on the hub"
    assert "mistral-diffusion-7b" in command("ls", "pairs").out


def test_the_command_is_shown_and_runs(command: Command) -> None:
    assert " fingerprint " in command("--help").out
    one, again = (command("fingerprint", "ioi", "--n", "5", "--json") for _ in range(2))
    assert (one.code, one.err, one.out) == (0, "", again.out)
    assert json.loads(one.out)["task"] == "ioi"
    assert command("fingerprint", "ioy").code == 2
