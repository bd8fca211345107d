"""The command line from its arguments to what it prints and the exit code it ends with."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch

from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.plan import Cell
from mechshift.benchmark.run.progress import Silent, choose_progress
from mechshift.tasks import get_task

Command = Callable[..., Any]
INTERRUPTED = "mechshift: interrupted\nwhat is finished is kept, and the same command goes on from there\n"


@pytest.fixture
def record(measured: tuple[Record, Path]) -> Path:
    """The file of a record of one task of each suite."""
    return measured[1] / "tiny-quick-countdown+greater-than.json"


@pytest.fixture
def board(record: Path, tmp_path: Path) -> Path:
    """A folder with what passes for a whole record of v2: every task has the results of one of its suite."""
    found = read_model(record, Record)
    by_suite = {task.suite: task for task in found.tasks}
    tasks = tuple(
        by_suite[task.card.suite].model_copy(
            update={
                "task": asked.name,
                "surface": task.surface(asked.level),
                "version": asked.version,
                "level": asked.level,
                "pool": by_suite[task.card.suite].pool.model_copy(update={"common": V2.sampling.pool}),
            }
        )
        for asked, task in ((asked, get_task(asked.name)) for asked in V2.tasks)
    )
    whole = found.model_copy(update={"protocol": V2, "tasks": tasks, "reductions": ()})
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / "tiny-v2.json").write_text(whole.model_dump_json())
    return folder


def test_a_run_prints_its_row_and_where_the_record_lies(command: Command, tmp_path: Path) -> None:
    done = command("run", "--task", "infilling", "--out", tmp_path / "results")
    assert (done.code, done.err) == (0, "")
    page, _, last = done.out.strip().rpartition("\n\n")
    place, *control = last.splitlines()
    assert place == f"record: {tmp_path / 'results' / 'tiny-quick-infilling.json'}"
    listed = ", ".join(["tiny-continued", *(f"tiny-continued-seed-{seed}" for seed in range(2, 6))])
    assert " ".join(control) == (
        f"control: none, so nothing is attributed to the training; listed for this ARM: {listed} "
        "(give --control NAME, or --control siblings for all)"
    )
    for expected in ("tiny", "infilling", "task ioi was not asked for", "protocol v2"):
        assert expected in page
    shown = command("show", tmp_path / "results" / "tiny-quick-infilling.json")
    assert (shown.code, shown.out.strip(), shown.err) == (0, page, "")


def test_json_is_the_record_and_nothing_else(command: Command, record: Path) -> None:
    arguments = ["--task", "greater-than", "--task", "countdown", "--out", record.parent]
    done = command("run", *arguments, "--json")
    assert (done.code, done.err) == (0, "")
    assert Record.model_validate_json(done.out) == read_model(record, Record)
    shown = command("show", record, "--json")
    assert (shown.code, shown.out, shown.err) == (0, done.out, "")


def test_plots_are_written_where_they_are_asked_for(command: Command, record: Path, tmp_path: Path) -> None:
    done = command("show", record, "--plots", tmp_path / "plots")
    assert done.code == 0
    written = sorted((tmp_path / "plots").iterdir())
    # Answers of one token have one stage of denoising, which needs no plot of its own.
    assert [path.name for path in written if "forest" not in path.name] == [
        "tiny-quick-countdown-heads.svg",
        "tiny-quick-countdown-reads.svg",
        "tiny-quick-countdown.svg",
        "tiny-quick-greater-than-heads.svg",
        "tiny-quick-greater-than.svg",
        "tiny-quick-transfer.svg",
    ]
    assert sorted(done.err.splitlines()) == [f"wrote {path}" for path in written]
    assert "wrote" not in done.out


@pytest.mark.parametrize("layout", ["text", "github", "latex", "csv"])
def test_a_leaderboard_has_a_row_per_record(layout: str, command: Command, board: Path) -> None:
    done = command("leaderboard", board, "--unofficial", "--format", layout)
    assert (done.code, done.err) == (0, "")
    rows = [line for line in done.out.splitlines() if re.match(r"\W*(–|\\textendash\{\})?\W*tiny\W", line)]
    assert len(rows) == 1


def test_the_version_is_the_package_s(command: Command) -> None:
    shown = command("--version")
    assert (shown.code, shown.out.strip()) == (0, version("mechshift"))


def test_the_protocols_are_listed_as_they_are(command: Command) -> None:
    blocks = command("ls", "protocols").out.split("\n\n")
    for block, protocol in zip(blocks, json.loads(command("ls", "protocols", "--json").out), strict=True):
        shown = dict(line.split(maxsplit=1) for line in block.splitlines() if line[0] != " ")
        assert shown.keys() == protocol.keys()
        assert shown["name"].strip() == protocol["name"]
        assert protocol["tasks"][0] == "ioi abc@2"
        assert shown["tasks"].startswith("ioi abc@2; ")
        for field in ("board", "disjoint"):
            assert shown[field].strip() == ("yes" if protocol[field] else "no")


def test_the_lists_name_what_there_is(command: Command) -> None:
    expected = {
        "tasks": [
            "ioi",
            "greater-than",
            "induction",
            "agreement",
            "arithmetic",
            "countdown",
            "infilling",
            "sudoku",
            "star-path",
            "article",
        ],
        "pairs": [
            "tiny",
            "tiny-noshift",
            "tiny-block",
            *(f"tiny-seed-{seed}" for seed in range(2, 6)),
            "tiny-continued",
            *(f"tiny-continued-seed-{seed}" for seed in range(2, 6)),
            "tiny-continued-low",
            "tiny-scratch",
        ],
        "protocols": ["v2", "paper", "quick"],
    }
    for what, names in expected.items():
        listed = command("ls", what, "--json")
        assert (listed.code, listed.err) == (0, "")
        found = [next(iter(row.values())) for row in json.loads(listed.out)]
        assert [name for name in found if name in names] == names
        text = command("ls", what)
        assert (text.code, text.err) == (0, "")
        assert all(name in text.out for name in names)


def test_the_reported_numbers_are_listed_as_such(command: Command) -> None:
    listed = command("ls", "reported", "--json")
    assert (listed.code, listed.err) == (0, "")
    rows = json.loads(listed.out)
    assert [(row["pair"], row["task"], row["value"]) for row in rows] == [
        ("Qwen2.5-7B → Dream-7B", "ioi", 0.193),
        ("Qwen2.5-7B → Dream-7B", "countdown", 0.008),
        ("LLaMA-2-7B → DiffuLLaMA", "ioi", 0.088),
        ("LLaMA-2-7B → DiffuLLaMA", "countdown", 0.032),
    ]
    assert {(row["status"], row["source"], row["edges"]) for row in rows} == {
        ("reported", "arXiv 2601.14758", 1000)
    }


def test_the_reported_numbers_are_listed_with_what_is_not_stated(command: Command) -> None:
    for block in command("ls", "reported").out.strip().split("\n\n"):
        lines = dict(line.split(maxsplit=1) for line in block.splitlines())
        assert (lines["status"], lines["location"]) == ("reported", "not located")
        assert lines["not_stated"] == "floor ceiling interval prompts"


def test_a_board_without_the_named_protocol_is_an_error(command: Command, board: Path) -> None:
    done = command("leaderboard", board, "--protocol", "paper")
    assert (done.code, done.out) == (2, "")
    assert "holds no record of protocol paper" in done.err
    every, named = ([*also, "--unofficial"] for also in ([], ["--protocol", "v2"]))
    assert command("leaderboard", board, *named).out == command("leaderboard", board, *every).out


def test_the_listed_pairs_say_which_is_a_control(command: Command) -> None:
    rows = json.loads(command("ls", "pairs", "--json").out)
    controls = {row["pair"]: row["control"] for row in rows}
    expected = ["tiny-continued", *(f"tiny-continued-seed-{seed}" for seed in range(2, 6))]
    expected.append("tiny-continued-low")
    expected += ["qwen2.5-coder-7b", "qwen2.5-7b-instruct"]
    expected += ["qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-7b-instruct", "llama-2-7b-chat"]
    expected += [f"qwen3-{size}-chat" for size in ("1.7b", "4b", "8b", "30b-a3b")]
    expected.append("seed-coder-8b-instruct")
    expected += [f"nemotron-{size}{of}-ar" for size in ("3b", "8b", "14b") for of in ("", "-instruct")]
    assert [name for name, control in controls.items() if control] == expected
    shown = [line for line in command("ls", "pairs").out.splitlines() if "(control)" in line]
    assert [line.split()[0] for line in shown] == expected


def test_a_published_pair_is_listed_with_its_declarations(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    line = next(line for line in command("ls", "pairs").out.splitlines() if line.startswith("diffullama-7b"))
    members = "diffullama-7b meta-llama/Llama-2-7b-hf diffusionfamily/diffullama"
    assert line.split() == f"{members} yes full 811 llama-2-7b-chat on the hub".split()


def test_a_pair_is_listed_with_its_controls(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    # In the installation, whose path is long, the column is the first to go where there is no room.
    monkeypatch.setenv("COLUMNS", "300")
    rows = {row["pair"]: row["controls"] for row in json.loads(command("ls", "pairs", "--json").out)}
    assert rows["dream-7b"] == ["qwen2.5-coder-7b", "qwen2.5-7b-instruct"]
    assert rows["tiny-scratch"] == rows["tiny-continued"] == []
    lines = {line.split()[0]: line for line in command("ls", "pairs").out.splitlines() if line}
    assert "  qwen2.5-coder-7b +1  " in lines["dream-7b"]
    assert "  llama-2-7b-chat  " in lines["diffullama-7b"]
    assert "  –  " in lines["rnd1"]
    shown = command("pair", "show", "dream-7b").out.splitlines()
    assert ["controls", "qwen2.5-coder-7b", "qwen2.5-7b-instruct"] in [line.split() for line in shown]


def test_a_pair_is_shown_with_its_licence_revision_and_confounds(command: Command) -> None:
    shown = command("pair", "show", "rnd1")
    assert shown.code == 0
    lines = dict(line.split("  ", maxsplit=1) for line in shown.out.splitlines() if line[0] != " ")
    assert lines["licence of the arm"].strip() == "Apache-2.0"
    assert lines["revision of the arm"].strip() == "ad44e777bcd18fa416d9da3bd8f70d33ebb85d39"
    assert lines["revision of the mdm"].strip() == "–"
    assert "data and objective change together" in " ".join(shown.out.split())
    assert command("pair", "show", "rnd2").err == "mechshift: unknown pair 'rnd2'\ndid you mean rnd1?\n"


@pytest.mark.usefixtures("bare")
def test_a_control_is_run_and_shown_as_one(command: Command, tiny: Pair, tmp_path: Path) -> None:
    arm = tiny.spec.arm.checkpoint
    done = command("run", "--arm", arm, "--mdm", arm, "--as-control", "--task", "infilling", "--json")
    assert (done.code, done.err) == (0, "")
    assert Record.model_validate_json(done.out).pair.control
    (path,) = (tmp_path / "mechshift-results").glob("*.json")
    page = command("show", path).out
    assert "\ncontrol   " in page
    assert "a control is no MDM and fills nothing in place" in page


@pytest.fixture
def heard() -> Iterator[None]:
    """SIGINT interrupts, also where a shell started the tests in the background and so ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Interrupting(Silent):
    """Sends a signal while the MDM's edges are scored."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Callable[[int], None]]:
        def advance(done: int) -> None:
            if (cell.task.name, cell.name) == ("infilling", "scores-mdm"):
                signal.raise_signal(self._number)

        yield advance


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("bare", "heard")
def test_an_interrupted_run_says_how_to_go_on(
    number: signal.Signals, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("mechshift.benchmark.run.progress.choose_progress", lambda quiet: Interrupting(number))
        done = command("run", "--task", "infilling")
    assert (done.code, done.out) == (130, "")
    assert done.err == INTERRUPTED
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted((name.split(".")[0], name.split(".")[-1]) for name in left) == [
        ("pool", "json"),
        ("pool", "seal"),
        ("prompts", "json"),
        ("prompts", "seal"),
        ("scores-arm", "safetensors"),
        ("scores-arm", "seal"),
    ]
    assert command("run", "--task", "infilling").code == 0
    assert [path.name for path in (tmp_path / "mechshift-results").glob("*.json")] == [
        "tiny-quick-infilling.json"
    ]


def test_a_command_leaves_the_signals_as_they_were(command: Command) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert command("ls", "protocols").code == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_killed_process_ends_as_an_interrupted_one(tmp_path: Path) -> None:
    line = [
        sys.executable,
        "-m",
        "mechshift",
        "run",
        "--task",
        "infilling",
        "--quiet",
        "--out",
        str(tmp_path),
    ]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(tmp_path.rglob("*.seal")):
            time.sleep(0.05)
        process.terminate()
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err == INTERRUPTED
    assert [path.name for path in tmp_path.rglob("*.partial")] == []


class Greedy(Silent):
    """As if a batch were too large."""

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Callable[[int], None]]:
        torch.empty(10**15)
        yield lambda done: None


def test_lacking_memory_is_an_error_with_a_remedy(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mechshift.benchmark.run.progress.choose_progress", lambda quiet: Greedy())
    done = command("run", "--task", "infilling")
    assert (done.code, done.out) == (3, "")
    *halved, problem, remedy = done.err.splitlines()
    assert len(halved) == 9  # from 64 rows to one, and to an eighth of what is held of that
    assert problem.startswith("mechshift: infilling/pool: out of memory, with one row")
    assert "--dtype bfloat16" in remedy
    assert "kept" in remedy


def test_lacking_memory_for_a_pair_is_an_error_with_a_remedy(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("mechshift.benchmark.run.progress.choose_progress", lack)
    done = command("run", "--task", "infilling")
    assert (done.code, done.out) == (3, "")
    problem, remedy = done.err.splitlines()
    assert problem == "mechshift: out of memory"
    assert "--dtype bfloat16" in remedy
    assert "batch" not in remedy


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), OSError(24, "Too many open files")])
def test_what_any_command_says_when_it_ends_early_is_true_of_it(
    error: BaseException, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ending() -> None:
        raise error

    monkeypatch.setattr("mechshift.benchmark.tables.listing.describe_protocols", ending)
    done = command("ls", "protocols")
    assert (done.code, done.out) == (130 if isinstance(error, KeyboardInterrupt) else 3, "")
    # Only a run keeps anything, or has batches.
    assert "kept" not in done.err
    assert "batch" not in done.err
    assert len(done.err.splitlines()) == (1 if isinstance(error, KeyboardInterrupt) else 2)


def test_a_programming_error_is_not_disguised(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(quiet: bool) -> None:
        raise RuntimeError("a shape that does not fit")

    monkeypatch.setattr("mechshift.benchmark.run.progress.choose_progress", broken)
    with pytest.raises(RuntimeError, match="a shape that does not fit"):
        command("run", "--task", "infilling")


@pytest.mark.usefixtures("bare")
def test_progress_is_shown_on_a_terminal_only(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mechshift.benchmark.run.progress.choose_progress", choose_progress)
    done = command("run", "--task", "infilling", "--json")
    assert done.code == 0
    assert "[1/1 infilling] pool …" in done.err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    done = command("run", "--task", "infilling", "--json")
    assert "task 1 of 1: infilling" in done.err
    Record.model_validate_json(done.out)
    assert command("run", "--task", "infilling", "--json", "--quiet").err == ""


def test_results_that_cannot_be_printed_are_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        done = mechshift("ls", "protocols", stdout=full)
    assert done.returncode == 3
    assert "No space left" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_terminal_without_the_letters_shows_what_it_can() -> None:
    done = mechshift(
        "ls", "protocols", stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^circuit_edges +\?$", done.stdout, re.MULTILINE)


def mechshift(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The outcome of the command in a process of its own."""
    line = [sys.executable, "-m", "mechshift", *arguments]
    return subprocess.run(line, stderr=subprocess.PIPE, text=True, **options)


HEAVY = {"torch", "transformers", "pandas", "scipy", "matplotlib", "huggingface_hub", "pyarrow"}
"""What takes a second or more to import between them; none of it is needed to list or to show."""


def test_commands_that_list_and_show_import_nothing_heavy(measured: tuple[Record, Path]) -> None:
    (record,) = measured[1].glob("*.json")
    # In one process: what an earlier command has imported is still there for the later ones.
    program = (
        "import sys\n"
        "from mechshift.benchmark.cli.main import main\n"
        "for words in sys.argv[1].split(';'):\n"
        "    sys.argv = ['mechshift', *words.split()]\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as ending:\n"
        "        assert not ending.code, words\n"
        f"    print(words, sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)\n"
    )
    commands = ["--help", "ls pairs", "ls tasks", "ls protocols", "ls reported", f"show {record}"]
    done = subprocess.run(
        [sys.executable, "-c", program, ";".join(commands)], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines() == [f"{words} []" for words in commands]
