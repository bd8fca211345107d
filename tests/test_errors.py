import re

import pytest

from mechshift.errors import MechshiftError, PairError, UsageError, defused, listed, printable


def test_what_a_terminal_would_obey_is_escaped() -> None:
    name = "model\x1b[2Jé\r\x07\x9b\udcff"
    assert printable(name) == r"model\x1b[2Jé\r\x07\x9b\udcff"
    assert printable("one\ntwo") == r"one\ntwo"
    assert printable("Ĵ, 中文 and ‖W‖") == "Ĵ, 中文 and ‖W‖"


@pytest.mark.parametrize("kind", [MechshiftError, PairError, UsageError])
def test_an_error_shows_no_raw_control_character(kind: type[MechshiftError]) -> None:
    error = kind("no \x1b]0;title\x07 here\nnor there", "name\tit")
    assert str(error) == "no \\x1b]0;title\\x07 here\\nnor there\nname\\tit"
    assert (error.problem, error.remedy) == ("no \\x1b]0;title\\x07 here\\nnor there", "name\\tit")


def test_what_a_file_names_at_length_is_shortened() -> None:
    error = MechshiftError(f"bad.json says {'x' * 10**6} and that is wrong", "y" * 10**6)
    assert error.problem.startswith("bad.json says xxx")
    assert error.problem.endswith("xxx and that is wrong")
    assert max(map(len, str(error).splitlines())) == 2_000
    assert MechshiftError("x" * 2_000, "").problem == "x" * 2_000


@pytest.mark.parametrize("character", ["\ufeff", "\0", "\U000e0001"])
def test_what_is_long_by_its_escapes_is_shortened_too(character: str) -> None:
    error = MechshiftError(f"it says {1_900 * character} here", "")
    assert error.problem.startswith(f"it says {ascii(character)[1:-1]}")
    assert error.problem.endswith(" here")
    assert len(error.problem) == 2_000


def test_no_line_is_a_command_to_github() -> None:
    text = "::error::a\n  ::stop-commands::b\nc ##[error]d\n\n:::e\nf::g: h"
    assert defused(text) == ": :error::a\n  : :stop-commands::b\nc # #[error]d\n\n: ::e\nf::g: h"
    assert not re.search(r"^\s*::|##\[", defused(text), re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_in_a_sentence(words: list[str], said: str) -> None:
    assert listed(words) == said
