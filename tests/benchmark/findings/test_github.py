"""A step's summary and annotations, read as GitHub reads them."""

import html
import re
from pathlib import PurePosixPath

import pytest
from markdown_it import MarkdownIt

from mechshift.benchmark.findings.finding import Finding
from mechshift.benchmark.findings.github import LARGEST_SUMMARY, as_annotations, as_summary

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1)) ![b](http://x.example/y.png)",
    "**bold** _em_ `code` ~~s~~ $x^2$ \\textbf{a}",
    "| a | b |",
    "&lt; &amp; &#35;",
    "# heading > quote 1. list - item",
    "https://evil.example www.evil.example a@evil.example <https://evil.example>",
    "```\ncode\n```",
    ":smile: =cmd|' /C calc'!A0",
]


def rendered(text: str) -> str:
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_in_a_finding_is_shown_as_it_is(text: str) -> None:
    summary = as_summary("x", [Finding("files", text, "problem", "remedy")])
    shown = rendered(summary)
    # Our own markup, and nothing else.
    assert set(re.findall(r"<(\w+)", shown)) == {"h3", "p", "ul", "li", "strong"}
    assert "<!-- -->" not in shown or "@" in text or "#" in text
    found = html.unescape(re.sub(r"<!-- -->|</?\w+>", "", shown))
    assert text.replace("\n", "\\n") in found


def test_nobody_is_mentioned_and_no_issue_named() -> None:
    shown = rendered(as_summary("@team #12", [Finding("files", "@user/#34", "@x", "#5")]))
    assert not re.search(r"@\w|#\d", html.unescape(shown))


def test_a_summary_says_how_many() -> None:
    finding = Finding("files", "a", "b", "c")
    assert "Nothing was found wrong." in as_summary("x", [])
    assert "One problem was found." in as_summary("x", [finding])
    assert as_summary("x", [finding] * 3).count("**files**") == 3


def test_a_summary_is_never_too_large() -> None:
    findings = [Finding("files", str(number), "ä" * 3000, "c") for number in range(400)]
    summary = as_summary("x", findings)
    assert LARGEST_SUMMARY - 8000 < len(summary.encode()) <= LARGEST_SUMMARY
    shown = summary.count("**files**")
    assert summary.endswith(f"- {400 - shown} more are not shown: a summary holds 1 MiB at the most.\n")


@pytest.mark.parametrize("there", [LARGEST_SUMMARY, LARGEST_SUMMARY - 100, LARGEST_SUMMARY + 100])
def test_where_there_is_no_room_nothing_is_written(there: int) -> None:
    # GitHub drops the whole file, and with it what earlier commands wrote.
    assert as_summary("x", [Finding("files", "a", "b", "c")], LARGEST_SUMMARY - there) == ""


def command(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner takes it apart (actions/runner, ActionCommand.cs)."""
    found = re.fullmatch(r"::(\w+)(?: ([^:]*))?::(.*)", line)
    assert found is not None
    given = dict(part.split("=", 1) for part in (found[2] or "").split(",") if part)
    every = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}

    def plain(text: str, codes: list[str]) -> str:
        for code in codes:
            text = text.replace(code, every[code])
        return text

    properties = {name: plain(value, list(every)) for name, value in given.items()}
    return found[1], properties, plain(found[3], ["%0D", "%0A", "%25"])


def test_an_annotation_marks_the_file() -> None:
    (line,) = as_annotations([Finding("card", "card.toml: a", "50% :: x", "do")], PurePosixPath("board/t"))
    assert command(line) == (
        "error",
        {"title": "card", "file": "board/t/card.toml"},
        "card.toml: a: 50% :: x. do",
    )


def test_names_cannot_end_a_property_or_begin_a_command() -> None:
    hostile = "a,line=7::\n::error::x%0A##[add-mask]"
    (line,) = as_annotations([Finding(hostile, hostile, hostile, "do")], PurePosixPath("r"))
    assert "\n" not in line
    assert "##[" not in line
    kind, properties, message = command(line)
    assert (kind, set(properties)) == ("error", {"title", "file"})
    shown = r"a,line=7::\n::error::x%0A# #[add-mask]"
    assert properties == {"title": shown, "file": f"r/{shown}"}
    assert message == f"{shown}: {shown}. do"


def test_without_a_folder_no_file_is_marked() -> None:
    (line,) = as_annotations([Finding("card", "card.toml", "b", "c")])
    assert command(line)[1] == {"title": "card"}


def test_ten_and_a_line_that_counts_the_rest() -> None:
    lines = list(as_annotations([Finding("card", "a", "b", "c")] * 12))
    assert [command(line)[0] for line in lines] == ["error"] * 10 + ["notice"]
    assert command(lines[-1])[2] == "2 more findings are in the log"
