"""The command `mechshift leaderboard`: a row for each submission of a board."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from .options import FormatOption, JsonOption, TableFormat, of_output, of_selection
from .output import print_json, print_text, width

if TYPE_CHECKING:
    from ..board.table import BoardView


def leaderboard(
    directory: Annotated[Path, typer.Argument(help="A board: a folder of submissions.")],
    protocol: Annotated[
        str | None,
        of_selection(help="Only records of this protocol; for paper, their overlaps beside reported ones."),
    ] = None,
    unofficial: Annotated[
        bool,
        of_selection(
            "--unofficial",
            help="Also show what no board takes, such as plain records, quick looks, partial runs; marked.",
        ),
    ] = False,
    retired: Annotated[
        bool,
        of_selection(
            "--retired/--no-retired",
            help="List submissions of older versions of the protocol below the others.",
        ),
    ] = True,
    sort: Annotated[
        str | None,
        of_output(metavar="COLUMN", help="Sort and rank by a column, by its CSV name; missing values last."),
    ] = None,
    ascending: Annotated[
        bool, of_output("--ascending", help="Sort numbers from the smallest up, and rank the smaller higher.")
    ] = False,
    columns: Annotated[
        str | None,
        of_output(metavar="A,B,…", help="The columns to show, under their CSV names; by default what fits."),
    ] = None,
    html: Annotated[
        Path | None,
        of_output(
            metavar="OUT",
            help="Write pages instead of a table: to a folder with one for each pair, or to OUT.html alone.",
        ),
    ] = None,
    style: FormatOption = TableFormat.text,
    as_json: JsonOption = False,
) -> None:
    """Print a row for each pair of a board, the largest task-dependent shift first, with ranks.

    Example: mechshift leaderboard board --sort overlap_planning

    Example: mechshift leaderboard mechshift-results --unofficial

    Example: mechshift leaderboard board --html site
    """
    from ..board.table import BoardView, board_rows, board_table

    names = None if columns is None else tuple(name.strip() for name in columns.split(","))
    view = BoardView(protocol, sort, ascending, unofficial, retired, names)
    if html is not None:
        _write_pages(directory, view, html, as_json or style is not TableFormat.text)
    elif not as_json:
        print_text(board_table(directory, view, style.value, width()))
    elif style is TableFormat.text:
        print_json(board_rows(directory, view))
    else:
        raise UsageError(f"--json and --format {style.value} both set the output format", "give one of them")


def _write_pages(directory: Path, view: "BoardView", out: Path, other_format: bool) -> None:
    from ..pages.write import write_board

    if other_format:
        raise UsageError("--html and --json or --format both set the output format", "give one of them")
    if view.columns is not None or view.is_beside_reported():
        given = "--columns" if view.columns is not None else f"protocol {view.protocol}"
        raise UsageError(
            f"a board's page has all columns of rows of pairs, and {given} asks for others", "leave it out"
        )
    first, *others = write_board(view.board(directory), out)
    print(f"wrote {first}" + (f" and {len(others)} pages of pairs" if others else ""), file=sys.stderr)
