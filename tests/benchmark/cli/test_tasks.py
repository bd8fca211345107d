"""`mechshift tasks export` from its arguments to the files it writes and what it prints about them."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from mechshift.benchmark.record.record import Record
from mechshift.tasks import get_task, registry

Command = Callable[..., Any]
Row = dict[str, Any]


def rows(path: Path) -> list[Row]:
    """The examples of a file, in its order."""
    loaded: list[Row] = pyarrow.parquet.read_table(path).to_pylist()
    return loaded


def about(path: Path) -> Row:
    """What a file says about its examples."""
    loaded: Row = json.loads(pyarrow.parquet.read_schema(path).metadata[b"mechshift"])
    return loaded


def first(task: str, n: int, *arguments: Any) -> list[Row]:
    """The first examples of a task's stream, as JSON would give them back."""
    examples = [asdict(example) for example in islice(get_task(task).examples(*arguments), n)]
    loaded: list[Row] = json.loads(json.dumps(examples))
    return loaded


def digest(examples: Sequence[Row]) -> str:
    """The fingerprint of examples: SHA-256 of their JSON with sorted keys and without spaces."""
    text = json.dumps(examples, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("task", "seed", "split", "level"),
    [
        ("ioi", 0, "evaluation", "abb"),
        ("ioi", 7, "training", "abc"),
        ("greater-than", -1, "evaluation", "years"),
        ("countdown", 3, "training", "medium"),
        ("countdown", 0, "evaluation", "dream-4"),
        ("infilling", 0, "evaluation", "words"),
    ],
)
def test_a_file_is_the_beginning_of_the_stream(
    task: str, seed: int, split: str, level: str, command: Command, tmp_path: Path
) -> None:
    options = ["--n", 20, "--seed", seed, "--split", split, "--level", level]
    done = command("tasks", "export", task, *options, "--out", tmp_path / "files")
    assert (done.code, done.err) == (0, "")
    assert names(tmp_path / "files") == {f"{task}-{level}-{split}-seed{seed}.parquet"}
    (path,) = (tmp_path / "files").iterdir()
    assert rows(path) == first(task, 20, seed, split, level)


def test_a_file_has_its_card_and_arguments(command: Command, tmp_path: Path) -> None:
    command("tasks", "export", "countdown", "--n", 5, "--seed", 3, "--out", tmp_path)
    found = about(tmp_path / "countdown-small-evaluation-seed3.parquet")
    assert found["card"] == json.loads(json.dumps(asdict(get_task("countdown").card)))
    assert (found["seed"], found["split"], found["level"]) == (3, "evaluation", "small")


def test_without_options_it_is_500_examples_that_runs_draw_from(command: Command, tmp_path: Path) -> None:
    assert command("tasks", "export", "ioi").code == 0
    path = tmp_path / "mechshift-tasks" / "ioi-abc-evaluation-seed0.parquet"
    assert rows(path) == first("ioi", 500, 0, "evaluation", "abc")


def test_a_line_a_file_says_where_how_many_and_which(command: Command) -> None:
    done = command("tasks", "export", "ioi", "countdown", "--n", 6, "--out", "files")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"files/{task}-{level}-evaluation-seed0.parquet: 6 examples, fingerprint {digest(first(task, 6, 0))}"
        for task, level in (("ioi", "abc"), ("countdown", "small"))
    ]


def test_json_says_the_same_and_nothing_else(command: Command) -> None:
    done = command("tasks", "export", "ioi", "--n", 6, "--seed", 2, "--out", "files", "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == [
        {
            "path": "files/ioi-abc-evaluation-seed2.parquet",
            "task": "ioi",
            "version": get_task("ioi").card.version,
            "level": "abc",
            "split": "evaluation",
            "seed": 2,
            "examples": 6,
            "fingerprint": digest(first("ioi", 6, 2)),
        }
    ]


def test_a_suite_is_a_file_a_task(command: Command, tmp_path: Path) -> None:
    assert command("tasks", "export", "--suite", "paper", "--n", 2, "--out", tmp_path / "files").code == 0
    assert names(tmp_path / "files") == {
        f"{task}-evaluation-seed0.parquet"
        for task in ("ioi-abc", "greater-than-years", "countdown-small", "infilling-words")
    }


def test_a_task_named_twice_is_written_once(command: Command) -> None:
    done = command("tasks", "export", "ioi", "ioi", "--n", 2)
    assert (done.code, len(done.out.splitlines())) == (0, 1)


def test_the_same_command_gives_the_same_bytes(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mechshift-tasks" / "infilling-words-training-seed1.parquet"
    arguments = ["tasks", "export", "infilling", "--n", 30, "--seed", 1, "--split", "training"]
    once = command(*arguments)
    content = path.read_bytes()
    path.unlink()
    assert command(*arguments) == once
    assert path.read_bytes() == content


def test_a_task_that_fails_is_named_and_the_files_before_it_are_whole(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = islice(get_task("countdown").examples(0), 1)
    poor = replace(get_task("countdown"), draw=lambda given: one)
    monkeypatch.setitem(registry._TASKS, "countdown", poor)
    done = command("tasks", "export", "ioi", "countdown", "infilling", "--n", 2, "--out", tmp_path / "files")
    assert done.code == 2
    assert done.err.startswith(
        "mechshift: task 'countdown' has 1 evaluation examples at level 'small', not 2"
    )
    assert len(done.out.splitlines()) == 1
    assert names(tmp_path / "files") == {"ioi-abc-evaluation-seed0.parquet"}
    assert rows(tmp_path / "files" / "ioi-abc-evaluation-seed0.parquet") == first("ioi", 2, 0)


def test_a_file_that_cannot_be_replaced_is_left_as_it_was(command: Command, tmp_path: Path) -> None:
    (tmp_path / "countdown-small-evaluation-seed0.parquet").mkdir()
    done = command("tasks", "export", "ioi", "countdown", "--n", 2, "--out", tmp_path)
    assert done.code == 3
    assert "countdown-small-evaluation-seed0.parquet cannot be written: Is a directory" in done.err
    assert names(tmp_path) == {
        "countdown-small-evaluation-seed0.parquet",
        "ioi-abc-evaluation-seed0.parquet",
    }


def test_the_same_examples_are_left_alone(command: Command, tmp_path: Path) -> None:
    arguments = ["tasks", "export", "ioi", "--n", 3, "--out", tmp_path]
    once = command(*arguments)
    (path,) = tmp_path.iterdir()
    path.chmod(0o400)
    before = path.stat()
    assert command(*arguments) == once
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_examples_are_not_overwritten_unless_that_is_asked_for(
    command: Command, tmp_path: Path
) -> None:
    assert command("tasks", "export", "ioi", "--n", 9, "--out", tmp_path).code == 0
    path = tmp_path / "ioi-abc-evaluation-seed0.parquet"
    content = path.read_bytes()
    done = command("tasks", "export", "countdown", "ioi", "--n", 5, "--out", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"mechshift: {path} already exists and holds other examples\n"
        "choose another folder with --out, or replace it with --overwrite\n"
    )
    assert (path.read_bytes(), names(tmp_path)) == (content, {path.name})
    assert command("tasks", "export", "ioi", "--n", 5, "--out", tmp_path, "--overwrite").code == 0
    assert rows(path) == first("ioi", 5, 0)


@pytest.mark.parametrize("place", [0, 1])
def test_what_a_run_used_is_in_the_file_of_its_seed_and_level(
    place: int, measured: tuple[Record, Path], command: Command, tmp_path: Path
) -> None:
    """The pool says which examples both members solved, and the record has their fingerprint."""
    record, out = measured
    task, seed = record.tasks[place], record.protocol.sampling.seed
    tried = task.pool.arm.tried + sum(task.pool.unfit.values())
    options = ["--n", tried, "--seed", seed, "--level", task.level]
    assert command("tasks", "export", task.task, *options, "--out", tmp_path).code == 0
    path = tmp_path / f"{task.task}-{task.level}-evaluation-seed{seed}.parquet"
    assert about(path)["card"]["version"] == task.version
    (pool,) = (out / "cells" / task.task).glob("pool.*.json")
    examples = rows(path)
    solved = [examples[one["index"]] for one in json.loads(pool.read_text())["solved"]]
    assert digest(solved) == task.pool.fingerprint


def test_exporting_does_not_import_torch(tmp_path: Path) -> None:
    code = (
        "import sys, mechshift.benchmark.cli.main as cli\n"
        "try:\n"
        "    cli.main()\n"
        "finally:\n"
        "    print(sorted({'torch', 'transformers', 'datasets'} & sys.modules.keys()))"
    )
    line = [sys.executable, "-c", code, "tasks", "export", "ioi", "--n", "2", "--out", str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == ["[]"]


def test_a_dataset_is_a_repository_of_all_levels_and_both_splits(command: Command, tmp_path: Path) -> None:
    arguments = ["tasks", "export", "ioi", "--n", 3, "--seed", 2, "--dataset", "repository"]
    done = command(*arguments)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        *(
            f"repository/data/ioi-{level}/{split}.parquet: 3 examples, fingerprint "
            f"{digest(first('ioi', 3, 2, split, level))}"
            for level in ("abc", "abb")
            for split in ("evaluation", "training")
        ),
        "repository/README.md",
    ]
    assert rows(tmp_path / "repository/data/ioi-abb/training.parquet") == first(
        "ioi", 3, 2, "training", "abb"
    )
    assert command(*arguments) == done


def test_a_dataset_of_other_examples_is_kept(command: Command, tmp_path: Path) -> None:
    arguments = [
        "tasks",
        "export",
        "ioi",
        "--level",
        "abc",
        "--split",
        "evaluation",
        "--dataset",
        "repository",
    ]
    assert command(*arguments, "--n", 3).code == 0
    kept = (tmp_path / "repository/README.md").read_bytes()
    done = command(*arguments, "--n", 4)
    assert done.code == 2
    assert "already exists and differs" in done.err
    assert (tmp_path / "repository/README.md").read_bytes() == kept


def test_files_go_to_one_place(command: Command) -> None:
    done = command("tasks", "export", "ioi", "--out", "a", "--dataset", "b")
    assert done.code == 2
    assert "--out and --dataset both say where files go" in done.err
