"""The commands `mechshift pair`: what is known of a listed pair, and an entry for one that is not."""

import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Pairs: what is declared about one, and a new entry.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A listed pair (see `mechshift ls pairs`).")],
    as_json: JsonOption = False,
) -> None:
    """Print what is declared about a listed pair, with its revisions, licences, source and confounds."""
    from .listing import describe_pair, table

    row = describe_pair(name)
    print(json.dumps(row, indent=1, ensure_ascii=False) if as_json else table([row]))
