import shutil
from pathlib import Path

import pytest

from mechshift.tasks import list_tasks, version

SOURCES = {
    "ioi": ["local/ioi.py"],
    "greater-than": ["local/greater_than.py"],
    "induction": ["local/induction.py"],
    "agreement": ["local/agreement.py"],
    "countdown": ["planning/countdown.py", "planning/expressions.py", "planning/steps.py", "shots.py"],
    "infilling": ["planning/infilling.py", "shots.py"],
    "sudoku": ["planning/sudoku.py", "shots.py"],
    "star-path": ["planning/star_path.py", "shots.py"],
}
OTHER = ["registry.py", "export.py", "__init__.py", "local/__init__.py"]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "tasks"
    shutil.copytree(Path(version.__file__).parent, copy)
    monkeypatch.setattr(version, "__file__", str(copy / "version.py"))
    return copy


def versions(room: Path) -> dict[str, str]:
    return {
        name: version.version_of(*(str(room / source) for source in sources))
        for name, sources in SOURCES.items()
    }


def edit(path: Path) -> None:
    path.write_text(path.read_text() + "# edited\n")


def test_versions_are_short_digests_and_all_different() -> None:
    found = [task.card.version for task in list_tasks()]
    assert len(set(found)) == len(found)
    assert all(len(text) == 12 and int(text, 16) >= 0 for text in found)


def test_the_cards_versions_are_those_of_these_files() -> None:
    room = Path(version.__file__).parent
    assert versions(room) == {task.card.name: task.card.version for task in list_tasks()}


@pytest.mark.parametrize(
    ("name", "source"),
    [(name, file) for name, files in SOURCES.items() for file in files if "/" in file],
)
def test_editing_a_task_changes_its_version_alone(room: Path, name: str, source: str) -> None:
    before = versions(room)
    edit(room / source)
    after = versions(room)
    assert {other for other in SOURCES if before[other] != after[other]} == {name}


def test_editing_the_headers_changes_the_tasks_that_have_some(room: Path) -> None:
    before = versions(room)
    edit(room / "shots.py")
    after = versions(room)
    changed = {name for name in SOURCES if before[name] != after[name]}
    assert changed == {"countdown", "infilling", "sudoku", "star-path"}


@pytest.mark.parametrize("shared", ["example.py", "lexicon.py", "output.py"])
def test_editing_what_tasks_share_changes_every_version(room: Path, shared: str) -> None:
    before = versions(room)
    edit(room / shared)
    after = versions(room)
    assert all(before[name] != after[name] for name in SOURCES)


@pytest.mark.parametrize("other", OTHER)
def test_editing_anything_else_changes_none(room: Path, other: str) -> None:
    before = versions(room)
    edit(room / other)
    assert versions(room) == before


def test_line_endings_do_not_count(room: Path) -> None:
    before = versions(room)
    for path in room.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert versions(room) == before
