"""The command `mechshift tasks export`: examples of tasks as Parquet files, each with its task's card."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import UsageError
from .options import JsonOption

if TYPE_CHECKING:
    from ...tasks import Task

app = typer.Typer(no_args_is_help=True, help="The tasks as data that other programs read.")

OUT = Path("mechshift-tasks")


class Split(StrEnum):
    """What the examples are for."""

    evaluation = "evaluation"
    training = "training"


@app.command()
def export(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="TASK", help="Tasks (see `mechshift ls tasks`).")
    ] = None,
    suite: Annotated[str | None, typer.Option(help="Tasks: local, planning, paper or all.")] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Examples of each task.")] = 500,
    seed: Annotated[int, typer.Option(help="The seed of the stream; a run's is its protocol's.")] = 0,
    split: Annotated[
        Split, typer.Option(help="What runs ask, or what is free to train on.")
    ] = Split.evaluation,
    level: Annotated[str | None, typer.Option(help="A difficulty that the tasks have.")] = None,
    out: Annotated[Path, typer.Option(help="The folder that the files are written to.")] = OUT,
    as_json: JsonOption = False,
) -> None:
    """Write the first examples of tasks as Parquet, one file each, with the task's card and a fingerprint.

    Prints path, number of examples and fingerprint of each. The same arguments give the same bytes.
    """
    from ...tasks.export import write_parquet

    chosen = [(task, task.level(level)[0]) for task in _tasks(names or [], suite)]
    written = []
    for task, its_level in chosen:
        path = out / f"{task.card.name}-{its_level}-{split.value}-seed{seed}.parquet"
        file = _described(write_parquet(path, task, n, seed, split.value, its_level))
        written.append(file)
        if not as_json:
            print(f"{file['path']}: {file['examples']} examples, fingerprint {file['fingerprint']}")
    if as_json:
        print(json.dumps(written, indent=1, ensure_ascii=False))


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
