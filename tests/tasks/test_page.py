"""What docs/tasks.md says about the tasks is what they do."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.tasks import Example, get_task, list_suites, list_tasks

Draw = Callable[..., tuple[Example, ...]]
PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
TASKS = [task.card.name for task in list_tasks()]


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def section(name: str) -> str:
    return page().partition(f"\n## {name}\n")[2].partition("\n## ")[0]


IN_ROWS = [name for name in TASKS if "\n```text\n" in section(name)]
"""Tasks whose prompts have line ends, so that the page shows them side by side in a block."""


def columns(text: str) -> dict[str, str]:
    """The columns of a section's block by the words of its first line, blank lines left out."""
    block = re.search(r"^```text\n(.*?)^```$", text, re.M | re.S)
    assert block is not None
    header, *lines = block[1].splitlines()
    starts = [word.start() for word in re.finditer(r"\S+", header)]
    places = [slice(*ends) for ends in zip(starts, [*starts[1:], None], strict=True)]
    cells = {header[at].strip(): [line[at].rstrip() for line in lines] for at in places}
    return {name: "\n".join(filter(None, column)) for name, column in cells.items()}


@pytest.mark.parametrize("name", TASKS)
def test_the_page_shows_every_choice(name: str) -> None:
    card = get_task(name).card
    assert [shown for shown in (*card.variants, *card.levels) if f"`{shown}`" not in section(name)] == []


@pytest.mark.parametrize("name", [name for name in TASKS if name not in IN_ROWS])
def test_the_page_shows_the_first_example(name: str, drawn: Draw) -> None:
    example = drawn(name, 1)[0]
    answers = (example.answers[0], example.foils[-1]) if example.answers else (example.answer, example.foil)
    for shown in (example.clean, example.corrupted, *answers):
        assert f"`{shown}`" in section(name)


def test_the_page_shows_the_first_question_in_steps(drawn: Draw) -> None:
    example = drawn("countdown", 1, level="dream-4")[0]
    questions = [prompt.splitlines()[-2] for prompt in (example.clean, example.corrupted)]
    for shown in (*questions, example.answer, example.foil):
        assert f"`{shown}`" in section("countdown")


@pytest.mark.parametrize("name", IN_ROWS)
def test_the_page_shows_the_first_example_in_rows(name: str, drawn: Draw) -> None:
    example = drawn(name, 1)[0]
    shown = columns(section(name))
    assert shown.pop("clean") + "\n" == example.clean
    assert shown.pop("corrupted") + "\n" == example.corrupted
    assert shown == {"answer": example.answer, "foil": example.foil}


@pytest.mark.parametrize("name", TASKS)
def test_the_table_at_the_top_says_what_the_card_says(name: str) -> None:
    (row,) = (line for line in page().splitlines() if line.startswith(f"| `{name}` | `"))
    suite, surface, _, plan, metric, steps = (cell.strip() for cell in row.strip("|").split("|")[1:])
    card = get_task(name).card
    expected = "one a token" if card.steps == "tokens" else str(card.steps)
    assert (suite, metric, steps) == (f"`{card.suite}`", card.metric, expected)
    assert plan == card.plan
    surfaces = [get_task(name).surface(), *sorted(map(get_task(name).surface, card.levels))]
    assert surface == ", ".join(dict.fromkeys(surfaces))


@pytest.mark.parametrize("name", TASKS)
def test_the_page_says_which_tokens_are_copied(name: str) -> None:
    text, copied = " ".join(section(name).split()), get_task(name).card.copied
    assert f"* **Copied**: {copied or 'none'}." in text


def test_the_page_names_every_suite() -> None:
    assert [name for name in list_suites() if f"`{name}`" not in page()] == []
