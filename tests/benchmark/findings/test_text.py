"""Findings as text obey nothing that is in them, and say a shared remedy once."""

import json

from mechshift.benchmark.findings.finding import Finding
from mechshift.benchmark.findings.text import as_text, as_values


def test_a_line_each_and_a_remedy_once() -> None:
    found = [
        Finding("manifest", "a.json", "it is missing", "make it"),
        Finding("manifest", "b.json", "it is missing", "make it"),
        Finding("card", "card.toml", "contact: still to be filled in", "edit it"),
    ]
    assert as_text(found).splitlines() == [
        "manifest: a.json: it is missing",
        "manifest: b.json: it is missing",
        "  make it",
        "card: card.toml: contact: still to be filled in",
        "  edit it",
    ]


def test_what_a_terminal_or_a_log_would_obey_is_escaped() -> None:
    text = as_text([Finding("files", "\x1b[2J\r\n::set-env::\u202e", "##[add-mask]x \ud800", "a\x07b")])
    assert text == ("files: \\x1b[2J\\r\\n::set-env::\\u202e: # #[add-mask]x \\ud800\n  a\\x07b")


def test_json_has_the_texts_as_they_are() -> None:
    (value,) = as_values([Finding("files", "\x1b", 'a "b"', "\ud800")])
    assert value == {"check": "files", "place": "\x1b", "problem": 'a "b"', "remedy": "\\ud800"}
    assert json.loads(json.dumps(value, ensure_ascii=False).encode()) == value
