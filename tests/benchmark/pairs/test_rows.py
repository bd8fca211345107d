"""Token rows that only a control or only its ARM has: cut off, so that nothing reads or scores them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from build.models import CLASSES, KINDS
from build.tokenizers import WORDS, write_words
from mechshift.benchmark.asking.decoding import answers
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.spec import declare_pair
from mechshift.errors import PairError

Write = Callable[..., Path]
ROWS = len(WORDS)
TEXT = torch.tensor([[3, 4, 5, 6, 7, 8, 9]])


def opened(arm: Path, control: Path, **declared: Any) -> Pair:
    return open_pair(declare_pair(str(arm), str(control), control=True, **declared), "cpu")


def logits(member: Member) -> torch.Tensor:
    with torch.no_grad():
        return member.logits(member.hidden(member.embed(TEXT)))


def native_logits(kind: str, directory: Path) -> torch.Tensor:
    """Of the class as transformers loads it, with every row of the file."""
    with torch.no_grad():
        found: torch.Tensor = CLASSES[kind][0].from_pretrained(directory)(TEXT).logits
    return found


def make_loud(directory: Path, rows: int) -> None:
    """Rows from there on that any softmax would be full of, and any choice would fall on."""
    path = directory / "model.safetensors"
    state = load_file(path)
    for name in ("model.embed_tokens.weight", "lm_head.weight", "transformer.wte.weight"):
        if name in state:
            state[name][rows:] *= 1_000
    save_file(state, path, {"format": "pt"})


def tied_or_not(kind: str) -> list[bool]:
    return [True] if kind == "gpt2" else [True, False]


CASES = [(kind, tied) for kind in KINDS for tied in tied_or_not(kind)]


@pytest.mark.parametrize(("kind", "tied"), CASES)
@pytest.mark.parametrize("longer", ["arm", "control"])
def test_rows_of_one_member_alone_count_in_neither(longer: str, kind: str, tied: bool, write: Write) -> None:
    rows = {name: ROWS + 8 * (name == longer) for name in ("arm", "control")}
    folders = {
        name: write(name, kind, seed=seed, mask=None, tied=tied, vocabulary=rows[name])
        for seed, name in enumerate(rows)
    }
    make_loud(folders[longer], ROWS)
    pair = opened(folders["arm"], folders["control"])
    for member, folder in zip(pair.members, folders.values(), strict=True):
        backbone = member.backbone
        assert (backbone.shape.vocabulary, backbone.embedding.num_embeddings) == (ROWS, ROWS)
        assert (backbone.head.weight is backbone.embedding.weight) == tied
        assert not member.has_mask_row
        expected = native_logits(kind, folder)[..., :ROWS]
        torch.testing.assert_close(logits(member), expected, rtol=1e-4, atol=1e-5)
        chosen, _ = answers(member, TEXT, torch.tensor([[4, 5, 6]]), 3)
        assert max(chosen[0]) < ROWS
    assert {moved.module for moved in pair.movement if moved.change is None} == set()


def test_what_is_cut_off_is_said(write: Write) -> None:
    arm = write("arm", mask=None)
    more = write("more", seed=1, mask=None, vocabulary=1_048)
    one = write("one", seed=1, mask=None, vocabulary=ROWS + 1)
    said = "the control has 1,048 token rows and the ARM 40: the 1,008 rows that it alone has are never read"
    (note,) = opened(arm, more).confounds
    assert note.startswith(said)
    assert note.endswith("never read, chosen or scored")
    (note,) = opened(one, arm).confounds
    assert note.startswith(
        "the ARM has 41 token rows and the control 40: the 1 row that it alone has is never"
    )


def test_members_with_as_many_rows_are_left_alone_and_nothing_is_said(write: Write) -> None:
    arm, control = (
        write(name, seed=seed, vocabulary=ROWS + 8) for seed, name in enumerate(("arm", "control"))
    )
    pair = opened(arm, control)
    assert [member.backbone.shape.vocabulary for member in pair.members] == [ROWS + 8, ROWS + 8]
    assert pair.confounds == ()


def test_an_mdm_keeps_its_rows(write: Write) -> None:
    arm, mdm = write("arm"), write("mdm", seed=1, vocabulary=ROWS + 8)
    pair = open_pair(declare_pair(str(arm), str(mdm)), "cpu")
    assert [member.backbone.shape.vocabulary for member in pair.members] == [ROWS, ROWS + 8]
    assert pair.confounds == ()


def test_a_padding_token_without_a_row_is_none(write: Write) -> None:
    arm = write("arm", mask=None)
    control = write("control", seed=1, mask=None, vocabulary=ROWS + 8, pad_token_id=ROWS + 7)
    member = opened(arm, control).mdm
    assert member.backbone.embedding.padding_idx is None
    assert bool(logits(member).isfinite().all())


def test_a_mask_token_that_only_the_control_has_is_left_out_with_its_row(write: Write) -> None:
    arm, control = write("arm", mask=None), write("control", seed=1, mask=None, vocabulary=ROWS + 1)
    pair = opened(arm, control, mask_token=str(ROWS))
    assert [member.mask_id for member in pair.members] == [ROWS, ROWS]
    assert [logits(member).shape[-1] for member in pair.members] == [ROWS, ROWS]


def test_a_mask_token_that_both_have_stays_left_out(write: Write) -> None:
    pair = opened(write("arm"), write("control", seed=1, vocabulary=ROWS + 8))
    for member in pair.members:
        assert logits(member)[0, 0].isneginf().nonzero().flatten().tolist() == [2]


def test_a_text_s_token_without_a_row_is_refused(write: Write) -> None:
    arm, control = write("arm", mask=None), write("control", seed=1, mask=None, vocabulary=ROWS - 2)
    with pytest.raises(
        PairError, match=r"38 token rows, and none for 2 of .* such as 'w35' \(id 38\)"
    ) as found:
        opened(arm, control)
    assert found.value.check == "tokens"
    assert found.value.remedy.startswith("declare as --arm (in Python arm=)")


def test_an_added_token_needs_no_row_in_the_control(write: Write) -> None:
    arm = write("arm", mask=None, vocabulary=ROWS + 2)
    write_words(arm, (*WORDS, "<|one|>", "<|two|>"), eos_token="<|one|>", pad_token="<|two|>")
    pair = opened(arm, write("control", seed=1, mask=None))
    rows, tokens = pair.confounds
    assert rows.startswith("the ARM has 42 token rows and the control 40")
    assert tokens.endswith("2 that only the ARM's tokenizer has ('<|one|>', '<|two|>')")
    assert pair.mdm.mask_id == ROWS + 2  # none of either's tokens


def test_an_added_token_of_the_control_is_never_chosen(write: Write) -> None:
    arm, control = write("arm", mask=None), write("control", seed=1, mask=None, vocabulary=ROWS + 2)
    write_words(control, (*WORDS, "<|one|>"), eos_token="<|one|>")
    make_loud(control, ROWS)
    pair = opened(arm, control)
    assert pair.confounds[1].endswith("1 that only the control's tokenizer has ('<|one|>')")
    chosen, _ = answers(pair.mdm, TEXT, torch.tensor([[5, 6]]), 2)
    assert max(chosen[0]) < ROWS


def test_a_control_of_another_shape_is_refused_as_one(write: Write) -> None:
    arm, control = write("arm", mask=None), write("control", mask=None, vocabulary=ROWS - 2, layers=3)
    with pytest.raises(
        PairError, match="ARM and the control have different backbones: layers 2 and 3\n"
    ) as found:
        opened(arm, control)
    assert found.value.check == "backbone"


def test_the_config_of_a_file_is_not_touched(write: Write) -> None:
    arm, control = write("arm", mask=None), write("control", seed=1, mask=None, vocabulary=ROWS + 8)
    opened(arm, control)
    assert json.loads((control / "config.json").read_text())["vocab_size"] == ROWS + 8
    assert opened(arm, control).mdm_provenance.digest == opened(arm, control).mdm_provenance.digest
