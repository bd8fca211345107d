from mechshift.benchmark.asking.encoding import encode
from mechshift.benchmark.asking.pool import Pool, Solved
from mechshift.benchmark.asking.prompts import SHOWN, show_prompts, shown_examples
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.number import Accuracy
from mechshift.tasks import get_task


def pool_of(*templates: str) -> Pool:
    everything = Accuracy(solved=9, tried=9)
    solved = tuple(Solved(index=2 * i, order=(0,), template=each) for i, each in enumerate(templates))
    return Pool(
        arm=everything,
        mdm=everything,
        mdm_in_place=everything,
        unfit={},
        other_form=0,
        solved=solved,
        fingerprint="0",
    )


def test_the_first_of_each_wording_is_shown_and_then_others() -> None:
    assert shown_examples(pool_of("a", "a", "b", "a", "c", "d", "e")) == (0, 4, 8, 10)
    assert shown_examples(pool_of("a", "a", "b", "a", "a")) == (0, 2, 4, 6)
    assert shown_examples(pool_of("a", "b")) == (0, 2)
    assert shown_examples(pool_of()) == ()
    assert SHOWN == 4


def test_tokens_are_what_the_tokenizer_writes_and_make_up_the_prompt(tiny: Pair) -> None:
    examples = dict(zip(range(3), get_task("ioi").examples(0), strict=False))
    encoded = {index: encode(tiny.tokenizer, example) for index, example in examples.items()}
    pool = pool_of("a", "b").model_copy(
        update={"solved": (Solved(index=1, order=(0,), template=examples[1].template),)}
    )
    (shown,) = show_prompts(tiny.tokenizer, pool, encoded).root
    assert shown.index == 1
    assert shown.template == examples[1].template
    assert len(shown.clean) == len(encoded[1].clean)
    for tokens, text in (
        (shown.clean, examples[1].clean),
        (shown.corrupted, examples[1].corrupted),
        (shown.answer, examples[1].answer),
        (shown.foil, examples[1].foil),
    ):
        assert "".join(tokens).replace(" ", "") == text.replace(" ", "")
