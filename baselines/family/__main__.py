"""Build the project's board, its pages, or the kept records: `python -m mechshift.baselines.family`."""

import argparse
import sys
from pathlib import Path

from ...errors import MechshiftError, defused
from .build import build_pages, build_records, build_submissions, without_run


def main() -> None:
    """Write the board's submissions and the reference pairs' records from runs, and the board's pages."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--board", type=Path, required=True, help="the board's folder, such as baselines/board"
    )
    parser.add_argument("--pages", type=Path, help="folder that its pages are written to")
    parser.add_argument(
        "--reference", type=Path, help="with --runs: folder of the reference pairs, for their records"
    )
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
            for path in build_records(arguments.runs, arguments.reference) if arguments.reference else ():
                print(path)
            if left_out := without_run(arguments.runs):
                print(f"mechshift: left out, as they have no run: {', '.join(left_out)}", file=sys.stderr)
        for path in build_pages(arguments.board, arguments.pages) if arguments.pages else ():
            print(path)
    except MechshiftError as error:
        print(defused(f"mechshift: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
