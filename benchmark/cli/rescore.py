"""The command `mechshift rescore`: every number of a record again, from its cells."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import one_line
from .options import JsonOption
from .output import print_json

if TYPE_CHECKING:
    from ..run.rescore import Rescored

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
            print(one_line(f"{one.path}: {_verdict(one)}"))
            for line in one.differences[:SHOWN]:
                print(one_line(f"  {line}"))
    if any(one.differences for one in found):
        raise typer.Exit(1)


def _verdict(one: "Rescored") -> str:
    if not one.differences:
        how = "equal but for how another machine rounds" if one.rounded else "identical to the last byte"
        return f"recomputed from its cells, {how}"
    number = len(one.differences)
    shown = f", the first {SHOWN} of them" if number > SHOWN else ""
    return f"{number} values differ from those recomputed from its cells{shown}"
