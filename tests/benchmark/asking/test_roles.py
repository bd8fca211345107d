"""Roles as places of tokens, with tokens of several characters and special tokens before the text."""

from dataclasses import replace

import pytest

from build.tokenizers import byte_pairs_tokenizer, letters_tokenizer
from mechshift.benchmark.asking.encoding import encode
from mechshift.benchmark.asking.roles import role_tokens
from mechshift.tasks import Example, get_task
from mechshift.tasks.wording import PromptRole

EXAMPLE = Example(
    "a b c d", "a b d d", " e", " f", "v", "t", (), roles=(PromptRole("pair", 2, 5), PromptRole("end", 6, 7))
)


def test_every_token_that_writes_a_part_of_a_role_is_of_it() -> None:
    tokenizer = letters_tokenizer()
    assert role_tokens(tokenizer, encode(tokenizer, EXAMPLE)) == {"pair": (1, 2), "end": (3,)}


def test_pieces_of_one_role_are_put_together() -> None:
    tokenizer = letters_tokenizer()
    both = (PromptRole("one", 0, 1), PromptRole("other", 2, 3), PromptRole("one", 4, 5))
    encoded = encode(tokenizer, replace(EXAMPLE, roles=both))
    assert role_tokens(tokenizer, encoded) == {"one": (0, 2), "other": (1,)}
    assert role_tokens(tokenizer, encode(tokenizer, replace(EXAMPLE, roles=()))) == {}


@pytest.mark.parametrize("name", ["ioi", "arithmetic"])
def test_tokens_of_byte_pairs_spell_the_roles(name: str) -> None:
    """A token may write more than the role, its space before all; never less than its characters together."""
    examples = get_task(name).examples(0)
    drawn = [next(examples) for _ in range(30)]
    tokenizer = byte_pairs_tokenizer([one.clean + one.answer for one in drawn], 400)
    for one in drawn[:10]:
        clean = tuple(tokenizer(one.clean)["input_ids"])
        encoded = replace(encode(letters_tokenizer(), EXAMPLE), example=one, clean=clean)
        found = role_tokens(tokenizer, encoded)
        assert set(found) == {role.name for role in one.roles}
        for role in one.roles:
            text = "".join(tokenizer.decode([clean[place]]) for place in found[role.name])
            assert one.clean[role.start : role.end] in text


def test_a_slow_tokenizer_tells_the_same() -> None:
    tokenizer = letters_tokenizer()

    class Slow:
        is_fast = False

        def decode(self, ids: list[int]) -> str:
            return "<s>" + " ".join("abcdefgh"[index - 11] for index in ids[1:]) if ids else ""

    encoded = encode(tokenizer, EXAMPLE)
    slow = replace(encoded, clean=(0, *encoded.clean))
    assert role_tokens(Slow(), slow) == {"pair": (2, 3), "end": (4,)}  # type: ignore[arg-type]
