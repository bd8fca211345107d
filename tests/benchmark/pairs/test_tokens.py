import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from build.tokenizers import byte_pairs_tokenizer
from mechshift.benchmark.pairs.checkpoint import find_checkpoint
from mechshift.benchmark.pairs.spec import MemberSpec
from mechshift.benchmark.pairs.tokens import (
    check_control_tokens,
    check_mask_id,
    check_same_tokens,
    find_mask_id,
    is_ordinary,
    load_tokenizer,
    text_tokens,
    tokenizing,
    tokens_of_one,
)
from mechshift.errors import PairError

Write = Callable[..., Path]


def tokenizer_of(directory: Path) -> PreTrainedTokenizerBase:
    tokenizer = load_tokenizer(find_checkpoint(MemberSpec(str(directory))))
    assert tokenizer is not None
    return tokenizer


def rename(directory: Path, old: str, new: str) -> None:
    content = json.loads((directory / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary[new] = vocabulary.pop(old)
    content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] != old]
    (directory / "tokenizer.json").write_text(json.dumps(content))


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen2", "qwen3"])
def test_text_is_split_as_tokenizer_json_says_whatever_the_model(kind: str, write: Write) -> None:
    assert tokenizer_of(write("arm", kind))("w3 w0")["input_ids"] == [6, 3]


def test_a_familys_own_tokenizer_class_runs_no_code(write: Write) -> None:
    directory = write("arm")
    (directory / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}})
    )
    (directory / "own.py").write_text("raise SystemExit('code of the checkpoint ran')")
    assert tokenizer_of(directory)("w3")["input_ids"] == [6]


def test_no_tokenizer_is_none(write: Write) -> None:
    directory = write("arm")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (directory / name).unlink()
    assert load_tokenizer(find_checkpoint(MemberSpec(str(directory)))) is None


def test_a_damaged_tokenizer_is_an_error(write: Write) -> None:
    directory = write("arm")
    (directory / "tokenizer.json").write_text("{")
    with pytest.raises(PairError, match=r"tokenizer\.json"):
        tokenizer_of(directory)


@pytest.mark.parametrize("damaged", ["vocab.json", "merges.txt"])
def test_a_damaged_tokenizer_of_an_older_form_is_an_error(damaged: str, write: Write) -> None:
    """And is no tokenizer where its class is the family's own, as nobody can tell."""
    directory = write("arm")
    (directory / "tokenizer.json").unlink()
    byte_pairs_tokenizer(["the first word"] * 3, 270).backend_tokenizer.model.save(str(directory))
    config = directory / "tokenizer_config.json"
    config.write_text('{"tokenizer_class": "GPT2Tokenizer"}')
    assert len(tokenizer_of(directory)("the first")["input_ids"]) == 2
    (directory / damaged).write_text("x")
    with pytest.raises(PairError, match=r"the tokenizer of .* cannot be used"):
        tokenizer_of(directory)
    for own in (
        {"tokenizer_class": "Own"},
        {"tokenizer_class": "GPT2Tokenizer", "auto_map": {"AutoTokenizer": ["own.Own", None]}},
        {},
    ):
        config.write_text(json.dumps(own))
        assert load_tokenizer(find_checkpoint(MemberSpec(str(directory)))) is None


@pytest.mark.parametrize(("declared", "expected"), [(7, 7), ("w4", 7), (None, 2)])
def test_the_mask_token_is_the_declared_one_else_the_tokenizers(
    declared: str | int | None, expected: int, write: Write
) -> None:
    mask = None if declared is not None else "[MASK]"
    config = {} if declared is not None else {"mask_token_id": 9}
    assert find_mask_id(declared, tokenizer_of(write("mdm", mask=mask)), config) == expected


def test_a_checkpoint_may_name_its_mask_token_twice(write: Write) -> None:
    tokenizer = tokenizer_of(write("mdm"))
    assert [find_mask_id(declared, tokenizer, {"mask_token_id": 9}) for declared in (2, 9)] == [2, 9]
    with pytest.raises(PairError, match="declared as 7, and the MDM's own files name id 2"):
        find_mask_id(7, tokenizer, {"mask_token_id": 9})


def test_the_config_names_the_mask_token_last(write: Write) -> None:
    assert find_mask_id(None, tokenizer_of(write("mdm", mask=None)), {"mask_token_id": 9}) == 9
    assert find_mask_id(None, None, {"mask_token_id": 9}) == 9


def test_no_mask_token_anywhere_is_an_error(write: Write) -> None:
    with pytest.raises(PairError, match="--mask-token"):
        find_mask_id(None, tokenizer_of(write("mdm", mask=None)), {})


def test_an_unknown_mask_token_is_offered_the_tokenizers(write: Write) -> None:
    with pytest.raises(PairError, match=r"'<mask>' is not in (?s:.)*did you mean \[MASK\]"):
        find_mask_id("<mask>", tokenizer_of(write("mdm")), {})


@pytest.mark.parametrize("mask_id", [-1, 40])
def test_a_mask_id_outside_the_vocabulary_is_an_error(mask_id: int) -> None:
    check_mask_id(39, 40)
    with pytest.raises(PairError, match="outside the MDM's vocabulary of 40"):
        check_mask_id(mask_id, 40)


def test_an_ordinary_mask_token_is_recognised(write: Write) -> None:
    tokenizer = tokenizer_of(write("mdm"))
    assert not is_ordinary(2, tokenizer)
    assert is_ordinary(7, tokenizer)
    assert not is_ordinary(40, tokenizer)


def test_one_disagreeing_id_is_named(write: Write) -> None:
    arm, mdm = write("arm"), write("mdm")
    check_same_tokens(tokenizer_of(arm), tokenizer_of(mdm), 2)
    rename(mdm, "w5", "other")
    with pytest.raises(PairError, match="1 token ids: id 8 is 'w5' to the ARM and 'other'"):
        check_same_tokens(tokenizer_of(arm), tokenizer_of(mdm), 2)
    check_same_tokens(tokenizer_of(arm), tokenizer_of(mdm), 8)


def with_tokens(directory: Path, *added: str, without: str | None = None) -> PreTrainedTokenizerBase:
    """A tokenizer of `WORDS` with added tokens behind them, and without one of the words."""
    content = json.loads((directory / "tokenizer.json").read_text())
    if without is not None:
        del content["model"]["vocab"][without]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    content["added_tokens"] += [
        {"id": 40 + place, "content": token, "special": False, **flags} for place, token in enumerate(added)
    ]
    (directory / "tokenizer.json").write_text(json.dumps(content))
    return tokenizer_of(directory)


def test_a_plain_text_has_no_added_token_but_what_stands_around_every_text(write: Write) -> None:
    tokenizer = with_tokens(write("arm"), "<|end|>")
    assert 40 in tokenizer.get_vocab().values()
    # <unk> is added too, and the words of any text that are not known are written as it.
    assert text_tokens(tokenizer) == {
        0: "<unk>",
        1: "<pad>",
        **{3 + index: f"w{index}" for index in range(37)},
    }


def test_a_control_means_the_same_by_every_token_of_a_text(write: Write) -> None:
    arm, control = write("arm"), write("control")
    check_control_tokens(tokenizer_of(arm), tokenizer_of(control), 2)
    lacking = with_tokens(write("lacking"), without="w5")
    with pytest.raises(PairError, match=r"control's tokenizer lacks 1 of .* id 8 is 'w5' to the ARM"):
        check_control_tokens(tokenizer_of(arm), lacking, 2)
    rename(arm, "w6", "other")
    with pytest.raises(PairError, match="id 9 is 'other' to the ARM and 'w6' to the control") as found:
        check_control_tokens(tokenizer_of(arm), tokenizer_of(control), 2)
    assert found.value.remedy == (
        "the control was not made from this ARM: declare the ARM that it was trained from"
    )


def test_tokens_that_only_one_tokenizer_has_are_named(write: Write) -> None:
    plain, ending = tokenizer_of(write("plain")), with_tokens(write("ending"), "<|end|>")
    many = with_tokens(write("many"), *(f"<|{index}|>" for index in range(4)))
    check_control_tokens(plain, many, 2)
    check_control_tokens(many, plain, 2)
    assert tokens_of_one(plain, plain, 2) == ()
    assert tokens_of_one(plain, ending, 40) == ()  # a mask token may be one member's
    told = "added tokens differ, which plain text does not hold: "
    assert tokens_of_one(plain, ending, 2) == (f"{told}1 that only the control's tokenizer has ('<|end|>')",)
    (line,) = tokens_of_one(many, ending, 2)
    assert line == f"{told}3 that only the ARM's tokenizer has ('<|1|>', '<|2|>', '<|3|>')"
    (line,) = tokens_of_one(many, plain, 2)
    assert line == f"{told}4 that only the ARM's tokenizer has ('<|0|>', '<|1|>', '<|2|>', …)"


@pytest.mark.parametrize("named", [True, 7.0, "7", [7]])
def test_an_id_is_a_whole_number(named: object) -> None:
    with pytest.raises(PairError, match=r"says mask_token_id = (?s:.)*a whole number"):
        find_mask_id(None, None, {"mask_token_id": named})


DAMAGES: dict[str, dict[str, Any]] = {
    "a map that panics": {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}},
    "no vocabulary": {"model": {"type": "WordLevel", "vocab": {}, "unk_token": "<unk>"}},
    "no pieces": {"model": {"type": "Unigram", "vocab": [], "unk_id": 0}},
    "an id beyond all vocabularies": {
        "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "w": 2**31}, "unk_token": "<unk>"}
    },
    "two tokens of one id": {
        "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "w": 1, "v": 1}, "unk_token": "<unk>"}
    },
    "no unknown token": {"model": {"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": None}},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_tokenizer_that_writes_nothing_is_an_error_and_no_panic(
    damage: str, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    directory = write("arm")
    content = json.loads((directory / "tokenizer.json").read_text())
    (directory / "tokenizer.json").write_text(json.dumps({**content, **DAMAGES[damage]}))
    with pytest.raises(PairError, match=r"tokenizer\.json of .*arm cannot be used: \w"):
        tokenizer_of(directory)
    assert capfd.readouterr() == ("", "")


def test_a_setting_that_nobody_knows_is_not_printed(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    directory = write("arm")
    content = json.loads((directory / "tokenizer_config.json").read_text())
    told = {"content": "<unk>", "\x1b[2J\n::error::x": True}
    added = {"added_tokens_decoder": {"0": told}}
    (directory / "tokenizer_config.json").write_text(json.dumps({**content, **added}))
    print("before")
    tokenizer_of(directory)
    print("after")
    assert capfd.readouterr() == ("before\nafter\n", "")


def test_an_interrupt_is_no_damage() -> None:
    with pytest.raises(KeyboardInterrupt), tokenizing("it"):
        raise KeyboardInterrupt
