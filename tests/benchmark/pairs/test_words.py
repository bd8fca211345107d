import pytest

from mechshift.benchmark.pairs.words import Words, in_either


@pytest.mark.parametrize(
    ("words", "name", "no_shift", "attention"),
    [
        (Words.COMMAND_LINE, "--mask-token", "--no-shift", "--attention"),
        (Words.PYTHON, "mask_token=", "shift=False", "attention='full'"),
    ],
)
def test_an_option_is_written_as_its_interface_takes_it(
    words: Words, name: str, no_shift: str, attention: str
) -> None:
    assert words.option("mask_token") == name
    assert words.given("shift", False) == no_shift
    assert words.given("attention", "full") == attention


def test_what_either_interface_may_have_asked_for_is_named_in_both() -> None:
    assert in_either("mask_token") == "--mask-token (in Python mask_token=)"
