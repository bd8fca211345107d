"""The options of a pair, declared once: what commands offer, and what they are called with."""

import inspect
from typing import Any

import pytest
import typer.main

import mechshift
from mechshift.benchmark.cli import options
from mechshift.benchmark.cli.main import app
from mechshift.benchmark.pairs.options import OPTIONS, PairOptions

ROOT: Any = typer.main.get_command(app)


def offered(*path: str) -> set[str]:
    """The options of a command, as parameters are called."""
    command = ROOT
    for name in path:
        command = command.commands[name]
    return {parameter.name for parameter in command.params}


def test_a_run_and_python_take_everything_that_can_be_said_of_a_pair() -> None:
    assert set(OPTIONS) <= offered("run")
    # In Python a pair is named by the first argument.
    assert set(OPTIONS) - {"pair"} == set(inspect.signature(mechshift.load).parameters)


@pytest.mark.parametrize(
    ("path", "without"),
    [
        (("check-pair",), {"name", "accept_behaviour"}),
        (("pair", "new"), {"pair", "as_control", "dtype", "accept_behaviour"}),
    ],
)
def test_other_commands_take_what_has_a_meaning_for_them(path: tuple[str, ...], without: set[str]) -> None:
    assert offered(*path) & set(OPTIONS) == set(OPTIONS) - without


def test_a_command_is_called_with_what_was_typed() -> None:
    seen: list[tuple[PairOptions, int]] = []

    @options.with_pair("name")
    def measure(options: PairOptions, times: int = 1) -> None:
        """Not really."""
        seen.append((options, times))

    program = typer.Typer()
    program.command()(measure)
    line = "--arm a --mdm b --no-shift --dtype bfloat16 --mask-token 7 --offline --times 3".split()
    typer.main.get_command(program).main(line, standalone_mode=False)
    said = {"shift": False, "dtype": "bfloat16", "mask_token": "7", "offline": True}
    assert seen == [(PairOptions(arm="a", mdm="b", **said), 3)]  # type: ignore[arg-type]
    assert type(seen[0][0].dtype) is str
    typer.main.get_command(program).main([], standalone_mode=False)
    assert seen[1] == (PairOptions(), 1)
