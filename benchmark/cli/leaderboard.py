"""The command `mechshift leaderboard`: a row for each record of a folder."""

from pathlib import Path
from typing import Annotated

import typer

from ...errors import UsageError
from .options import FormatOption, JsonOption, TableFormat, of_output, of_work
from .output import print_json, width


def leaderboard(
    directory: Annotated[Path, typer.Argument(help="A folder of records.")],
    protocol: Annotated[
        str | None,
        of_work(help="Only records of this protocol; for paper, their overlaps beside reported ones."),
    ] = None,
    unofficial: Annotated[
        bool,
        of_work(
            "--unofficial",
            help="Also show records that no board takes, such as quick looks and partial runs, marked.",
        ),
    ] = False,
    sort: Annotated[
        str | None,
        of_output(metavar="COLUMN", help="Sort by a column, under its CSV name; missing values come last."),
    ] = None,
    style: FormatOption = TableFormat.text,
    as_json: JsonOption = False,
) -> None:
    """Print a row for each record of a folder, the largest task-dependent shift first.

    Example: mechshift leaderboard board --sort overlap_planning

    Example: mechshift leaderboard mechshift-results --unofficial
    """
    from ..board.table import board_rows, board_table

    if not as_json:
        print(board_table(directory, protocol, style.value, sort, unofficial, width()))
    elif style is TableFormat.text:
        print_json(board_rows(directory, protocol, sort, unofficial))
    else:
        raise UsageError(f"--json and --format {style.value} both set the output format", "give one of them")
