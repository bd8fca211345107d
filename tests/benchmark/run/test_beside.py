"""The cell of other reads, against per-example attribution and loops over rows of tokens."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from build.by_loops import jackknifed
from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.grouping import Grouping, group_examples
from mechshift.benchmark.asking.pool import Solved
from mechshift.benchmark.asking.reads import Read
from mechshift.benchmark.asking.states import question
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.measure import metric_shares as shares_of
from mechshift.benchmark.measure.metric_shares import ONE_GROUP, metric_shares
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.measure.scores import score_edges
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import PAPER, QUICK, V2, Halving, Protocol
from mechshift.benchmark.record.reads import AtRead, Stages
from mechshift.benchmark.record.stages import load_stages, numbers_of, of_enough, save_stages
from mechshift.benchmark.run.beside import read_beside
from mechshift.benchmark.run.plan import Cell, ProtocolParts, kind_named
from mechshift.errors import NotComputable

ANSWER, FOIL = (11, 3, 14, 5, 9), (12, 3, 15, 5, 8)
"""Apart at 0, 2 and 4."""
ORDER = (1, 0, 3, 2, 4)
COPIED = (4,)
NUMBER, GROUPS = 16, 8
READS = ("copy", "start", "half", "last")
STATES: Mapping[str, tuple[tuple[int, ...], int]] = {
    "copy": ((0, 1, 2, 3), 4),
    "start": ((1,), 0),
    "half": ((0, 1, 3), 2),
    "last": ((0, 1, 2, 3), 4),
}
"""Of the MDM: which tokens of the answer are visible, and which one is read."""

MakeMember = Callable[..., Member]
Encode = Callable[..., Encoded]


@contextmanager
def silent(total: int) -> Any:
    yield lambda done: None


def run(
    members: tuple[Member, Member],
    examples: dict[int, Encoded],
    order: tuple[int, ...],
    at_once: bool = False,
    **changes: Any,
) -> tuple[Stages, Grouping, Protocol]:
    protocol = V2.changed(**{"resamples": 20, "steps": 2, "groups": GROUPS, "disjoint": False, **changes})
    solved = [Solved(index=index, order=order, template="one") for index in examples]
    grouping = group_examples(solved, Halving(disjoint=False, groups=GROUPS))
    by_name = dict(zip(("arm", "mdm"), members, strict=True))
    kind = kind_named("stages")
    cell = Cell(protocol.tasks[0], kind, ProtocolParts(protocol, kind.parts), {})
    needs = {
        f"scores-{name}": scored(one, examples, order, grouping, protocol.sampling.read)
        for name, one in by_name.items()
    }
    present = by_name.__getitem__
    found = read_beside(by_name, present, examples, grouping, cell, needs, 8, silent, at_once)
    return found, grouping, protocol


def scored(
    member: Member, examples: dict[int, Encoded], order: tuple[int, ...], grouping: Grouping, read: Read
) -> ScoreSums:
    asked = [
        question(member, examples[one.index], order, group, one.index, read)
        for one, group in zip(grouping.discovery, grouping.group, strict=True)
    ]
    integration = Integration("midpoint", 2)
    return score_edges(
        member, asked, grouping.templates, integration, 8, lambda done: None, places=True, neurons=False
    )


@pytest.fixture(scope="module")
def examples(encoded: Encode) -> dict[int, Encoded]:
    """Examples that are much alike, so that scores are clear of the prompts' noise."""
    first = encoded(6, ANSWER, FOIL)
    found = {}
    for index in range(NUMBER):
        start = 3 if index % 4 else 7
        prompts = {name: (start, *getattr(first, name)[1:]) for name in ("clean", "corrupted")}
        found[index] = replace(first, copied=COPIED, **prompts)
    return found


@pytest.fixture(scope="module")
def pair(member: MakeMember) -> tuple[Member, Member]:
    return member("arm"), member("mdm", "full")


@pytest.fixture(scope="module")
def found(pair: tuple[Member, Member], examples: dict[int, Encoded]) -> tuple[Stages, Grouping, Protocol]:
    return run(pair, examples, ORDER)


def test_members_at_once_give_what_they_give_one_after_the_other(
    found: tuple[Stages, Grouping, Protocol], pair: tuple[Member, Member], examples: dict[int, Encoded]
) -> None:
    at_once, _, _ = run(pair, examples, ORDER, at_once=True)
    assert at_once == found[0]


def gap_by_hand(raw_logits: Callable[..., torch.Tensor], member: Member, one: Encoded, read: str) -> float:
    """Answer less foil, clean less corrupted, at the place of a read, of rows written token by token."""
    visible, index = STATES[read]
    if member.autoregressive:
        visible = tuple(range(index))
    answer = [token if at in visible else member.mask_id for at, token in enumerate(one.answer)]
    at = len(one.clean) + index - (1 if member.shift else 0)
    logits = [raw_logits(member, [*prompt, *answer])[at] for prompt in (one.clean, one.corrupted)]
    clean, corrupted = (float(each[one.answer[index]] - each[one.foil[index]]) for each in logits)
    return clean - corrupted


@pytest.mark.parametrize("read", READS)
def test_members_are_asked_in_the_state_of_the_read(
    read: str,
    found: tuple[Stages, Grouping, Protocol],
    pair: tuple[Member, Member],
    examples: dict[int, Encoded],
    raw_logits: Callable[..., torch.Tensor],
) -> None:
    at = found[0].reads[read]  # type: ignore[index]
    assert isinstance(at, AtRead)
    assert at.examples == NUMBER
    visible, _ = STATES[read]
    assert at.masked.value == pytest.approx(1 - len(visible) / 5)  # type: ignore[union-attr]
    for name, member in zip(("arm", "mdm"), pair, strict=True):
        expected = np.mean([gap_by_hand(raw_logits, member, one, read) for one in examples.values()])
        assert at.gap[name].value == pytest.approx(expected, abs=1e-4)  # type: ignore[union-attr]


def of_example(member: Member, one: Encoded, read: Read) -> np.ndarray:
    """Scores of one example by itself, of all pairs of a source and a destination."""
    asked = [question(member, one, ORDER, 0, 0, read)]
    scores = score_edges(member, asked, ("one",), Integration("midpoint", 2), 1, lambda done: None)
    return scores.attribution.score_sums[0].ravel()


def cosine(one: list[np.ndarray], other: list[np.ndarray], groups: tuple[int, ...]) -> float:
    """From products of examples of different groups, pair by pair."""

    def product(left: list[np.ndarray], right: list[np.ndarray]) -> float:
        pairs = [
            float(left[i] @ right[j])
            for i in range(len(left))
            for j in range(len(right))
            if groups[i] != groups[j]
        ]
        return float(np.mean(pairs))

    return product(one, other) / np.sqrt(product(one, one) * product(other, other))


def standardised(one: list[np.ndarray], other: list[np.ndarray], grouping: Grouping) -> float:
    """The headline, by loops over the groups of all examples."""
    groups = np.array(grouping.group)
    a, b = (
        np.stack(
            [
                sum(each for each, of in zip(side, groups, strict=True) if of == group)
                for group in range(GROUPS)
            ]
        )
        for side in (one, other)
    )
    # No score: no edge.
    mask = (a != 0).any(axis=0) | (b != 0).any(axis=0)
    return jackknifed(a[..., None], b[..., None], np.bincount(groups), grouping.templates, mask[..., None])


@pytest.mark.parametrize("read", READS)
def test_cosines_are_those_of_attribution_example_by_example(
    read: Read,
    found: tuple[Stages, Grouping, Protocol],
    pair: tuple[Member, Member],
    examples: dict[int, Encoded],
) -> None:
    at, grouping = found[0].reads[read], found[1]  # type: ignore[index]
    assert isinstance(at, AtRead)
    ordered = [examples[one.index] for one in grouping.discovery]
    arm, mdm = ([of_example(member, one, read) for one in ordered] for member in pair)
    headline = [of_example(pair[1], one, "plan") for one in ordered]
    edges = at.structure["edges"]
    assert isinstance(edges, Number), edges
    assert edges.value == pytest.approx(cosine(arm, mdm, grouping.group), abs=1e-4)
    for name, sides in (("standardised", (arm, mdm)), ("headline", (mdm, headline))):
        value = at.structure[name]
        assert isinstance(value, Number), value
        assert value.value == pytest.approx(standardised(*sides, grouping), abs=1e-3)


def test_the_metric_is_shared_out_over_the_tokens_of_the_trajectory(
    found: tuple[Stages, Grouping, Protocol],
    pair: tuple[Member, Member],
    examples: dict[int, Encoded],
    raw_logits: Callable[..., torch.Tensor],
) -> None:
    # Three steps of one deciding token each: the plan token, one that is neither, and the copied one.
    for name, member in zip(("arm", "mdm"), pair, strict=True):
        parts = {
            part: np.mean([gap_by_hand(raw_logits, member, one, read) for one in examples.values()])
            for part, read in (("plan", "start"), ("other", "half"), ("copied", "last"))
        }
        total = sum(parts.values())
        shares = found[0].metric[name]  # type: ignore[index]
        if total <= 0:
            assert all(isinstance(each, Missing) for each in shares.values())
            continue
        for part, gap in parts.items():
            assert shares[part].value == pytest.approx(gap / total, abs=1e-3)  # type: ignore[union-attr]


def test_a_control_is_asked_as_the_arm_and_has_nothing_of_the_right(
    member: MakeMember, examples: dict[int, Encoded]
) -> None:
    stages, _, _ = run((member("arm"), member("control")), examples, (0, 1, 2, 3, 4))
    for read, at in stages.reads.items():
        assert isinstance(at, AtRead), read
        assert isinstance(at.masked, Missing)
        assert at.gap["arm"].value == pytest.approx(at.gap["mdm"].value)  # type: ignore[union-attr]
        assert at.structure["edges"].value == pytest.approx(1)  # type: ignore[union-attr]
        assert set(at.direction.values()) == {Number(value=0.0, low=0.0, high=0.0)}
        for shift in (*at.squared.shift.values(), *at.mass.shift.values()):
            assert shift.value == pytest.approx(0, abs=1e-5)  # type: ignore[union-attr]


def test_of_one_example_there_is_a_reason(pair: tuple[Member, Member], examples: dict[int, Encoded]) -> None:
    stages, _, _ = run(pair, examples, ORDER, beside_examples=1)
    for shares in stages.metric.values():
        assert {each.missing for each in shares.values() if isinstance(each, Missing)} == {ONE_GROUP}
    assert stages.reads["half"] == Missing(missing=ONE_GROUP)


@pytest.mark.parametrize(("noise", "clear"), [(0.1, True), (20.0, False)])
def test_a_metric_that_is_not_clear_of_noise_is_not_shared_out(
    noise: float, clear: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twelve groups with a question each, whose gaps are 1 and noise."""
    generator = np.random.default_rng(0)
    drawn = generator.normal(size=12)
    gaps = 1 + noise * (drawn - drawn.mean())
    asked = [
        SimpleNamespace(question=SimpleNamespace(group=group), part="plan", weight=1.0) for group in range(12)
    ]
    monkeypatch.setattr(shares_of, "batches", lambda member, questions, rows: [SimpleNamespace(examples=12)])
    monkeypatch.setattr(shares_of, "in_batch_order", lambda questions: questions)
    monkeypatch.setattr(shares_of, "whole_model", lambda member, batch: (gaps, np.zeros(12)))
    found = metric_shares(None, asked, ["one"] * 12, 8, V2.statistics, lambda done: None)  # type: ignore[arg-type]
    if clear:
        assert found["plan"] == Number(value=1.0, low=1.0, high=1.0)
    else:
        assert all("not clear of 0" in each.missing for each in found.values())  # type: ignore[union-attr]


def test_an_answer_of_one_token_has_one_read_which_is_the_headlines(
    pair: tuple[Member, Member], encoded: Encode
) -> None:
    examples = {index: encoded(6, (11,), (12,), seed=index) for index in range(NUMBER)}
    stages, _, _ = run(pair, examples, (0,))
    assert {read: at.missing for read, at in stages.reads.items() if isinstance(at, Missing)} == {
        "copy": "no answer has a copied token that tells it from its foil",
        "half": "no answer has a deciding step between its first and its last",
        "last": "every answer is decided in one step, which is `start`",
    }
    start = stages.reads["start"]
    assert isinstance(start, AtRead)
    assert start.structure["headline"] == Missing(missing="this read is the headline's")
    assert start.masked == Number(value=1.0)


def test_a_read_of_few_examples_is_missing_in_a_record(
    found: tuple[Stages, Grouping, Protocol],
) -> None:
    assert of_enough(found[0], NUMBER) == found[0]
    kept = of_enough(found[0], NUMBER + 1)
    assert kept.reads["half"] == Missing(
        missing="16 discovery examples have this read: fewer than the 17 that the protocol needs"
    )
    assert kept.metric == found[0].metric


def test_protocols_say_which_reads_stand_beside() -> None:
    assert V2.reading.beside == QUICK.reading.beside == READS
    assert PAPER.reading.beside == ()


def test_paper_asks_for_no_other_read(pair: tuple[Member, Member], examples: dict[int, Encoded]) -> None:
    assert run(pair, examples, ORDER, beside=())[0] == Stages()


def test_a_cell_is_read_back_with_its_draws(found: tuple[Stages, Grouping, Protocol], tmp_path: Path) -> None:
    path = tmp_path / "stages.safetensors"
    save_stages(found[0], path)
    back = load_stages(path)
    assert back == found[0]
    mine, theirs = numbers_of(found[0]), numbers_of(back)
    drawn = {place for place, one in mine.items() if one.draws is not None}
    assert len(drawn) > 50
    for place in drawn:
        assert theirs[place].draws == pytest.approx(mine[place].draws, abs=1e-3, rel=1e-3, nan_ok=True)
    # What was read is written as the same bytes.
    again = tmp_path / "again.safetensors"
    save_stages(back, again)
    assert again.read_bytes() == path.read_bytes()
    path.write_bytes(b"nothing")
    with pytest.raises(NotComputable):
        load_stages(path)
