"""The command `mechshift ls`: what there is to run, and under which rules."""

from enum import StrEnum
from typing import Annotated

import typer

from .options import JsonOption
from .output import print_json, width


class Listing(StrEnum):
    """What `mechshift ls` can list."""

    tasks = "tasks"
    pairs = "pairs"
    protocols = "protocols"
    reported = "reported"


def ls(
    what: Annotated[Listing, typer.Argument(help="tasks, pairs, protocols or reported")],
    as_json: JsonOption = False,
) -> None:
    """List the tasks with their cards, the named pairs, the protocols, or numbers that others reported.

    Example: mechshift ls pairs
    """
    from ..tables import listing

    describe = {
        Listing.tasks: listing.describe_tasks,
        Listing.pairs: listing.describe_pairs,
        Listing.protocols: listing.describe_protocols,
        Listing.reported: listing.describe_reported,
    }
    rows = describe[what]()
    if as_json:
        print_json(rows)
        return
    written = listing.pairs_table if what is Listing.pairs else listing.table
    print(written(rows, width()))
