"""The command `mechshift compare`: what differs between two records, and by how much more than chance."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...errors import UsageError
from .options import FormatOption, HtmlOption, JsonOption, TableFormat, of_check
from .output import flush, print_json, print_text, width

IndependentOption = Annotated[
    bool,
    of_check(
        "--independent",
        help="Compute nothing from cells: without kept resampled values records count as independent.",
    ),
]


def compare(
    a: Annotated[
        Path, typer.Argument(metavar="A", help="A record, a run's folder with one, or a submission.")
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one of the same protocol.")],
    fail_on: Annotated[
        list[str] | None,
        of_check(
            metavar="RULE",
            help="End with exit code 1 where the interval of B − A lies beyond a bound, as in "
            "'overlap_planning < -0.05' or 'accuracy_mdm.ioi < 0', or for 'any' difference; repeatable.",
        ),
    ] = None,
    independent: IndependentOption = False,
    html: HtmlOption = None,
    style: FormatOption = TableFormat.text,
    as_json: JsonOption = False,
) -> None:
    """Print B − A of every quantity of two records, with intervals and p-values.

    Example: mechshift compare mechshift-results/tiny-quick.json mechshift-results/tiny-scratch-quick.json

    Example: mechshift compare before after --fail-on 'overlap_planning < -0.05'
    """
    from ..contrast.comparison import compare_records
    from ..contrast.rules import find_failures, parse_rule
    from ..contrast.table import comparison_table, values_of
    from ..run.progress import announce_when_slow

    if as_json and style is not TableFormat.text:
        raise UsageError(f"--json and --format {style.value} both set the output format", "give one of them")
    rules = [parse_rule(rule) for rule in fail_on or ()]
    comparison = compare_records(a, b, not independent, announce_when_slow())
    if html is not None:
        from ..pages.comparison import comparison_page
        from ..pages.write import write_page

        print(f"wrote {write_page(comparison_page(comparison), html)}", file=sys.stderr)
    if as_json:
        print_json(values_of(comparison))
    else:
        print_text(comparison_table(comparison, style.value, width()))
    flush()
    # After the table: a rule that cannot be judged is an error, which leaves the table to be read.
    if failures := find_failures(rules, comparison):
        from ..findings.text import as_text

        print(as_text(failures), file=sys.stderr)
        raise typer.Exit(1)
