"""What CONTRIBUTING promises of a newcomer: at most two source files, and no record or board that was valid.

In a copy of the repository somebody adds one thing of each kind, as that page says: what a test or a page of
the docs asks for too is done as well. Then the suite runs on the copy, with newcomers/checks.py as the tests
of what is new. The files that are added lie in newcomers/.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("newcomers")

ROOT = Path(__file__).parents[1]
ADDED = Path(__file__).with_name("newcomers")
REFERENCE = ROOT / "baselines" / "reference"
INSTALLED = ("tiny", "tiny-continued", "tiny-scratch")
SOURCES = ("baselines", "benchmark", "metrics", "src", "tasks")
MOST = 2
"""Source files that a newcomer touches."""

WHOLE = (
    "tests/test_newcomers.py",
    "tests/baselines/training/test_recipe.py",
    "tests/benchmark/admission/test_cloze.py",
    "tests/benchmark/board/test_board.py",
    "tests/benchmark/cli/test_help.py",
    "tests/benchmark/cli/test_ls.py",
    "tests/benchmark/pairs/families/test_families.py",
    "tests/benchmark/pairs/test_registry.py",
    "tests/benchmark/record/test_protocol.py",
    "tests/metrics/test_documentation.py",
    "tests/tasks/test_page.py",
    "tests/tasks/test_registry.py",
    "tests/test_floors.py",
)
"""Tests of what there is: registries, protocols, boards, help texts, floors, what the docs list."""

OF_NEW = (
    "tests/benchmark/admission/test_load.py",
    "tests/benchmark/admission/test_structure.py",
    "tests/benchmark/asking/test_encoding.py",
    "tests/benchmark/asking/test_grouping.py",
    "tests/benchmark/circuits/test_attribution.py",
    "tests/benchmark/circuits/test_capture.py",
    "tests/benchmark/circuits/test_prefix.py",
    "tests/benchmark/forecast/test_sizes.py",
    "tests/benchmark/measure/test_entropies.py",
    "tests/benchmark/pairs/test_backbones.py",
    "tests/benchmark/pairs/test_entry.py",
    "tests/benchmark/pairs/test_member.py",
    "tests/benchmark/pairs/test_native.py",
    "tests/metrics/test_ranges.py",
    "tests/tasks/test_example.py",
    "tests/tasks/test_examples.py",
    "tests/tasks/test_export.py",
    "tests/tasks/test_golden.py",
)
"""Tests with a case for each task, metric, class or pair: their new cases run here."""

SOME = (
    "tests/benchmark/cli/test_main.py::test_the_lists_name_what_there_is",
    "tests/metrics/test_ranges.py::test_every_public_function_is_here",
    "tests/tasks/test_golden.py::test_the_file_has_the_tasks_and_levels_that_there_are",
    "tests/test_docs.py::test_links_lead_somewhere",
    "tests/test_docs.py::test_names_exist",
    "tests/test_packaging.py::test_every_file_is_installed",
    "tests/test_packaging.py::test_every_folder_with_code_is_a_package",
    "tests/test_packaging.py::test_every_package_is_listed",
)
"""Tests of what there is in files whose other tests are dear."""

GOLDEN = "(test_a_level_is_that_of_its_version and not countdown and not sudoku)"
"""Fingerprints of the tasks whose examples are not found by a search that takes seconds."""

METRIC = '''

def overlap_coefficient(a: ArrayLike, b: ArrayLike) -> Value:
    """Overlap coefficient of two sets: |A ∩ B| / min(|A|, |B|).

    Returns:
        In [0, 1]; 1: one set holds the other, 0: nothing shared. Undefined when either is empty.

    Raises:
        ValueError: shapes differ, no entries, not boolean.

    >>> overlap_coefficient([True, True, False], [True, False, False])
    1.0
    """
    first, second = flags("a", a), flags("b", b)
    match(("a", "b"), first, second)
    smaller = min(int(first.sum()), int(second.sum()))
    return int((first & second).sum()) / smaller if smaller else Undefined("one set is empty")
'''

PAIR = """
[mistral-diffusion-7b]
about = "A masked diffusion model from Mistral-7B-v0.1"
confounds = ["trained further on data that the ARM has not seen: data and objective change together"]
arm = { hub = "mistralai/Mistral-7B-v0.1", licence = "Apache-2.0" }
mdm = { hub = "newcomer/mistral-diffusion-7b", shift = true, attention = "full" }
"""


@dataclass(frozen=True)
class Copy:
    """A copy of the repository, and the folder in which Python finds its package."""

    root: Path
    path: Path

    def python(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """What Python did in the copy, with its package."""
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(self.path)},
            capture_output=True,
            text=True,
            check=False,
        )

    def sources(self) -> dict[str, bytes]:
        """Content by path of every source file."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for folder in SOURCES
            for path in (self.root / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    def add(self, source: str, target: str) -> None:
        """One of the newcomers' files, in its place."""
        shutil.copy(ADDED / source, self.root / target)

    def insert(self, path: str, more: str, *, before: str = "", behind: str = "") -> None:
        """Puts more before or behind a text that stands in a file once; at its end where none is given."""
        file, text = self.root / path, before or behind
        content = file.read_text(encoding="utf-8")
        assert not text or content.count(text) == 1, (path, text)
        changed = content.replace(text, behind + more + before) if text else content + more
        file.write_text(changed, encoding="utf-8")


def add_task(copy: Copy) -> None:
    copy.add("recall.py", "tasks/local/recall.py")
    copy.insert("tasks/registry.py", ", recall", behind="agreement, arithmetic, greater_than, induction, ioi")
    copy.insert("tasks/registry.py", "        recall.TASK,\n", before="        countdown.TASK,\n")

    page = "docs/tasks.md"
    read = "a thing's place, told before | the place of the thing"
    row = f"| `recall` | `local` | words | {read} | logit difference | 1 |\n"
    copy.insert(page, row, before="| `countdown` | `planning` |")
    copy.insert(page, (ADDED / "recall.md").read_text(encoding="utf-8"), before="## countdown\n")
    done = copy.python("tests/tasks/golden.py", "recall")
    assert (done.returncode, done.stderr) == (0, "")


def add_metric(copy: Copy) -> None:
    copy.insert("metrics/overlap.py", METRIC)
    copy.insert("metrics/__init__.py", "    overlap_coefficient,\n", behind="    node_jaccard,\n")
    copy.insert("metrics/__init__.py", '    "overlap_coefficient",\n', before='    "overlap_curve",\n')

    row = "| `overlap_coefficient` | \\|A∩B\\| / min(\\|A\\|, \\|B\\|) | 1 where one holds the other |\n"
    copy.insert("docs/metrics.md", row, before="| `weighted_jaccard` |")
    case = '    "overlap_coefficient": (metrics.overlap_coefficient, (circuits(), circuits()), SHARE),\n'
    copy.insert("tests/metrics/test_ranges.py", case, before='    "overlap_curve": (')


def add_backbone(copy: Copy) -> None:
    family = "benchmark/pairs/families/llama.py"
    copy.insert(family, "    MistralForCausalLM,\n", before="    Qwen2ForCausalLM,\n")
    copy.insert(
        family, '        "mistral": MistralForCausalLM,\n', before='        "qwen2": Qwen2ForCausalLM,\n'
    )

    copy.insert("docs/pairs.md", "| `mistral` | |\n", before="| `qwen2` |")
    models = "tests/build/models.py"
    copy.insert(models, "    MistralConfig,\n    MistralForCausalLM,\n", before="    PreTrainedModel,\n")
    line = '    "mistral": (MistralForCausalLM, MistralConfig),\n'
    copy.insert(models, line, before='    "qwen2": (')


def add_pair(copy: Copy) -> None:
    copy.insert("baselines/pairs.toml", PAIR)

    row = '    "mistral": ("newcomer/mistral-diffusion-", 1, True, "full", None),\n'
    copy.insert("tests/benchmark/pairs/test_registry.py", row, before='    "rnd1": (')


def add_command(copy: Copy) -> None:
    copy.add("fingerprint.py", "benchmark/cli/fingerprint.py")
    main = "benchmark/cli/main.py"
    copy.insert(main, "from .fingerprint import fingerprint\n", before="from .leaderboard import")
    copy.insert(main, "    fingerprint,\n", before="    pair.check_pair,")


KINDS: dict[str, Callable[[Copy], None]] = {
    "task": add_task,
    "metric": add_metric,
    "backbone": add_backbone,
    "pair": add_pair,
    "command": add_command,
}


def copy_repository(root: Path, path: Path) -> Copy:
    """A copy whose package is a folder of links to it, with the weights that an installation has."""
    left_out = shutil.ignore_patterns("__pycache__", "reference", "*.egg-info")
    for folder in (*SOURCES, "docs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=left_out)
    shutil.copytree(ROOT / "tests", root / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, root)
    (root / "baselines" / "reference").mkdir()
    for name in INSTALLED:
        (root / "baselines" / "reference" / name).symlink_to(REFERENCE / name)
    package = path / "mechshift"
    package.mkdir()
    rooms = [root / folder for folder in SOURCES if folder != "src"]
    for part in (*rooms, *(root / "src" / "mechshift").iterdir()):
        (package / part.name).symlink_to(part)
    return Copy(root, path)


SHOW = """
import sys
from mechshift.benchmark.cli.main import app
board, *records = sys.argv[1:]
for form in (["--format", "text"], ["--format", "csv"], ["--json"]):
    app(["leaderboard", board, "--unofficial", *form], standalone_mode=False)
    for record in records:
        app(["show", record, *form], standalone_mode=False)
"""


def what_records_show(copy: Copy, board: Path) -> str:
    """The board, and each of its records as a page, as a table and as it was read."""
    done = copy.python("-c", SHOW, board, *sorted(board.iterdir()))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of the reference pairs, all of the board's protocol."""
    folder = tmp_path_factory.mktemp("board")
    for record in REFERENCE.glob("*/record.json"):
        shutil.copy(record, folder / f"{record.parent.name}.json")
    return folder


@dataclass(frozen=True)
class Grown:
    """The copy with what newcomers added: files touched by kind, and what old records showed and show."""

    copy: Copy
    touched: dict[str, set[str]]
    shown: str
    shows: str


@pytest.fixture(scope="module")
def grown(board: Path, tmp_path_factory: pytest.TempPathFactory) -> Grown:
    """One thing of each kind is added to the copy, one after the other."""
    copy = copy_repository(tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("path"))
    shown, touched = what_records_show(copy, board), {}
    for kind, add in KINDS.items():
        before = copy.sources()
        add(copy)
        after = copy.sources()
        touched[kind] = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    copy.add("checks.py", "tests/test_newcomers.py")
    return Grown(copy, touched, shown, what_records_show(copy, board))


@pytest.mark.parametrize("kind", KINDS)
def test_at_most_two_source_files_are_touched(kind: str, grown: Grown) -> None:
    assert 1 <= len(grown.touched[kind]) <= MOST, grown.touched[kind]


def test_old_records_and_their_board_show_what_they_showed(grown: Grown) -> None:
    # The board has one row: the control stands beside it and has none of its own.
    assert "1 row by task_dependent_shift" in grown.shown
    assert "tiny" in grown.shown
    assert grown.shows == grown.shown


def test_the_suite_passes_with_everything_that_is_new(grown: Grown) -> None:
    some = " or ".join((GOLDEN, *(test.partition("::")[2] for test in SOME)))
    several = " or ".join(Path(file).stem for file in (*OF_NEW, *files_of(SOME)))
    chosen = f"recall or mistral or overlap_coefficient or {some} or not ({several})"
    suite = {*WHOLE, *OF_NEW, *files_of(SOME)}
    options = ("-q", "-rA", "--show-capture=no", "-p", "no:cacheprovider", "-k", chosen)
    done = grown.copy.python("-m", "pytest", *options, *sorted(suite))
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(re.findall(r"^PASSED (\S+?)::", done.stdout, re.M)) == suite
    assert re.search(r"^\d+ passed, \d+ deselected in ", done.stdout, re.M), done.stdout


def files_of(tests: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(test.partition("::")[0] for test in tests)
