"""The command `mechshift rescore`: every number of a record again, from its cells."""

from pathlib import Path
from typing import Annotated

import typer

from ...errors import one_line
from .options import JsonOption
from .output import print_json

SHOWN = 20
"""Differences of one record that are printed as text; JSON has all."""


def rescore(
    place: Annotated[
        Path,
        typer.Argument(
            metavar="RECORD-or-RUN", help="A record that lies beside its cells, or a run's folder."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Compute every number of a record again from the cells of its run; no model is loaded.

    Ends with exit code 1 where a record says something else than its cells.

    Example: mechshift rescore mechshift-results/tiny-quick.json
    """
    from ..run.progress import announce_when_slow
    from ..run.rescore import find_records
    from ..run.rescore import rescore as compute

    announce, paths = announce_when_slow(), find_records(place)
    found = [compute(path, announce, f"{path.name}: " if len(paths) > 1 else "") for path in paths]
    if as_json:
        rows = [{"record": str(one.path), "differences": one.differences} for one in found]
        print_json(rows)
    else:
        for one in found:
            print(one_line(f"{one.path}: {_verdict(one.differences)}"))
            for line in one.differences[:SHOWN]:
                print(one_line(f"  {line}"))
    if any(one.differences for one in found):
        raise typer.Exit(1)


def _verdict(differences: tuple[str, ...]) -> str:
    if not differences:
        return "recomputed from its cells, identical to the last byte"
    shown = f", the first {SHOWN} of them" if len(differences) > SHOWN else ""
    return f"{len(differences)} values differ from those recomputed from its cells{shown}"
