"""The pages show the reference pairs' records as they are, and not as they once were."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import shown


@pytest.mark.parametrize("name", shown.PAGES)
def test_what_a_page_shows_is_the_records(name: str) -> None:
    assert (shown.ROOT / name).read_text(encoding="utf-8") == shown.page(name), "run `python docs/shown.py`"


def test_the_readme_shows_the_row_and_its_notes_as_they_are_printed() -> None:
    readme = (shown.ROOT / "README.md").read_text(encoding="utf-8")
    shows = re.findall(r"```text\n(.*?)\n```", readme, re.DOTALL)
    row, _, notes = next(each for each in shows if "accuracy, ARM" in each).partition("\n\n")
    printed = shown.render(shown.record_of("tiny"))
    assert f"\n\n{row}\n\n" in printed
    assert set(notes.splitlines()) <= set(printed.splitlines())


def test_the_readme_shows_the_verdict_that_its_command_prints(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    readme = (shown.ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^mechshift (verdict .*)$", readme, re.MULTILINE)
    printed = command(*(shown.ROOT / word if word.endswith(".zip") else word for word in line.split())).out
    assert f"```text\n{printed.split(chr(10) * 2)[1]}\n```" in readme


def test_the_tutorial_shows_the_whole_column_and_reads_of_every_section_aloud() -> None:
    tutorial = (shown.ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    labels = set(shown.cells(shown.column_block("tiny", shown.READ_ALOUD)))
    rest = tutorial
    for block in shown.section_blocks("tiny", shown.READ_ALOUD):
        _, shows, rest = rest.partition(f"```text\n{block}\n```")
        assert shows, block
        aloud = re.findall(r"\*\*([^*]+)\*\*:\s+`", rest.partition("```text")[0].partition("\n## ")[0])
        assert {*aloud} & {*shown.cells(block)} & labels, f"nothing of this is read aloud:\n{block}"


def test_a_column_has_the_values_of_its_task() -> None:
    record = shown.record_of("tiny")
    task = next(one for one in record.tasks if one.task == shown.READ_ALOUD)
    edges = task.comparison.compared.edges
    share = edges / record.pair.edges
    column = shown.cells(shown.column_block("tiny", shown.READ_ALOUD))
    assert column["compared size, edges / share"] == f"{edges} / {share:.1%}".replace("%", " %")
