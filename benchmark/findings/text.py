"""Findings as text for a terminal or a log, and as values for JSON."""

from collections.abc import Sequence
from dataclasses import asdict

from ...errors import one_line
from .finding import Finding


def as_text(findings: Sequence[Finding]) -> str:
    """A line each, `check: place: problem`; a remedy once for findings in a row that share it."""
    lines = []
    for index, each in enumerate(findings):
        # The check first, which is ours: a line that begins with `::` is a command to GitHub.
        lines.append(one_line(f"{each.check}: {each.place}: {each.problem}"))
        following = findings[index + 1 : index + 2]
        if not following or following[0].remedy != each.remedy:
            lines.append(f"  {one_line(each.remedy)}")
    return "\n".join(lines)


def as_values(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """What JSON says of findings: an object each, with the names of `Finding`."""
    # A lone surrogate, which the name of a file can hold, has no UTF-8.
    return [
        {name: text.encode("utf-8", "backslashreplace").decode() for name, text in asdict(each).items()}
        for each in findings
    ]
