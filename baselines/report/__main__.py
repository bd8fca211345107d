"""Write the report on the reference pairs, or their verdict on a page.

python -m mechshift.baselines.report --records DIR --out DIR
python -m mechshift.baselines.report --records DIR --page docs/reference-pairs.md
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ...errors import MechshiftError, defused
from ...files import write_text
from .figures import write_figures
from .page import page
from .records import read_family, read_pairs
from .verdict_page import read_current, write_page


def main() -> None:
    """Write `OUT/report.md` and `OUT/figures/*.svg`, or the verdict on PAGE, from what records there are."""
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
    parser.add_argument("--out", type=Path, help="folder for report.md and figures/")
    parser.add_argument(
        "--page",
        type=Path,
        help="page on which the verdict is written anew, from records of today's protocol",
    )
    arguments = parser.parse_args()
    if arguments.out is None and arguments.page is None:
        parser.error("give --out, --page or both")
    absent: Sequence[str] = ()
    try:
        if arguments.page is not None:
            family = read_current(arguments.records)
            write_page(arguments.page, family)
            absent = family.absent
        if arguments.out is not None:
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
