"""Options that several commands have."""

from typing import Annotated

import typer

PairOption = Annotated[
    str | None,
    typer.Option(
        help="A pair by name (see `mechshift ls pairs`), or a FILE.toml that `mechshift pair new` wrote."
    ),
]
ArmOption = Annotated[str | None, typer.Option(help="The ARM: a directory or a hub id.")]
MdmOption = Annotated[str | None, typer.Option(help="The MDM post-trained from it: a directory or a hub id.")]
ShiftOption = Annotated[
    bool | None,
    typer.Option(
        "--shift/--no-shift",
        help="Whether the MDM's logits for a token are read one position before; --shift if left out.",
    ),
]
AttentionOption = Annotated[
    str | None,
    typer.Option(help="The MDM's attention: full (if left out), causal, block:SIZE or observed-first."),
]
ControlOption = Annotated[
    bool | None,
    typer.Option("--control", help="The second checkpoint is no MDM but the ARM trained on: a control."),
]
MaskTokenOption = Annotated[str | None, typer.Option(help="The mask token: its text or id.")]
RevisionOption = Annotated[
    str | None, typer.Option(help="The MDM's hub commit, tag or branch; or write --mdm ID@REVISION.")
]
ArmRevisionOption = Annotated[
    str | None, typer.Option(help="The ARM's hub commit, tag or branch; or write --arm ID@REVISION.")
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Ask nothing of the network: hub models come from the cache.")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="Where to run; by default the accelerator, if there is one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
