"""The commands `mechshift check-pair` and `mechshift pair`: what is known and found of a pair."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from ...files import write_text
from .options import JsonOption, of_output, placed, resolved, with_pair
from .output import print_json, width

if TYPE_CHECKING:
    from ..pairs.options import PairOptions

app = typer.Typer(no_args_is_help=True, help="Show what is declared about a pair, or write a new entry.")


@with_pair("name", "accept_behaviour")
def check_pair(options: "PairOptions", as_json: JsonOption = False) -> None:
    """Print what every load-time check finds of a pair, how it fills gaps, and how far its weights moved.

    Ends with exit code 1 where a check fails.

    Example: mechshift check-pair --arm org/base --mdm org/diffusion --attention block:32
    """
    spec = resolved(options)
    from ..admission import report as pair_report
    from ..admission.examination import check_pair as examine

    found = examine(spec, placed(options), options.offline)
    if as_json:
        print_json(pair_report.as_json(found))
    else:
        print(pair_report.render(found))
    if found.failed:
        raise typer.Exit(1)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A listed pair (see `mechshift ls pairs`), or a FILE.toml.")],
    as_json: JsonOption = False,
) -> None:
    """Print what is declared about a listed pair, with its revisions, licences, source and confounds.

    Example: mechshift pair show dream-7b
    """
    from ..tables.listing import describe_pair, table

    row = describe_pair(name)
    if as_json:
        print_json(row)
    else:
        print(table([row], width()))


@app.command()
@with_pair("pair", "as_control", "dtype", "accept_behaviour", left_out="found from how gaps are filled")
def new(
    options: "PairOptions",
    out: Annotated[Path | None, of_output(help="A new FILE.toml; without it, the entry is printed.")] = None,
) -> None:
    """Write an entry for a pair by inspecting its checkpoints; what is declared here is not looked for.

    Run it with `mechshift run --pair FILE.toml`.

    Example: mechshift pair new --arm org/base --mdm org/diffusion --name mine --out mine.toml
    """
    if options.arm is None and options.mdm is None:
        raise UsageError("a new entry needs two checkpoints", "name them with --arm and --mdm")
    if out is not None and (out.suffix != ".toml" or out.exists()):
        raise UsageError(f"{out} is not a new .toml file", "choose another name")
    if options.name is not None and not options.name.strip():
        raise UsageError("--name is empty", "give the pair a name, or leave it out")
    spec = resolved(options)
    from ..admission.discovery import discover_pair
    from ..pairs.entry import entry_text

    folder = Path() if out is None else out.parent
    found = discover_pair(spec, list(options.declared), folder, placed(options), options.offline)
    text = "".join(f"# {remark}\n" for remark in found.remarks) + entry_text(spec.name, found.entry)
    if out is None:
        print(text, end="")
        return
    write_text(out, text)
    print(f"wrote {out}; next: mechshift check-pair --pair {out}")
