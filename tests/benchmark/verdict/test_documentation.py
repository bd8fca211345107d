"""The page of rules has the bounds and words of the code."""

from pathlib import Path

import pytest

from mechshift.benchmark.verdict import bounds
from mechshift.benchmark.verdict.attribution import ATTRIBUTION
from mechshift.benchmark.verdict.rules import MEANING

PAGE = (Path(__file__).parents[3] / "docs" / "verdicts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", dict.fromkeys((*MEANING, *ATTRIBUTION)))
def test_every_verdict_is_explained(word: str) -> None:
    assert f"| *{word}* |" in PAGE


def test_the_bounds_are_those_of_the_code() -> None:
    rules = {line.split(" | ")[0]: line for line in PAGE.splitlines() if line.startswith("| *")}
    high, low, alike = bounds.CARRIES_OVER, bounds.FAILS, bounds.ALIKE
    assert f"τ\\* above {high:g} in both hosts, and ρ above {alike:g} by both" in rules["| *preserved*"]
    assert (
        f"τ\\* above {high:g} in both hosts, and ρ below {alike:g}" in rules["| *same function, other edges*"]
    )
    assert f"above {high:g} in one host and below {high:g} in the other" in rules["| *extended*"]
    assert f"τ\\* below {low:g} in both hosts, and ρ below {alike:g}" in rules["| *rebuilt*"]
    assert f"less than {bounds.MARGIN:g} beyond" in rules["| *no more than the control*"]
    assert f"within ±{bounds.MARGIN:g}" in PAGE
