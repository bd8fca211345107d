"""The pages show the reference pairs' records as they are, and not as they once were."""

import pytest
import shown


@pytest.mark.parametrize("name", shown.PAGES)
def test_what_a_page_shows_is_the_records(name: str) -> None:
    assert (shown.ROOT / name).read_text(encoding="utf-8") == shown.page(name), "run `python docs/shown.py`"


def test_the_readme_shows_the_row_as_it_is_printed() -> None:
    readme = (shown.ROOT / "README.md").read_text(encoding="utf-8")
    row = readme.partition("```text\n")[2].partition("\n```")[0]
    assert f"\n\n{row}\n\n" in shown.render(shown.record_of("tiny"))


def test_the_tutorial_reads_every_line_of_the_table_aloud() -> None:
    tutorial = (shown.ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    aloud = tutorial.partition("Line by line:")[2].partition("\n## ")[0]
    column = shown.column_block("tiny", shown.READ_ALOUD)
    labels = [label for label in shown.cells(column) if not label.startswith(("CMD", "--"))]
    assert [label for label in labels if f"**{label}**" not in aloud] == []
    assert f"\n{column}\n" in tutorial


def test_a_column_has_the_values_of_its_task() -> None:
    record = shown.record_of("tiny")
    task = next(one for one in record.tasks if one.task == shown.READ_ALOUD)
    edges = task.comparison.compared.edges
    share = edges / record.pair.edges
    column = shown.cells(shown.column_block("tiny", shown.READ_ALOUD))
    assert column["compared size, edges / share"] == f"{edges} / {share:.1%}".replace("%", " %")
