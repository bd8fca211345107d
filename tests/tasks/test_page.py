"""What docs/tasks.md says about the tasks is what they do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.tasks import Example, get_task, list_tasks

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"


def section(name: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", [task.card.name for task in list_tasks()])
def test_the_page_shows_a_real_example_and_every_choice(
    name: str, drawn: Callable[..., tuple[Example, ...]]
) -> None:
    text, card, example = section(name), get_task(name).card, drawn(name, 1)[0]
    for shown in (example.clean, example.corrupted, *card.variants, *card.levels):
        assert f"`{shown}`" in text
    expected = (
        [example.answer, example.foil] if not example.answers else [example.answers[0], example.foils[-1]]
    )
    assert all(f"`{shown}`" in text for shown in expected)
