"""Write the report on the reference pairs: `python -m mechshift.baselines.report --records DIR --out DIR`."""

import argparse
import sys
from pathlib import Path

from ...errors import MechshiftError, defused
from ...files import write_text
from .figures import write_figures
from .page import page
from .records import read_family, read_pairs


def main() -> None:
    """Write `OUT/report.md` and `OUT/figures/*.svg` from those records of reference pairs that are there."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--records",
        type=Path,
        required=True,
        help="folder of the reference pairs, with the records at least of tiny and tiny-continued",
    )
    parser.add_argument(
        "--structure",
        type=Path,
        help="the data file that python -m mechshift.baselines.structure wrote; sections on it are left out "
        "without",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for report.md and figures/")
    arguments = parser.parse_args()
    try:
        absent = write_report(arguments.records, arguments.out, arguments.structure)
    except MechshiftError as error:
        print(defused(f"mechshift: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)
    for pair in absent:
        print(f"mechshift: no record of {pair}: what needs it is left out of the report", file=sys.stderr)


def write_report(records: Path, out: Path, structure: Path | None = None) -> tuple[str, ...]:
    """Write the report and its figures; nothing where the records cannot be compared.

    Returns the reference pairs of which there is no record.

    Raises UsageError and NotComputable as `read_pairs` does, and OutputError where `out` cannot be written.
    """
    pairs = read_pairs(records)
    family = None if structure is None else read_family(structure, pairs)
    text = page(pairs, family)
    write_figures(pairs, out / "figures", family)
    write_text(out / "report.md", text)
    return pairs.absent()


if __name__ == "__main__":
    main()
