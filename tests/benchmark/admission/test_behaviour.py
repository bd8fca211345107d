"""The check that sees a wrong shift, attention or mask token, on tensors made by hand and on the pair."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from mechshift.benchmark.admission.behaviour import Behaviour, check_behaviour, mask_candidates, observe
from mechshift.benchmark.admission.cloze import clozes
from mechshift.benchmark.admission.fill import Fill
from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.attention import Attention
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.errors import PairError

CLOZES = 40
SOURCES = tuple(map(str, range(CLOZES)))


def fill(right: int, way: str = "full", shift: bool = True, mask_id: int = 2) -> Fill:
    """A way that fills the first `right` of 40 clozes: −0.1 where it does and −5 where it does not."""
    filled = torch.arange(CLOZES) < right
    return Fill(shift, Attention.parse(way), mask_id, torch.where(filled, -0.1, -5.0), filled, SOURCES)


def test_the_best_of_the_clearly_better_ways_is_told() -> None:
    behaviour = Behaviour((fill(10), fill(22, "causal"), fill(38, "block:4"), fill(12, "block:8")), ())
    assert behaviour.better is behaviour.ways[2]
    assert behaviour.verdict == "failed"


def test_of_ways_as_good_as_the_best_the_first_is_told() -> None:
    """38 and 36 of 40 are not clearly apart: two gaps' gain is within three standard errors."""
    behaviour = Behaviour((fill(10), fill(36, "causal"), fill(38, "block:4")), ())
    assert behaviour.better is behaviour.ways[1]


def test_a_way_that_is_better_than_no_other_is_not_told() -> None:
    behaviour = Behaviour((fill(36), fill(38, "block:4"), fill(5, shift=False)), ())
    assert behaviour.better is None
    assert behaviour.verdict == "passed"


def test_an_mdm_that_is_not_told_from_an_arm_is_undecided() -> None:
    other = fill(5, shift=False)
    assert Behaviour((fill(36), fill(35, "causal"), other), ()).verdict == "undecided"
    assert Behaviour((fill(36), fill(10, "causal"), other), ()).verdict == "passed"
    unshifted = fill(30, shift=False), fill(29, "causal"), fill(2, "causal", shift=False), fill(3)
    assert Behaviour(unshifted, ()).verdict == "undecided"  # as well in the ARM's own way
    as_an_arm = fill(36, "causal"), fill(5), fill(5, "causal", shift=False)
    assert Behaviour(as_an_arm, ()).verdict == "undecided"
    assert Behaviour(as_an_arm, (), control=True).verdict == "passed"


def test_members_are_exchanged_where_the_arm_alone_fills_gaps_as_an_mdm() -> None:
    as_an_arm = fill(10), fill(12, "causal"), fill(3, shift=False)
    of_the_arm = fill(9, "causal"), fill(2, "causal", shift=False), fill(20), fill(38, shift=False)
    behaviour = Behaviour(as_an_arm, (), arm=of_the_arm)
    assert behaviour.exchanged is of_the_arm[3]
    assert behaviour.verdict == "failed"
    assert behaviour.detail == (
        "fills 10 of 40 gaps as declared, no better than an ARM would, and the ARM fills 38 of 40 gaps "
        "with no shift, full and 9 of 40 gaps causally, as an MDM would"
    )
    for weak in ((fill(9, "causal"), fill(9)), (fill(0, "causal"), fill(9)), (fill(36, "causal"), fill(38))):
        assert Behaviour(as_an_arm, (), arm=weak).exchanged is None
        assert Behaviour(as_an_arm, (), arm=weak).verdict == "undecided"


def test_the_arm_is_asked_only_where_the_mdm_may_be_one(tiny: Pair) -> None:
    assert observe(tiny).arm == ()
    causal = replace(tiny.mdm, attention=Attention("causal"))
    assert observe(replace(tiny, mdm=causal)).arm == ()
    twice = replace(tiny.arm, role="mdm", attention=Attention("full"))
    behaviour = observe(replace(tiny, mdm=twice))
    assert [str(way) for way in behaviour.arm] == [
        "shift, causal",
        "no shift, causal",
        "shift, full",
        "no shift, full",
    ]
    assert behaviour.exchanged is None


def test_ways_as_good_as_the_best_are_told_with_it() -> None:
    behaviour = Behaviour((fill(10), fill(36, "causal"), fill(38, "block:4"), fill(8, shift=False)), ())
    assert behaviour.detail == (
        "fills 10 of 40 gaps as declared, and 36 of 40 gaps with shift, causal "
        "(not told apart: shift, block:4)"
    )


def test_a_better_mask_token_is_told_where_no_way_is_better() -> None:
    masks = (fill(10), fill(35, mask_id=7))
    behaviour = Behaviour((fill(36), fill(5, shift=False)), masks)
    assert behaviour.better is masks[1]
    assert behaviour.detail == (
        "fills 10 of 40 gaps where many tokens are masked, and 35 of 40 gaps masked by 7"
    )


def test_a_better_way_goes_before_a_better_mask_token() -> None:
    ways = (fill(10), fill(35, shift=False))
    behaviour = Behaviour(ways, (fill(10), fill(40, mask_id=7)))
    assert behaviour.better is ways[1]
    assert behaviour.detail == "fills 10 of 40 gaps as declared, and 35 of 40 gaps with no shift, full"


def test_a_shift_that_is_not_told_is_undecided() -> None:
    behaviour = Behaviour((fill(10), fill(9, shift=False), fill(0, "causal")), ())
    assert behaviour.verdict == "undecided"
    assert behaviour.detail == "fills 10 of 40 gaps as declared; not told apart: no shift, full"


def test_without_clozes_nothing_is_decided() -> None:
    none = Fill(True, Attention("full"), 2, torch.zeros(0), torch.zeros(0, dtype=torch.bool), ())
    behaviour = Behaviour((none, replace(none, shift=False)), ())
    assert behaviour.verdict == "undecided"
    assert (
        behaviour.detail == "no gap can be asked: the tokenizer writes no text, or the mask token has no row"
    )


def moved(member: Callable[..., Member], pair_of: Callable[..., Pair], rows: list[int], added: int) -> Pair:
    """A pair of one set of weights but for the token rows that moved, and those added."""
    arm = member()
    mdm = member("mdm", "full", vocabulary=len(arm.backbone.embedding.weight) + added)
    with torch.no_grad():
        before = arm.backbone.embedding.weight
        mdm.backbone.embedding.weight[: len(before)] = before
        for factor, row in enumerate(rows, start=2):
            mdm.backbone.embedding.weight[row] *= factor
    return pair_of(arm, replace(mdm, mask_id=3))


def test_a_row_that_moved_may_be_the_mask_token(
    member: Callable[..., Member], pair_of: Callable[..., Pair]
) -> None:
    """Rows 5 and 9 moved by 1 and 2 times their size; the rest is in no order that means anything."""
    candidates = mask_candidates(moved(member, pair_of, [5, 9], added=0))
    assert candidates[:2] == (9, 5)
    assert len(candidates) in (11, 12)
    assert 3 not in candidates


def test_named_and_added_rows_come_first(member: Callable[..., Member], pair_of: Callable[..., Pair]) -> None:
    pair = moved(member, pair_of, [5], added=2)
    rows = len(pair.arm.backbone.embedding.weight)
    named = replace(pair, named_masks=(7, 3, -1, rows + 2))
    assert mask_candidates(named)[:4] == (7, rows, rows + 1, 5)


def test_a_pair_is_as_it_is_declared(tiny: Pair) -> None:
    behaviour = observe(tiny)
    assert (behaviour.verdict, behaviour.better) == ("passed", None)
    assert behaviour.masks[0].mask_id == tiny.mdm.mask_id


@pytest.mark.parametrize(
    ("shift", "attention"),
    [(False, "full"), (True, "causal"), (True, "observed-first"), (True, "block:4"), (False, "block:4")],
)
def test_a_wrong_declaration_is_refused_and_the_right_one_told(
    shift: bool, attention: str, tiny: Pair
) -> None:
    mdm = replace(tiny.spec.mdm, shift=shift, attention=Attention.parse(attention))
    others = (
        r"""\(in Python shift=True, attention='full'; in an entry shift = true and attention = "full"\)"""
    )
    remedy = f"declare --shift --attention full {others}, or which of those the model's card says; where"
    with pytest.raises(PairError, match=remedy) as caught:
        load_pair(replace(tiny.spec, mdm=mdm), "cpu")
    assert caught.value.check == "behaviour"
    said = f"declared with {'shift' if shift else 'no shift'}, {attention} and mask token {tiny.mdm.mask_id}"
    assert said in caught.value.problem


def test_a_control_is_judged_without_a_mask_token(continued: Pair) -> None:
    behaviour = observe(continued)
    assert behaviour.better is None
    assert behaviour.masks == ()


def test_a_control_without_a_row_for_a_mask_is_asked_with_a_token_that_no_text_has(continued: Pair) -> None:
    """tiny-continued's mask token has a row; it is asked here as if the row were not there."""
    pair = continued
    rows = pair.mdm.backbone.shape.vocabulary
    behaviour = observe(replace(pair, mdm=replace(pair.mdm, mask_id=rows)))
    assert 0 <= behaviour.declared.mask_id < rows
    assert not any(behaviour.declared.mask_id in cloze.tokens for cloze in clozes(pair.tokenizer))
    assert behaviour.verdict == "passed"
    right = observe(pair).declared.log_probability
    torch.testing.assert_close(behaviour.declared.log_probability, right, rtol=0.01, atol=0.05)


def test_an_mdm_without_a_row_for_its_mask_token_is_not_asked(tiny: Pair) -> None:
    for mask_id in (-1, tiny.mdm.backbone.shape.vocabulary):
        behaviour = observe(replace(tiny, mdm=replace(tiny.mdm, mask_id=mask_id)))
        assert len(behaviour.declared.right) == 0
        assert behaviour.verdict == "undecided"


def test_an_mdm_that_is_called_a_control_is_told_to_be_none(tiny: Pair) -> None:
    spec = replace(tiny.spec, control=True, mdm=replace(tiny.spec.mdm, attention=Attention("causal")))
    remedy = (
        r"leave out --as-control \(in Python as_control=\) and declare --shift --attention full \(in Python"
    )
    with pytest.raises(PairError, match=remedy) as caught:
        load_pair(spec, "cpu")
    assert caught.value.problem.startswith("the control is declared with shift, causal")


def test_the_remedy_for_a_mask_token_is_an_option_and_a_key(tiny: Pair) -> None:
    behaviour = Behaviour((fill(30),), (fill(5, mask_id=2), fill(39, mask_id=9)))
    remedy = (
        r"declare --mask-token 9 \(in Python mask_token=9; in an entry mask_token = 9\), and correct what "
        "the MDM's own files name"
    )
    with pytest.raises(PairError, match=remedy):
        check_behaviour(tiny, behaviour)


def test_a_refused_declaration_that_is_accepted_is_a_confound(tiny: Pair) -> None:
    spec = replace(tiny.spec, mdm=replace(tiny.spec.mdm, shift=False), confounds=("another",))
    pair = load_pair(spec, "cpu", accept_behaviour=True)
    kept, said = pair.confounds
    assert kept == "another"
    assert said.startswith("the MDM is declared with no shift, full and mask token")
    assert not pair.mdm.shift
