"""Options that several commands have, each declared once, in the groups in which --help shows them."""

import inspect
from collections.abc import Callable
from enum import Enum, StrEnum
from functools import partial, wraps
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

if TYPE_CHECKING:
    from ..pairs.device_map import DeviceMap
    from ..pairs.options import PairOptions
    from ..pairs.spec import PairSpec

PAIR, WORK, SELECTION, CHECKS, MACHINE, OUTPUT = GROUPS = (
    "Pair",
    "What is run",
    "Selection",
    "Checks",
    "Machine",
    "Output",
)
"""The groups of --help, in their order."""

of_pair = partial(typer.Option, rich_help_panel=PAIR)
of_work = partial(typer.Option, rich_help_panel=WORK)
of_selection = partial(typer.Option, rich_help_panel=SELECTION)
of_check = partial(typer.Option, rich_help_panel=CHECKS)
of_machine = partial(typer.Option, rich_help_panel=MACHINE)
of_output = partial(typer.Option, rich_help_panel=OUTPUT)


class Dtype(StrEnum):
    """At which precision weights are loaded."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


class TableFormat(StrEnum):
    """How a table is written."""

    text = "text"
    github = "github"
    latex = "latex"
    csv = "csv"


JsonOption = Annotated[bool, of_output("--json", help="Print JSON instead of text.")]
FormatOption = Annotated[TableFormat, of_output("--format", help="The format of tables.")]

ControlRecords = Annotated[
    list[Path] | None,
    of_check(
        "--control",
        metavar="RECORD",
        help="The record of a control: the same ARM trained further without diffusion; repeatable.",
    ),
]
IndependentOfControls = Annotated[
    bool,
    of_check(
        "--independent",
        help="Compute nothing from cells: without kept resampled values pair and control count as "
        "independent.",
    ),
]

HtmlOption = Annotated[
    Path | None,
    of_output(
        metavar="OUT",
        help="Also write a self-contained page, to OUT if it ends with .html, else to a folder.",
    ),
]

_LEFT_OUT = {"shift": "--shift", "attention": "full", "mask_token": "as the files name it"}
"""What holds of the MDM where nothing is said."""


def pair_options(left_out: str | None = None) -> dict[str, Any]:
    """The annotation of every option of a pair, under the names that `PairOptions` has.

    `left_out` tells what a command does where nothing is said of the MDM, if not the usual.
    """
    usual = {name: left_out or value for name, value in _LEFT_OUT.items()}
    return {
        "pair": Annotated[
            str | None,
            of_pair(help="A pair by name (see `mechshift ls pairs`), or a FILE.toml; by default tiny."),
        ],
        "arm": Annotated[str | None, of_pair(help="The ARM: a directory or a hub id.")],
        "mdm": Annotated[str | None, of_pair(help="The MDM post-trained from it: a directory or a hub id.")],
        "shift": Annotated[
            bool | None,
            of_pair(
                "--shift/--no-shift",
                help="Whether the MDM's logits for a token are read one position before; "
                f"left out: {usual['shift']}.",
            ),
        ],
        "attention": Annotated[
            str | None,
            of_pair(
                help="The MDM's attention: full, causal, block:SIZE, context-causal:SIZE or observed-first; "
                f"left out: {usual['attention']}."
            ),
        ],
        "as_control": Annotated[
            bool | None,
            of_pair(
                "--as-control",
                help="The second checkpoint is not an MDM but the ARM trained further: a control pair.",
            ),
        ],
        "mask_token": Annotated[
            str | None, of_pair(help=f"The mask token: its text or id; left out: {usual['mask_token']}.")
        ],
        "revision": Annotated[
            str | None, of_pair(help="The MDM's hub commit, tag or branch; or write --mdm ID@REVISION.")
        ],
        "arm_revision": Annotated[
            str | None, of_pair(help="The ARM's hub commit, tag or branch; or write --arm ID@REVISION.")
        ],
        "name": Annotated[str | None, of_pair(help="A name for a pair of two checkpoints.")],
        "dtype": Annotated[
            Dtype | None, of_pair(help="Precision of both members' weights; by default as stored.")
        ],
        "accept_behaviour": Annotated[
            bool,
            of_pair(
                "--accept-behaviour",
                help="Run although the MDM fills gaps better under another declaration; the record says so.",
            ),
        ],
        "device": Annotated[
            str | None, of_machine(help="Where to run; by default the accelerator, if there is one.")
        ],
        "device_map": Annotated[
            str | None,
            of_machine(
                metavar="MAP",
                help="Spread the layers of each member over several devices: auto, balanced, sequential, or "
                "a JSON object (or a file of one) with the device of each module.",
            ),
        ],
        "offline": Annotated[
            bool,
            of_machine("--offline", help="Do not use the network: hub models come from the cache."),
        ],
    }


Command = Callable[..., None]


def with_pair(*without: str, left_out: str | None = None) -> Callable[[Command], Command]:
    """Gives a command the options of a pair, all but those `without`, in place of its parameter `options`.

    The command is called with a `PairOptions`. `left_out`: as in `pair_options`.
    """
    offered = {name: hint for name, hint in pair_options(left_out).items() if name not in without}

    def decorate(command: Command) -> Command:
        @wraps(command)
        def called(**given: Any) -> None:
            # Only now, as --help must not wait for what pairs need.
            from ..pairs.options import PairOptions

            said: dict[str, Any] = {name: _plain(given.pop(name)) for name in offered}
            command(options=PairOptions(**said), **given)

        own = [each for each in inspect.signature(command).parameters.values() if each.name != "options"]
        of_a_pair = [_parameter(name, hint) for name, hint in offered.items()]
        # `--help` shows groups in the order of their first option.
        together = sorted((*of_a_pair, *own), key=_group)
        parameters = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in together]
        # typer reads the options off the signature and the annotations.
        called.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in parameters}
        return called

    return decorate


def _parameter(name: str, hint: Any) -> Parameter:
    is_flag = get_args(hint)[0] is bool
    return Parameter(name, Parameter.KEYWORD_ONLY, default=False if is_flag else None, annotation=hint)


def _group(parameter: Parameter) -> int:
    """The place of its group in --help; arguments come before all."""
    _, *declared = get_args(parameter.annotation) or (None,)
    panel = next((getattr(each, "rich_help_panel", None) for each in declared), None)
    return GROUPS.index(panel) if panel in GROUPS else -1


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def resolved(options: "PairOptions") -> "PairSpec":
    """The pair that is meant; errors name options as they are typed."""
    from ..pairs.options import resolve
    from ..pairs.words import Words

    return resolve(options, Words.COMMAND_LINE)


def placed(options: "PairOptions") -> "str | DeviceMap | None":
    """Where the pair is to go; errors name options as they are typed."""
    from ..pairs.options import place_of
    from ..pairs.words import Words

    return place_of(options, Words.COMMAND_LINE)
