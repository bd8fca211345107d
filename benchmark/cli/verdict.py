"""The command `mechshift verdict`: what can be stated of a pair, and what decides it."""

from pathlib import Path
from typing import Annotated

import typer

from .options import ControlRecords, IndependentOfControls, JsonOption, of_check
from .output import print_json, print_text, width


def verdict(
    record: Annotated[
        Path, typer.Argument(metavar="RECORD", help="A record, a run's folder with one, or a submission.")
    ],
    control: ControlRecords = None,
    line: Annotated[
        list[Path] | None,
        of_check(
            "--line",
            metavar="RECORD",
            help="The record of a line (mechshift run --line), shown beside the pair; nothing is attributed "
            "by it; repeatable.",
        ),
    ] = None,
    independent: IndependentOfControls = False,
    as_json: JsonOption = False,
) -> None:
    """Print what can be stated of a pair: preserved, rebuilt, extended, or undecided, and what decided it.

    Example: mechshift verdict mechshift-results/tiny-quick.json

    Example: mechshift verdict tiny.zip --control tiny-continued.zip --control tiny-continued-low.zip
    """
    from ..run.progress import announce_when_slow
    from ..verdict.read import judge_files
    from ..verdict.text import verdict_text, verdict_values

    found = judge_files(record, control or (), not independent, announce_when_slow(), line or ())
    if as_json:
        print_json(verdict_values(found))
    else:
        print_text(verdict_text(found, width()))
