"""Build the project's board: `python -m mechshift.baselines.family --board DIR --pages DIR [--runs DIR]`."""

import argparse
import sys
from pathlib import Path

from ...errors import MechshiftError
from .build import build_pages, build_submissions, without_run


def main() -> None:
    """Write the submissions of the reference pairs from their runs, and the board's pages.

    Without --runs only the pages, from the submissions that are there.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--board", type=Path, required=True, help="the board's folder, such as baselines/board"
    )
    parser.add_argument("--pages", type=Path, required=True, help="folder of its pages")
    parser.add_argument(
        "--runs",
        type=Path,
        help="folder with runs of reference pairs under v2: RUNS/PAIR, cells and all",
    )
    arguments = parser.parse_args()
    try:
        if arguments.runs is not None:
            for path in build_submissions(arguments.runs, arguments.board):
                print(path)
            if left_out := without_run(arguments.runs):
                print(f"mechshift: left out, as they have no run: {', '.join(left_out)}", file=sys.stderr)
        for path in build_pages(arguments.board, arguments.pages):
            print(path)
    except MechshiftError as error:
        print(f"mechshift: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
