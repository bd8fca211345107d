"""YAML that readers of both versions take for the same; PyYAML, which reads 1.1, is asked what it says."""

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mechshift.benchmark.publishing.yaml import to_yaml

KEYS = st.from_regex("[a-z_]{1,8}", fullmatch=True).filter(
    lambda key: key not in ("y", "n", "no", "yes", "on", "off", "true", "false", "null")
)
LEAVES = (
    st.text(max_size=20) | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def test_mappings_and_sequences_are_blocks() -> None:
    content: dict[str, Any] = {
        "name": "a",
        "tasks": [{"id": "one", "split": "two"}, ["x", [1]], "last"],
        "empty": {},
        "none": [],
        "inner": {"number": 2},
    }
    assert to_yaml(content) == (
        'name: "a"\n'
        "tasks:\n"
        '  - id: "one"\n'
        '    split: "two"\n'
        '  - - "x"\n'
        "    - - 1\n"
        '  - "last"\n'
        "empty: {}\n"
        "none: []\n"
        "inner:\n"
        "  number: 2\n"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("no", '"no"'),
        ("1e3", '"1e3"'),
        ("2026-11-29", '"2026-11-29"'),
        ("a: b # c", '"a: b # c"'),
        ('say "\\n"', '"say \\"\\\\n\\""'),
        ("two\nlines", '"two\\U0000000alines"'),
        ("next\x85line\u2028", '"next\\U00000085line\\U00002028"'),
        ("Ĵ − 😀", '"Ĵ − 😀"'),
        ("", '""'),
    ],
)
def test_a_text_is_quoted_and_on_one_line(text: str, written: str) -> None:
    assert to_yaml([text]) == f"- {written}\n"
    assert yaml.safe_load(to_yaml([text])) == [text]


@pytest.mark.parametrize(
    ("number", "written"),
    [(0.5, "0.5"), (1e-07, "1.0e-07"), (1.5e22, "1.5e+22"), (3, "3"), (-0.25, "-0.25"), (True, "true")],
)
def test_a_number_is_one_to_readers_of_either_version(number: float, written: str) -> None:
    assert to_yaml([number]) == f"- {written}\n"
    assert yaml.safe_load(to_yaml([number])) == [number]


@settings(max_examples=50)
@given(st.lists(TREES, min_size=1, max_size=3))
def test_what_is_written_is_read_back(content: list[Any]) -> None:
    assert yaml.safe_load(to_yaml(content)) == content


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_an_error(number: float) -> None:
    with pytest.raises(ValueError, match="is not finite"):
        to_yaml([number])


@pytest.mark.parametrize("key", ["a: b", "", "yes", "null"])
def test_a_key_that_would_need_quotes_is_an_error(key: str) -> None:
    with pytest.raises(ValueError, match="would need quotes"):
        to_yaml({key: 1})
