"""Which tokens of a prompt play the roles that its task names."""

from collections.abc import Iterator
from itertools import pairwise

from transformers import PreTrainedTokenizerBase

from ..pairs.tokens import tokenizing
from .encoding import TOKENIZER, Encoded, Ids, text_of


def role_tokens(tokenizer: PreTrainedTokenizerBase, encoded: Encoded) -> dict[str, tuple[int, ...]]:
    """By role the places of the clean prompt's tokens that write any character of it, in order.

    Pieces of one role are put together; a token that writes parts of two roles is of both.
    """
    spans = tuple(_spans(tokenizer, encoded.example.clean, encoded.clean))
    found: dict[str, set[int]] = {}
    for role in encoded.example.roles:
        touched = (place for place, (start, end) in enumerate(spans) if start < role.end and end > role.start)
        found.setdefault(role.name, set()).update(touched)
    return {name: tuple(sorted(places)) for name, places in found.items()}


def _spans(tokenizer: PreTrainedTokenizerBase, text: str, ids: Ids) -> Iterator[tuple[int, int]]:
    """Where the text of each token begins and ends, in characters; special tokens write none."""
    if tokenizer.is_fast:
        with tokenizing(TOKENIZER):
            found = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        yield from ((int(start), int(end)) for start, end in found[: len(ids)])
        return
    # What stands before the text is of special tokens.
    before = len(text_of(tokenizer, ids)) - len(text)
    ends = [max(0, len(text_of(tokenizer, ids[:at])) - before) for at in range(len(ids) + 1)]
    yield from pairwise(ends)
