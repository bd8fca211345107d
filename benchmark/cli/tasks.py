"""The command `mechshift tasks export`: examples of tasks as Parquet files, each with its task's card."""

import filecmp
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import UsageError
from .options import JsonOption, of_output, of_selection
from .output import print_json

if TYPE_CHECKING:
    from ...tasks import Task
    from ...tasks.example import Split

    Wanted = Mapping[Path, tuple[Task, int, int, Split, str]]

app = typer.Typer(no_args_is_help=True, help="The tasks as data for other programs.")

OUT = Path("mechshift-tasks")


class WhichSplit(StrEnum):
    """What the examples are for."""

    evaluation = "evaluation"
    training = "training"


@app.command()
def export(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="TASK", help="Tasks (see `mechshift ls tasks`).")
    ] = None,
    suite: Annotated[str | None, of_selection(help="Tasks: local, planning, paper or all.")] = None,
    n: Annotated[int, of_selection("--n", min=1, help="Number of examples per task.")] = 500,
    seed: Annotated[int, of_selection(help="The seed of the stream; runs use their protocol's.")] = 0,
    split: Annotated[
        WhichSplit | None,
        of_selection(
            help="The examples that runs use (evaluation, the default), or those free for training; "
            "by default a dataset has both."
        ),
    ] = None,
    level: Annotated[
        str | None,
        of_selection(help="A difficulty that the tasks have; by default a dataset has all of each task."),
    ] = None,
    out: Annotated[
        Path | None, of_output(help=f"The folder that the files are written to; by default {OUT}.")
    ] = None,
    dataset: Annotated[
        Path | None,
        of_output(help="Write a dataset repository of the Hub to this folder; by default of all tasks."),
    ] = None,
    overwrite: Annotated[
        bool, of_output("--overwrite", help="Replace existing files that hold other examples.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the first examples of tasks as Parquet, one file each, with the task's card and a fingerprint.

    Prints path, number of examples and fingerprint of each. The same arguments give the same bytes, which are
    left alone where they are already there.

    With --dataset, writes what a dataset repository of the Hub holds: all levels, both splits, a card, and
    the file that lists the benchmark's tasks. Nothing is uploaded.

    Example: mechshift tasks export ioi countdown --n 1000 --split training

    Example: mechshift tasks export --suite local --dataset mechshift-local
    """
    if dataset is not None and out is not None:
        raise UsageError("--out and --dataset both say where files go", "give one of them")
    usual = "all" if dataset is not None and not names else None
    chosen = _tasks(names or [], suite or usual)
    drawn = _Drawn(chosen, n, seed, split, level)
    if dataset is not None:
        files = _write_dataset(dataset, drawn, overwrite)
    else:
        files = _write_files(out or OUT, drawn, overwrite)
    written = []
    for file in files:
        written.append(file)
        if not as_json:
            print(_line(file))
    if as_json:
        print_json(written)


@dataclass(frozen=True)
class _Drawn:
    """Which examples are written: the first `n` of the tasks' streams.

    None stands for the default of the output format.
    """

    tasks: Sequence["Task"]
    n: int
    seed: int
    split: WhichSplit | None
    level: str | None


def _write_files(out: Path, drawn: _Drawn, overwrite: bool) -> Iterator[dict[str, Any]]:
    """Write a file for each task, and tell of each as it is there."""
    from ...tasks.export import write_parquet

    split = _split(drawn.split)
    wanted: Wanted = {
        out / f"{task.card.name}-{level}-{split}-seed{drawn.seed}.parquet": (
            task,
            drawn.n,
            drawn.seed,
            split,
            level,
        )
        for task, level in [(task, task.level(drawn.level)[0]) for task in drawn.tasks]
    }
    # All files are compared before the first is written, so a refusal leaves nothing half done.
    kept = set() if overwrite else _already_there(wanted)
    for path, arguments in wanted.items():
        yield _described(path if path in kept else write_parquet(path, *arguments))


def _write_dataset(folder: Path, drawn: _Drawn, overwrite: bool) -> Iterator[dict[str, Any]]:
    """Write a dataset repository, and tell of its files once all are there."""
    from ..publishing.dataset import dataset_files
    from ..publishing.portions import draw_portions
    from ..publishing.writing import write_together
    from ..record.protocol import list_protocols

    splits: Sequence[Split] = ("evaluation", "training") if drawn.split is None else (_split(drawn.split),)
    portions = tuple(draw_portions(drawn.tasks, drawn.n, drawn.seed, splits, drawn.level))
    files = dataset_files(portions, [protocol for protocol in list_protocols() if protocol.board])
    for path in write_together(folder, files, overwrite):
        yield _described(path) if path.suffix == ".parquet" else {"path": str(path)}


def _split(split: WhichSplit | None) -> "Split":
    return "training" if split is WhichSplit.training else "evaluation"


def _line(file: Mapping[str, Any]) -> str:
    said = f": {file['examples']} examples, fingerprint {file['fingerprint']}" if "examples" in file else ""
    return f"{file['path']}{said}"


def _already_there(wanted: "Wanted") -> set[Path]:
    """The files that are there as they would be written.

    Raises UsageError, before anything is written, where one is there with another content.
    """
    from ...tasks.export import write_parquet

    there = {path: arguments for path, arguments in wanted.items() if path.is_file()}
    with tempfile.TemporaryDirectory() as folder:
        for path, arguments in there.items():
            fresh = write_parquet(Path(folder) / path.name, *arguments)
            if not filecmp.cmp(path, fresh, shallow=False):
                raise UsageError(
                    f"{path} already exists and holds other examples",
                    "choose another folder with --out, or replace it with --overwrite",
                )
    return set(there)


def _tasks(names: list[str], suite: str | None) -> tuple["Task", ...]:
    from ...tasks import get_suite, get_task

    if names and suite is not None:
        raise UsageError("task names and --suite both say which tasks to export", "give one of them")
    if names:
        return tuple(get_task(name) for name in dict.fromkeys(names))
    if suite is None:
        raise UsageError(
            "no task was named",
            "name one or more (see `mechshift ls tasks`), or give --suite: local, planning, paper or all",
        )
    return get_suite(suite)


def _described(path: Path) -> dict[str, Any]:
    """What a file that was written says about itself."""
    from pyarrow.parquet import read_metadata

    from ...tasks.export import METADATA_KEY

    found = read_metadata(path)
    content = json.loads(found.metadata[METADATA_KEY])
    return {
        "path": str(path),
        "task": content["card"]["name"],
        "version": content["card"]["version"],
        **{name: content[name] for name in ("level", "split", "seed")},
        "examples": found.num_rows,
        "fingerprint": content["fingerprint"],
    }
