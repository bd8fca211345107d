"""The command `mechshift fingerprint`: which examples a task draws, as one number."""

from itertools import islice
from typing import Annotated

import typer

from .options import JsonOption, of_selection
from .output import print_json


def fingerprint(
    task: Annotated[str, typer.Argument(help="A task (see `mechshift ls tasks`).")],
    n: Annotated[int, of_selection("--n", min=1, help="Examples.")] = 500,
    as_json: JsonOption = False,
) -> None:
    """Print the fingerprint of a task's first examples, which is another where any of them is.

    Example: mechshift fingerprint ioi --n 100
    """
    from ...tasks import get_task
    from ...tasks.export import fingerprint as of_examples

    found = of_examples(tuple(islice(get_task(task).examples(0), n)))
    if as_json:
        print_json({"task": task, "fingerprint": found})
    else:
        print(f"{task}: {found}")
