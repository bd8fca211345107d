from itertools import islice

from transformers import PreTrainedTokenizerFast

from mechshift.baselines.training.vocabulary import build_tokenizer
from mechshift.tasks import list_tasks


def test_digits_are_single_and_gaps_are_whole(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize("Make 12 from 3:") == ["Make", "1", "2", "from", "3", ":"]
    assert tokenizer.tokenize("the ___ out.") == ["the", "___", "out", "."]
    assert tokenizer.tokenize(" 30+14-21=23") == list("30+14-21=23")


def test_special_tokens_come_first_and_words_in_order(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    assert tokens[:3] == ["<|pad|>", "<|unknown|>", "<|mask|>"]
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.mask_token_id) == (0, 1, 2)
    assert tokens[3:] == sorted(tokens[3:])
    assert {str(digit) for digit in range(10)} <= set(tokens)


def test_held_out_examples_have_no_unknown_word(tokenizer: PreTrainedTokenizerFast) -> None:
    for task in list_tasks():
        for example in islice(task.examples(5, "evaluation"), 300):
            for text in (example.clean, example.corrupted, example.answer, example.foil):
                assert tokenizer.unk_token_id not in tokenizer(text)["input_ids"]


def test_the_same_arguments_give_the_same_tokenizer(tokenizer: PreTrainedTokenizerFast) -> None:
    again = build_tokenizer(list_tasks(), seed=0)
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()
