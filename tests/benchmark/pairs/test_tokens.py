import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from mechshift.benchmark.pairs.checkpoint import find_checkpoint
from mechshift.benchmark.pairs.spec import MemberSpec
from mechshift.benchmark.pairs.tokens import (
    check_mask_id,
    check_same_tokens,
    find_mask_id,
    is_ordinary,
    load_tokenizer,
    tokenizing,
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


@pytest.mark.parametrize("named", [True, 7.0, "7", [7]])
def test_an_id_is_a_whole_number(named: object) -> None:
    with pytest.raises(PairError, match=r"says mask_token_id = (?s:.)*a whole number"):
        find_mask_id(None, None, {"mask_token_id": named})


DAMAGES: dict[str, dict[str, Any]] = {
    "a map that panics": {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}},
    "no vocabulary": {"model": {"type": "WordLevel", "vocab": {}, "unk_token": "<unk>"}},
    "no pieces": {"model": {"type": "Unigram", "vocab": [], "unk_id": 0}},
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


def test_an_interrupt_is_no_damage() -> None:
    with pytest.raises(KeyboardInterrupt), tokenizing("it"):
        raise KeyboardInterrupt
