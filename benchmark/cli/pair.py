"""The commands `mechshift check-pair` and `mechshift pair`: what is known and found of a pair."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ...errors import UsageError
from ...files import write_text
from .declaring import pair_spec
from .options import (
    ArmOption,
    ArmRevisionOption,
    AttentionOption,
    ControlOption,
    DeviceOption,
    JsonOption,
    MaskTokenOption,
    MdmOption,
    OfflineOption,
    PairOption,
    RevisionOption,
    ShiftOption,
)

FOUND = "if left out found from how it fills gaps"

app = typer.Typer(no_args_is_help=True, help="Pairs: what is declared about one, and a new entry.")


def check_pair(
    pair: PairOption = None,
    arm: ArmOption = None,
    mdm: MdmOption = None,
    shift: ShiftOption = None,
    attention: AttentionOption = None,
    control: ControlOption = None,
    mask_token: MaskTokenOption = None,
    revision: RevisionOption = None,
    arm_revision: ArmRevisionOption = None,
    device: DeviceOption = None,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print what every load-time check finds of a pair, how it fills gaps, and how far its weights moved.

    Ends with exit code 1 where a check fails.
    """
    spec = pair_spec(
        pair,
        arm,
        mdm,
        shift=shift,
        attention=attention,
        mask_token=mask_token,
        control=control,
        revision=revision,
        arm_revision=arm_revision,
    )
    from ..admission import report as pair_report
    from ..admission.outcome import check_pair

    found = check_pair(spec, device, offline)
    if as_json:
        print(json.dumps(pair_report.as_json(found), indent=1, ensure_ascii=False))
    else:
        print(pair_report.render(found))
    if found.failed:
        raise typer.Exit(1)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A listed pair (see `mechshift ls pairs`), or a FILE.toml.")],
    as_json: JsonOption = False,
) -> None:
    """Print what is declared about a listed pair, with its revisions, licences, source and confounds."""
    from ..tables.listing import describe_pair, table

    row = describe_pair(name)
    print(json.dumps(row, indent=1, ensure_ascii=False) if as_json else table([row]))


@app.command()
def new(
    arm: Annotated[str, typer.Option(help="The ARM: a directory or a hub id.")],
    mdm: Annotated[str, typer.Option(help="The MDM post-trained from it: a directory or a hub id.")],
    name: Annotated[str | None, typer.Option(help="What the pair is to be called.")] = None,
    shift: Annotated[
        bool | None, typer.Option("--shift/--no-shift", help=f"How the MDM is read; {FOUND}.")
    ] = None,
    attention: Annotated[
        str | None, typer.Option(help=f"full, causal, block:SIZE or observed-first; {FOUND}.")
    ] = None,
    mask_token: Annotated[
        str | None, typer.Option(help="The mask token; if left out as the files name it, else found.")
    ] = None,
    revision: RevisionOption = None,
    arm_revision: ArmRevisionOption = None,
    device: DeviceOption = None,
    offline: OfflineOption = False,
    out: Annotated[Path | None, typer.Option(help="A new FILE.toml; printed if left out.")] = None,
) -> None:
    """Write an entry for a pair by inspecting its checkpoints; what is declared here is not looked for.

    Run it with `mechshift run --pair FILE.toml`.
    """
    if out is not None and (out.suffix != ".toml" or out.exists()):
        raise UsageError(f"{out} is not a new .toml file", "choose another name, or delete it before")
    if name is not None and not name.strip():
        raise UsageError("--name is empty", "give the pair a name, or leave it out")
    declared = {"shift": shift, "attention": attention, "mask_token": mask_token}
    declared |= {"revision": revision, "arm_revision": arm_revision, "name": name}
    spec = pair_spec(None, arm, mdm, **declared)
    from ..admission.discovery import discover_pair
    from ..pairs.entry import entry_text

    given = [option for option, value in declared.items() if value is not None]
    found = discover_pair(spec, given, Path() if out is None else out.parent, device, offline)
    text = "".join(f"# {remark}\n" for remark in found.remarks) + entry_text(spec.name, found.entry)
    if out is None:
        print(text, end="")
        return
    write_text(out, text)
    print(f"wrote {out}; next: mechshift check-pair --pair {out}")
