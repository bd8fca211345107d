"""Write the report on the reference pairs: `python -m mechshift.baselines.report --records DIR --out DIR`."""

import argparse
import sys
from pathlib import Path

from ...errors import MechshiftError
from ...files import write_text
from .figures import write_figures
from .page import page
from .records import read_pairs


def main() -> None:
    """Write `OUT/report.md` and `OUT/figures/*.svg` from those records of reference pairs that are there."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--records",
        type=Path,
        required=True,
        help="folder that holds PAIR/record.json of the reference pairs, at least of tiny and tiny-continued",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for report.md and figures/")
    arguments = parser.parse_args()
    try:
        absent = write_report(arguments.records, arguments.out)
    except MechshiftError as error:
        print(f"mechshift: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    for pair in absent:
        print(f"mechshift: no record of {pair}: what needs it is left out of the report", file=sys.stderr)


def write_report(records: Path, out: Path) -> tuple[str, ...]:
    """Write the report and its figures; nothing where the records cannot be compared.

    Returns the reference pairs of which there is no record.

    Raises UsageError and NotComputable as `read_pairs` does, and OutputError where `out` cannot be written.
    """
    pairs = read_pairs(records)
    text = page(pairs)
    write_figures(pairs, out / "figures")
    write_text(out / "report.md", text)
    return pairs.absent()


if __name__ == "__main__":
    main()
