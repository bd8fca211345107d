"""The tokenizers of a pair: the mask token's id, and whether both members mean the same by an id."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from difflib import get_close_matches
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast
from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

from ...errors import PairError, is_out_of_memory
from .checkpoint import Checkpoint
from .layout import read_json
from .native import quiet
from .words import in_either

OLDER = ("tokenizer.model", "vocab.json")
"""Files of tokenizers that were published before tokenizer.json."""
MOST_NAMED = 10
"""Tokens that are taken for a mask because of what they are called."""

LARGEST_ID = 2**24
"""Of the ids that are taken: fifty times those of the largest vocabularies."""


PROBE = "The 1st word, and a 2nd one."
"""Any text: a tokenizer that cannot write it as ids fails on every prompt."""


def load_tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase | None:
    """The tokenizer in the checkpoint's directory, or None where there is none that loads without code.

    tokenizer.json is taken as it stands: the class that `transformers` would choose by the model's type can
    split text in another way than the file says, without an error. Raises PairError when it is damaged, or
    writes no ids for a text; of an older form only where its class is one of `transformers`.
    """
    directory = checkpoint.directory
    tokenizer: PreTrainedTokenizerBase
    with quiet():
        if (directory / "tokenizer.json").is_file():
            with tokenizing(f"tokenizer.json of {checkpoint.name}"), _silent_process():
                tokenizer = PreTrainedTokenizerFast.from_pretrained(directory, local_files_only=True)
                tokenizer(PROBE)
                _check_ids(tokenizer)
            return tokenizer
        if not any((directory / name).is_file() for name in OLDER):
            return None
        try:
            with tokenizing(f"the tokenizer of {checkpoint.name}"), _silent_process():
                tokenizer = AutoTokenizer.from_pretrained(
                    directory, trust_remote_code=False, local_files_only=True
                )
                tokenizer(PROBE)
                _check_ids(tokenizer)
        except PairError:
            if _needs_no_code(checkpoint):
                raise
            return None
    return tokenizer


def _needs_no_code(checkpoint: Checkpoint) -> bool:
    """Whether a class of `transformers` reads these files, so that they are damaged where it does not.

    Else it may be a class of the family's own, whose code is not run; a tokenizer.model takes libraries that
    need not be there.
    """
    directory = checkpoint.directory
    path = directory / "tokenizer_config.json"
    if not (directory / "vocab.json").is_file() or not path.is_file():
        return False
    said = read_json(path, checkpoint.name)
    name, own = said.get("tokenizer_class"), said.get("auto_map")
    return own is None and isinstance(name, str) and tokenizer_class_from_name(name) is not None


def _check_ids(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raises ValueError for an id that no vocabulary has, and for one that is two tokens'.

    The memory that a tokenizer's digest takes grows with the largest id; of two tokens it has either.
    """
    tokens: dict[int, str] = {}
    for token, index in tokenizer.get_vocab().items():
        if index > LARGEST_ID:
            raise ValueError(f"token {token!r} has id {index}, and at most {LARGEST_ID:,} are taken")
        if index in tokens:
            one, other = sorted((token, tokens[index]))
            raise ValueError(f"tokens {one!r} and {other!r} have one id, {index}")
        tokens[index] = token


@contextmanager
def tokenizing(what: str) -> Iterator[None]:
    """PairError for whatever tokenizers raises: a bare Exception, or where its Rust code panics worse.

    `what`: the tokenizer, for the message. A panic is a BaseException, and its class cannot be imported.
    """
    try:
        yield
    except BaseException as error:
        panicked = type(error).__name__ == "PanicException"
        if not (panicked or isinstance(error, Exception)) or is_out_of_memory(error):
            raise
        raise PairError(
            f"{what} cannot be used: {' '.join(str(error).split())}",
            "copy or download the file again",
        ) from None


@contextmanager
def _silent_process() -> Iterator[None]:
    """What libraries that are no Python print goes nowhere.

    A panic writes a trace to standard error, and a setting that is not known its name to standard output,
    whatever a terminal would make of it.
    """
    with ExitStack() as stack:
        for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
            if stream is not None:
                stream.flush()  # what was written before belongs before
            with suppress(OSError):  # a process without one has nothing to silence
                stack.callback(_give_back, os.dup(number), number)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)
        yield


def _give_back(kept: int, number: int) -> None:
    os.dup2(kept, number)
    os.close(kept)


def find_mask_id(
    declared: str | int | None, tokenizer: PreTrainedTokenizerBase | None, config: Mapping[str, Any]
) -> int:
    """The id of the mask token: as declared, else the tokenizer's mask token, else config.json's.

    Raises PairError when the text is no token, when nothing says what the mask token is, and when the
    checkpoint names another one than was declared.
    """
    own = own_mask_ids(tokenizer, config)
    if declared is not None:
        mask_id = declared if isinstance(declared, int) else _id_of(declared, tokenizer)
        # A mask token that training did not use fills gaps badly without any error.
        if own and mask_id not in own:
            raise PairError(
                f"the mask token is declared as {declared!r}, and the MDM's own files name id {own[0]}",
                f"leave {in_either('mask_token')} out, or correct what config.json and the tokenizer's files "
                "name",
            )
        return mask_id
    if own:
        return own[0]
    raise PairError(
        "the MDM's mask token is not declared, and neither its tokenizer nor its config.json names one",
        f"declare it: {in_either('mask_token')} with the token's text or id",
    )


def own_mask_ids(tokenizer: PreTrainedTokenizerBase | None, config: Mapping[str, Any]) -> list[int]:
    """The ids that the tokenizer and config.json call the mask token. Raises PairError for what is no id."""
    of_tokenizer = None if tokenizer is None else tokenizer.mask_token_id
    named = config.get("mask_token_id")
    if named is not None and type(named) is not int:
        raise PairError(
            f"config.json of the MDM says mask_token_id = {named!r}", "correct it: an id is a whole number"
        )
    return [one for one in (of_tokenizer, named) if one is not None]


def named_mask_ids(tokenizer: PreTrainedTokenizerBase, config: Mapping[str, Any]) -> tuple[int, ...]:
    """Ids that a tokenizer or a config.json call a mask, or whose token has the word in it; ten at most."""
    tokens = [index for token, index in tokenizer.get_vocab().items() if "mask" in token.lower()]
    own = own_mask_ids(tokenizer, config)
    return tuple(dict.fromkeys([*own, *sorted(tokens)[len(own) - MOST_NAMED :]]))


def _id_of(text: str, tokenizer: PreTrainedTokenizerBase | None) -> int:
    vocabulary = tokenizer.get_vocab() if tokenizer is not None else {}
    if text in vocabulary:
        return int(vocabulary[text])
    named = [token for token in vocabulary if "mask" in token.lower()]
    near = get_close_matches(text, vocabulary, n=3, cutoff=0.6)
    offered = sorted({*named[:3], *near})
    raise PairError(
        f"the mask token {text!r} is not in the MDM's tokenizer",
        f"did you mean {' or '.join(offered)}?"
        if offered
        else f"declare the id: {in_either('mask_token')} with a number",
    )


def check_mask_id(mask_id: int, vocabulary: int) -> None:
    """Raises PairError for a mask token without a row in the MDM's embedding (`vocabulary` rows)."""
    if not 0 <= mask_id < vocabulary:
        raise PairError(
            f"the mask token's id {mask_id} is outside the MDM's vocabulary of {vocabulary}",
            f"declare another mask token with {in_either('mask_token')}",
        )


def is_ordinary(mask_id: int, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the mask token is one that ordinary text can contain (DiffuLLaMA's 811)."""
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    return mask_id not in special and mask_id in tokenizer.get_vocab().values()


def text_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """The tokens that a plain text can have, by id: all but added ones, and those put around every text."""
    tokens = {index: token for token, index in tokenizer.get_vocab().items()}
    around = set(tokenizer(PROBE)["input_ids"])
    added = set(tokenizer.added_tokens_decoder) - around
    return {index: token for index, token in tokens.items() if index not in added}


def check_same_tokens(arm: PreTrainedTokenizerBase, mdm: PreTrainedTokenizerBase, mask_id: int) -> None:
    """Raises PairError when an id that both members have is not the same token in both.

    Ids that only one member has (a mask token added in post-training), and the mask token's, may differ.
    """
    _check_agreement(arm, mdm, mask_id, "MDM", "post-trained")


def check_control_tokens(
    arm: PreTrainedTokenizerBase, control: PreTrainedTokenizerBase, mask_id: int
) -> None:
    """Raises PairError when an id is not the same token in both, or a text's token is none of the control's.

    Added tokens that only one of them has, and the mask token's id, may differ: see `tokens_of_one`.
    """
    _check_agreement(arm, control, mask_id, "control", "trained")
    theirs = set(control.get_vocab().values())
    lacking = {index: token for index, token in text_tokens(arm).items() if index not in theirs}
    if lacking:
        first = min(lacking)
        raise PairError(
            f"the control's tokenizer lacks {len(lacking):,} of the ARM's tokens that a text can have: id "
            f"{first} is {lacking[first]!r} to the ARM",
            "the control was not trained from this ARM: declare the ARM that it was trained from",
        )


def tokens_of_one(
    arm: PreTrainedTokenizerBase, control: PreTrainedTokenizerBase, mask_id: int
) -> tuple[str, ...]:
    """What to note of tokens that only one of two tokenizers has, the mask token aside: a line or none."""
    ours, theirs = ({index: token for token, index in each.get_vocab().items()} for each in (arm, control))
    found = []
    for called, those, others in (("ARM", ours, theirs), ("control", theirs, ours)):
        alone = [repr(those[index]) for index in sorted(those.keys() - others.keys()) if index != mask_id]
        if alone:
            named = ", ".join(alone[:3]) + (", …" if len(alone) > 3 else "")
            found.append(f"{len(alone):,} that only the {called}'s tokenizer has ({named})")
    return (f"added tokens differ, which plain text does not hold: {'; '.join(found)}",) if found else ()


def _check_agreement(
    arm: PreTrainedTokenizerBase, second: PreTrainedTokenizerBase, mask_id: int, called: str, made: str
) -> None:
    ours = {index: token for token, index in arm.get_vocab().items()}
    theirs = {index: token for token, index in second.get_vocab().items()}
    # Only ids that both have, as post-training may have added tokens.
    differing = sorted(
        index for index in ours.keys() & theirs.keys() if ours[index] != theirs[index] and index != mask_id
    )
    if differing:
        first = differing[0]
        raise PairError(
            f"the members disagree on {len(differing)} token ids: id {first} is {ours[first]!r} to the ARM "
            f"and {theirs[first]!r} to the {called}",
            f"the {called} was not made from this ARM: declare the ARM that it was {made} from",
        )
