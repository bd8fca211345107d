import ast
import re
from collections.abc import Iterator

import pytest
from structure import MODULES, entry_of

from mechshift.benchmark.pairs.words import Words, given_in_either, in_either


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


def test_what_is_repeated_on_the_command_line_is_a_list_in_python() -> None:
    assert Words.COMMAND_LINE.repeated("control") == "--control"
    assert Words.PYTHON.repeated("control") == "controls="


def test_what_either_interface_may_have_asked_for_is_named_in_both() -> None:
    assert in_either("mask_token") == "--mask-token (in Python mask_token=)"
    assert given_in_either(shift=False) == "--no-shift (in Python shift=False)"
    assert given_in_either(entry=True, shift=True, attention="block:4") == (
        "--shift --attention block:4 (in Python shift=True, attention='block:4'; "
        'in an entry shift = true and attention = "block:4")'
    )


OF_THE_COMMAND_LINE = {
    "baselines.family",
    "baselines.report",
    "baselines.structure",
    "baselines.training",
    "benchmark.cli",
    "benchmark.forecast",
    "benchmark.pages",
    "benchmark.publishing",
    "benchmark.rerun",
    "benchmark.submission",
}
"""Rooms that commands alone call; in all others the caller may be a program."""


def messages(tree: ast.AST) -> Iterator[str]:
    """The texts of a source file that are no docstrings, formatted ones as they are written."""
    parts = {part for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for part in ast.walk(each)}
    loose = {each.value for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        inside = isinstance(each, ast.Constant) and each in parts
        if isinstance(each, ast.JoinedStr | ast.Constant) and each not in loose and not inside:
            yield ast.unparse(each)


def of_the_command_line_alone(text: str) -> list[str]:
    """The sentences of a message that name an option as the command line has it, and not as Python does."""
    return [
        sentence
        for sentence in re.split(r"[.;:] ", text)
        if re.search(r"(?<![\w-])--[a-z]", sentence)
        # An option alone is a word of a command that is put together.
        and not re.fullmatch(r"['\"]--[a-z-]+['\"]", sentence)
        # What is to be typed into a shell as a whole may have options.
        and not re.search(r"in Python|python -m|hf download|mechshift [a-z]+ ", sentence)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("choose another folder with --out (in Python out=)", []),
        ("choose another folder with --out; in Python load it anew", ["choose another folder with --out"]),
        ("load it in Python. Or give --offline", ["Or give --offline"]),
        ("once online: hf download org/model --revision main", []),
        ("once online: hf download org/model. Or give --offline", ["Or give --offline"]),
        ("a dash--and an-option--like", []),
    ],
)
def test_the_words_of_either_interface_stand_in_one_sentence(text: str, found: list[str]) -> None:
    assert of_the_command_line_alone(text) == found


@pytest.mark.parametrize("name", sorted(MODULES))
def test_what_python_may_have_called_names_no_option_of_the_command_line_alone(name: str) -> None:
    room = (entry_of(name) or (0, ""))[1]
    if room in OF_THE_COMMAND_LINE:
        return
    alone = [
        sentence
        for text in messages(ast.parse(MODULES[name].read_text(encoding="utf-8")))
        for sentence in of_the_command_line_alone(text)
    ]
    assert alone == []
