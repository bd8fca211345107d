"""Texts with one masked token, which tell how a model was trained by how well it fills them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import itemgetter

from transformers import PreTrainedTokenizerBase

from ...tasks import Example, get_task
from ..asking.encoding import DoesNotFit, Ids, encode, gapped

TASKS = ("ioi", "induction", "countdown", "infilling", "sudoku", "star-path")
"""Where clozes come from. What stays in doubt about a pair goes into its record, which must not depend on the
tasks that there are besides: a task that is added asks nothing here. Answers of a set are none to mask."""

SEED = 0
ANSWERS, IN_PLACE = 3, 16
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
    """A whole text as token ids, and the position of the token to mask, which is not the first.

    `source`: the wording that it was made from. Texts of one wording are filled alike.
    """

    tokens: Ids
    position: int
    source: str


def clozes(tokenizer: PreTrainedTokenizerBase) -> list[Cloze]:
    """The clozes that the tokenizer can write: sentences, tasks' answers, and words in tasks' texts.

    A few of every kind in as many wordings as there are, always the same ones; of a tokenizer that knows
    neither English nor what the tasks are written in, none.
    """
    sentences = (_masked(tokenizer, *sentence, source=sentence[0]) for sentence in SENTENCES)
    found = [cloze for cloze in sentences if cloze is not None]
    # Few clozes per wording from many wordings, as the standard error is clustered by wording.
    for name in TASKS:
        for number, make in ((ANSWERS, _answer), (IN_PLACE, _in_place)):
            found += islice(_in_many_wordings(make, tokenizer, name), number)
    return found


@cache
def _tried(task: str) -> tuple[Example, ...]:
    return tuple(islice(get_task(task).examples(SEED), TRIED))


Maker = Callable[[PreTrainedTokenizerBase, Example, str], Cloze | None]


def _in_many_wordings(make: Maker, tokenizer: PreTrainedTokenizerBase, task: str) -> Iterator[Cloze]:
    """The first of every wording, then the second of every wording, and so on."""
    wordings: dict[str, list[tuple[int, Example]]] = defaultdict(list)
    for place, example in enumerate(_tried(task)):
        wordings[example.template].append((place, example))
    # Made when their turn comes: most examples of a wording are never asked for.
    made = [_made(make, tokenizer, task, examples) for examples in wordings.values()]
    while turn := [first for first in (next(one, None) for one in made) if first is not None]:
        yield from (cloze for _, cloze in sorted(turn, key=itemgetter(0)))


def _made(
    make: Maker, tokenizer: PreTrainedTokenizerBase, task: str, examples: Iterable[tuple[int, Example]]
) -> Iterator[tuple[int, Cloze]]:
    for place, example in examples:
        cloze = make(tokenizer, example, f"{task}/{example.template}")
        if cloze is not None:
            yield place, cloze


def _answer(tokenizer: PreTrainedTokenizerBase, example: Example, source: str) -> Cloze | None:
    """The first token of an answer by which it differs from the foil; any member of a set would be right."""
    if example.answers:
        return None
    try:
        encoded = encode(tokenizer, example)
    except DoesNotFit:
        return None
    return Cloze(encoded.clean + encoded.answer, len(encoded.clean) + encoded.decisions[0], source)


def _in_place(tokenizer: PreTrainedTokenizerBase, example: Example, source: str) -> Cloze | None:
    if example.in_place is None:
        return None
    place = example.in_place
    return _masked(tokenizer, place.left, example.answer, place.right, source)


def _masked(
    tokenizer: PreTrainedTokenizerBase, left: str, word: str, right: str, source: str
) -> Cloze | None:
    try:
        tokens, gap = gapped(tokenizer, left, word, right)
    except DoesNotFit:
        return None
    if len(gap) != 1 or not gap.start or tokenizer.unk_token_id in tokens:
        return None
    return Cloze(tokens, gap.start, source)
