"""Write the family's data: `python -m mechshift.baselines.structure --runs DIR --out FILE`."""

import argparse
import sys
from pathlib import Path

from ...benchmark.record.files import write_model
from ...errors import MechshiftError, defused
from .measure import measure_family
from .roster import PAIRS
from .scores import read_runs


def main() -> None:
    """Write what the score cells of the reference pairs' runs say of them together, as one JSON file."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--runs",
        type=Path,
        required=True,
        help="folder with the runs RUNS/PAIR, cells and all, at least of tiny and tiny-continued",
    )
    parser.add_argument("--out", type=Path, required=True, help="the file, such as baselines/structure.json")
    parser.add_argument(
        "--neurons", action="store_true", help="of the effects of MLP neurons instead of edges' scores"
    )
    arguments = parser.parse_args()
    try:
        runs = read_runs(arguments.runs, arguments.neurons)
        write_model(measure_family(runs, arguments.neurons), arguments.out)
    except MechshiftError as error:
        print(defused(f"mechshift: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)
    for pair in PAIRS:
        if pair not in runs.records:
            print(f"mechshift: no run of {pair}: it is left out", file=sys.stderr)


if __name__ == "__main__":
    main()
