"""Texts with one masked token, which tell how a model was trained by how well it fills them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from transformers import PreTrainedTokenizerBase

from ...tasks import Example, get_suite, get_task
from ..encoding import DoesNotFit, Ids, encode, gapped

SEED = 0
ANSWERS, IN_PLACE = 3, 12
"""Clozes from one task: after a prompt, which any attention can fill, and within a text."""
TRIED = 60

SENTENCES = (
    ("Paris is the capital of", " France", ", and Rome is the capital of Italy."),
    ("The opposite of hot is", " cold", ", and the opposite of up is down."),
    ("She counted slowly: one, two,", " three", ", four, five, six, seven."),
    ("The days are Monday,", " Tuesday", ", Wednesday, Thursday and Friday."),
    ("After the winter comes the", " spring", ", and then the summer."),
    ("Bees make honey, and", " cows", " give us milk to drink."),
    ("In the evening the", " sun", " sets in the west."),
    ("He put on his shoes and tied the", " laces", " of both of them."),
    ("The children went to", " school", " by bus, and their teacher was already in the classroom."),
    ("We saw a", " movie", " at the cinema, and the actors were very good."),
    ("They bought some", " bread", " at the bakery and ate it with butter."),
    ("My favourite", " color", " is blue, but my sister likes red and green."),
    ("The", " dog", " barked at the mailman and wagged its tail."),
    ("Please turn off the", " light", " before you go to sleep, because the room is too bright."),
    ("The", " doctor", " told the patient to stay in bed and to take his medicine."),
    ("In", " Japan", ", people speak Japanese, and the capital is Tokyo."),
)
"""What stands left of a word, the word, and what stands right of it and decides it."""


@dataclass(frozen=True)
class Cloze:
    """A whole text as token ids, and the position of the token to mask, which is not the first."""

    tokens: Ids
    position: int


def clozes(tokenizer: PreTrainedTokenizerBase) -> list[Cloze]:
    """The clozes that the tokenizer can write: sentences, tasks' answers, and words in tasks' texts.

    A few of every kind, always the same ones; of a tokenizer that knows neither English nor what the tasks
    are written in, none.
    """
    found = [_masked(tokenizer, *sentence) for sentence in SENTENCES]
    for task in get_suite("all"):
        examples = _tried(task.card.name)
        found += _first(ANSWERS, (_answer(tokenizer, example) for example in examples))
        found += _first(IN_PLACE, (_in_place(tokenizer, example) for example in examples))
    return [cloze for cloze in found if cloze is not None]


@cache
def _tried(task: str) -> tuple[Example, ...]:
    return tuple(islice(get_task(task).examples(SEED), TRIED))


def _first(number: int, made: Iterator[Cloze | None]) -> list[Cloze | None]:
    return list(islice((cloze for cloze in made if cloze is not None), number))


def _answer(tokenizer: PreTrainedTokenizerBase, example: Example) -> Cloze | None:
    """The first token of an answer by which it differs from the foil; any member of a set would be right."""
    if example.answers:
        return None
    try:
        encoded = encode(tokenizer, example)
    except DoesNotFit:
        return None
    return Cloze(encoded.clean + encoded.answer, len(encoded.clean) + encoded.decisions[0])


def _in_place(tokenizer: PreTrainedTokenizerBase, example: Example) -> Cloze | None:
    if example.in_place is None:
        return None
    return _masked(tokenizer, example.in_place.left, example.answer, example.in_place.right)


def _masked(tokenizer: PreTrainedTokenizerBase, left: str, word: str, right: str) -> Cloze | None:
    try:
        tokens, gap = gapped(tokenizer, left, word, right)
    except DoesNotFit:
        return None
    if len(gap) != 1 or not gap.start or tokenizer.unk_token_id in tokens:
        return None
    return Cloze(tokens, gap.start)
