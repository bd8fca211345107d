"""Findings on GitHub: the summary of a step, and annotations of files."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from ...errors import one_line
from .finding import Finding

LARGEST_SUMMARY = 2**20
"""Bytes of a step's summary; GitHub drops a larger one whole."""

MOST_ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows of a step."""

_ROOM = 200
"""Bytes kept for the line that says what is not shown."""

_MARKUP = re.compile(r"[!-/:-@\[-`{-~]")
_LINKED = frozenset("@#")


def as_summary(subject: str, findings: Sequence[Finding], largest: int = LARGEST_SUMMARY) -> str:
    """GitHub's markdown: a heading, a verdict, an item for each finding; at most `largest` bytes in UTF-8.

    Where the findings take more, the last line says how many are not shown; empty where there is no room for
    that. Markup in them is shown and not obeyed, and nothing in them becomes a link or mentions anybody.
    """
    lines = [f"### mechshift: {_literal(subject)}", "", _verdict(findings), ""]
    size = sum(len(line.encode()) + 1 for line in lines)
    if size > largest - _ROOM:
        return ""
    for index, each in enumerate(findings):
        line = f"- **{_literal(each.check)}** {_literal(each.place)}: {_literal(each.problem)} → "
        line += _literal(each.remedy)
        size += len(line.encode()) + 1
        if size > largest - _ROOM:
            lines.append(f"- {len(findings) - index} more are not shown: a summary holds 1 MiB at the most.")
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def as_annotations(findings: Sequence[Finding], root: PurePath | None = None) -> Iterator[str]:
    """Workflow commands that mark files, ten at the most, and a notice that says how many more there are.

    `root`: the folder that places are below, as the repository has it; without it no file is marked.
    """
    for each in findings[:MOST_ANNOTATIONS]:
        file = "" if root is None else f",file={_property(str(root / each.file))}"
        message = f"{each.place}: {each.problem}. {each.remedy}"
        yield f"::error title={_property(each.check)}{file}::{_data(message)}"
    if len(findings) > MOST_ANNOTATIONS:
        yield f"::notice::{len(findings) - MOST_ANNOTATIONS} more findings are in the log"


def _verdict(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing was found wrong."
    return "One problem was found." if len(findings) == 1 else f"{len(findings)} problems were found."


def _literal(text: str) -> str:
    """Text that markdown shows as it is."""
    # A character written as an entity is never markup. Mentions and references to issues are looked for after
    # that, in what is shown: a comment parts them from their names.
    return _MARKUP.sub(
        lambda found: f"&#{ord(found[0])};{'<!-- -->' if found[0] in _LINKED else ''}", one_line(text)
    )


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
