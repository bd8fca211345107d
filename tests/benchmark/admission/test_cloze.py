from itertools import islice

from tokenizers import pre_tokenizers
from transformers import PreTrainedTokenizerBase

from build.tokenizers import words_tokenizer
from mechshift.benchmark.admission.cloze import SENTENCES, TASKS, clozes
from mechshift.benchmark.asking.encoding import text_of
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import V2
from mechshift.tasks import get_task


def characters() -> PreTrainedTokenizerBase:
    """One token a character, so that no word is one token, but a digit is."""
    alphabet = [chr(code) for code in (10, *range(32, 127))]
    return words_tokenizer(["?", *alphabet], pre_tokenizers.Split("", behavior="isolated"))


def words() -> PreTrainedTokenizerBase:
    """One token a word or mark of the sentences, with the space before it."""
    splitter = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(prepend_scheme="never")])
    texts = ["".join(sentence) for sentence in SENTENCES]
    pieces = {piece for text in texts for piece, _ in splitter.pre_tokenize_str(text)}
    inner = {word.replace(" ", "▁") for _, word, _ in SENTENCES}
    return words_tokenizer(["?", *sorted(pieces | inner)], splitter)


def test_a_sentence_is_a_text_with_its_word_masked() -> None:
    """Words that a mark follows at once merge with it here, and are left out."""
    tokenizer = words()
    found = [(tokenizer.decode(list(cloze.tokens)), cloze) for cloze in clozes(tokenizer)]
    kept = [sentence for sentence in SENTENCES if sentence[2].startswith(" ")]
    assert len(kept) >= 10
    assert [text.replace(" ", "").replace("▁", " ") for text, _ in found] == ["".join(each) for each in kept]
    for (left, word, _), (_, cloze) in zip(kept, found, strict=True):
        assert tokenizer.convert_ids_to_tokens(cloze.tokens[cloze.position]) == word.replace(" ", "▁")
        assert cloze.position == len(left.split(" "))


def test_an_answers_gap_is_where_it_first_differs_from_the_foil() -> None:
    tokenizer = characters()
    found = clozes(tokenizer)
    texts = ["".join(tokenizer.convert_ids_to_tokens(list(cloze.tokens))) for cloze in found]
    asked = {}
    for example in islice(get_task("countdown").examples(0), 60):
        differs = [a != f for a, f in zip(example.answer, example.foil, strict=True)]
        asked[example.clean + example.answer] = len(example.clean) + differs.index(True)
    places = [
        (asked[text], cloze.position) for text, cloze in zip(texts, found, strict=True) if text in asked
    ]
    assert len(places) == 3
    assert all(wanted == position for wanted, position in places)


def test_a_tokenizer_that_knows_no_word_gives_none() -> None:
    assert clozes(words_tokenizer(["?", "x"], pre_tokenizers.Whitespace())) == []


def test_texts_are_of_as_many_wordings_as_there_are(tiny: Pair) -> None:
    """No wording twice, as long as there are others that the tokenizer can write."""
    found: dict[str, list[str]] = {}
    for cloze in clozes(tiny.tokenizer):
        task, _, wording = cloze.source.partition("/")
        found.setdefault(task, []).append(wording)
    in_place = found.pop("infilling")
    assert {task: len(set(wordings)) for task, wordings in found.items()} == dict.fromkeys(found, 3)
    assert all(len(wordings) == 3 for wordings in found.values())
    examples = islice(get_task("infilling").examples(0), 60)
    writable = {example.template for example in examples if len(tiny.tokenizer.tokenize(example.answer)) == 1}
    assert len(in_place) == 3 + 16
    assert len(set(in_place[3:])) == min(16, len(writable)) > 12


def solid(text: str) -> str:
    """Without spaces, which a tokenizer of words does not keep."""
    return "".join(text.split())


def test_the_reference_tokenizer_writes_a_few_of_every_task(tiny: Pair) -> None:
    found = clozes(tiny.tokenizer)
    texts = [solid(text_of(tiny.tokenizer, cloze.tokens)) for cloze in found]
    assert all(0 < cloze.position < len(cloze.tokens) for cloze in found)
    gaps = [
        (example.in_place.left, example.answer, example.in_place.right)
        for example in islice(get_task("infilling").examples(0), 60)
        if example.in_place is not None
    ]
    in_place = {solid("".join(parts)): solid(parts[1]) for parts in gaps}
    word = [tiny.tokenizer.decode([cloze.tokens[cloze.position]]) for cloze in found]
    assert sum(in_place.get(text) == gap for text, gap in zip(texts, word, strict=True)) == 16
    for name in TASKS:
        wholes = {solid(example.clean + example.answer) for example in islice(get_task(name).examples(0), 60)}
        assert sum(text in wholes for text in texts) == 3


def test_they_come_from_the_tasks_of_the_board_whose_answer_is_one() -> None:
    asked = {task.name: next(get_task(task.name).examples(0)) for task in V2.tasks}
    # A task that is added leaves the texts as they are that pairs are checked with.
    added = {"arithmetic", "article"}
    assert set(TASKS) | added == {name for name, example in asked.items() if not example.answers}
    assert not set(TASKS) & added
