"""The commands `mechshift check-pair` and `mechshift pair`: what is known and found of a pair."""

import json
from typing import Annotated

import typer

from .declaring import (
    ArmOption,
    ArmRevisionOption,
    AttentionOption,
    ControlOption,
    DeviceOption,
    MaskTokenOption,
    MdmOption,
    OfflineOption,
    PairOption,
    RevisionOption,
    ShiftOption,
    pair_spec,
)

app = typer.Typer(no_args_is_help=True, help="Pairs: what is declared about one, and a new entry.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


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
    declared = {"shift": shift, "attention": attention, "mask_token": mask_token, "control": control}
    declared |= {"revision": revision, "arm_revision": arm_revision}
    spec = pair_spec(pair, arm, mdm, declared)
    from . import pair_report
    from .pairs.examination import examine_pair

    found = examine_pair(spec, device, offline)
    if as_json:
        print(json.dumps(pair_report.as_json(found), indent=1, ensure_ascii=False))
    else:
        print(pair_report.render(found))
    if found.failed:
        raise typer.Exit(1)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A listed pair (see `mechshift ls pairs`).")],
    as_json: JsonOption = False,
) -> None:
    """Print what is declared about a listed pair, with its revisions, licences, source and confounds."""
    from .listing import describe_pair, table

    row = describe_pair(name)
    print(json.dumps(row, indent=1, ensure_ascii=False) if as_json else table([row]))
