"""What moves a golden fingerprint and what does not, tried on copies of the package's tasks."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tomli_w

import mechshift
from mechshift.tasks import Task, get_task, list_tasks

HERE = Path(__file__).parent
LEVELS = {(task.card.name, level) for task in list_tasks() for level in task.card.levels}
EXAMPLES = 60
"""Examples of a level in the copies: enough for a changed word to show."""

SLOW = ("countdown", "sudoku")
"""Tasks whose examples are found by search. No test changes them, and one example of a level is enough."""

VERSION = get_task("ioi").card.version
"""The version of the task that most of these tests change."""

NAMED = r"^task '([\w-]+)', level '([\w-]+)'"


class Copy:
    """A copy of the tasks and of their golden file, in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.room = root / "mechshift" / "tasks"
        self.file = root / "golden.toml"

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What Python did in the folder, which the copy is imported from."""
        # Plugins take longer to load than most levels to draw, and no test of the copy uses one.
        environment = os.environ | {
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )

    def write(self, *names: str) -> subprocess.CompletedProcess[str]:
        """What the command did that writes the golden file anew."""
        return self.python("golden.py", *names)

    def failures(self) -> dict[tuple[str, str], str]:
        """The levels whose golden case fails, each with what the test says."""
        done = self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_golden.py")
        found = re.findall(f"{NAMED}: (.*)$", done.stdout, re.M)
        failed = re.search(r"(\d+) failed", done.stdout)
        assert len(found) == (int(failed[1]) if failed else 0), done.stdout
        assert f"{len(LEVELS) + 1 - len(found)} passed" in done.stdout
        return {(name, level): said for name, level, said in found}

    def edit(self, source: str, before: str, after: str) -> None:
        """Replace a text, which stands in the source once."""
        path = self.room / source
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which nothing is changed, its golden file written by the command from fewer examples."""
    copy = Copy(tmp_path_factory.mktemp("copy"))
    package = Path(mechshift.__file__).parent
    (copy.root / "mechshift").mkdir()
    for source in package.glob("*.py"):
        shutil.copy(source, copy.root / "mechshift")
    shutil.copytree(package / "tasks", copy.room, ignore=shutil.ignore_patterns("__pycache__"))
    for source in ("conftest.py", "golden.py", "test_golden.py"):
        shutil.copy(HERE / source, copy.root)
    golden = tomllib.loads((HERE / "golden.toml").read_text(encoding="utf-8"))
    for name, entry in golden.items():
        entry["levels"] = {level: {"examples": 1 if name in SLOW else EXAMPLES} for level in entry["levels"]}
    copy.file.write_text(tomli_w.dumps(golden), encoding="utf-8")
    assert copy.write().returncode == 0
    return copy.root


@pytest.fixture
def copy(unchanged: Path, tmp_path: Path) -> Copy:
    """A copy to change."""
    shutil.copytree(unchanged, tmp_path / "copy")
    return Copy(tmp_path / "copy")


def levels_of(*names: str) -> set[tuple[str, str]]:
    return {(name, level) for name, level in LEVELS if name in names}


def test_a_comment_in_every_file_moves_nothing(copy: Copy) -> None:
    sources = list(copy.room.rglob("*.py"))
    assert len(sources) > len(list_tasks())
    for source in sources:
        source.write_text(source.read_text(encoding="utf-8") + "# A comment.\n", encoding="utf-8")
    assert copy.failures() == {}


def test_a_changed_word_needs_a_higher_version(copy: Copy) -> None:
    copy.edit("local/ioi.py", '"After {a} and {b} went', '"Once {a} and {b} went')
    failures = copy.failures()
    assert set(failures) == levels_of("ioi")
    for said in failures.values():
        assert f"examples are not those of version {VERSION}." in said
        assert "raise `version` in the card of 'ioi' and run `python tests/tasks/golden.py`" in said

    golden = copy.file.read_bytes()
    refused = copy.write()
    assert refused.returncode == 1
    assert set(re.findall(NAMED, refused.stderr, re.M)) == levels_of("ioi")
    assert copy.file.read_bytes() == golden

    copy.edit("local/ioi.py", f"version={VERSION},", f"version={VERSION + 1},")
    assert copy.write("ioi").returncode == 0
    assert copy.failures() == {}
    assert tomllib.loads(copy.file.read_text(encoding="utf-8"))["ioi"]["version"] == VERSION + 1


def test_the_entries_of_tasks_that_are_not_named_stay(copy: Copy) -> None:
    for source in ("local/ioi.py", "local/agreement.py"):
        copy.edit(source, f"version={VERSION},", f"version={VERSION + 1},")
    before = tomllib.loads(copy.file.read_text(encoding="utf-8"))
    assert copy.write("ioi").returncode == 0
    after = tomllib.loads(copy.file.read_text(encoding="utf-8"))
    assert list(after) == list(before)
    before["ioi"]["version"] += 1
    assert after == before


def test_a_changed_word_of_a_task_with_headers_fails_that_task_alone(copy: Copy) -> None:
    copy.edit("planning/star_path.py", '"Start {start}, goal', '"Begin {start}, goal')
    assert set(copy.failures()) == levels_of("star-path")


def test_a_changed_name_fails_the_tasks_that_draw_from_the_names(copy: Copy) -> None:
    copy.edit("lexicon.py", "George Linda", "George Olive")
    names = {("star-path", level) for level in ("names", "few-shot-names")}
    assert set(copy.failures()) == levels_of("ioi", "infilling") | names


def test_a_changed_checker_fails_the_tasks_that_use_it(copy: Copy) -> None:
    copy.edit("output.py", 'strip(".,;:!?\\"\'")', 'strip(".,;:!?\'")')
    failures = copy.failures()
    assert set(failures) == levels_of("ioi", "induction", "agreement", "infilling", "article")
    assert {said.partition(" are not")[0] for said in failures.values()} == {"the checker's verdicts"}


def ioi(**changes: Any) -> Task:
    """The task with another card."""
    task = get_task("ioi")
    return replace(task, card=replace(task.card, **changes))


def test_a_version_that_is_raised_for_nothing_needs_the_command_alone(golden: ModuleType) -> None:
    raised = ioi(version=VERSION + 1)
    said = golden.problem(raised, "abc", golden.recorded())
    assert f"does not have version {VERSION + 1} of it: run `python tests/tasks/golden.py`" in said
    anew, refused = golden.written_anew(golden.recorded(), [raised])
    assert refused == []
    assert anew == {"ioi": golden.recorded()["ioi"] | {"version": VERSION + 1}}


def test_a_lower_version_is_refused(golden: ModuleType) -> None:
    _, refused = golden.written_anew(golden.recorded(), [ioi(version=VERSION - 1)])
    assert refused == [f"task 'ioi': version {VERSION - 1} is below {VERSION}"]


def test_a_level_that_is_gone_needs_a_higher_version(golden: ModuleType) -> None:
    levels = {"abc": {"corruption": "abc"}}
    _, refused = golden.written_anew(golden.recorded(), [ioi(levels=levels)])
    assert refused == ["task 'ioi', level 'abb' is gone"]
    _, refused = golden.written_anew(golden.recorded(), [ioi(levels=levels, version=VERSION + 1)])
    assert refused == []


def test_a_level_that_is_new_needs_the_command_alone(golden: ModuleType) -> None:
    grown = ioi(levels={**get_task("ioi").card.levels, "new": {"corruption": "abb"}})
    said = golden.problem(grown, "new", golden.recorded())
    assert f"does not have version {VERSION} of it: run `python tests/tasks/golden.py`" in said
    anew, refused = golden.written_anew(golden.recorded(), [grown])
    assert refused == []
    new = anew["ioi"]["levels"].pop("new")
    assert new.pop("examples") == 300
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in new.values())
    assert anew["ioi"] == golden.recorded()["ioi"]
