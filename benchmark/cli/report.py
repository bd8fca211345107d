"""The command `mechshift report`: all that was measured of pairs, and what can be stated, as a document."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .options import ControlRecords, IndependentOfControls, of_check, of_output
from .output import print_text


def report(
    record: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECORD…",
            help="Records, runs' folders with one record each, or submissions, of one protocol.",
        ),
    ],
    control: ControlRecords = None,
    seeds: Annotated[
        bool,
        of_check(
            "--seeds",
            help="The records are trainings of one recipe with several seeds, and so are the controls.",
        ),
    ] = False,
    independent: IndependentOfControls = False,
    out: Annotated[
        Path | None, of_output(metavar="FILE.md", help="Where to write the report; by default it is printed.")
    ] = None,
    plots: Annotated[
        Path | None,
        of_output(metavar="FOLDER", help="Also write the pairs' figures to this folder, and link them."),
    ] = None,
) -> None:
    """Write what was measured and what can be stated as Markdown, with every number filled in by code.

    Example: mechshift report mechshift-results/tiny-quick.json --out report.md

    Example: mechshift report tiny.zip --control tiny-continued.zip --out report.md --plots figures
    """
    from ...files import write_text
    from ..report.sources import read_sources
    from ..report.write import make_report
    from ..run.progress import announce_when_slow

    sources = read_sources(record, control or (), seeds, not independent, announce_when_slow())
    text = make_report(sources, plots, None if out is None else out.parent)
    if out is None:
        print_text(text.removesuffix("\n"))
        return
    write_text(out, text)
    print(f"wrote {out}", file=sys.stderr)
